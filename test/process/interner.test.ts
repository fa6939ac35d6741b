import assert from "node:assert/strict";
import { once } from "node:events";
import { join } from "node:path";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { attachSharedInterner, MiB, type StringId, sharedInterner, sharedMemory } from "../../src/index.ts";
import { isMappingSupported, openInterner } from "../../src/mapped/index.ts";
import { messageOf, moduleUrl, startChild } from "./child.ts";

import { internerKills } from "./interner-kills.ts";
import { FAST_DIRECTORY } from "./segment-kills.ts";
import { whyNoForks } from "./single-threaded.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

const skip = !isMappingSupported();

function intern(ticket: unknown, first: number, terminates = false): Worker {
  return new Worker(new URL("./interner.worker.js", import.meta.url), { workerData: { ticket, first, terminates } });
}

test("threads that intern the same strings at once get the same ids", { timeout: 60_000 }, async () => {
  using memory = sharedMemory(MiB(8));
  const strings = sharedInterner(memory);
  const workers = [0, 5_000, 15_000].map((first) => intern(memory.ticket(), first));
  const answers = await Promise.all(workers.map(async (worker) => (await once(worker, "message"))[0] as Uint32Array));
  assert.equal(strings.size, 20_000);
  for (const ids of answers) assert.deepEqual(ids, answers[0]);
  answers[0].forEach((id, number) => {
    assert.equal(strings.resolve(id as StringId), `string ${number}`);
  });
  assert.deepEqual(strings.checkInvariants(), []);
});

test("an interner is whole after threads were terminated in the middle of their work", { timeout: 60_000 }, async () => {
  using memory = sharedMemory(MiB(16));
  const strings = sharedInterner(memory);
  for (let round = 0; round < 6; round++) {
    const workers = [intern(memory.ticket(), round * 999, true), intern(memory.ticket(), round * 500, true)];
    await Promise.all(workers.map((worker) => once(worker, "message")));
    await new Promise((resolve) => setTimeout(resolve, 2 + round * 3));
    await Promise.all(workers.map((worker) => worker.terminate()));
    assert.deepEqual(strings.checkInvariants(), []);
    assert.equal(new Set(strings).size, strings.size);
  }
  const late = attachSharedInterner(memory);
  for (let id = 1; id <= strings.size; id++) assert.equal(late.intern(late.resolve(id as StringId)), id);
});

test("every id that a killed process was told resolves to its string", {
  skip: whyNoForks() ?? false,
  timeout: 120_000,
}, (context) => {
  const { kills, idsTold, strings } = internerKills(temporaryDirectory(context, FAST_DIRECTORY), 16);
  assert.equal(kills, 16);
  assert.ok(idsTold > 2000 && strings > 200, `${idsTold} ids told, ${strings} strings`);
});

test("of processes that make one file at once, one makes it and all share it", { skip, timeout: 60_000 }, async (context) => {
  const directory = temporaryDirectory(context);
  const path = join(directory, "names");
  const children = Array.from({ length: 4 }, (_, at) =>
    startChild(
      `const { openInterner } = await import(${JSON.stringify(moduleUrl("mapped/interner/open-interner.js"))});
       process.send("ready");
       await new Promise((resolve) => process.once("message", resolve));
       const names = openInterner(args[0]);
       const ids = Array.from({ length: 2000 }, (_, n) => names.intern("string " + (n * 7 + ${at} * 500) % 2000));
       process.send([ids.length, names.seed]);
       process.disconnect();`,
      { directory, args: [path] },
    ),
  );
  await Promise.all(children.map(messageOf));
  const answers = Promise.all(children.map(messageOf));
  for (const child of children) child.send("go");
  const seeds = new Set((await answers).map((answer) => (answer as number[])[1]));
  assert.equal(seeds.size, 1);
  using names = openInterner(path);
  assert.deepEqual([names.size, names.verify()], [2000, []]);
});
