import type { CheckableAllocator } from "../alloc/around/wrapper.ts";
import { NIL, type Ptr } from "../core/brand.ts";
import { countBefore } from "../core/count-before.ts";
import { expect, expectSound } from "./expect.ts";

export interface FilledBlock {
  readonly ptr: Ptr;
  readonly byteSize: number;
  readonly align: number;
  readonly fill: number;
}

/** What an allocator's blocks should look like: each filled with a byte of its own, so that any overlap or loss shows. */
export class FilledBlocks {
  readonly blocks: FilledBlock[] = [];
  readonly #allocator: CheckableAllocator;
  /** The same blocks in the order of their places, none overlapping. */
  readonly #byPlace: FilledBlock[] = [];
  #nextFill = 0;

  constructor(allocator: CheckableAllocator) {
    this.#allocator = allocator;
  }

  /** A block that was just made: checks where it lies, and fills it. */
  add(ptr: Ptr, byteSize: number, align: number): void {
    const { memory } = this.#allocator;
    const end = ptr + Math.max(byteSize, 1);
    expect(ptr !== NIL, () => "a block is NIL");
    expect(ptr % align === 0, () => `the block at ${ptr} is not at a multiple of ${align}`);
    expect(end <= memory.byteLength, () => `the block at ${ptr} of ${byteSize} bytes ends past ${memory.byteLength}`);
    const place = this.#placeOf(ptr);
    for (const other of this.#byPlace.slice(Math.max(0, place - 1), place + 1)) {
      expect(
        end <= other.ptr || ptr >= other.ptr + Math.max(other.byteSize, 1),
        () => `${ptr} … ${end} overlaps the block at ${other.ptr}`,
      );
    }
    this.#nextFill = (this.#nextFill % 255) + 1;
    memory.u8.fill(this.#nextFill, ptr, ptr + byteSize);
    const block = { ptr, byteSize, align, fill: this.#nextFill };
    this.blocks.push(block);
    this.#byPlace.splice(place, 0, block);
  }

  /** Takes a block out, still whole. */
  take(pick: number): FilledBlock {
    const [block] = this.blocks.splice(pick % this.blocks.length, 1);
    this.#byPlace.splice(this.#placeOf(block.ptr), 1);
    this.expectWhole(block, block.ptr, block.byteSize);
    return block;
  }

  /** The first `byteSize` bytes of `block`, now at `ptr`, are what they were. */
  expectWhole({ fill }: FilledBlock, ptr: Ptr, byteSize: number): void {
    const { u8, u32 } = this.#allocator.memory;
    const end = ptr + byteSize;
    const four = Math.imul(fill, 0x0101_0101) >>> 0;
    let at: number = ptr;
    // Four at a time where they are four: this is most of what a program takes.
    while (at < end) {
      if (at % 4 === 0 && at + 4 <= end && u32[at / 4] === four) at += 4;
      else if (u8[at] === fill) at += 1;
      else break;
    }
    if (at < end) expect(false, () => `byte ${at}, in the block at ${ptr}, is ${u8[at]} and was ${fill}`);
  }

  check(when: string): void {
    expectSound(this.#allocator, when);
    for (const block of this.blocks) this.expectWhole(block, block.ptr, block.byteSize);
  }

  /** How many blocks begin before `ptr`. */
  #placeOf(ptr: Ptr): number {
    return countBefore(this.#byPlace.length, (at) => this.#byPlace[at].ptr < ptr);
  }
}
