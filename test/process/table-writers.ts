import assert from "node:assert/strict";
import { join } from "node:path";
import { text } from "../../src/layout/text.ts";
import { mapFile } from "../../src/mapped/map-file.ts";
import type { MappedHashTable } from "../../src/mapped/table/mapped-hash-table.ts";
import { openTable } from "../../src/mapped/table/open-table.ts";
import { endOfFork, type ForkEnd, fork, killFork, wasKilled } from "./forks.ts";

type Table = MappedHashTable<string, string>;

/** Keys of each of the two writers. */
const KEYS = 50;
/** Every so many turns a key is deleted that was set half a round before. */
const DELETE_EVERY = 3;
/** Between so many accounts amounts are moved, in a transaction each. The sum of all is always 0. */
const ACCOUNTS = 8;
/** Every so many turns the table is compacted. */
const COMPACT_EVERY = 500;
/** Turns before the first copy is made, so that copies have compiled code from their beginning. */
const WARM_TURNS = 20_000;
const MOST_WAIT_MS = 20_000;
/** Not for ever: who should kill a writer may be gone. */
const MOST_LIFE_MS = 120_000;
const MOST_PAUSE_MS = 4;
/** Lost room is found again: so long the file may become. */
const MOST_FILE_BYTES = 2 ** 20;
/** Kills from one look at every byte to the next. */
const VERIFY_EVERY = 10;
/** Turns that a writer is ahead at most, so that the two leave the processor to who looks. */
const STRETCH = 2000;
/** Words of the file that all of them map: for each of the two the turn that it has completed, and the last one that it may make. */
const LAST = 2;
/** Instead of the number of a process. */
const GONE = 0;

export interface WriterKills {
  readonly killed: number;
  /** Of them while they were opening the table. */
  readonly opening: number;
  readonly turns: number;
}

/** What there was of a writer's work when it was started. */
interface Beginning {
  readonly turn: number;
  readonly sum: number;
}

/**
 * Two writers, copies of this process, work on one file. One of them is killed, again and again, and another takes its place. After each kill all that it had
 * completed is there, nothing else is, and the other one goes on.
 *
 * Nobody has the table open but they and, for a moment after each kill, who looks: so a kill meets those who open it, too.
 */
export function killWriters(directory: string, kills: number, seed: number): WriterKills {
  const path = join(directory, "table");
  const random = randomFrom(seed);
  using progress = mapFile(join(directory, "turns"), { mode: "readWrite", create: true, byteLength: 64 });
  const turns = progress.i32;
  let opening = 0;
  warmUp(join(directory, "warm"));
  const start = (at: number): number => fork(() => write(path, turns, at));
  const begun: Beginning[] = [0, 1].map(() => ({ turn: 0, sum: 0 }));
  const pids = [0, 1].map(start);
  try {
    for (let round = 0; round < kills; round++) {
      const story = `seed ${seed}, kill ${round}`;
      const at = random(2);
      const other = 1 - at;
      allow(turns);
      if (random(5) > 0) waitForTurn(turns, at, begun[at].turn, `${story}: the writer`);
      pause(random(MOST_PAUSE_MS));
      const end = kill(pids, at);
      assert.ok(wasKilled(end), `${story}: it ended with ${end.status}`);
      if (Atomics.load(turns, at) === begun[at].turn) opening += 1;
      begun[at] = look(path, turns, at, begun[at], story);
      const otherTurn = Atomics.load(turns, other);
      allow(turns);
      waitForTurn(turns, other, otherTurn, `${story}: the other`);
      pids[at] = start(at);
      if (round % VERIFY_EVERY === 0) verify(path, story);
    }
  } finally {
    for (const at of [0, 1]) if (pids[at] !== GONE) kill(pids, at);
  }
  for (const at of [0, 1]) look(path, turns, at, begun[at], `seed ${seed}, at the end`);
  verify(path, `seed ${seed}, at the end`);
  return { killed: kills, opening, turns: turns[0] + turns[1] };
}

function kill(pids: number[], at: number): ForkEnd {
  const pid = pids[at];
  pids[at] = GONE;
  killFork(pid);
  return endOfFork(pid);
}

function open(path: string): Table {
  return openTable(path, { key: text, value: text, shards: 4, seats: 8 });
}

/** What a writer does until it is killed: turns, from the one that was not completed before. */
function write(path: string, turns: Int32Array, at: number): void {
  const table = open(path);
  const until = Date.now() + MOST_LIFE_MS;
  for (let turn = turns[at] + 1; Date.now() < until; turn++) {
    while (turn > Atomics.load(turns, LAST + at)) pause(1);
    makeTurn(table, at, turn);
    Atomics.store(turns, at, turn);
  }
}

/** Lets both writers go on. */
function allow(turns: Int32Array): void {
  for (const at of [0, 1]) Atomics.store(turns, LAST + at, Atomics.load(turns, at) + STRETCH);
}

