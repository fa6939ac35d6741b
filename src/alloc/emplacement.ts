import { checkByteLength } from "../core/align.ts";
import { AN_ALLOCATOR } from "../core/block-source.ts";
import { NIL, type Ptr } from "../core/brand.ts";
import { checkCall } from "../core/check-call.ts";
import { MemoryError } from "../core/errors.ts";
import type { Lease } from "../core/lease.ts";
import type { Memory } from "../core/memory.ts";
import { A_SIZED_TYPE } from "../layout/struct-fields.ts";
import { type Allocator, checkGrowsUnder } from "./allocator.ts";

/** What can lie in a row. Every Type can. */
export interface Emplaceable<Input> {
  readonly name: string;
  readonly byteSize: number;
  readonly align: number;
  /** Stores `value`, or throws `bad-value` and stores nothing. */
  write(memory: Memory, byteOffset: number, value: Input): void;
  /** The same without a look at the place. */
  rawWrite(memory: Memory, byteOffset: number, value: unknown): void;
}

/** Lengths double from here. */
const FIRST_LENGTH = 8;

/**
 * A row of values that is being made in the place where it stays, when nobody knows yet how long it gets:
 *
 * ```ts
 * using row = emplace(scratch, Point);
 * for (const line of lines) row.push(parse(line));      // when this throws, nothing stays allocated
 * const points = Point.in(scratch.memory).cursor(row.commit(), row.length);
 * ```
 *
 * The block grows where it is while nothing else is allocated behind it, else it moves; `commit` gives the part back that is not needed. What was not committed
 * goes back when the row is disposed.
 *
 * Invariant: while it is open, the block at `#ptr` of `#capacity` values is the row's, and its first `length` values are whole.
 */
export class Emplacement<Input> implements Disposable {
  readonly #allocator: Allocator;
  readonly #type: Emplaceable<Input>;
  readonly #lease: Lease;
  readonly #epoch: number;
  #ptr: Ptr = NIL;
  #capacity = 0;
  #length = 0;
  #isOpen = true;

  /** Use `emplace`. */
  constructor(allocator: Allocator, type: Emplaceable<Input>) {
    this.#allocator = allocator;
    this.#type = type;
    this.#lease = allocator.lease;
    this.#epoch = allocator.lease.epoch;
  }

  /** Values so far. */
  get length(): number {
    return this.#length;
  }

  /** Adds a value behind the others. Throws `bad-value` and `out-of-memory`; the row is then as it was. */
  push(value: Input): void {
    this.#checkOpen();
    if (this.#length === this.#capacity) this.reserve(Math.max(this.#capacity, FIRST_LENGTH));
    this.#type.rawWrite(this.#allocator.memory, this.#ptr + this.#length * this.#type.byteSize, value);
    this.#length += 1;
  }

  /** Adds values one after the other. Where one is refused those before it stay. */
  extend(values: Iterable<Input>): void {
    for (const value of values) this.push(value);
  }

  /** Adds values as they lie in bytes: a multiple of the type's size. Throws `invalid-argument`, `out-of-memory`. */
  append(bytes: Uint8Array): void {
    this.#checkOpen();
    const { byteSize } = this.#type;
    if (bytes.byteLength % byteSize !== 0) {
      throw new MemoryError("invalid-argument", {
        subject: `a row of ${this.#type.name}`,
        event: "was given bytes that are not whole values",
        numbers: { byteLength: bytes.byteLength, byteSize },
        cure: "Append multiples of the type's size.",
      });
    }
    const count = bytes.byteLength / byteSize;
    if (this.#length + count > this.#capacity) this.reserve(Math.max(count, this.#capacity));
    this.#allocator.memory.u8.set(bytes, this.#ptr + this.#length * byteSize);
    this.#length += count;
  }

  /** Takes the last value back. False when there is none. */
  pop(): boolean {
    this.#checkOpen();
    if (this.#length === 0) return false;
    this.#length -= 1;
    return true;
  }

  /** Makes room for `count` values more than there are. Throws `out-of-memory`; the row is then as it was. */
  reserve(count: number): void {
    this.#checkOpen();
    const subject = `a row of ${this.#type.name}`;
    const { byteSize, align } = this.#type;
    checkByteLength(subject, "count", count);
    const wanted = this.#length + count;
    if (wanted <= this.#capacity) return;
    checkGrowsUnder(this.#lease, this.#allocator, subject);
    this.#ptr = this.#allocator.realloc(this.#ptr, this.#capacity * byteSize, wanted * byteSize, align);
    this.#capacity = wanted;
  }

  /**
   * Ends the row: it is a block of `length` values, to be freed with their size and the type's alignment. Gives back what it does not need. Throws
   * `out-of-memory` and stays open where its allocator can only shrink by moving, and has no room.
   */
  commit(): Ptr {
    this.#checkOpen();
    const { byteSize, align } = this.#type;
    if (this.#ptr === NIL || this.#length < this.#capacity)
      this.#ptr = this.#allocator.realloc(this.#ptr, this.#capacity * byteSize, this.#length * byteSize, align);
    this.#capacity = this.#length;
    this.#isOpen = false;
    return this.#ptr;
  }

  /** Gives the block back, unless it was committed. Doing it twice is harmless. */
  [Symbol.dispose](): void {
    const isThere = this.#isOpen && this.#lease.epoch === this.#epoch;
    this.#isOpen = false;
    if (isThere) this.#allocator.free(this.#ptr, this.#capacity * this.#type.byteSize, this.#type.align);
  }

  #checkOpen(): void {
    if (this.#lease.epoch !== this.#epoch) this.#lease.throwStale(this.#epoch);
    if (this.#isOpen) return;
    throw new MemoryError("closed", {
      subject: `a row of ${this.#type.name}`,
      event: "was used after it was committed or given up",
      cure: "Begin another with emplace().",
    });
  }
}

/** Begins a row of values of `type` in `allocator`: see Emplacement. Takes nothing before the first value. */
export function emplace<Input>(allocator: Allocator, type: Emplaceable<Input>): Emplacement<Input> {
  checkCall("emplace(arena, Particle)", [AN_ALLOCATOR, allocator], [A_SIZED_TYPE, type]);
  return new Emplacement(allocator, type);
}
