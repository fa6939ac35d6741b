import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text, u32 } from "../../src/index.ts";
import { type MappedMemory, mapFile, openTable } from "../../src/mapped/index.ts";
import { bundledScript, messageOf } from "./child.ts";

/** Words of the file that all of them map, one for each of the two: turns completed, the writer that shall go on, and up to which turn. */
const TURNS = 0;
const ON = 2;
const LAST = 4;
/** So many turns at once, so that the two leave the processor to those that start. */
const STRETCH = 2000;

/**
 * A writer. It opens the table and waits for its turn to be one of the two, so that a kill need not wait for a process to start; then it counts up, and says
 * which turn it has completed. It loads little, since it is started ten thousand times.
 */
const WRITER = `
  const { openTable } = load("mapped/table/open-table"), { mapFile } = load("mapped/map-file");
  const { text } = load("layout/text"), { u32 } = load("layout/scalars");
  const [progressPath, number] = args;
  const table = openTable(directory, { key: text, value: u32, shards: 4 });
  const { i32, u32: progress } = mapFile(progressPath, { mode: "readWrite" });
  process.send("ready");
  const at = Number(number) % 2;
  const sleeping = new Int32Array(new SharedArrayBuffer(4));
  while (Atomics.load(i32, ${ON} + at) !== Number(number)) Atomics.wait(sleeping, 0, 0, 5);
  for (let turn = progress[at] + 1; ; turn++) {
    while (turn > Atomics.load(progress, ${LAST} + at)) Atomics.wait(sleeping, 0, 0, 1);
    table.set("w" + at + " " + (turn % 50), turn);
    if (turn % 3 === 0) table.delete("w" + at + " " + ((turn + 25) % 50));
    table.add("sum" + at, 1);
    Atomics.store(progress, at, turn);
  }
`;

/** A process that has opened the table and waits. */
interface Writer {
  readonly child: ChildProcess;
  readonly number: number;
}

/** As many for each of the two as start while others are killed. */
const STANDBY = 2;

/**
 * Two writers work on one file; one of them is killed, `rounds` times, and another takes its place. After each kill every write that it has completed is
 * there, and the other has gone on. Returns how many turns were made in all.
 */
export async function killWriters(directory: string, rounds: number, tell: (kills: number) => void = () => {}): Promise<number> {
  const path = join(directory, "table");
  const progressPath = join(directory, "progress");
  const script = join(directory, "writer.cjs");
  writeFileSync(script, bundledScript(WRITER));
  using progress = mapFile(progressPath, { mode: "readWrite", create: true, byteLength: 64 });
  using table = openTable(path, { key: text, value: u32, shards: 4 });
  let numbers = 0;
  const start = async (): Promise<Writer> => {
    // Even ones are of the first, odd ones of the second.
    const number = ++numbers + 1;
    const child = spawn(process.execPath, [script, path, progressPath, String(number)], {
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    await messageOf(child);
    return { child, number };
  };
  const waiting: Promise<Writer>[] = [];
  const fill = (): void => {
    while (waiting.length < STANDBY * 2) waiting.push(start());
  };
  /** The next for a place: they were started in turn. */
  const next = async (): Promise<Writer> => {
    fill();
    const writer = await (waiting.shift() ?? start());
    progress.i32[ON + (writer.number % 2)] = writer.number;
    return writer;
  };
  const writers = [await next(), await next()];
  try {
    for (let round = 0; round < rounds; round++) {
      const at = round % 2;
      const other = 1 - at;
      const before = progress.u32[TURNS + other];
      for (const place of [at, other]) progress.u32[LAST + place] = progress.u32[TURNS + place] + STRETCH;
      await moves(progress, at, `round ${round}: the writer`);
      if (round % 3 > 0) await new Promise((resolve) => setTimeout(resolve, round % 3));
      writers[at].child.kill("SIGKILL");
      await once(writers[at].child, "exit");
      checkWrites(table, at, progress.u32[TURNS + at], `round ${round}`);
      await moves(progress, other, `round ${round}: the other writer`, before);
      writers[at] = await next();
      tell(round + 1);
    }
  } finally {
    for (const { child } of [...writers, ...(await Promise.all(waiting))]) {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
  }
  assert.deepEqual(table.verify(), []);
  assert.ok(readFileSync(path).length > 0);
  return progress.u32[0] + progress.u32[1];
}

/** Waits until a writer has completed a turn after `since`. */
async function moves(
  { u32: turns }: MappedMemory,
  at: number,
  who: string,
  since = Atomics.load(turns, TURNS + at),
): Promise<void> {
  for (let waited = 0; Atomics.load(turns, TURNS + at) === since; waited++) {
    assert.ok(waited < 20_000, `${who} stands still`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
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