function makeTurn(table: Table, at: number, turn: number): void {
  table.set(`w${at} ${turn % KEYS}`, contentOf(turn));
  if (turn % DELETE_EVERY === 0) table.delete(`w${at} ${(turn + KEYS / 2) % KEYS}`);
  table.update(`sum ${at}`, addOne);
  table.update("both", addOne);
  move(table, at, turn);
  if (turn % COMPACT_EVERY === 0) table.compact();
}

/** Moves an amount from one account to another, and counts. */
function move(table: Table, at: number, turn: number): void {
  table.transaction((t) => {
    t.update(`account ${turn % ACCOUNTS}`, (amount = "0") => String(Number(amount) - turn));
    t.update(`account ${(turn * 3 + 1) % ACCOUNTS}`, (amount = "0") => String(Number(amount) + turn));
    t.set(`moves of ${at}`, String(turn));
  });
}

/** Of all accounts at one moment. */
function sumOfAccounts(table: Table): number {
  return table.transaction((t) => {
    let sum = 0;
    for (let account = ACCOUNTS - 1; account >= 0; account--) sum += Number(t.get(`account ${account}`) ?? 0);
    return sum;
  });
}

function addOne(sum = "0"): string {
  return String(Number(sum) + 1);
}

/** Of many lengths, so that blocks of all sizes come and go. */
function contentOf(turn: number): string {
  return `${turn} `.padEnd((turn * 7) % 311, String(turn % 10));
}

/** Throws unless all that the writer has completed is there, and of its next turn any part that comes first. */
function look(
  path: string,
  turns: Int32Array,
  at: number,
  { turn: firstTurn, sum: firstSum }: Beginning,
  story: string,
): Beginning {
  // Before anything is in it a table may be built again: its maker has died before it was taken over.
  const isBegun = Atomics.load(turns, 0) + Atomics.load(turns, 1) > 0;
  using table = open(path);
  if (isBegun) assert.equal(table.recovery.rebuiltShards, 0, story);
  const turn = Atomics.load(turns, at);
  for (let key = 0; key < KEYS; key++) {
    const found = table.get(`w${at} ${key}`);
    const states = [stateOf(turn, key), partOf(turn + 1, key), stateOf(turn + 1, key)];
    const isOne = states.some((state) => found === (state === undefined ? undefined : contentOf(state)));
    assert.ok(isOne, `${story}: w${at} ${key} is ${found} after turn ${turn}, and not of ${states.join(" or ")}`);
  }
  const sum = Number(table.get(`sum ${at}`) ?? 0);
  const more = sum - firstSum - (turn - firstTurn);
  assert.ok(more === 0 || more === 1, `${story}: the sum is ${more} more than the turns`);
  const moves = Number(table.get(`moves of ${at}`) ?? 0);
  assert.ok(moves === turn || moves === turn + 1, `${story}: after turn ${turn} it has moved ${moves} times`);
  assert.equal(sumOfAccounts(table), 0, story);
  const both = Atomics.load(turns, 0) + Atomics.load(turns, 1);
  assert.ok(Number(table.get("both") ?? 0) >= both, `${story}: the sum of both lacks some`);
  return { turn, sum };
}

function verify(path: string, story: string): void {
  using table = open(path);
  assert.deepEqual(table.verify(), [], story);
  assert.ok(table.memory.byteLength <= MOST_FILE_BYTES, `${story}: the file has become ${table.memory.byteLength} bytes long`);
}

/** The turn of which a key has its value after a whole turn. */
function stateOf(turn: number, key: number): number | undefined {
  for (let at = turn; at > turn - KEYS && at > 0; at--) {
    if (at % DELETE_EVERY === 0 && (at + KEYS / 2) % KEYS === key) return undefined;
    if (at % KEYS === key) return at;
  }
  return undefined;
}

/** The same when of a turn the first part alone was made. */
function partOf(turn: number, key: number): number | undefined {
  return turn % KEYS === key ? turn : stateOf(turn - 1, key);
}

/** What copies do has been compiled then. */
function warmUp(path: string): void {
  using table = open(path);
  for (let turn = 1; turn <= WARM_TURNS; turn++) makeTurn(table, 0, turn);
}

function waitForTurn(turns: Int32Array, at: number, since: number, who: string): void {
  for (const until = Date.now() + MOST_WAIT_MS; Atomics.load(turns, at) === since; pause(0.2)) {
    assert.ok(Date.now() < until, `${who} stands still`);
  }
}

function randomFrom(seed: number): (below: number) => number {
  let state = seed | 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return (state >>> 8) % below;
  };
}

const sleeping = new Int32Array(new SharedArrayBuffer(4));

function pause(milliseconds: number): void {
  Atomics.wait(sleeping, 0, 0, milliseconds);
}
