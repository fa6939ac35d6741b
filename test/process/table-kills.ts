import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { text, u32 } from "../../src/index.ts";
import { openTable } from "../../src/mapped/index.ts";
import { messageOf, moduleUrl, startChild } from "./child.ts";

/** What a killed writer counts up, so that its completed writes are known: it says in a file of its own which turn it has completed. */
const WRITER = `
  import { openTable } from ${JSON.stringify(moduleUrl("mapped/table/open-table.js"))};
  import { text, u32 } from ${JSON.stringify(moduleUrl("index.js"))};
  const [path, progressPath, first, step] = args;
  const table = openTable(path, { key: text, value: u32, shards: 4 });
  const progress = mapped.mapFile(progressPath, { mode: "readWrite" });
  const at = Number(first) % 2;
  process.send("ready");
  for (let turn = progress.u32[at] + 1; ; turn++) {
    table.set("w" + at + " " + (turn % 50), turn);
    if (turn % 3 === 0) table.delete("w" + at + " " + ((turn + 25) % 50));
    table.add("sum" + at, 1);
    Atomics.store(progress.u32, at, turn);
  }
`;

/**
 * Two writers work on one file; one of them is killed, `rounds` times, and started again. After each kill every write that it has completed is there,
 * and the other has gone on. Returns how many turns were made in all.
 */
export async function killWriters(directory: string, rounds: number): Promise<number> {
  const path = join(directory, "table");
  const progressPath = join(directory, "progress");
  const { mapFile } = await import("../../src/mapped/map-file.ts");
  using progress = mapFile(progressPath, { mode: "readWrite", create: true, byteLength: 64 });
  using table = openTable(path, { key: text, value: u32, shards: 4 });
  const start = async (at: number): Promise<ChildProcess> => {
    const child = startChild(WRITER, { directory, args: [path, progressPath, String(at), "1"] });
    await messageOf(child);
    return child;
  };
  const writers = [await start(0), await start(1)];
  try {
    for (let round = 0; round < rounds; round++) {
      const at = round % 2;
      const other = 1 - at;
      await new Promise((resolve) => setTimeout(resolve, 1 + ((round * 7) % 23)));
      writers[at].kill("SIGKILL");
      await once(writers[at], "exit");
      const turn = progress.u32[at];
      checkWrites(table, at, turn, `round ${round}`);
      const before = Atomics.load(progress.u32, other);
      writers[at] = await start(at);
      for (let waited = 0; Atomics.load(progress.u32, other) === before; waited++) {
        assert.ok(waited < 2000, `round ${round}: the other writer stands still`);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }
  } finally {
    for (const writer of writers) {
      writer.kill("SIGKILL");
      await once(writer, "exit");
    }
  }
  assert.deepEqual(table.verify(), []);
  assert.ok(readFileSync(path).length > 0);
  return progress.u32[0] + progress.u32[1];
}

/** Turn `turn` is complete, of the next one any part may be. */
function checkWrites(table: ReturnType<typeof openTable<string, number>>, at: number, turn: number, story: string): void {
  for (let key = 0; key < 50; key++) {
    const found = table.get(`w${at} ${key}`);
    const states = [stateOf(turn, key), stateOf(turn + 1, key), partOf(turn + 1, key)];
    assert.ok(states.includes(found), `${story}: w${at} ${key} is ${found} after turn ${turn}, and not ${states.join(" or ")}`);
  }
}

/** The value of a key after a whole turn. */
function stateOf(turn: number, key: number): number | undefined {
  for (let at = turn; at > turn - 200 && at > 0; at--) {
    if (at % 3 === 0 && (at + 25) % 50 === key) return undefined;
    if (at % 50 === key) return at;
  }
  return undefined;
}

/** The value when of a turn the first part alone was made. */
function partOf(turn: number, key: number): number | undefined {
  return turn % 50 === key ? turn : stateOf(turn - 1, key);
}
