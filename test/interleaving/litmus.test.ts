import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { sharedMemory } from "../../src/index.ts";
import { HEAD_WORDS, LITMUS, meet, PLACE_WORDS, playSide } from "./litmus-table.ts";

const ROUNDS = Number(process.env.LITMUS_ROUNDS ?? 20);
const PLACES = 2000;

/** How often each pair of results was seen. */
async function play(name: string): Promise<Map<string, number>> {
  using memory = sharedMemory((HEAD_WORDS + PLACES * PLACE_WORDS) * 4);
  const { i32 } = memory;
  const [side] = LITMUS[name].threads;
  const workerData = { ticket: memory.ticket(), name, rounds: ROUNDS, places: PLACES };
  const worker = new Worker(new URL("./litmus.worker.js", import.meta.url), { workerData });
  await once(worker, "message");
  const seen = new Map<string, number>();
  const mine = new Int32Array(PLACES);
  for (let round = 0; round < ROUNDS; round++) {
    const answer = once(worker, "message");
    meet(i32, round * 2 + 1);
    playSide(i32, side, mine, PLACES);
    const [its]: Int32Array[] = await answer;
    for (let place = 0; place < PLACES; place++) {
      const pair = `${mine[place]},${its[place]}`;
      seen.set(pair, (seen.get(pair) ?? 0) + 1);
    }
    i32.fill(0, HEAD_WORDS);
    meet(i32, round * 2 + 2);
  }
  await once(worker, "exit");
  return seen;
}

for (const [name, { title, allowed, forbidden }] of Object.entries(LITMUS)) {
  test(title, { timeout: 120_000 }, async (context) => {
    const seen = await play(name);
    context.diagnostic([...seen].map(([pair, times]) => `${pair} ${times} times`).join(", "));
    for (const pair of seen.keys()) {
      assert.ok(!forbidden.includes(pair), `${pair} must not be`);
      assert.ok(allowed.includes(pair), `nobody thought of ${pair}`);
    }
  });
}
