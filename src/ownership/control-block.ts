/*
 * The counts of a value that has several owners, or that was moved to another thread: 32 bytes beside the value, little-endian.
 *
 *   byte 0     4        8         12       16        20        24                 32
 *   +--------+--------+---------+--------+---------+---------+------------------+
 *   | magic  | nonce  | strong  |  weak  | tickets | layout  | value, f64       |
 *   | "OHow" |        |         |        |         |         | its byte offset  |
 *   +--------+--------+---------+--------+---------+---------+------------------+
 *
 * Who writes: magic, nonce, layout and value are written once, by the thread that allocates, before anybody else sees the block, and
 * magic and nonce are cleared by it when the block is freed. The counts are changed atomically by everybody.
 *
 * Invariants:
 * 1. strong: owners, and tickets on their way. At 0 the value is gone and stays so.
 * 2. weak: weak references, and one more while strong > 0. At 0 nobody looks at the block any more.
 * 3. tickets <= strong: that many of the owners are tickets which nobody has opened.
 * 4. Counts are from 0 to 2^30; a count that would exceed that is refused.
 * 5. The thread that allocated frees the value once strong is 0, and the block once weak is.
 */
import type { Allocator } from "../alloc/allocator.ts";
import type { Ptr } from "../core/brand.ts";
import { MemoryError } from "../core/errors.ts";
import { magicOf } from "../core/magic.ts";
import type { Memory } from "../core/memory.ts";
import { layoutWordOf } from "../layout/fingerprint.ts";
import type { Type } from "../layout/type.ts";
import { settled } from "../layout/view-parts.ts";

export const CONTROL_BYTES = 32;
export const CONTROL_ALIGN = 8;
const MAGIC_WORD = magicOf("OHow");
const MAGIC = 0;
const NONCE = 1;
const STRONG = 2;
const WEAK = 3;
const TICKETS = 4;
const LAYOUT = 5;
const VALUE_F64 = 3;
const MOST = 2 ** 30;

/** What a count is of. */
export const OWNER = 1;
export const WEAK_REFERENCE = 2;
export type CountKind = typeof OWNER | typeof WEAK_REFERENCE;

export class ControlBlock {
  readonly memory: Memory;
  readonly byteOffset: number;
  /** Tells this block from one that lay here before it or will after it. */
  readonly nonce: number;
  readonly valueByteOffset: number;
  readonly #word: number;

  private constructor(memory: Memory, byteOffset: number) {
    this.memory = memory;
    this.byteOffset = byteOffset;
    this.#word = byteOffset / 4;
    this.nonce = this.#words()[this.#word + NONCE];
    this.valueByteOffset = memory.f64[byteOffset / 8 + VALUE_F64];
  }

  /** A block with one owner and no tickets. Throws `out-of-memory`. */
  static allocate(allocator: Allocator, type: Type, value: number): ControlBlock {
    const ptr = allocator.allocZeroed(CONTROL_BYTES, CONTROL_ALIGN);
    const { i32, f64 } = allocator.memory;
    const word = ptr / 4;
    i32[word + MAGIC] = MAGIC_WORD;
    i32[word + NONCE] = (Math.random() * 2 ** 32) | 0 || 1;
    i32[word + STRONG] = 1;
    i32[word + WEAK] = 1;
    i32[word + LAYOUT] = layoutWordOf(type);
    f64[ptr / 8 + VALUE_F64] = value;
    return new ControlBlock(allocator.memory, ptr);
  }

