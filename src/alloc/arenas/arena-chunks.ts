import { alignUp } from "../../core/align.ts";
import { NIL, type Ptr } from "../../core/brand.ts";
import { type Allocator, checkGrowsUnder } from "../allocator.ts";

const MOST_CHUNK_BYTES = 64 * 1024 ** 2;
/** Of every chunk; blocks that want more are aligned inside. */
export const CHUNK_ALIGN = 16;

/** One chunk, for tools that look. */
export interface ArenaChunk {
  readonly byteOffset: number;
  readonly byteLength: number;
  readonly usedByteLength: number;
}

/**
 * The chunks of an arena, in the order in which they are filled, and where filling stopped in those that are behind.
 *
 * Invariants:
 * 1. Chunks do not overlap. Their lengths add up to `byteLength`, which growing never takes past `limit`.
 * 2. start <= tops[k] <= end for every chunk k that has been left.
 */
export class ArenaChunks {
  readonly ptrs: Ptr[] = [];
  readonly byteLengths: number[] = [];
  readonly tops: number[] = [];
  byteLength = 0;
  limit: number;
  readonly #upstream: Allocator;
  readonly #lease: Allocator["lease"];
  readonly #firstByteLength: number;

  constructor(upstream: Allocator, firstByteLength: number, limit: number) {
    this.#upstream = upstream;
    this.#lease = upstream.lease;
    this.#firstByteLength = firstByteLength;
    this.limit = limit;
  }

  endOf(chunk: number): number {
    return this.ptrs[chunk] + this.byteLengths[chunk];
  }

  owns(ptr: Ptr): boolean {
    return this.ptrs.some((start, chunk) => ptr >= start && ptr < this.endOf(chunk));
  }

  /** Makes a chunk from `next` on, where the block fits, the one at `next`. False when it fits nowhere. */
  bringForward(next: number, byteSize: number, align: number): boolean {
    const { ptrs, byteLengths } = this;
    for (let at = next; at < ptrs.length; at++) {
      if (alignUp(ptrs[at], align) + byteSize > this.endOf(at)) continue;
      [ptrs[at], ptrs[next]] = [ptrs[next], ptrs[at]];
      [byteLengths[at], byteLengths[next]] = [byteLengths[next], byteLengths[at]];
      return true;
    }
    return false;
  }

  /** Makes a chunk longer where it is: at least to `end`, twice as long if it can be. False when upstream or the limit refuses. */
  extend(chunk: number, end: number): boolean {
    checkGrowsUnder(this.#lease, this.#upstream, "arena");
    const byteLength = this.byteLengths[chunk];
    const least = alignUp(end - this.ptrs[chunk], CHUNK_ALIGN);
    const most = byteLength + this.limit - this.byteLength;
    if (least > most) return false;
    const wanted = Math.min(Math.max(least, byteLength + Math.min(byteLength, MOST_CHUNK_BYTES)), most);
    return this.#extendTo(chunk, wanted) || (wanted > least && this.#extendTo(chunk, least));
  }

  /** Takes a chunk with room for `least` bytes from upstream and puts it at `next`. False when there is none; then nothing has changed. */
  add(next: number, least: number): boolean {
    checkGrowsUnder(this.#lease, this.#upstream, "arena");
    const most = this.limit - this.byteLength;
    if (least > most) return false;
    const last = this.byteLengths.length - 1;
    const regular = last < 0 ? this.#firstByteLength : Math.min(this.byteLengths[last] * 2, MOST_CHUNK_BYTES);
    const wanted = Math.min(Math.max(regular, least), most);
    return this.#addOf(next, wanted) || (wanted > least && this.#addOf(next, least));
  }

  /** Gives chunks back, when none is in use, and keeps the largest that together fit into `retainByteLength`. */
  drop(retainByteLength: number): void {
    const all = this.ptrs.map((ptr, at) => ({ ptr, byteLength: this.byteLengths[at] }));
    all.sort((a, b) => b.byteLength - a.byteLength);
    this.forget();
    const dropped = all.filter(({ ptr, byteLength }) => {
      if (this.byteLength + byteLength > retainByteLength) return true;
      this.byteLength += byteLength;
      this.ptrs.push(ptr);
      this.byteLengths.push(byteLength);
      return false;
    });
    // The last first: some allocators can only take back their last block.
    dropped.sort((a, b) => b.ptr - a.ptr);
    for (const { ptr, byteLength } of dropped) this.#upstream.rawFree(ptr, byteLength, CHUNK_ALIGN);
  }

  /** Lets go of all chunks without giving them back. */
  forget(): void {
    this.ptrs.length = 0;
    this.byteLengths.length = 0;
    this.tops.length = 0;
    this.byteLength = 0;
  }

  /** The chunks, when `current` is filled up to `top`. */
  *list(current: number, top: number): IterableIterator<ArenaChunk> {
    const { ptrs, byteLengths, tops } = this;
    for (let at = 0; at < ptrs.length; at++) {
      const end = at < current ? tops[at] : at === current ? top : ptrs[at];
      yield { byteOffset: ptrs[at], byteLength: byteLengths[at], usedByteLength: end - ptrs[at] };
    }
  }

  checkInvariants(current: number, top: number): string[] {
    const found: string[] = [];
    const { ptrs, byteLengths } = this;
    const sum = byteLengths.reduce((total, byteLength) => total + byteLength, 0);
    if (sum !== this.byteLength) found.push(`allocatedByteLength=${this.byteLength}, the chunks have ${sum}`);
    for (let a = 0; a < ptrs.length; a++) {
      for (let b = a + 1; b < ptrs.length; b++) {
        if (ptrs[a] < this.endOf(b) && ptrs[b] < this.endOf(a)) found.push(`chunks ${a} and ${b} overlap`);
      }
    }
    for (const { byteOffset, byteLength, usedByteLength } of this.list(current, top)) {
      if (!(usedByteLength >= 0 && usedByteLength <= byteLength)) {
        found.push(`the chunk at ${byteOffset} uses ${usedByteLength} of ${byteLength}`);
      }
    }
    return found;
  }

  #extendTo(chunk: number, byteLength: number): boolean {
    const before = this.byteLengths[chunk];
    if (!this.#upstream.rawResize(this.ptrs[chunk], before, byteLength, CHUNK_ALIGN)) return false;
    this.byteLengths[chunk] = byteLength;
    this.byteLength += byteLength - before;
    return true;
  }

  #addOf(next: number, byteLength: number): boolean {
    const ptr = this.#upstream.rawAlloc(byteLength, CHUNK_ALIGN);
    if (ptr === NIL) return false;
    this.ptrs.splice(next, 0, ptr);
    this.byteLengths.splice(next, 0, byteLength);
    this.byteLength += byteLength;
    return true;
  }
}
