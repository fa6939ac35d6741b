import { alignUp, checkByteLength } from "../../core/align.ts";
import { NIL, type Ptr } from "../../core/brand.ts";
import type { Lease, Tenant } from "../../core/lease.ts";
import type { Memory } from "../../core/memory.ts";
import { rawAllocRow } from "../alloc-row.ts";
import { Allocator } from "../allocator.ts";
import { runScope, type ScopeBody, type Settled } from "../lifetime.ts";
import { endPlacement, throwPlacedEnded } from "../own-memory.ts";
import { type ArenaChunk, ArenaChunks, CHUNK_ALIGN } from "./arena-chunks.ts";
import { type ArenaOptions, arenaPlan } from "./arena-options.ts";
import { ArenaScope, type ScopeHost, ScopeMarks } from "./arena-scope.ts";

/**
 * Blocks that are freed all at once: by `reset`, at the end of a scope, or with the arena.
 *
 *     chunk 0    | block | pad | block | ……rest |                   filled before; its rest stays unused
 *     chunk 1    | block |    floor    block | block |    top   end |      #chunk: the one that is being filled
 *     chunk 2    |                                    |             empty: kept by a reset or a scope's end for later
 *
 * The first chunk is taken when the first block is made. A scope remembers the chunk and the top at its opening and goes back there at its
 * end, which frees nothing upstream; `floor` is that top, and blocks below it belong to scopes around, so that the scope cannot free or grow
 * them. Every depth of scopes has a lease of its own, which is what makes views stale: see Lease.
 *
 * Invariants:
 * 1. Live blocks lie in chunks 0 … #chunk, below the chunk's top, and do not overlap.
 * 2. Chunk start <= floor <= top <= end; the last block ends at top and, if it begins at or above floor, can be freed and resized.
 * 3. Those of ArenaChunks and ScopeMarks.
 */
export class Arena extends Allocator implements ScopeHost, Tenant, Disposable {
  readonly memory: Memory;
  readonly subject = "arena";
  readonly #upstream: Allocator;
  readonly #upstreamLease: Lease;
  readonly #chunks: ArenaChunks;
  /** One less than the least alignment. */
  readonly #leastMask: number;
  #chunk = -1;
  #floor = 0;
  #top = 0;
  #end = 0;
  /** By depth: 0 for the arena itself, then one for each depth that scopes have ever had; reused. */
  readonly #leases: Lease[];
  #lease: Lease;
  #depth = 0;
  readonly #marks = new ScopeMarks();
  /** Why nothing can be allocated any more, as the rest of a sentence. */
  #over = "";

  constructor(options: ArenaOptions = {}) {
    super();
    const { upstream, chunkByteLength, limitByteLength, leastAlign } = arenaPlan(options);
    this.#leastMask = leastAlign - 1;
    this.#upstream = upstream;
    this.#upstreamLease = upstream.lease;
    this.memory = upstream.memory;
    this.#chunks = new ArenaChunks(upstream, chunkByteLength, limitByteLength);
    this.#lease = this.memory.openLease("arena");
    this.#leases = [this.#lease];
    this.#upstreamLease.addTenant(this);
  }

  /** Of what is made now: in a scope, the scope's. */
  get lease(): Lease {
    return this.#lease;
  }

  /** Bytes of all chunks. */
  get allocatedByteLength(): number {
    return this.#chunks.byteLength;
  }

  /** Bytes of the chunks up to where they are filled, padding included. */
  get usedByteLength(): number {
    let used = 0;
    for (const chunk of this.chunks()) used += chunk.usedByteLength;
    return used;
  }

  /** The most bytes that all chunks together may take. Can be changed at any time; chunks that are there stay. */
  get limitByteLength(): number {
    return this.#chunks.limit;
  }

  set limitByteLength(limitByteLength: number) {
    checkByteLength("arena", "limitByteLength", limitByteLength);
    this.#chunks.limit = limitByteLength;
  }