  /** The block that a ticket names. Throws `moved` when it is gone, `layout-mismatch`, `out-of-bounds`. */
  static open(memory: Memory, byteOffset: number, nonce: number, type: Type, subject: string): ControlBlock {
    memory.checkRange(byteOffset, CONTROL_BYTES);
    const control = ControlBlock.find(memory, byteOffset, nonce);
    if (control === undefined) {
      throw new MemoryError("moved", {
        subject,
        event: "is not there any more: the ticket for it was opened before, and what it named has been freed",
        numbers: { byteOffset },
        cure: "Open each ticket once, and in the memory that it was made for.",
      });
    }
    const layout = memory.i32[control.#word + LAYOUT];
    if (layout !== layoutWordOf(type)) {
      throw new MemoryError("layout-mismatch", {
        subject,
        event: `is not a ${type.name}`,
        numbers: { layout: layout >>> 0, expected: layoutWordOf(type) >>> 0 },
        cure: "Open it with the type that it was made with.",
      });
    }
    memory.checkRange(control.valueByteOffset, type.byteSize);
    return control;
  }

  /** The block at `byteOffset`, if it is still the one with this nonce. */
  static find(memory: Memory, byteOffset: number, nonce: number): ControlBlock | undefined {
    if (byteOffset % CONTROL_ALIGN !== 0) return undefined;
    const control = new ControlBlock(memory, byteOffset);
    return control.isThere && control.nonce === nonce ? control : undefined;
  }

  /** Whether the block is still this one: false after its allocator was reset under it. */
  get isThere(): boolean {
    const words = this.#words();
    return words[this.#word + MAGIC] === MAGIC_WORD && words[this.#word + NONCE] === this.nonce && this.nonce !== 0;
  }

  get strong(): number {
    return Atomics.load(this.#words(), this.#word + STRONG);
  }

  get weak(): number {
    return Atomics.load(this.#words(), this.#word + WEAK);
  }

  /** Tickets that nobody has opened. */
  get tickets(): number {
    return Atomics.load(this.#words(), this.#word + TICKETS);
  }

  /** One owner more, by one that is. Throws `out-of-memory` at the end of the count. */
  addStrong(): void {
    this.#add(STRONG);
  }

  /** One owner more, if there is any. */
  tryAddStrong(): boolean {
    const words = this.#words();
    for (let seen = Atomics.load(words, this.#word + STRONG); seen > 0; ) {
      if (seen >= MOST) this.#refuseMore(STRONG);
      const found = Atomics.compareExchange(words, this.#word + STRONG, seen, seen + 1);
      if (found === seen) return true;
      seen = found;
    }
    return false;
  }

  /** One count less; the last owner's takes that of all owners among the weak ones with it. */
  drop(kind: CountKind): void {
    const words = this.#words();
    if (kind === OWNER && Atomics.sub(words, this.#word + STRONG, 1) > 1) return;
    Atomics.sub(words, this.#word + WEAK, 1);
  }

  addWeak(): void {
    this.#add(WEAK);
  }

  /** An owner becomes a ticket. */
  addTicket(): void {
    this.#add(TICKETS);
  }

  /** A ticket becomes an owner. False when there is none left to be opened. */
  takeTicket(): boolean {
    const words = this.#words();
    for (let seen = Atomics.load(words, this.#word + TICKETS); seen > 0; ) {
      const found = Atomics.compareExchange(words, this.#word + TICKETS, seen, seen - 1);
      if (found === seen) return true;
      seen = found;
    }
    return false;
  }

  /** No ticket finds it from now on, and owners see that it is gone. By the thread that allocated. */
  erase(): void {
    const words = this.#words();
    words[this.#word + MAGIC] = 0;
    words[this.#word + NONCE] = 0;
  }

  checkInvariants(): string[] {
    const { strong, weak, tickets } = this;
    const found: string[] = [];
    if (!this.isThere) found.push("the block has been erased");
    for (const [name, count] of Object.entries({ strong, weak, tickets })) {
      if (!(count >= 0 && count <= MOST)) found.push(`${name}=${count} is not from 0 to ${MOST}`);
    }
    if (strong > 0 && weak < 1) found.push(`weak=${weak}, although there are ${strong} owners`);
    if (tickets > strong) found.push(`${tickets} tickets stand for ${strong} owners`);
    return found;
  }

  #words(): Int32Array {
    return settled(this.memory).i32;
  }

  #add(count: number): void {
    const words = this.#words();
    for (let seen = Atomics.load(words, this.#word + count); ; ) {
      if (seen >= MOST) this.#refuseMore(count);
      const found = Atomics.compareExchange(words, this.#word + count, seen, seen + 1);
      if (found === seen) return;
      seen = found;
    }
  }

  #refuseMore(count: number): never {
    const what = count === STRONG ? "owners" : count === WEAK ? "weak references" : "tickets";
    throw new MemoryError("out-of-memory", {
      subject: `a shared value in ${this.memory.subject}`,
      event: `has as many ${what} as can be counted`,
      numbers: { most: MOST },
      cure: "Something makes owners and never disposes of them.",
    });
  }
}

/** What a value's block takes of its allocator, for those that free it. */
export function freeValue(allocator: Allocator, type: Type, control: ControlBlock): void {
  allocator.free(control.valueByteOffset as Ptr, type.byteSize, type.align);
}
