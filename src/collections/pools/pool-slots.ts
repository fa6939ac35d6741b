/*
 * The slots of a pool: blocks of n of them, taken from an allocator one by one, which never move. Each slot is a word and its record, side by side, so
 * that looking whether a handle is good brings the record into the cache too.
 *
 *   byte 0     record                stride                          stride · n
 *   +------+---+-------------+-------+------+---+-------------+-----+
 *   | word |   | record      |       | word |   | record      |  …  |
 *   +------+---+-------------+-------+------+---+-------------+-----+
 *
 * Slot i is the one at i mod n in block i div n. Its word has the bits of a handle (core/handle.ts): tag, generation, and where a handle has
 * its index:
 *
 *   live        odd generation     i                      the word is the handle
 *   free        even generation    the next free slot, or NONE at the end of the list
 *   detached    odd generation     NONE                   nobody's value, but still the name of one
 *   retired     odd generation     RETIRED                its generations are spent: never used again
 *   (unused slots beyond a fixed capacity are retired with generation 1)
 *
 * Invariants:
 * 1. A word equals the handle that leads to its slot exactly while that is live: in every other state its index is not i. So one comparison is
 *    the whole check, and no number that anybody can make up passes it.
 * 2. A word's generation only grows. When a block is given back, the highest of its generations becomes the floor of the next block at its place.
 * 3. The free list holds exactly the free slots, each once. Its links are in the words, its head is `state.head`.
 * 4. `state.size` counts the live slots, `state.detached` the detached ones.
 * 5. Every index leads to a word of some slot (pool-blocks.ts): one that belongs to no block is led to the word of another index, which does not
 *    equal what is looked for. So no check of bounds is needed.
 * 6. In a row (a pool that has its memory to itself) slot i is stride · i behind the first one, which begins at `blockAlign`. A block that is given back leaves
 *    its place to the next of its number; until then its words are of slots that are free or retired, so that nothing is found there. An index beyond
 *    the row leads to no word.
 */
import { checkGrowsUnder } from "../../alloc/allocator.ts";
import { alignUp } from "../../core/align.ts";
import { NIL } from "../../core/brand.ts";
import { HANDLE_BITS, type HandleBits } from "../../core/handle.ts";
import type { Lease } from "../../core/lease.ts";
import type { Memory } from "../../core/memory.ts";
import { movesUnseen } from "../../layout/view-parts.ts";
import { PoolBlocks } from "./pool-blocks.ts";
import type { PoolPlan } from "./pool-options.ts";
import { PoolState } from "./pool-state.ts";

/** Under which a pool keeps them, for generated code and for what builds on a pool. */
export const SLOTS: unique symbol = Symbol("slots");
/** Slots of 16, 32 or 64 bytes never lie across two lines of the cache when their block begins with one. */
const LINE_BYTES = 64;
/** Words are counted in 31 bits. */
const MOST_BASE = 2 ** 31 - 1;

/** A pool's options, and what a slot holds. */
interface SlotsPlan extends PoolPlan {
  readonly tag: number;
  /** Of a record. */
  readonly byteSize: number;
  readonly align: number;
}

/** How a slot is laid out. */
export interface SlotLayout {
  /** Where the record is in its slot, in bytes. */
  readonly recordByteOffset: number;
  /** From one slot to the next, in words. */
  readonly slotWords: number;
  /** Of a slot. */
  readonly slotAlign: number;
  /** Of the first slot of a block. */
  readonly align: number;
}

export function layoutSlot({ byteSize: wordBytes }: HandleBits, byteSize: number, align: number): SlotLayout {
  const recordByteOffset = alignUp(wordBytes, align);
  const slotAlign = Math.max(wordBytes, align);
  return {
    recordByteOffset,
    slotWords: alignUp(recordByteOffset + byteSize, slotAlign) / wordBytes,
    slotAlign,
    align: Math.max(LINE_BYTES, slotAlign),
  };
}

