import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { StringId } from "../../src/collections/strings/string-id.ts";
import type { Memory } from "../../src/core/memory.ts";
import type { MappedInterner } from "../../src/mapped/interner/mapped-interner.ts";
import { openInterner } from "../../src/mapped/interner/open-interner.ts";
import { mapFile } from "../../src/mapped/map-file.ts";
import { endOfFork, fork, killFork, killSelf } from "./forks.ts";

/** After so many kills all is verified, and a fresh file is begun. */
const FILE_KILLS = 25;
/** Between two kills both intern for at most so long. */
const MOST_PAUSE_MS = 12;
/** So many kills come whether the writers have begun to intern or not. */
const RASH_KILLS = 5;
/** So far around the newest one the texts lie that a writer chooses from: half of them are known to both, some to one, some to none. */
const REACH = 16;
const BEYOND = 8;
/** Every second writer dies by itself, after at most so many atomic operations that change something: between two of them is where a death can do harm. */
const MOST_STEPS = 20_000;
const STEPS = ["store", "compareExchange", "add", "sub"] as const;
/** Not for ever: who should kill it may be gone. */
const MOST_MS = 60_000;

/**
 * What a writer was told, in memory that outlives it. It waits where the log is full of what was not looked at yet.
 *
 *     told i32 | settled i32 | number i32, id i32 | …
 */
const TOLD = 0;
const SETTLED = 1;
const FIRST_ENTRY = 2;
const LOG_ENTRIES = 1 << 16;
const LOG_BYTES = (FIRST_ENTRY + LOG_ENTRIES * 2) * 4;

export interface InternerKills {
  readonly kills: number;
  /** How many ids the writers were told in all. */
  readonly idsTold: number;
  /** How many strings were stored, in all files. */
  readonly strings: number;
}

interface Writer {
  readonly pid: number;
  readonly diesAlone: boolean;
}

/** Interns what is new or nearly so, and tells the log each id, until it is killed; by itself after so many steps. */
function live(path: string, log: Memory, steps: number): void {
  const names = openInterner(path);
  dieAfter(steps);
  const { i32 } = log;
  for (const until = Date.now() + MOST_MS; Date.now() < until; ) {
    const number = Math.max(0, names.size + BEYOND - Math.floor(Math.random() * REACH));
    const id = internNumber(names, number);
    const told = i32[TOLD];
    const settled = Atomics.load(i32, SETTLED);
    if (told - settled === LOG_ENTRIES) Atomics.wait(i32, SETTLED, settled, MOST_MS);
    const entry = FIRST_ENTRY + (told % LOG_ENTRIES) * 2;
    i32[entry] = number;
    i32[entry + 1] = id;
    Atomics.store(i32, TOLD, told + 1);
  }
}

function dieAfter(steps: number): void {
  let left = steps;
  for (const name of STEPS) {
    const original: (...given: never[]) => unknown = Atomics[name];
    const value = (...given: never[]): unknown => {
      if (left-- === 0) killSelf();
      return original(...given);
    };
    if (steps < Number.POSITIVE_INFINITY) Object.defineProperty(Atomics, name, { value });
  }
}

/** Half of them come as strings, the others as bytes. */
function internNumber(names: MappedInterner, number: number): StringId {
  if (number % 2 === 0) return names.intern(textOf(number));
  const bytes = Buffer.from(textOf(number));
  return names.internBytes(bytes, 0, bytes.length);
}

function textOf(number: number): string {
  return `text number ${number}`;
}

/**
 * Two copies of this process intern into one file, both the same strings; again and again one of them is killed, at a random moment or
 * between two steps, and another begins. Every id that one of
 * them was ever told must resolve to its string, be the only one of it, and be the same for all. Throws when one does not. Ends after so many kills, or at the time `until`.
 */
