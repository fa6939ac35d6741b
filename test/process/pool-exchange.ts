import type { SharedPool } from "../../src/concurrent/pools/shared-pool.ts";
import type { Handle } from "../../src/core/handle.ts";
import type { Memory } from "../../src/core/memory.ts";
import { u32 } from "../../src/layout/scalars.ts";
import { struct } from "../../src/layout/struct.ts";

export const Job = struct("Job", { number: u32, check: u32 });
export type Jobs = SharedPool<typeof Job>;
type JobHandle = Handle<typeof Job>;

const BOXES = 256;
const INDEX_MASK = 2 ** 25 - 1;

export function exchangeByteLength(capacity: number): number {
  return BOXES * 8 + capacity * 4;
}

/**
 * Letter boxes for handles, and a word for each slot that tells who has it.
 *
 *     0        boxes i64        a handle, or 0
 *     2048     taken i32        who has added the record of a slot; 0 before that, and from before its removal on
 */
export class Exchange {
  readonly #memory: Memory;
  readonly #boxes: number;
  readonly #taken: number;
  readonly #jobs: Jobs;
  readonly #who: number;

  constructor(memory: Memory, byteOffset: number, jobs: Jobs, who: number) {
    this.#memory = memory;
    this.#boxes = byteOffset / 8;
    this.#taken = byteOffset / 4 + BOXES * 2;
    this.#jobs = jobs;
    this.#who = who;
  }

  /** So many additions and removals, as far as there is room. Throws when a slot was handed out twice. */
  run(operations: number, seed: number): number {
    let state = seed | 1;
    let done = 0;
    while (done < operations) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      const number = state >>> 0;
      const handle = this.#jobs.tryAdd({ number, check: ~number >>> 0 });
      if (handle !== 0) this.#mark(handle);
      const before = Atomics.exchange(this.#memory.i64, this.#boxes + (state >>> 24), BigInt(handle));
      if (before !== 0n) this.#remove(Number(before) as JobHandle);
      done += (handle === 0 ? 0 : 1) + (before === 0n ? 0 : 1);
    }
    return done;
  }

  /** Removes what is in the boxes. */
  empty(): void {
    for (let box = 0; box < BOXES; box++) {
      const handle = Atomics.exchange(this.#memory.i64, this.#boxes + box, 0n);
      if (handle !== 0n) this.#remove(Number(handle) as JobHandle);
    }
  }

  /** As if nothing had ever been taken: after deaths, which may have come between a change of the pool and its mark. */
  forget(capacity: number): void {
    const { i32, i64 } = this.#memory;
    i64.fill(0n, this.#boxes, this.#boxes + BOXES);
    i32.fill(0, this.#taken, this.#taken + capacity);
  }

  #mark(handle: JobHandle): void {
    const { i32 } = this.#memory;
    const slot = handle & INDEX_MASK;
    const before = Atomics.compareExchange(i32, this.#taken + slot, 0, this.#who);
    if (before !== 0) throw new Error(`slot ${slot} was handed out to ${this.#who} while ${before} had it`);
  }

  #remove(handle: JobHandle): void {
    const slot = handle & INDEX_MASK;
    Atomics.store(this.#memory.i32, this.#taken + slot, 0);
    if (!this.#jobs.tryRemove(handle)) throw new Error(`the record of handle ${handle} was gone, and nobody has removed it`);
  }
}
