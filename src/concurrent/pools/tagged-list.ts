import { MemoryError } from "../../core/errors.ts";
import type { Memory } from "../../core/memory.ts";

/** Where the links of a list are. */
export interface Links {
  /** Whether a number can be on it. */
  isThere(number: number): boolean;
  /** The i32 index of the link of such a number. */
  linkOf(number: number): number;
}

/**
 * A stack of numbers that any thread pushes to and pops from without locks (Treiber, 1986), several at a time.
 *
 *   head, i64         bits 0 … 31 the first number + 1, 0 where it is empty; bits 32 … 63 a tag
 *   links, i32        one a number: the next one + 1
 *
 * The tag is one more after every change, so that a head that was read long ago is never taken for the one of now, even if the same number is on top.
 */
export class TaggedList {
  readonly #memory: Memory;
  /** Index of the head among the i64 of the memory. */
  readonly #head: number;
  readonly #links: Links;

  constructor(memory: Memory, head: number, links: Links) {
    this.#memory = memory;
    this.#head = head;
    this.#links = links;
  }

  /** Takes up to `most` numbers off, the first one first. */
  pop(most: number): number[] {
    const { i64 } = this.#memory;
    const taken: number[] = [];
    for (;;) {
      const before = Atomics.load(i64, this.#head);
      let next = Number(BigInt.asUintN(32, before));
      taken.length = 0;
      // Links of numbers that another takes meanwhile may be anything: then the head has changed, and all this is forgotten.
      while (next !== 0 && taken.length < most && this.#links.isThere(next - 1)) {
        taken.push(next - 1);
        next = Atomics.load(this.#memory.i32, this.#links.linkOf(next - 1));
      }
      if (taken.length === 0) return taken;
      if (Atomics.compareExchange(i64, this.#head, before, headOf(before, next)) === before) return taken;
    }
  }

  /** Puts numbers, which nobody else has, on top: the first one first. */
  push(given: readonly number[]): void {
    const { i32, i64 } = this.#memory;
    for (let place = 1; place < given.length; place++) Atomics.store(i32, this.#links.linkOf(given[place - 1]), given[place] + 1);
    const last = this.#links.linkOf(given[given.length - 1]);
    for (;;) {
      const before = Atomics.load(i64, this.#head);
      Atomics.store(i32, last, Number(BigInt.asUintN(32, before)));
      if (Atomics.compareExchange(i64, this.#head, before, headOf(before, given[0] + 1)) === before) return;
    }
  }

  /** All numbers on it, while nobody changes it. Throws `corrupt` where it leads nowhere or in a circle. */
  list(): Set<number> {
    const listed = new Set<number>();
    let next = Number(BigInt.asUintN(32, Atomics.load(this.#memory.i64, this.#head)));
    while (next !== 0) {
      if (!this.#links.isThere(next - 1) || listed.has(next - 1)) {
        throw new MemoryError("corrupt", {
          subject: "shared pool",
          event: "has a free list that leads nowhere or in a circle",
          numbers: { slot: next - 1, seen: listed.size },
          cure: "Something else has written to its bytes: make it anew.",
        });
      }
      listed.add(next - 1);
      next = this.#memory.i32[this.#links.linkOf(next - 1)];
    }
    return listed;
  }
}

function headOf(before: bigint, next: number): bigint {
  return BigInt.asIntN(64, (((before >> 32n) + 1n) << 32n) | BigInt(next));
}