/** The words of slots, and the rules by which they change. Types, views and errors are for who uses it: see Pool. */
export class PoolSlots extends PoolBlocks {
  readonly plan: SlotsPlan;
  readonly bits: HandleBits;
  readonly memory: Memory;
  readonly lease: Lease;
  readonly state = new PoolState();
  /** For generated code. */
  readonly stateWords = this.state.words;
  readonly recordByteOffset: number;
  readonly slotWords: number;
  /** Whether the memory may move without being told: a WebAssembly module grows it. */
  readonly moves: boolean;
  readonly none: number;
  readonly retired: number;
  /** A handle of at least this has the last generation. */
  readonly spent: number;
  words: Float64Array | Uint32Array;

  constructor(plan: SlotsPlan, lease: Lease) {
    const bits = HANDLE_BITS[plan.form];
    const { recordByteOffset, slotWords, slotAlign, align } = layoutSlot(bits, plan.byteSize, plan.align);
    const blockByteLength = plan.blockLength * slotWords * bits.byteSize;
    super({ wordBytes: bits.byteSize, blockByteLength, blockAlign: align, rowAlign: plan.inRow ? slotAlign : 0 }, plan.allocator);
    this.plan = plan;
    this.bits = bits;
    this.memory = plan.allocator.memory;
    this.lease = lease;
    this.moves = movesUnseen(this.memory);
    this.none = bits.indexMask;
    this.retired = bits.indexMask - 1;
    this.spent = plan.tag * bits.tag + (bits.generations - 1) * bits.generation;
    this.recordByteOffset = recordByteOffset;
    this.slotWords = slotWords;
    this.words = this.takeWords();
    this.state.head = this.none;
  }

  /** Slots of the blocks that are there. */
  get slotCount(): number {
    return this.blockCount * this.plan.blockLength;
  }

  takeWords(): Float64Array | Uint32Array {
    return this.plan.form === "wide" ? this.memory.f64 : this.memory.u32;
  }

  /** Where the word of slot `index` is. Any number gives a place within the words: see invariant 5. */
  wordOf(index: number): number {
    const { blockLength } = this.plan;
    const block = Math.floor(index / blockLength);
    return this.bases[block & this.blockMask] + (index - block * blockLength) * this.slotWords;
  }

  /** Where the record of a live or detached handle is. */
  ptrOf(handle: number): number {
    return this.wordOf(handle & this.bits.indexMask) * this.bits.byteSize + this.recordByteOffset;
  }

  has(handle: number): boolean {
    return this.words[this.wordOf(handle & this.bits.indexMask)] === handle;
  }

  /** Takes a slot off the free list and makes it live. The caller has grown when there was none. Its record is as it was left. */
  take(): number {
    const { state, words } = this;
    const index = state.head;
    const at = this.wordOf(index);
    const next = words[at] & this.bits.indexMask;
    const handle = words[at] - next + this.bits.generation + index;
    words[at] = handle;
    state.head = next;
    state.size += 1;
    return handle;
  }

  /** Ends a live slot. */
  end(handle: number): void {
    const index = handle & this.bits.indexMask;
    this.free(this.wordOf(index), handle - index, index);
    this.state.size -= 1;
  }

  isDetached(handle: number): boolean {
    const index = handle & this.bits.indexMask;
    // A detached slot's word does not tell whose it is, so this, unlike `has`, must look whether the block is there.
    const ptr = this.ptrs[Math.floor(index / this.plan.blockLength)];
    return (
      ptr !== undefined && ptr !== NIL && this.words[this.wordOf(index)] === handle - index + this.none && index < this.retired
    );
  }

  detach(handle: number): void {
    const index = handle & this.bits.indexMask;
    this.words[this.wordOf(index)] = handle - index + this.none;
    this.state.size -= 1;
    this.state.detached += 1;
  }

