import { NIL, type Ptr } from "../../../core/brand.ts";
import { MemoryError } from "../../../core/errors.ts";
import type { Memory } from "../../../core/memory.ts";
import { TOP } from "./layout.ts";
import type { ExtentSource } from "./room.ts";

const UNIT_BYTES = 64;
const LEAST_STEP_BYTES = 65_536;
const MOST_STEP_BYTES = 64 * 1024 * 1024;
/** Of a longer extent so much is prepared, so that no operation waits for all of it. */
const MOST_PREPARED_BYTES = 1024 * 1024;

/** Told of bytes that are about to be written for the first time. */
export type Prepare = (byteOffset: number, byteLength: number) => void;

/**
 * The extents of a table that has the memory behind its head to itself: from there on, one behind the other, as far as the memory grows.
 *
 * Whoever takes one moves `top` by compare-and-swap, when the bytes are there. One that dies behind it leaves an extent that nobody has.
 */
export class RegionSource implements ExtentSource {
  readonly #memory: Memory;
  readonly #words: number;
  readonly #byteOffset: number;
  readonly #prepare: Prepare | undefined;
  #covered = 0;

  constructor(memory: Memory, byteOffset: number, prepare?: Prepare) {
    this.#prepare = prepare;
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
      if (end > this.#memory.byteLength && !this.#grow(end)) return NIL;
      if (Atomics.compareExchange(this.#memory.i32, word, top, (end - this.#byteOffset) / UNIT_BYTES) !== top) continue;
      this.#prepare?.(ptr, Math.min(byteSize, MOST_PREPARED_BYTES));
      return ptr as Ptr;
    }
  }

  /** By more than what is needed, since growing a file takes system calls; by just that where there is no more. */
  #grow(end: number): boolean {
    const { byteLength, maxByteLength } = this.#memory;
    if (end > maxByteLength) return false;
    const generous = Math.min(maxByteLength, end + Math.min(Math.max(byteLength >>> 2, LEAST_STEP_BYTES), MOST_STEP_BYTES));
    try {
      if (this.#memory.tryGrow(generous)) return true;
    } catch (error) {
      if (!(error instanceof MemoryError && error.code === "disk-full")) throw error;
    }
    return this.#memory.tryGrow(end);
  }

  reach(byteEnd: number): boolean {
    const { end } = this;
    return byteEnd <= end && this.#memory.tryGrow(end);
  }

  cover(): void {
    // The shard is held, so what its last holder has taken is seen.
    const end = this.#byteOffset + (this.#memory.i32[this.#words + TOP] >>> 0) * UNIT_BYTES;
    if (end <= this.#covered) return;
    if (end > this.#memory.byteLength) this.#memory.grow(end);
    this.#covered = end;
  }
}
