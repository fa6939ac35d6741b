import { alignUp, checkByteLength } from "../core/align.ts";
import { NIL, type Ptr } from "../core/brand.ts";
import { A_MEMORY, checkCall, OPTIONS } from "../core/check-call.ts";
import { MemoryError } from "../core/errors.ts";
import { magicOf } from "../core/magic.ts";
import type { Memory } from "../core/memory.ts";
import { throwNotLive } from "./block-checks.ts";
import {
  beginRegion,
  claimRegion,
  fingerprintOf,
  HEADER_BYTES,
  openRegion,
  publishRegion,
  type Region,
  type RegionFormat,
  type RegionOptions,
  UNIT_BYTES,
} from "./region.ts";
import { commitUpTo, ResidentAllocator } from "./resident.ts";

/** Words of the state. */
const TOP = HEADER_BYTES / 4;
const LAST = TOP + 1;
const FIRST_UNIT = HEADER_BYTES / UNIT_BYTES + 2;
/** Of every block, in front of its payload, and its words. */
const HEAD_BYTES = 16;
const HEAD_UNITS = HEAD_BYTES / UNIT_BYTES;
const PREVIOUS = 0;
const BEGAN = 1;
const END = 2;
const SEAL = 3;

const FORMAT: RegionFormat = {
  subject: "stack allocator",
  magic: magicOf("OHst"),
  version: 1,
  fingerprint: fingerprintOf(FIRST_UNIT, HEAD_BYTES),
  align: UNIT_BYTES,
  leastByteLength: FIRST_UNIT * UNIT_BYTES,
  mostByteLength: (2 ** 31 - 1) * UNIT_BYTES,
};

/** A height of a stack, to go back to with `release`. */
export interface StackMark {
  readonly top: number;
  readonly last: number;
}

/**
 * Blocks that are given back in the opposite order of their making, or nearly: a block whose turn has not come is remembered, and its room comes
 * back with that of the blocks above it.
 *
 *      0   header        see region.ts
 *     32   top i32       where the next block may begin, in units of 8 bytes from the header
 *     36   last i32      where the head of the last block is, 0: there is none
 *     40   reserved
 *     48   blocks        | pad | head | payload | pad | head | payload |     top
 *
 *     head + 0   previous i32     the head of the block below, 0: none
 *          + 4   began i32        top before this block was made; that number's complement once it is freed
 *          + 8   end i32          where the payload ends, rounded up
 *          + 12  seal i32         a hash of where the head is: tells it from bytes that look like one
 *
 * One thread at a time. Up to 16 GiB.
 *
 * Invariants:
 * 1. Going from `last` by `previous`, heads lie lower and lower, each with its seal, each below the `began` of the one above it, which is its end.
 * 2. The last block is not freed; its end is top. Without blocks, top is where the first one begins.
 */
export class Stack extends ResidentAllocator {
  readonly #words: number;

  /** For `stack` and `attachStack`. */
  constructor(memory: Memory, region: Region) {
    super(memory, region, FORMAT.subject);
    this.#words = region.byteOffset / 4;
  }

