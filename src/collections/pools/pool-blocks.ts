import type { Allocator } from "../../alloc/allocator.ts";
import { NIL, type Ptr } from "../../core/brand.ts";

/** What the blocks of a pool are like. */
export interface BlockShape {
  readonly wordBytes: number;
  readonly blockByteLength: number;
  readonly blockAlign: number;
  /** Where blocks lie in a row, what each of them but the first begins at a multiple of, as its slots do; else 0. */
  readonly rowAlign: number;
}

/**
 * Where the blocks of a pool lie, by their numbers: a table that the code of hot loops looks into without asking whether it may.
 *
 * Invariants:
 * 1. `bases` has a power of two of entries, at least as many as there are numbers. The entry of a block tells its first word.
 * 2. An entry without a block has that of some block that is there, as long as there is any: so every number leads to words of this pool.
 * 3. Adding a block costs a constant, on average: entries are copied only when the table is doubled.
 */
export class PoolBlocks {
  /** NIL where a block was given back. */
  readonly ptrs: Ptr[] = [];
  /** By block: the even generation from which its slots begin when it comes again. */
  readonly floors: number[] = [];
  bases = new Int32Array(1);
  blockMask = 0;
  blockCount = 0;
  /** Where the furthest block ever ended. */
  reach = 0;
  readonly allocator: Allocator;
  readonly blockByteLength: number;
  readonly blockAlign: number;
  readonly #wordBytes: number;
  readonly #rowAlign: number;
  /** Blocks that have a place in the row. */
  #rowLength = 0;
  /** No number below it is of a block that was given back. */
  #firstHole = 0;

  constructor({ wordBytes, blockByteLength, blockAlign, rowAlign }: BlockShape, allocator: Allocator) {
    this.allocator = allocator;
    this.blockByteLength = blockByteLength;
    this.blockAlign = blockAlign;
    this.#wordBytes = wordBytes;
    this.#rowAlign = rowAlign;
  }

  /** Bytes for a block, which are not placed yet. NIL when there is no room. */
  takeBlock(block: number): Ptr {
    const { allocator, blockByteLength, blockAlign } = this;
    if (this.#rowAlign === 0) return allocator.rawAlloc(blockByteLength, blockAlign);
    for (; this.#rowLength <= block; this.#rowLength++) {
      // Nobody else takes anything of this allocator, so the next block lies behind the last one.
      if (allocator.rawAlloc(blockByteLength, this.#rowLength === 0 ? blockAlign : this.#rowAlign) === NIL) return NIL;
    }
    return (blockAlign + block * blockByteLength) as Ptr;
  }

  giveBack(ptr: Ptr): void {
    if (this.#rowAlign === 0) this.allocator.rawFree(ptr, this.blockByteLength, this.blockAlign);
  }

  /** Makes room for `count` numbers. */
  extend(count: number): void {
    while (this.ptrs.length < count) {
      this.ptrs.push(NIL);
      this.floors.push(0);
    }
    let entries = this.bases.length;
    while (entries < count) entries *= 2;
    if (entries === this.bases.length) return;
    const bases = new Int32Array(entries).fill(this.bases[0]);
    bases.set(this.bases);
    this.bases = bases;
    this.blockMask = entries - 1;
  }

  place(block: number, ptr: Ptr): void {
    this.extend(block + 1);
    this.ptrs[block] = ptr;
    this.blockCount += 1;
    this.reach = Math.max(this.reach, ptr + this.blockByteLength);
    const base = ptr / this.#wordBytes;
    if (this.blockCount === 1) this.bases.fill(base);
    else this.bases[block] = base;
  }

  /** Takes a block out. `floor` is the highest generation of its slots. At least one other block must be there, or come. */
  displace(block: number, floor: number): void {
    this.ptrs[block] = NIL;
    this.floors[block] = floor;
    this.blockCount -= 1;
    this.#firstHole = Math.min(this.#firstHole, block);
  }

  /** After blocks were taken out: no entry leads to them any more. Linear in the blocks. */
  refillBases(): void {
    const some = this.ptrs.find((ptr) => ptr !== NIL) ?? NIL;
    this.bases.fill(some / this.#wordBytes);
    this.ptrs.forEach((ptr, block) => {
      if (ptr !== NIL) this.bases[block] = ptr / this.#wordBytes;
    });
  }

  /** The first number without a block whose slots have generations left: the floor is below `lastGeneration`. */
  nextBlock(lastGeneration: number): number {
    const { ptrs, floors } = this;
    while (this.#firstHole < ptrs.length) {
      if (ptrs[this.#firstHole] === NIL && floors[this.#firstHole] < lastGeneration) return this.#firstHole;
      this.#firstHole += 1;
    }
    return ptrs.length;
  }

  /** Lets go of all of them. */
  forgetBlocks(): void {
    this.bases = new Int32Array(1);
    this.blockMask = 0;
    this.blockCount = 0;
    this.#firstHole = 0;
    this.ptrs.length = 0;
    this.floors.length = 0;
  }
}