  /** About 2 ns; a chunk from upstream now and then. */
  rawAlloc(byteSize: number, align: number): Ptr {
    const top = this.#top;
    // The low bits are exact for every offset. Three instructions and a branch are half the time of `(top + mask) & ~mask`, which leaves 32-bit integers.
    const mask = (align - 1) | this.#leastMask;
    const over = top & mask;
    const ptr = over === 0 ? top : top + (mask + 1 - over);
    const end = ptr + byteSize;
    if (end > this.#end) return this.#allocInNextChunk(byteSize, align);
    this.#top = end;
    return ptr as Ptr;
  }

  /** Takes back the last block, if it was made in the scope that is open; every other stays until its scope ends. */
  rawFree(ptr: Ptr, byteSize: number, _align: number): void {
    if (ptr + byteSize === this.#top && ptr >= this.#floor) this.#top = ptr;
  }

  /** The last block grows as far as its chunk can, and shrinks; every other only shrinks, and its end stays unused. */
  rawResize(ptr: Ptr, oldByteSize: number, newByteSize: number, _align: number): boolean {
    if (ptr + oldByteSize !== this.#top || ptr < this.#floor) return newByteSize <= oldByteSize;
    const end = ptr + newByteSize;
    if (end > this.#end && !this.#extend(end)) return false;
    this.#top = end;
    return true;
  }

  override rawAllocMany(count: number, byteSize: number, align: number, ptrs: Ptr[]): boolean {
    return rawAllocRow(this, count, byteSize, align, ptrs);
  }

  override rawOwns(ptr: Ptr): boolean {
    return this.#chunks.owns(ptr);
  }

  /** Opens a scope: what is made until its end is freed then. Scopes nest; ending one ends those inside. O(1). */
  scope(): ArenaScope;
  /** Runs `body` in a scope. What `body` makes with the allocator that it is given cannot be returned: see ScopedAllocator. */
  scope<Result>(body: ScopeBody<Result>): Settled<Result>;
  scope<Result>(body?: ScopeBody<Result>): ArenaScope | Settled<Result> {
    if (this.#over !== "") this.#throwOver();
    this.#depth += 1;
    this.#marks.set(this.#depth, this.#chunk, this.#top, this.#floor);
    this.#floor = this.#top;
    if (this.#depth === this.#leases.length) this.#leases.push(this.memory.openLease("arena scope"));
    this.#lease = this.#leases[this.#depth];
    const scope = new ArenaScope(this, this.#depth);
    return body === undefined ? scope : runScope(this, scope, body);
  }

  /**
   * Frees everything, ends all scopes, and makes every view stale. Chunks are kept for what comes next, the largest first, as long as they
   * fit into `retainByteLength` together. Default: all of them, and a repeated task soon asks upstream for nothing; 0: none.
   */
  reset(options?: { readonly retainByteLength?: number }): void {
    if (this.#over !== "") this.#throwOver();
    const retainByteLength = options?.retainByteLength ?? Number.MAX_SAFE_INTEGER;
    checkByteLength("arena", "retainByteLength", retainByteLength);
    this.#endLeases(0, "was reset");
    this.#depth = 0;
    this.#lease = this.#leases[0];
    // Where one chunk was enough and all are kept they are in order: a reset of a small task takes some ns and leaves no garbage.
    if (this.#chunk > 0 || retainByteLength < this.#chunks.byteLength) this.#chunks.drop(retainByteLength);
    this.#goTo(-1, 0, 0);
  }

  /** Frees everything and gives all chunks back. Views then throw `stale-view`, allocation throws `closed`. Closing twice is harmless. */
  close(): void {
    if (this.#over !== "") return;
    this.#upstreamLease.removeTenant(this);
    this.#shut("was closed");
    this.#chunks.drop(0);
    endPlacement(this.#upstream);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** The chunks are gone with what they came from. */
  leaseEnded(event: string): void {
    if (this.memory.closed) this.#stop(event);
    else this.#shut(`lost its chunks, because the ${this.#upstream.subject} below it ${event}`);
    this.#chunks.forget();
  }

  /** The chunks in the order in which they are filled. */
  chunks(): IterableIterator<ArenaChunk> {
    return this.#chunks.list(this.#chunk, this.#top);
  }

  /** What contradicts the invariants; empty when all is sound. */
  checkInvariants(): string[] {
    const found = [...this.#chunks.checkInvariants(this.#chunk, this.#top), ...this.#marks.checkInvariants(this.#depth)];
    if (this.#over !== "") return found;
    const [start, end] = this.#chunk < 0 ? [0, 0] : [this.#chunks.ptrs[this.#chunk], this.#chunks.endOf(this.#chunk)];
    if (!(start <= this.#floor && this.#floor <= this.#top && this.#top <= this.#end && this.#end === end)) {
      found.push(`start=${start}, floor=${this.#floor}, top=${this.#top}, end=${this.#end} of ${end} are out of order`);
    }
    return found;
  }

  /** For ArenaScope, like the two that follow. */
  epochAt(depth: number): number {
    return this.#leases[depth].epoch;
  }

  rewindTo(depth: number, event: string): void {
    this.#endLeases(depth, event);
    const { chunks, tops } = this.#marks;
    this.#goTo(chunks[depth], tops[depth], tops[depth]);
    this.#depth = depth;
    this.#lease = this.#leases[depth];
  }

  leaveScope(depth: number, event: string): void {
    this.rewindTo(depth, event);
    if (this.#marks.chunks[depth] >= 0) this.#floor = this.#marks.floors[depth];
    this.#depth = depth - 1;
    this.#lease = this.#leases[depth - 1];
  }

  protected override room() {
    return {
      numbers: { allocated: this.allocatedByteLength, limit: this.limitByteLength, maxByteLength: this.memory.maxByteLength },
      cure: "Reset it or end a scope, raise its limit or what its upstream can give, or use tryAlloc and handle NIL.",
    };
  }

  /** Makes stale what was made at `depth` and deeper. */
  #endLeases(depth: number, event: string): void {
    for (let at = this.#depth; at >= depth; at--) this.#leases[at].end(event);
  }

  /**
   * Goes on filling a chunk at `top`; -1: before the first. Where there is a first one it begins there at once, so that a task that fits into one chunk and
   * is repeated never comes to #allocInNextChunk again: V8 then compiles only the few instructions of `rawAlloc` into its loops.
   */
  #goTo(chunk: number, top: number, floor: number): void {
    const first = this.#chunks.ptrs[0];
    const isBefore = chunk < 0 && first !== undefined;
    this.#chunk = isBefore ? 0 : chunk;
    this.#top = isBefore ? first : top;
    this.#floor = isBefore ? first : floor;
    this.#end = this.#chunk < 0 ? 0 : this.#chunks.endOf(this.#chunk);
  }

  #allocInNextChunk(byteSize: number, blockAlign: number): Ptr {
    if (this.#over !== "") this.#throwOver();
    const align = Math.max(blockAlign, this.#leastMask + 1);
    const chunks = this.#chunks;
    const next = this.#chunk + 1;
    const kept = chunks.bringForward(next, byteSize, align);
    if (!kept && next > 0 && this.#extend(alignUp(this.#top, align) + byteSize)) return this.rawAlloc(byteSize, align);
    if (!kept && !chunks.add(next, byteSize + Math.max(align - CHUNK_ALIGN, 0))) return NIL;
    if (next > 0) chunks.tops[next - 1] = this.#top;
    this.#goTo(next, chunks.ptrs[next], chunks.ptrs[next]);
    return this.rawAlloc(byteSize, align);
  }

  #extend(end: number): boolean {
    if (!this.#chunks.extend(this.#chunk, end)) return false;
    this.#end = this.#chunks.endOf(this.#chunk);
    return true;
  }

  /** Ends all views and all allocation. */
  #shut(event: string): void {
    for (const lease of this.#leases) this.memory.closeLease(lease, event);
    this.#stop(event);
  }

  #stop(event: string): void {
    this.#over = event;
    this.#depth = 0;
    this.#lease = this.#leases[0];
    this.#goTo(-1, 0, 0);
    // Every path that would hand out bytes comes through #allocInNextChunk, and that throws.
    this.#end = -1;
  }

  #throwOver(): never {
    const cure = "Keep it, and what its chunks come from, open for as long as it is needed; or make another.";
    throwPlacedEnded(this.#upstream, "arena", `was used after it ${this.#over}`, cure);
  }
}

/**
 * An arena: `arena(64 * 1024)` in private memory of its own, which begins with that many bytes and grows, or `arena({ upstream })` with
 * chunks from another allocator.
 *
 * ```ts
 * using scratch = arena(64 * 1024);
 * const p = scratch.create(Particle, { x: 1, y: 2 });
 * p.x += p.y;
 * ```
 */
export function arena(options: number | ArenaOptions = {}): Arena {
  return new Arena(typeof options === "number" ? { chunkByteLength: options } : options);
}