  rawAlloc(byteSize: number, align: number): Ptr {
    this.checkOpen();
    const began = this.memory.i32[this.#words + TOP];
    const ptr = alignUp(this.byteOffset + began * UNIT_BYTES + HEAD_BYTES, Math.max(align, UNIT_BYTES));
    const end = Math.ceil((ptr - this.byteOffset + byteSize) / UNIT_BYTES);
    if (!this.#commit(end)) return NIL;
    const { i32 } = this.memory;
    const head = (ptr - this.byteOffset) / UNIT_BYTES - HEAD_UNITS;
    const word = this.#words + head * 2;
    i32[word + PREVIOUS] = i32[this.#words + LAST];
    i32[word + BEGAN] = began;
    i32[word + END] = end;
    i32[word + SEAL] = sealOf(head);
    i32[this.#words + LAST] = head;
    i32[this.#words + TOP] = end;
    return ptr as Ptr;
  }

  rawFree(ptr: Ptr, byteSize: number, align: number): void {
    this.checkOpen();
    this.rawCheckLive(ptr, byteSize, align);
    const { i32 } = this.memory;
    const word = ptr / 4 - HEAD_BYTES / 4;
    i32[word + BEGAN] = ~i32[word + BEGAN];
    this.#dropFreed();
  }

  /** The last block grows as far as there is room, and shrinks; every other only shrinks, and its end stays unused. */
  rawResize(ptr: Ptr, oldByteSize: number, newByteSize: number, align: number): boolean {
    this.checkOpen();
    this.rawCheckLive(ptr, oldByteSize, align);
    const end = Math.ceil((ptr - this.byteOffset + newByteSize) / UNIT_BYTES);
    const head = (ptr - this.byteOffset) / UNIT_BYTES - HEAD_UNITS;
    if (this.memory.i32[this.#words + LAST] !== head) return end === this.memory.i32[this.#words + head * 2 + END];
    if (!this.#commit(end)) return false;
    const { i32 } = this.memory;
    i32[this.#words + head * 2 + END] = end;
    i32[this.#words + TOP] = end;
    return true;
  }

  override rawUsableByteLength(ptr: Ptr): number {
    return this.byteOffset + this.memory.i32[ptr / 4 - HEAD_BYTES / 4 + END] * UNIT_BYTES - ptr;
  }

  override rawOwns(ptr: Ptr): boolean {
    const offset = ptr - this.byteOffset;
    return offset >= FIRST_UNIT * UNIT_BYTES && offset < this.memory.i32[this.#words + TOP] * UNIT_BYTES;
  }

  /** Finds foreign, interior and freed blocks, and wrong sizes. */
  override rawCheckLive(ptr: Ptr, byteSize: number, align: number): void {
    this.checkOpen();
    const head = (ptr - this.byteOffset) / UNIT_BYTES - HEAD_UNITS;
    if (Number.isInteger(head) && this.rawOwns(ptr)) {
      const { i32 } = this.memory;
      const word = this.#words + head * 2;
      const end = Math.ceil((ptr - this.byteOffset + byteSize) / UNIT_BYTES);
      if (i32[word + SEAL] === sealOf(head) && i32[word + END] === end) {
        if (i32[word + BEGAN] >= 0) return;
        throwNotLive(this.subject, "was given a block that is free already", { ptr, byteSize, align });
      }
    }
    throwNotLive(this.subject, "was given a block that is not live there in that size", { ptr, byteSize, align });
  }

  /** Bytes from the first block to the end of the last one, heads and padding included. */
  get usedByteLength(): number {
    return (this.memory.i32[this.#words + TOP] - FIRST_UNIT) * UNIT_BYTES;
  }

  /** How high the stack is now. */
  mark(): StackMark {
    this.checkOpen();
    return { top: this.memory.i32[this.#words + TOP], last: this.memory.i32[this.#words + LAST] };
  }

  /** Frees every block made since `mark` was taken. Throws `invalid-argument` when the stack has been lower than that in between. */
  release(mark: StackMark): void {
    this.checkOpen();
    const { i32 } = this.memory;
    checkByteLength(this.subject, "mark.top", mark.top);
    let last = i32[this.#words + LAST];
    while (last > mark.last) last = i32[this.#words + last * 2 + PREVIOUS];
    const top = last === 0 ? FIRST_UNIT : i32[this.#words + last * 2 + END];
    if (last !== mark.last || top !== mark.top) {
      throw new MemoryError("invalid-argument", {
        subject: this.subject,
        event: "cannot go back to a mark that it has been below since",
        numbers: { mark: String(mark.top), top: i32[this.#words + TOP] },
        cure: "Release marks in the opposite order of their taking, and do not free below one that is still needed.",
      });
    }
    i32[this.#words + LAST] = last;
    i32[this.#words + TOP] = top;
    this.#dropFreed();
  }

  /** Frees everything at once and makes every view stale. O(1). */
  reset(): void {
    this.checkOpen();
    this.format();
    this.lease.end("was reset");
  }

  /** For `stack`: writes the state of an empty one. */
  format(): void {
    this.memory.i32[this.#words + TOP] = FIRST_UNIT;
    this.memory.i32[this.#words + LAST] = 0;
  }

  /** Makes the stack sound again whose writer died half-way through an operation, as `synchronized` does by itself. */
  repair(): void {
    this.checkOpen();
    const { i32 } = this.memory;
    const last = i32[this.#words + LAST];
    i32[this.#words + TOP] = last === 0 ? FIRST_UNIT : i32[this.#words + last * 2 + END];
    this.#dropFreed();
  }

  checkInvariants(): string[] {
    if (this.closed) return [];
    const { i32 } = this.memory;
    const last = i32[this.#words + LAST];
    let end = i32[this.#words + TOP];
    if (last !== 0 && i32[this.#words + last * 2 + BEGAN] < 0) return [`the last block, at ${last}, is freed`];
    for (let head = last; head !== 0; ) {
      const word = this.#words + head * 2;
      const began = i32[word + BEGAN] < 0 ? ~i32[word + BEGAN] : i32[word + BEGAN];
      if (i32[word + SEAL] !== sealOf(head)) return [`the head at ${head} has no seal`];
      if (i32[word + END] !== end) return [`the block at ${head} ends at ${i32[word + END]}, not at ${end}`];
      if (!(began <= head && i32[word + PREVIOUS] < head)) return [`the block at ${head} began at ${began}`];
      end = began;
      head = i32[word + PREVIOUS];
    }
    return end === FIRST_UNIT ? [] : [`the first block began at ${end}`];
  }

  #commit(end: number): boolean {
    const byteLength = end * UNIT_BYTES;
    if (byteLength > this.byteLength) return false;
    const limit = this.byteOffset + this.byteLength;
    return commitUpTo(this.memory, this.byteOffset + byteLength, limit, this.usedByteLength);
  }

  /** Takes blocks off the top that are freed. */
  #dropFreed(): void {
    const { i32 } = this.memory;
    let last = i32[this.#words + LAST];
    while (last !== 0 && i32[this.#words + last * 2 + BEGAN] < 0) {
      const word = this.#words + last * 2;
      i32[this.#words + TOP] = ~i32[word + BEGAN];
      // What lies above the top must not look like a block any more.
      i32[word + SEAL] = 0;
      last = i32[word + PREVIOUS];
    }
    i32[this.#words + LAST] = last;
  }
}

/** A stack over a region of `memory`, which it grows as it needs. */
export function stack(memory: Memory, options: RegionOptions = {}): Stack {
  checkCall("stack(memory)", [A_MEMORY, memory], [OPTIONS, options]);
  const region = claimRegion(memory, FORMAT, options, FIRST_UNIT * UNIT_BYTES);
  beginRegion(memory, region, FORMAT);
  const made = new Stack(memory, region);
  made.format();
  publishRegion(memory, region);
  return made;
}

/** The stack that lies at `byteOffset`: made by another handle, another thread at another time, or a process before this one. */
export function attachStack(memory: Memory, byteOffset = 0): Stack {
  checkCall("attachStack(memory)", [A_MEMORY, memory]);
  return new Stack(memory, openRegion(memory, FORMAT, byteOffset));
}

function sealOf(head: number): number {
  return Math.imul(head, 0x9e37_79b1) | 1;
}
