/*
 * Which counts one thread holds, in memory that others can see, so that they can be given back when the thread has died with them.
 *
 *   byte 0     4          8        16                    32
 *   +--------+----------+--------+---------------------+---------------------+----
 *   | magic  | capacity |   0    |       slot 0        |       slot 1        | …
 *   | "OHld" |          |        | kind  nonce  block  |                     |
 *   +--------+----------+--------+---------------------+---------------------+----
 *
 *   a slot, 16 bytes: u32 kind (0 free, 1 an owner, 2 a weak reference), u32 nonce and f64 byte offset of the control block
 *
 * Who writes: one thread, the one whose counts these are, and after its death the one that recovers.
 *
 * Invariants:
 * 1. A slot is entered after its count was taken and left before it is given back or sent away; so a thread that dies in between leaks one count, and
 *    no count is ever given back twice.
 * 2. kind is stored last on entering and first on leaving.
 */

import type { Allocator } from "../alloc/allocator.ts";
import { checkByteLength } from "../core/align.ts";
import { AN_ALLOCATOR } from "../core/block-source.ts";
import type { Ptr } from "../core/brand.ts";
import { checkCall, OPTIONS } from "../core/check-call.ts";
import { MemoryError } from "../core/errors.ts";
import { magicOf } from "../core/magic.ts";
import type { Memory } from "../core/memory.ts";
import { settled } from "../layout/view-parts.ts";
import { ControlBlock, type CountKind, OWNER, WEAK_REFERENCE } from "./control-block.ts";

const MAGIC_WORD = magicOf("OHld");
const SLOT_BYTES = 16;
const HEADER_BYTES = 16;
const ALIGN = 8;
const MOST_SLOTS = 2 ** 20;

/**
 * The counts that one thread holds.
 *
 * ```ts
 * const book = ledger(allocator, { capacity: 1000 });                 // by whoever watches over the worker
 * worker.postMessage({ book: book.byteOffset, … });                   // there: Ledger.attach(memory, byteOffset)
 * receiveShared(message, Config, { memory, ledger: book });           // clones and weak references of it are entered, too
 * worker.on("exit", () => book.recover());                            // afterwards it is as if the worker had disposed of them
 * ```
 */
export class Ledger {
  readonly memory: Memory;
  readonly byteOffset: number;
  readonly capacity: number;
  /** Slots below are taken or on the list. */
  #fresh = 0;
  readonly #free: number[] = [];

  private constructor(memory: Memory, byteOffset: number, capacity: number) {
    this.memory = memory;
    this.byteOffset = byteOffset;
    this.capacity = capacity;
  }

  /** An empty one. Throws `out-of-memory`. */
  static create(allocator: Allocator, capacity: number): Ledger {
    checkByteLength("ledger", "capacity", capacity, 1, MOST_SLOTS);
    const ptr = allocator.allocZeroed(byteLengthOf(capacity), ALIGN);
    const { u32 } = allocator.memory;
    u32[ptr / 4] = MAGIC_WORD;
    u32[ptr / 4 + 1] = capacity;
    return new Ledger(allocator.memory, ptr, capacity);
  }

