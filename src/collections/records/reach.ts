import { NIL, type Ptr } from "../../core/brand.ts";
import type { Memory } from "../../core/memory.ts";
import { TOP } from "./layout.ts";
import type { ExtentSource } from "./room.ts";

const UNIT_BYTES = 64;

/**
 * The extents of a table that has the memory behind its head to itself: from there on, one behind the other, as far as the memory grows.
 *
 * Whoever takes one moves `top` by compare-and-swap, when the bytes are there. One that dies behind it leaves an extent that nobody has.
 */
export class RegionSource implements ExtentSource {
  readonly #memory: Memory;
  readonly #words: number;
  readonly #byteOffset: number;

  constructor(memory: Memory, byteOffset: number) {
    this.#memory = memory;
    this.#byteOffset = byteOffset;
    this.#words = byteOffset / 4;
  }

  get end(): number {
    return this.#byteOffset + (Atomics.load(this.#memory.i32, this.#words + TOP) >>> 0) * UNIT_BYTES;
  }

  rawAlloc(byteSize: number): Ptr {
    const word = this.#words + TOP;
    for (;;) {
      const top = Atomics.load(this.#memory.i32, word);
      const ptr = this.#byteOffset + (top >>> 0) * UNIT_BYTES;
      const end = ptr + Math.ceil(byteSize / UNIT_BYTES) * UNIT_BYTES;
      if (end > this.#memory.byteLength && !this.#memory.tryGrow(end)) return NIL;
      if (Atomics.compareExchange(this.#memory.i32, word, top, (end - this.#byteOffset) / UNIT_BYTES) === top) return ptr as Ptr;
    }
  }

  /** Sees to it that bytes up to `byteEnd`, which others may have taken, are there for this participant too. False when nobody has taken them. */
  reach(byteEnd: number): boolean {
    const { end } = this;
    return byteEnd <= end && this.#memory.tryGrow(end);
  }
}
