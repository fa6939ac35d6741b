/*
 * A set of whole numbers below a bound, in one block of u32 words.
 *
 *   word 0            capacity                 2 · capacity
 *   +-----------------+-------------------------+
 *   | dense           | sparse                  |
 *   +-----------------+-------------------------+
 *
 * Invariants:
 * 1. dense[0 … size) are the members, each once.
 * 2. sparse[dense[i]] = i for each of them. Other words of `sparse` may be anything, so an empty set needs no cleaning (Briggs and Torczon, 1993).
 */
import type { Allocator } from "../../alloc/allocator.ts";
import { endPlacement, type Placement, placed } from "../../alloc/own-memory.ts";
import { NIL, type Ptr } from "../../core/brand.ts";
import { checkCount } from "../../core/check-count.ts";
import { MemoryError } from "../../core/errors.ts";
import type { Lease } from "../../core/lease.ts";
import type { Memory } from "../../core/memory.ts";

const MOST_MEMBERS = 2 ** 30;

/** An empty set of numbers from 0 to `capacity - 1`. Throws `invalid-argument`, `out-of-memory`. */
export function sparseSet(capacity: number, placement: Placement = {}): SparseSet {
  checkCount("sparse set", "capacity", capacity, 1, MOST_MEMBERS);
  return new SparseSet(placed("sparse set", placement), capacity);
}

/** Numbers that are added, removed and asked for in a few ns each, emptied in none, and listed without gaps. Eight bytes for each that can be. */
export class SparseSet implements Disposable, Iterable<number> {
  readonly capacity: number;
  readonly #allocator: Allocator;
  readonly #memory: Memory;
  readonly #lease: Lease;
  readonly #epoch: number;
  #ptr: Ptr;
  #dense: number;
  #size = 0;

  /** Use `sparseSet`. */
  constructor(allocator: Allocator, capacity: number) {
    this.capacity = capacity;
    this.#allocator = allocator;
    this.#memory = allocator.memory;
    this.#ptr = allocator.alloc(capacity * 8);
    this.#lease = allocator.lease;
    this.#epoch = this.#lease.epoch;
    this.#dense = this.#ptr / 4;
  }

  get size(): number {
    return this.#size;
  }

  /** Whether `value` is a member. Whatever is no number from 0 to `capacity - 1` is none. */
  has(value: number): boolean {
    const u32 = this.#words();
    if (!(value >>> 0 === value && value < this.capacity)) return false;
    const place = u32[this.#dense + this.capacity + value];
    return place < this.#size && u32[this.#dense + place] === value;
  }

  /** Adds a number; false when it was there. Throws `out-of-bounds`. */
  add(value: number): boolean {
    if (this.has(value)) return false;
    if (!(value >>> 0 === value && value < this.capacity)) {
      throw new MemoryError("out-of-bounds", {
        subject: "sparse set",
        event: "cannot hold that",
        numbers: { value: String(value), capacity: this.capacity },
        cure: "Add whole numbers from 0 to capacity - 1.",
      });
    }
    const u32 = this.#words();
    u32[this.#dense + this.#size] = value;
    u32[this.#dense + this.capacity + value] = this.#size;
    this.#size += 1;
    return true;
  }

  /** Removes a number; false when it was not there. The last of the list takes its place. */
  delete(value: number): boolean {
    if (!this.has(value)) return false;
    const u32 = this.#words();
    this.#size -= 1;
    const last = u32[this.#dense + this.#size];
    const place = u32[this.#dense + this.capacity + value];
    u32[this.#dense + place] = last;
    u32[this.#dense + this.capacity + last] = place;
    return true;
  }

  clear(): void {
    this.#words();
    this.#size = 0;
  }

  /** Member number `place`, from 0 to `size - 1`; undefined beyond. */
  at(place: number): number | undefined {
    const u32 = this.#words();
    return place >>> 0 === place && place < this.#size ? u32[this.#dense + place] : undefined;
  }

  /** The members from the last to the first, so that the one that was just met can be removed. */
  *[Symbol.iterator](): Generator<number, void, undefined> {
    for (let place = this.#size - 1; place >= 0; place--) {
      const value = this.at(place);
      if (value !== undefined) yield value;
    }
  }

  /** What contradicts the invariants; empty when sound. */
  checkInvariants(): string[] {
    const u32 = this.#words();
    const found: string[] = [];
    for (let place = 0; place < this.#size; place++) {
      const value = u32[this.#dense + place];
      if (value >= this.capacity) found.push(`member ${place} is ${value}, of a capacity of ${this.capacity}`);
      else if (u32[this.#dense + this.capacity + value] !== place) found.push(`member ${value} is not where it says`);
    }
    return found;
  }

  /** Gives its block back. Twice is harmless. */
  close(): void {
    if (this.#ptr === NIL) return;
    if (this.#lease.epoch === this.#epoch) this.#allocator.free(this.#ptr, this.capacity * 8);
    endPlacement(this.#allocator);
    this.#ptr = NIL;
    this.#size = 0;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #words(): Uint32Array {
    if (this.#lease.epoch !== this.#epoch) this.#lease.throwStale(this.#epoch);
    if (this.#ptr !== NIL) return this.#memory.u32;
    throw new MemoryError("closed", {
      subject: "sparse set",
      event: "was used after it was disposed of",
      cure: "Keep it for as long as it is used.",
    });
  }
}
