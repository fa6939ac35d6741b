import { Allocator, type Placeable } from "../alloc/allocator.ts";
import { checkAlign, checkByteLength } from "../core/align.ts";
import { NIL, type Ptr } from "../core/brand.ts";
import { INSPECT } from "../core/inspect.ts";
import type { Lease } from "../core/lease.ts";
import type { Memory } from "../core/memory.ts";
import type { Ledger } from "./ledger.ts";
import type { Meter } from "./meters.ts";
import type { Mistake } from "./mistake.ts";
import { LIVE } from "./record-layout.ts";
import { type MemoryReport, reportOf } from "./report.ts";

const DEFAULT_ALIGN = 8;

/** What a tracker counts, in the program's bytes unless it says otherwise. */
export interface TrackerCounts {
  /** Allocated since the beginning. */
  readonly blocks: number;
  readonly bytes: number;
  readonly liveBlocks: number;
  readonly liveBytes: number;
  readonly peakBlocks: number;
  readonly peakBytes: number;
  /** Bytes that wait in quarantine, redzones included. */
  readonly quarantinedBytes: number;
  readonly mistakes: number;
}

/** A block in the books of a tracker. */
export interface TrackedBlock {
  readonly ptr: number;
  readonly byteSize: number;
  readonly align: number;
  readonly state: "live" | "quarantined";
  /** Where it lies with its redzones. */
  readonly byteOffset: number;
  readonly byteLength: number;
}

/** An allocator whose every block is watched. Made by `track`. */
export class Tracked extends Allocator implements Disposable {
  readonly memory: Memory;
  readonly subject: string;
  protected readonly inner: Allocator;
  protected readonly ledger: Ledger;
  readonly #closing: () => void;

  /** For `track`. */
  constructor(ledger: Ledger, closing: () => void) {
    super();
    this.ledger = ledger;
    this.inner = ledger.inner;
    this.memory = ledger.memory;
    this.subject = `tracked ${ledger.inner.subject}`;
    this.#closing = closing;
  }

  /** That of the allocator below. What `create` makes has a lease of its own, which ends when it is freed. */
  get lease(): Lease {
    return this.inner.lease;
  }

  /** Every mistake found so far, up to a thousand; `counts.mistakes` counts on. */
  get mistakes(): readonly Mistake[] {
    return this.ledger.sink.kept;
  }

  /** 1 when every allocation is looked at. */
  get everyNth(): number {
    return this.ledger.settings.everyNth;
  }

  get counts(): TrackerCounts {
    const { whole } = this.ledger.meters;
    const { blocks, bytes, liveBlocks, liveBytes, peakBlocks, peakBytes } = whole;
    const { quarantinedBytes, sink } = this.ledger;
    return { blocks, bytes, liveBlocks, liveBytes, peakBlocks, peakBytes, quarantinedBytes, mistakes: sink.count };
  }

  rawAlloc(byteSize: number, align: number): Ptr {
    return this.ledger.take(byteSize, align);
  }

  rawFree(ptr: Ptr, byteSize: number, align: number): void {
    this.ledger.give(ptr, byteSize, align);
  }

  rawResize(ptr: Ptr, oldByteSize: number, newByteSize: number, align: number): boolean {
    return this.ledger.resize(ptr, oldByteSize, newByteSize, align);
  }

  override free(ptr: Ptr, byteSize: number, align = DEFAULT_ALIGN): void {
    if (ptr !== NIL) this.rawFree(ptr, Math.max(byteSize, 1), align);
  }

  override resize(ptr: Ptr, oldByteSize: number, newByteSize: number, align = DEFAULT_ALIGN): boolean {
    checkByteLength(this.subject, "newByteSize", newByteSize);
    return this.rawResize(ptr, Math.max(oldByteSize, 1), Math.max(newByteSize, 1), align);
  }

  override freeMany(ptrs: readonly Ptr[], byteSize: number, align = DEFAULT_ALIGN): void {
    for (const ptr of ptrs) this.free(ptr, byteSize, align);
  }

  /** Always moves, so that who kept the old address is found out. */
  override tryRealloc(ptr: Ptr, oldByteSize: number, newByteSize: number, align = DEFAULT_ALIGN): Ptr {
    if (ptr === NIL) return this.tryAlloc(newByteSize, align);
    checkByteLength(this.subject, "newByteSize", newByteSize);
    checkAlign(this.subject, align);
    return this.ledger.move(ptr, Math.max(oldByteSize, 1), Math.max(newByteSize, 1), align);
  }

  override rawLeaseOf(ptr: Ptr, align: number): Lease {
    return this.ledger.openLease(ptr, align);
  }

  override destroy<View extends object>(type: Placeable<never, View>, view: View): void {
    if (!this.ledger.tellDestroyedTwice(view)) super.destroy(type, view);
  }

  override rawOwns(ptr: Ptr): boolean {
    return this.inner.rawOwns(ptr);
  }

  /** Looks at the bytes around all live blocks and of all quarantined ones. Returns what it finds, or throws it. O(live + quarantined bytes). */
  check(): readonly Mistake[] {
    const found = this.ledger.check();
    this.ledger.endings.throwTold(found);
    return found;
  }

  /** Tells of blocks that are live, by the place that allocated them, as `close` would. Throws nothing. */
  leaks(): readonly Mistake[] {
    return this.ledger.examiner.leaks(this.ledger.live());
  }

  /** Live blocks and those in quarantine, in no order that means anything. Do not allocate meanwhile. */
  *blocks(): IterableIterator<TrackedBlock> {
    const { records } = this.ledger;
    for (const record of this.ledger.present()) {
      const byteOffset = records.base(record);
      yield {
        ptr: records.ptr(record),
        byteSize: records.byteSize(record),
        align: records.align(record),
        state: records.state(record) === LIVE ? "live" : "quarantined",
        byteOffset,
        byteLength: records.end(record) - byteOffset,
      };
    }
  }

  /** What is live, by the place that allocated it. */
  report(): MemoryReport {
    return reportOf(this.ledger);
  }

  /** A stretch of the program that is counted by itself; `budget` and `expectBudget` are more comfortable. */
  openMeter(): Meter {
    return this.ledger.meters.open();
  }

  closeMeter(meter: Meter): void {
    this.ledger.meters.close(meter);
  }

  /** Checks, tells leaks, and ends: later use throws `closed`. The allocator below stays open, and leaked blocks stay allocated. */
  close(): void {
    this.#closing();
    const found = this.ledger.close();
    this.ledger.endings.throwTold(found);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  override [INSPECT](): string {
    return `<tracked ${this.inner[INSPECT]()}>`;
  }
}
