import assert from "node:assert/strict";
import { readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { f64 } from "../../src/layout/scalars.ts";
import { struct } from "../../src/layout/struct.ts";
import { text } from "../../src/layout/text.ts";
import { openSegment } from "../../src/mapped/segment/open-segment.ts";
import type { Segment } from "../../src/mapped/segment/segment.ts";

export const Pair = struct("Pair", { x: f64, y: f64 });
export const RESERVE = 1 << 24;
const TABLE = { key: text, value: Pair };

/** What a process does that is killed on the way. What it does before `begin()` is no step. */
export interface Act {
  /** What the file is before; nothing for the act that makes it. */
  readonly before: "nothing" | "furnished" | "left by a killed one";
  readonly run: (path: string, begin: () => void) => void;
  /** Names that may be gone afterwards. */
  readonly mayLose?: readonly string[];
  /** What the act cannot be without: steps of these labels. */
  readonly labels: readonly string[];
}

const openAt = (path: string): Segment => openSegment(path, { reserve: RESERVE });

/** An act on a segment that was opened before. */
function on(work: (segment: Segment) => void): Act["run"] {
  return (path, begin) => {
    const segment = openAt(path);
    begin();
    work(segment);
  };
}

const inLog = ["store", "compareExchange"];

export const ACTS: Readonly<Record<string, Act>> = {
  create: {
    before: "nothing",
    run(path, begin) {
      begin();
      openAt(path);
    },
    labels: ["openSync", "ftruncateSync", "writeSync", "fsyncSync", "mapFile", "lockByte"],
  },
  open: {
    before: "furnished",
    run(path, begin) {
      begin();
      openAt(path);
    },
    labels: ["openSync", "mapFile", "lockByte"],
  },
  "put right what a killed one left": {
    before: "left by a killed one",
    run(path, begin) {
      begin();
      openAt(path);
    },
    labels: ["mapFile", "lockByte", ...inLog],
  },
  "make a structure": {
    before: "furnished",
    run: on((segment) => void segment.pool("made", Pair, { capacity: 100 })),
    labels: inLog,
  },
  grow: {
    before: "furnished",
    run: on((segment) => void segment.arena("made", { byteLength: 3_000_000 })),
    labels: ["allocate", ...inLog],
  },
  "grow a table": {
    before: "furnished",
    run(path, begin) {
      const segment = openAt(path);
      const table = segment.table("table", TABLE);
      begin();
      for (let x = 1000; x < 1060; x++) table.set(`key ${x}`, { x, y: 2 * x });
    },
    labels: inLog,
  },
  rename: {
    before: "furnished",
    run: on((segment) => segment.rename("second", "made")),
    mayLose: ["second"],
    labels: inLog,
  },
  delete: {
    before: "furnished",
    run: on((segment) => assert.equal(segment.delete("second"), true)),
    mayLose: ["second"],
    labels: inLog,
  },
  compact: {
    before: "furnished",
    run: on((segment) => assert.ok(segment.compact() > 0)),
    labels: ["sync", "punchHole", "copyWithin", ...inLog],
  },
  flush: {
    before: "furnished",
    run: on((segment) => segment.flush()),
    labels: ["sync", ...inLog],
  },
  close: {
    before: "furnished",
    run(path, begin) {
      const segment = openAt(path);
      segment.table("table", TABLE);
      begin();
      segment.close();
    },
    labels: ["sync", "lockByte", "mapZeros", "closeSync", ...inLog],
  },
};

/** Structures of all sorts, and gaps between them. */
export function furnish(path: string): void {
  rmSync(path, { force: true });
  using segment = openAt(path);
  segment.arena("gap", { byteLength: 60_000 });
  segment.pool("first", Pair, { capacity: 20 }).add({ x: 1, y: 2 });
  segment.arena("another gap", { byteLength: 20_000 });
  segment.arena("second", { byteLength: 10_000 });
  segment.columns("rows", Pair, { capacity: 100 }).append({ x: 3, y: 6 });
  const names = segment.interner("names");
  for (let x = 0; x < 30; x++) names.intern(`name ${x}`);
  const table = segment.table("table", { ...TABLE, capacity: 64, shards: 1 });
  for (let x = 0; x < 50; x++) table.set(`key ${x}`, { x, y: 2 * x });
  segment.delete("gap");
  segment.delete("another gap");
}

/** A file as it is, and as it can be again; without the hole at its end. */
export class Image {
  readonly #bytes: Buffer;

  constructor(path: string) {
    const bytes = readFileSync(path);
    let end = bytes.length;
    while (end >= 4096 && bytes.subarray(end - 4096, end).every((byte) => byte === 0)) end -= 4096;
    this.#bytes = Buffer.from(bytes.subarray(0, end));
  }

  restore(path: string): void {
    rmSync(path, { force: true });
    writeFileSync(path, this.#bytes);
    truncateSync(path, RESERVE);
  }
}

/** Throws unless a segment is whole after an act, wherever that ended, and goes on to work. */
export function checkAfter(path: string, act: Act, where: string): void {
  using segment = openAt(path);
  assert.deepEqual(segment.verify(), [], where);
  if (act.before !== "nothing") checkFurnished(segment, act, where);
  assert.deepEqual(segment.verify(), [], where);
  segment.pool("one more", Pair, { capacity: 5 }).add({ x: 1, y: 2 });
  assert.deepEqual(segment.verify(), [], where);
}

function checkFurnished(segment: Segment, { mayLose = [] }: Act, where: string): void {
  for (const name of ["first", "second", "rows", "names", "table"]) {
    assert.ok(segment.has(name) || mayLose.includes(name), `${where}: ${name} is gone`);
  }
  const pool = segment.pool("first", Pair);
  assert.deepEqual(
    [...pool.handles()].map((handle) => pool.read(handle)),
    [{ x: 1, y: 2 }],
    where,
  );
  assert.deepEqual(
    [...segment.columns("rows", Pair)].map(({ x, y }) => [x, y]),
    [[3, 6]],
    where,
  );
  const names = segment.interner("names");
  assert.deepEqual(
    [...names],
    Array.from({ length: 30 }, (_, x) => `name ${x}`),
    where,
  );
  const table = segment.table("table", TABLE);
  for (let x = 0; x < 50; x++) assert.deepEqual(table.get(`key ${x}`), { x, y: 2 * x }, where);
}
