import {
  mutex,
  type Roster,
  roster,
  rosterByteLength,
  rwLock,
  rwLockByteLength,
  semaphore,
  seqlock,
} from "../../src/concurrent/index.ts";
import type { Memory } from "../../src/core/memory.ts";
import { attach, type Ticket } from "../../src/index.ts";

/**
 * What participants do that are going to be killed: they change pairs of numbers under locks of all kinds, without end. A number and its double must never be
 * seen apart but by who repairs.
 */
export const PARTICIPANTS = 16;
const MUTEX = roundUp(rosterByteLength(PARTICIPANTS));
const RW_LOCK = MUTEX + 64;
const SEMAPHORE = roundUp(RW_LOCK + rwLockByteLength(PARTICIPANTS));
const SEQLOCK = SEMAPHORE + 128;
/** i32 words: three pairs, a cache line each, and what is counted. */
const PAIRS = (SEQLOCK + 64) / 4;
const WRONG = PAIRS + 48;
const TURNS = WRONG + 1;
const REPAIRS = WRONG + 2;
/** Words of a test's own. */
export const OWN_WORDS = WRONG + 16;
export const LOCKS_BYTES = OWN_WORDS * 4 + 4096;
const PERMITS = 2;
const TIMEOUT_MS = 60_000;

export interface Counts {
  readonly turns: number;
  readonly wrong: number;
  readonly repairs: number;
}

export function countsOf({ i32 }: Memory): Counts {
  return { turns: Atomics.load(i32, TURNS), wrong: Atomics.load(i32, WRONG), repairs: Atomics.load(i32, REPAIRS) };
}

/** One of each, and a turn at each. */
export function lockWork(memory: Memory, here: Roster): () => void {
  const repair = (pair: number) => (): void => {
    Atomics.add(memory.i32, REPAIRS, 1);
    memory.i32[PAIRS + pair * 16 + 1] = memory.i32[PAIRS + pair * 16] * 2;
  };
  const options = { timeoutMs: TIMEOUT_MS };
  const lock = mutex(here, { byteOffset: MUTEX, repair: repair(0), ...options });
  const { read, write } = rwLock(here, { byteOffset: RW_LOCK, repair: repair(1), ...options });
  const permits = semaphore(here, { byteOffset: SEMAPHORE, permits: PERMITS, ...options });
  const sequence = seqlock(here, { byteOffset: SEQLOCK, repair: repair(2), ...options });

  const look = (pair: number): void => {
    const at = PAIRS + pair * 16;
    if (memory.i32[at] * 2 !== memory.i32[at + 1]) Atomics.add(memory.i32, WRONG, 1);
  };
  const change = (pair: number): void => {
    look(pair);
    const at = PAIRS + pair * 16;
    memory.i32[at] = (memory.i32[at] + 1) & 0xffff;
    for (let pause = 0; pause < 50; pause++) Atomics.load(memory.i32, at);
    memory.i32[at + 1] = memory.i32[at] * 2;
  };
  return () => {
    lock.acquire();
    change(0);
    lock.release();
    write.acquire();
    change(1);
    write.release();
    read.acquire();
    look(1);
    read.release();
    permits.acquire();
    permits.release();
    sequence.write(() => change(2));
    const [number, double] = sequence.read(() => [memory.i32[PAIRS + 32], memory.i32[PAIRS + 33]]);
    if (number * 2 !== double) Atomics.add(memory.i32, WRONG, 1);
    Atomics.add(memory.i32, TURNS, 1);
  };
}

export interface ThreadTask {
  readonly ticket: Ticket;
  readonly identity: number;
  readonly turns: number;
}

/** Works in a thread until it is terminated, or for so many turns. Who it is it was told; who is dead stands in the memory. */
export function workAsThread({ ticket, identity, turns }: ThreadTask): void {
  const memory = attach(ticket);
  const isAlive = (asked: number): boolean => Atomics.load(memory.i32, OWN_WORDS + (asked % 512)) !== asked;
  const here = roster(memory, { seats: PARTICIPANTS, identity, isAlive });
  const work = lockWork(memory, here);
  for (let turn = 0; turn < turns; turn++) work();
  here.close();
}

function roundUp(byteLength: number): number {
  return Math.ceil(byteLength / 64) * 64;
}