  reattach(handle: number): void {
    this.words[this.wordOf(handle & this.bits.indexMask)] = handle;
    this.state.size += 1;
    this.state.detached -= 1;
  }

  endDetached(handle: number): void {
    const index = handle & this.bits.indexMask;
    this.free(this.wordOf(index), handle - index, index);
    this.state.detached -= 1;
  }

  /**
   * Adds a block, and its slots to the free list. False when there is no room for it, or no index; then nothing has changed.
   */
  grow(): boolean {
    const { blockLength, capacity } = this.plan;
    checkGrowsUnder(this.allocator.lease, this.allocator, this.plan.subject);
    const block = this.nextBlock(this.bits.generations - 1);
    const most = Math.min(capacity, this.retired);
    if (block * blockLength >= most) return false;
    const ptr = this.takeBlock(block);
    if (ptr === NIL) return false;
    if ((ptr + this.blockByteLength) / this.bits.byteSize > MOST_BASE) {
      this.giveBack(ptr);
      return false;
    }
    this.words = this.takeWords();
    this.memory.u8.fill(0, ptr, ptr + this.blockByteLength);
    this.place(block, ptr);
    this.#linkFresh(block, Math.min(blockLength, most - block * blockLength));
    return true;
  }

  generationOf(word: number): number {
    return Math.floor(word / this.bits.generation) % this.bits.generations;
  }

  /** The smallest live slot from `index` on, or -1. */
  nextLive(index: number): number {
    const { blockLength } = this.plan;
    const { words, bases, ptrs, bits, slotWords } = this;
    let block = Math.floor(index / blockLength);
    let slot = index - block * blockLength;
    for (; block < ptrs.length; block++, slot = 0) {
      if (ptrs[block] === NIL) continue;
      const base = bases[block];
      const first = block * blockLength;
      for (; slot < blockLength; slot++) {
        const word = words[base + slot * slotWords];
        if ((word & bits.indexMask) === first + slot && this.isOdd(word)) return first + slot;
      }
    }
    return -1;
  }

  /** Lets go of everything: whatever is looked for is not there, and growing is up to the caller to refuse. */
  forget(): void {
    this.words = new Float64Array(0);
    this.forgetBlocks();
    this.state.size = 0;
    this.state.detached = 0;
    this.state.head = this.none;
  }

  /** A live slot's word, or another odd one's, becomes free, or retired when it had the last generation. */
  free(at: number, wordWithoutIndex: number, index: number): void {
    if (wordWithoutIndex >= this.spent) {
      this.words[at] = wordWithoutIndex + this.retired;
      return;
    }
    this.words[at] = wordWithoutIndex + this.bits.generation + this.state.head;
    this.state.head = index;
  }

  isOdd(word: number): boolean {
    return this.generationOf(word) % 2 === 1;
  }

  /** Visits the words of all slots in their order. */
  sweep(visit: (at: number, index: number, word: number) => void): void {
    const { blockLength } = this.plan;
    for (let block = 0; block < this.ptrs.length; block++) {
      if (this.ptrs[block] === NIL) continue;
      let at = this.bases[block];
      for (let slot = 0; slot < blockLength; slot++, at += this.slotWords) visit(at, block * blockLength + slot, this.words[at]);
    }
  }

  #linkFresh(block: number, usable: number): void {
    const { words, bits, state, plan, slotWords } = this;
    const base = this.bases[block];
    const first = block * plan.blockLength;
    const tag = plan.tag * bits.tag;
    const floor = this.floors[block];
    // What a retired slot left as floor is odd; the next even one is above it.
    const start = tag + (floor + (floor % 2)) * bits.generation;
    const behind = state.head;
    for (let slot = 0; slot < plan.blockLength; slot++) {
      const word = slot < usable ? start + (slot + 1 < usable ? first + slot + 1 : behind) : tag + bits.generation + this.retired;
      words[base + slot * slotWords] = word;
    }
    state.head = first;
  }
}