  /** The ledger at `byteOffset`, for the thread whose counts it is to hold. Throws `corrupt`, `out-of-bounds`. */
  static attach(memory: Memory, byteOffset: number): Ledger {
    memory.checkRange(byteOffset, HEADER_BYTES);
    const capacity = byteOffset % ALIGN === 0 && memory.u32[byteOffset / 4] === MAGIC_WORD ? memory.u32[byteOffset / 4 + 1] : 0;
    if (capacity === 0 || capacity > MOST_SLOTS) {
      throw new MemoryError("corrupt", {
        subject: `ledger in ${memory.subject}`,
        event: "does not begin with the mark of one",
        numbers: { byteOffset },
        cure: "Pass the byteOffset of the ledger that was made.",
      });
    }
    memory.checkRange(byteOffset, byteLengthOf(capacity));
    const attached = new Ledger(memory, byteOffset, capacity);
    while (attached.#fresh < capacity && attached.#kind(attached.#fresh) !== 0) attached.#fresh += 1;
    return attached;
  }

  /** How many counts are entered. */
  get size(): number {
    let size = 0;
    for (let slot = 0; slot < this.capacity; slot++) if (this.#kind(slot) !== 0) size += 1;
    return size;
  }

  /** Writes down a count that was taken. Returns its slot. Throws `out-of-memory` when all are taken. */
  enter(control: ControlBlock, kind: CountKind): number {
    const slot = this.#free.pop() ?? this.#fresh;
    if (slot >= this.capacity) {
      throw new MemoryError("out-of-memory", {
        subject: "ledger",
        event: "has no slot left for a count",
        numbers: { capacity: this.capacity },
        cure: "Make it with room for all owners and weak references that the thread has at once.",
      });
    }
    if (slot === this.#fresh) this.#fresh += 1;
    const { u32, f64 } = this.memory;
    const word = this.#word(slot);
    u32[word + 1] = control.nonce;
    f64[word / 2 + 1] = control.byteOffset;
    Atomics.store(u32, word, kind);
    return slot;
  }

  /** Strikes out a count that is about to be given back. */
  leave(slot: number): void {
    Atomics.store(this.memory.u32, this.#word(slot), 0);
    this.#free.push(slot);
  }

  /**
   * Gives back all counts that are entered. Only after their thread has ended, in a thread that has the memory. The values' bytes come back at
   * the next `reclaim` of the thread that allocated them. Returns how many counts were given back.
   */
  recover(): number {
    let given = 0;
    for (let slot = 0; slot < this.capacity; slot++) {
      const kind = this.#kind(slot);
      if (kind === 0) continue;
      const control = this.#control(slot);
      Atomics.store(this.memory.u32, this.#word(slot), 0);
      if (control === undefined) continue;
      control.drop(kind === WEAK_REFERENCE ? WEAK_REFERENCE : OWNER);
      given += 1;
    }
    this.#fresh = 0;
    this.#free.length = 0;
    return given;
  }

  /** Gives its bytes back to the allocator that it was made in. */
  free(allocator: Allocator): void {
    this.memory.u32[this.byteOffset / 4] = 0;
    allocator.free(this.byteOffset as Ptr, byteLengthOf(this.capacity), ALIGN);
  }

  checkInvariants(): string[] {
    const found: string[] = [];
    for (let slot = 0; slot < this.capacity; slot++) {
      const kind = this.#kind(slot);
      if (kind > WEAK_REFERENCE) found.push(`slot ${slot} is of kind ${kind}`);
      if (kind !== 0 && this.#control(slot) === undefined) found.push(`slot ${slot} names no control block`);
    }
    return found;
  }

  #kind(slot: number): number {
    return this.memory.u32[this.#word(slot)];
  }

  /** The control block that a count is of; undefined when it is gone. */
  #control(slot: number): ControlBlock | undefined {
    const word = this.#word(slot);
    const { i32, f64 } = this.memory;
    return ControlBlock.find(this.memory, f64[word / 2 + 1], i32[word + 1]);
  }

  #word(slot: number): number {
    settled(this.memory);
    return (this.byteOffset + HEADER_BYTES + slot * SLOT_BYTES) / 4;
  }
}

/** A ledger for the counts of one thread. See {@link Ledger}. Throws `out-of-memory`. */
export function ledger(allocator: Allocator, options: { readonly capacity?: number } = {}): Ledger {
  checkCall("ledger(heap)", [AN_ALLOCATOR, allocator], [OPTIONS, options]);
  return Ledger.create(allocator, options.capacity ?? 256);
}

function byteLengthOf(capacity: number): number {
  return HEADER_BYTES + capacity * SLOT_BYTES;
}
