import { type BlockSource, checkGrowsUnder } from "../../core/block-source.ts";
import { NIL } from "../../core/brand.ts";
import { MemoryError } from "../../core/errors.ts";
import type { Lease } from "../../core/lease.ts";
import type { Memory } from "../../core/memory.ts";
import { BLOCKS, FRESH, LINE, MOST_BLOCKS, MOST_SLOTS, planBlock, type SharedPoolPlan } from "./shared-pool-layout.ts";
import type { Links } from "./tagged-list.ts";

/** A block of a shared pool, as its allocator knows it. */
export interface PoolBlock {
  readonly ptr: number;
  readonly byteSize: number;
}

/**
 * Where the slots of a shared pool are, as far as this participant knows: blocks that others publish are found when a slot in them is asked for. And those
 * that were never used, which are dealt out one after the other. See shared-pool-layout.ts.
 */
export class SharedBlocks implements Links {
  readonly memory: Memory;
  /** Slots of block 0 are below it; those of others from `#span` on. */
  readonly #first: number;
  readonly #shift: number;
  readonly #span: number;
  /** Where slots end when all blocks are there. */
  readonly #limit: number;
  readonly #plan: SharedPoolPlan;
  readonly #base: number;
  readonly #source: BlockSource | undefined;
  readonly #lease: Lease | undefined;
  /** By block, where slot 0 would be: the i32 index of its word and its link, the byte offset of its record. */
  readonly #words: number[] = [];
  readonly #links: number[] = [];
  readonly #records: number[] = [];
  /** Where the slots of the known blocks end. */
  #end = 0;

  /** Without a source it does not grow. Throws `invalid-argument` for one over another memory. */
  constructor(memory: Memory, byteOffset: number, plan: SharedPoolPlan, source?: BlockSource) {
    if (source !== undefined && source.memory !== memory) {
      throw new MemoryError("invalid-argument", {
        subject: "shared pool",
        event: `cannot grow over an allocator of another memory: ${source.subject}`,
        cure: "Pass an allocator over the memory that the pool is in.",
      });
    }
    this.memory = memory;
    this.#plan = plan;
    this.#base = byteOffset / 4;
    this.#source = source;
    this.#lease = source?.lease;
    this.#first = plan.capacity;
    this.#shift = 32 - Math.clz32(plan.capacity - 1);
    this.#span = 2 ** this.#shift;
    this.#limit = Math.max(this.#span, Math.min(plan.maxCapacity - plan.capacity + this.#span, MOST_SLOTS));
    this.#know(byteOffset + plan.block);
  }

  /** Slots of the blocks that are there. */
  get capacity(): number {
    this.#look();
    return this.#words.length === 1 ? this.#first : this.#end - this.#span + this.#first;
  }