export function killWhileInterning(directory: string, kills: number, until = Number.POSITIVE_INFINITY): InternerKills {
  const total = { kills: 0, idsTold: 0, strings: 0 };
  const logs = [0, 1].map((at) =>
    mapFile(join(directory, `log-${at}`), { mode: "readWrite", create: true, byteLength: LOG_BYTES }),
  );
  warmUp(join(directory, "first"));
  for (let file = 0; total.kills < kills && Date.now() < until; file++) {
    const path = join(directory, `names-${file}`);
    const found = killInOneFile(path, Math.min(FILE_KILLS, kills - total.kills), logs);
    total.kills += found.kills;
    total.idsTold += found.idsTold;
    total.strings += found.strings;
    rmSync(path);
  }
  return total;
}

/** Copies begin with what this process has compiled. */
function warmUp(path: string): void {
  using names = openInterner(path);
  for (let number = 0; number < 20_000; number++) internNumber(names, number >> 1);
  rmSync(path);
}

function killInOneFile(path: string, kills: number, logs: readonly Memory[]): InternerKills {
  const idOf = new Map<number, number>();
  let idsTold = 0;
  const begin = (log: Memory, diesAlone = false): Writer => {
    log.i32.fill(0, TOLD, FIRST_ENTRY);
    const steps = diesAlone ? Math.floor(Math.random() * MOST_STEPS) : Number.POSITIVE_INFINITY;
    return { diesAlone, pid: fork(() => live(path, log, steps)) };
  };
  const kill = ({ pid, diesAlone }: Writer): void => {
    if (!diesAlone) killFork(pid);
    assert.deepEqual(endOfFork(pid), { status: 0, signal: 9 });
  };
  // Both make the file at once, and one of them may die of it.
  const writers = logs.map((log) => begin(log));
  pause(Math.random() * MOST_PAUSE_MS);
  kill(writers[0]);
  using names = openInterner(path);
  const settle = ({ i32 }: Memory): void => {
    const told = Atomics.load(i32, TOLD);
    for (let at = i32[SETTLED]; at < told; at++) {
      const entry = FIRST_ENTRY + (at % LOG_ENTRIES) * 2;
      const [number, id] = [i32[entry], i32[entry + 1]];
      const before = idOf.get(number);
      if (before === undefined) {
        assert.equal(names.resolve(id as StringId), textOf(number), `the string of id ${id}`);
        idOf.set(number, id);
      } else assert.equal(id, before, `${textOf(number)} has two ids`);
      idsTold += 1;
    }
    Atomics.store(i32, SETTLED, told);
    Atomics.notify(i32, SETTLED);
  };
  let victim = 0;
  for (let killed = 1; killed < kills; killed++) {
    for (const log of logs) settle(log);
    writers[victim] = begin(logs[victim], killed % 2 === 0);
    if (!writers[victim].diesAlone) {
      victim = Math.random() < 0.5 ? 0 : 1;
      if (killed % RASH_KILLS !== 0) for (const log of logs) awaitFirst(log);
      pause(Math.random() * MOST_PAUSE_MS);
    }
    kill(writers[victim]);
  }
  // Nobody interns while all is verified.
  kill(writers[1 - victim]);
  for (const log of logs) settle(log);
  assert.deepEqual(names.verify(), []);
  assert.equal(new Set(names).size, names.size);
  for (const [number, id] of idOf) assert.equal(names.lookup(textOf(number)), id);
  using again = openInterner(path);
  assert.equal(again.size, names.size);
  assert.deepEqual(again.verify(), []);
  return { kills, idsTold, strings: names.size };
}

/** Waits until a writer was told an id. */
function awaitFirst({ i32 }: Memory): void {
  for (const until = Date.now() + MOST_MS; Atomics.load(i32, TOLD) === 0; pause(0.5)) {
    assert.ok(Date.now() < until, "a writer has not begun");
  }
}

const sleeping = new Int32Array(new SharedArrayBuffer(4));

function pause(milliseconds: number): void {
  Atomics.wait(sleeping, 0, 0, milliseconds);
}