  /** Whether a number is that of a slot. Looks for new blocks where it is none of the known ones. */
  isThere(slot: number): boolean {
    const number = slot >>> 0;
    if (number < this.#first || (number >= this.#span && number < this.#end)) return true;
    return number >= this.#end && number < this.#limit && this.#look() && number < this.#end;
  }

  /** The i32 index of the word of a slot that is there. */
  wordOf(slot: number): number {
    return this.#words[32 - Math.clz32(slot >>> this.#shift)] + slot;
  }

  /** The i32 index of its link. */
  linkOf(slot: number): number {
    return this.#links[32 - Math.clz32(slot >>> this.#shift)] + slot;
  }

  /** The byte offset of its record. */
  recordOf(slot: number): number {
    return this.#records[32 - Math.clz32(slot >>> this.#shift)] + slot * this.#plan.record.byteSize;
  }

  /** Up to `most` slots that were never used, which are the caller's from now on. */
  takeFresh(most: number): number[] {
    for (;;) {
      const fresh = Atomics.load(this.memory.i32, this.#base + FRESH);
      if (!this.isThere(fresh)) return [];
      // Read now: taking in a block may have taken in that the memory has moved.
      const { i32 } = this.memory;
      const end = Math.min(fresh + most, fresh < this.#first ? this.#first : this.#endOf(fresh));
      if (Atomics.compareExchange(i32, this.#base + FRESH, fresh, end === this.#first ? this.#span : end) !== fresh) continue;
      return Array.from({ length: end - fresh }, (_, place) => fresh + place);
    }
  }

  /** All slots that were ever used, rising. */
  *used(): Generator<number, void, undefined> {
    const fresh = Atomics.load(this.memory.i32, this.#base + FRESH);
    for (let slot = 0; slot < fresh && slot < this.#first; slot++) yield slot;
    for (let slot = this.#span; slot < fresh && this.isThere(slot); slot++) yield slot;
  }

  /**
   * One block more, as long as all before it. Somebody else's does, too: what is taken here then goes back. False when there is no room for it, or no
   * number.
   */
  grow(subject: string): boolean {
    this.#look();
    const source = this.#source;
    const length = this.#lengthOf(this.#words.length);
    if (source === undefined || this.#lease === undefined || length <= 0) return false;
    checkGrowsUnder(this.#lease, source, subject);
    const block = this.#words.length;
    const { align } = this.#plan.record;
    const { byteLength } = planBlock(this.#plan.record, length);
    const ptr = source.rawAlloc(byteLength, Math.max(LINE, align));
    if (ptr === NIL) return false;
    const { u8, u32 } = this.memory;
    u8.fill(0, ptr, ptr + length * 4);
    if (Atomics.compareExchange(u32, this.#base + BLOCKS + block, 0, ptr / LINE) !== 0) {
      source.rawFree(ptr, byteLength, Math.max(LINE, align));
    }
    return this.#look();
  }

  /** All blocks but the first, which is where the pool is. */
  blocks(): PoolBlock[] {
    this.#look();
    return this.#words.slice(1).map((_, place) => {
      const { byteLength } = planBlock(this.#plan.record, this.#lengthOf(place + 1));
      return { ptr: this.#entry(place + 1), byteSize: byteLength };
    });
  }

  /** What contradicts invariants 3 and 5. */
  checkInvariants(): string[] {
    const found: string[] = [];
    const { i32 } = this.memory;
    this.#look();
    const fresh = i32[this.#base + FRESH];
    if (fresh < 0 || fresh > this.#end || (fresh >= this.#first && fresh < this.#span)) {
      found.push(`fresh=${fresh} is no slot, nor the end of them`);
      return found;
    }
    for (let slot = fresh; slot < this.#end; slot++) {
      if (this.isThere(slot) && i32[this.wordOf(slot)] !== 0) found.push(`slot ${slot} was never used, and has a word`);
    }
    for (let block = this.#words.length; block < MOST_BLOCKS; block++) {
      if (this.#entry(block) !== 0) found.push(`block ${block} is there, and one before it is not`);
    }
    return found;
  }

  /** Slots of a block, from 1 on, when it comes; none beyond the most. */
  #lengthOf(block: number): number {
    const start = this.#span * 2 ** (block - 1);
    return Math.min(start, this.#limit - start);
  }

  /** Where the block of a slot that is there ends. */
  #endOf(slot: number): number {
    return Math.min(this.#span * 2 ** (32 - Math.clz32(slot >>> this.#shift)), this.#limit);
  }

  /** Where a further block begins, 0: it is not there. */
  #entry(block: number): number {
    return Atomics.load(this.memory.u32, this.#base + BLOCKS + block) * LINE;
  }

  /** Takes in the blocks that were published since. True when there was any. */
  #look(): boolean {
    let found = false;
    while (this.#end < this.#limit) {
      const ptr = this.#entry(this.#words.length);
      if (ptr === 0) break;
      this.#know(ptr);
      found = true;
    }
    return found;
  }

  #know(ptr: number): void {
    const block = this.#words.length;
    const start = block === 0 ? 0 : this.#span * 2 ** (block - 1);
    const length = block === 0 ? this.#first : this.#lengthOf(block);
    const { links, records, byteLength } = planBlock(this.#plan.record, length);
    this.#cover(ptr + byteLength);
    this.#words.push(ptr / 4 - start);
    this.#links.push((ptr + links) / 4 - start);
    this.#records.push(ptr + records - start * this.#plan.record.byteSize);
    this.#end = block === 0 ? this.#span : start + length;
  }

  /** Another process may have made the memory longer than this one shows it. */
  #cover(end: number): void {
    if (!this.memory.tryGrow(end)) this.memory.checkRange(0, end);
  }
}
