import { checkByteLength } from "./align.ts";
import type { Backing, Dependent, Home } from "./backing.ts";
import { MemoryError } from "./errors.ts";
import { INSPECT } from "./inspect.ts";
import { Lease } from "./lease.ts";
import { AtomicParking, type Parking } from "./parking.ts";
import type { Ticket } from "./ticket.ts";
import { ELEMENT_BYTES, NO_VIEWS, VIEW_MAKERS, VIEW_NAMES, type ViewName, type Views, viewsOver } from "./views.ts";

export type { Backing, Dependent, Home } from "./backing.ts";
export { ELEMENT_BYTES, type ViewName, type Views } from "./views.ts";

/**
 * Bytes with live views. Every typed array in offheap comes from here.
 *
 * ```ts
 * using memory = sharedMemory(MiB(1));
 * memory.f64[0] = 1.5;
 * ```
 *
 * The views span the whole reservation and are fixed, so V8 reads them at full speed; `byteLength` tells how much of it is
 * committed. `grow` commits more of it and moves nothing. WebAssembly memories are the exception: the engine gives them a new buffer
 * when they grow, the views span what is committed, and everything that reads through the memory follows. When it was the module
 * or another thread that grew it, it follows at the next look at `byteLength`, `buffer`, `bytes` or `slice`.
 *
 * Invariants:
 * 1. `byteLength <= maxByteLength`; `byteLength` never shrinks.
 * 2. The views and all leases look at the same bytes at all times, those of `#buffer`.
 * 3. After `close()` every read through `memory.…`, a lease or an accessor throws `closed`. A typed array that was taken
 *    out before (`const f64 = memory.f64`) reads a tombstone: it never crashes and never shows another's data.
 */
export class Memory implements Disposable {
  declare readonly u8: Uint8Array;
  declare readonly i8: Int8Array;
  declare readonly u16: Uint16Array;
  declare readonly i16: Int16Array;
  declare readonly u32: Uint32Array;
  declare readonly i32: Int32Array;
  declare readonly f32: Float32Array;
  declare readonly f64: Float64Array;
  declare readonly i64: BigInt64Array;
  declare readonly u64: BigUint64Array;
  readonly home: Home;
  /** The thing as its user knows it: `mapped file cities.seg`, `private memory`. */
  readonly subject: string;
  readonly readOnly: boolean;
  /** The furthest that `grow` can go, in bytes. */
  readonly maxByteLength: number;
  /** The lease that lives exactly as long as the memory. */
  readonly lease: Lease;
  /** Undefined once closed, so that the bytes can be collected although the Memory object is still held. */
  #backing: Backing | undefined;
  readonly #base: number;
  readonly #dependents = new Set<Dependent>();
  #buffer: ArrayBufferLike;
  #byteLength: number;
  #parking: Parking | undefined;

  /** For implementers of a home; users call `privateMemory`, `sharedMemory`, `wasmMemory`, `mapFile`, `attach`. */
  constructor(backing: Backing) {
    this.#backing = backing;
    this.home = backing.home;
    this.subject = backing.subject;
    this.readOnly = backing.readOnly;
    this.maxByteLength = backing.maxByteLength;
    this.#byteLength = backing.byteLength();
    this.#base = backing.bufferByteOffset ?? 0;
    this.#buffer = backing.buffer();
    const views = spanned(backing, this.#buffer, this.#base);
    this.u8 = views.u8;
    this.i8 = views.i8;
    this.u16 = views.u16;
    this.i16 = views.i16;
    this.u32 = views.u32;
    this.i32 = views.i32;
    this.f32 = views.f32;
    this.f64 = views.f64;
    this.i64 = views.i64;
    this.u64 = views.u64;
    this.lease = this.openLease(backing.subject);
  }

  /** The bytes, reservation included. Byte 0 of the memory is byte `bufferByteOffset` of the buffer. */
  get buffer(): ArrayBufferLike {
    const backing = this.#open();
    if (backing.buffer() !== this.#buffer) this.#follow(backing);
    return this.#buffer;
  }

  /** Where in `buffer` the memory begins: 0, but for a file that was mapped from inside a page. */
  get bufferByteOffset(): number {
    return this.#base;
  }

  /** Committed bytes. Sees growth by other threads. */
  get byteLength(): number {
    if (this.#backing !== undefined) this.#follow(this.#backing);
    return this.#byteLength;
  }

  /** How threads that see the memory sleep on its words and wake each other. */
  get parking(): Parking {
    this.#parking ??= this.#open().parking?.(this) ?? new AtomicParking(this);
    return this.#parking;
  }

  get closed(): boolean {
    return this.#backing === undefined;
  }

  /**
   * Commits bytes up to `byteLength`; less than what is there already changes nothing. Throws `out-of-memory` past the reservation,
   * and what the operating system refuses (`disk-full`, `io`).
   */
  grow(byteLength: number): void {
    const refusal = this.#grow(byteLength);
    if (refusal !== undefined) throw refusal();
  }

  /** Like `grow`, but returns false past the reservation. */
  tryGrow(byteLength: number): boolean {
    return this.#grow(byteLength) === undefined;
  }

  #grow(byteLength: number): (() => MemoryError) | undefined {
    const backing = this.#open();
    checkByteLength(this.subject, "byteLength", byteLength);
    if (byteLength > this.maxByteLength) return () => this.#pastReservation(byteLength);
    if (byteLength <= this.byteLength) return undefined;
    try {
      backing.commit(byteLength);
    } catch (error) {
      if (error instanceof MemoryError && error.code === "out-of-memory") return () => error;
      throw error;
    }
    this.#follow(backing);
    return undefined;
  }

  #pastReservation(byteLength: number): MemoryError {
    return new MemoryError("out-of-memory", {
      subject: this.subject,
      event: "cannot grow past its reservation",
      numbers: { byteLength, committed: this.byteLength, maxByteLength: this.maxByteLength },
      cure: "Reserve more when you make it: `{ maxByteLength }`. Reserved bytes cost address space, not memory.",
    });
  }

  /** The bytes `[byteOffset, byteOffset + byteLength)` as a view without a copy. For APIs that take a Uint8Array; allocates. */
  bytes(byteOffset: number, byteLength: number): Uint8Array {
    this.checkRange(byteOffset, byteLength);
    return VIEW_MAKERS.u8(this.buffer, this.#base + byteOffset, byteLength);
  }

  /** A typed array over `length` elements from `byteOffset`, without a copy. Allocates. Throws on misalignment and out of range. */
  slice<Name extends ViewName>(view: Name, byteOffset: number, length: number): Views[Name] {
    const elementByteLength = ELEMENT_BYTES[view];
    this.checkRange(byteOffset, Number.isInteger(length) ? length * elementByteLength : Number.NaN);
    if (byteOffset % elementByteLength !== 0) {
      throw new MemoryError("invalid-argument", {
        subject: this.subject,
        event: `cannot show ${view} elements at a misaligned offset`,
        numbers: { byteOffset, align: elementByteLength },
        cure: `Place them at a multiple of ${elementByteLength} bytes.`,
      });
    }
    return VIEW_MAKERS[view](this.buffer, this.#base + byteOffset, length);
  }

  /** Throws `out-of-bounds` unless the range lies in the committed bytes, and `closed` after close. O(1). */
  checkRange(byteOffset: number, byteLength: number): void {
    this.checkOpen();
    if (byteOffset >= 0 && byteLength >= 0 && Number.isSafeInteger(byteOffset) && Number.isSafeInteger(byteLength)) {
      if (byteOffset + byteLength <= this.#byteLength || byteOffset + byteLength <= this.byteLength) return;
    }
    throw new MemoryError("out-of-bounds", {
      subject: this.subject,
      event: "has no such range of bytes",
      numbers: { byteOffset: String(byteOffset), byteLength: String(byteLength), committed: this.byteLength },
      cure: "Stay within `memory.byteLength`, or `grow` first.",
    });
  }

  /** Plain data to post to a thread or, for a mapped file, to send to a process. `attach(ticket)` is the other side. */
  ticket(): Ticket {
    return this.#open().ticket();
  }

  /** A lease of its own for something that ends before the memory does (an arena, a scope). Close it with `closeLease`. */
  openLease(subject: string, options: { readonly readOnly?: boolean } = {}): Lease {
    this.checkOpen();
    const lease = new Lease(this, subject, options.readOnly);
    this.#dependents.add(lease);
    return lease;
  }

  /** Ends a lease for good; it lets go of the bytes. */
  closeLease(lease: Lease, event: string): void {
    lease.endForGood(event);
    this.#dependents.delete(lease);
  }

  /** Tells `dependent` of growth that moves the bytes and of close. For accessors and structures that keep typed arrays. */
  addDependent(dependent: Dependent): void {
    this.checkOpen();
    this.#dependents.add(dependent);
  }

  removeDependent(dependent: Dependent): void {
    this.#dependents.delete(dependent);
  }

  /** Ends the memory: see invariant 3. Closing twice is harmless. */
  close(): void {
    const backing = this.#backing;
    if (backing === undefined) return;
    this.#backing = undefined;
    this.#buffer = NO_VIEWS.u8.buffer;
    for (const name of VIEW_NAMES) Object.defineProperty(this, name, { configurable: true, get: closedView });
    try {
      for (const dependent of this.#dependents) dependent.memoryClosed();
    } finally {
      this.#dependents.clear();
      backing.release();
    }
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** For `console.log`: not the bytes. */
  [INSPECT](): string {
    if (this.closed) return `<${this.subject}, closed>`;
    const most = this.maxByteLength < Number.MAX_SAFE_INTEGER ? ` of at most ${this.maxByteLength}` : "";
    return `<${this.subject}, ${this.byteLength}${most} bytes${this.readOnly ? ", read-only" : ""}>`;
  }

  /** Throws `closed` after close. */
  checkOpen(): void {
    this.#open();
  }

  #open(): Backing {
    return this.#backing ?? this.throwClosed();
  }

  throwClosed(): never {
    throw new MemoryError("closed", {
      subject: this.subject,
      event: "was used after close()",
      cure: "Keep it open for as long as its views, cursors and structures are used.",
    });
  }

  /** For homes whose bytes have moved: takes them in at once, and how far they reach. */
  protected takeMoved(): void {
    this.#follow(this.#open());
  }

  /** Sees growth, whoever did it, and takes new views where it has moved the bytes. */
  #follow(backing: Backing): void {
    this.#byteLength = backing.byteLength();
    const buffer = backing.buffer();
    if (buffer === this.#buffer) return;
    this.#buffer = buffer;
    Object.assign(this, viewsOver(buffer, this.#base), { maxByteLength: backing.maxByteLength });
    for (const dependent of this.#dependents) dependent.memoryMoved();
  }
}

/** `viewsOver`, or one clear error where the engine has buffers that are longer than its typed arrays. */
function spanned(backing: Backing, buffer: ArrayBufferLike, base: number): Views {
  try {
    return viewsOver(buffer, base);
  } catch (cause) {
    backing.release();
    throw new MemoryError("unsupported", {
      subject: backing.subject,
      event: "is longer than a typed array of this engine can be",
      numbers: { byteLength: buffer.byteLength - base },
      cure: "Reserve less. Node 20 ends at 4 GiB; Node 22 and later go beyond.",
      cause,
    });
  }
}

/** What the views of a closed memory are. Ten closures a memory would take a third of the time that mapping and closing a file does. */
function closedView(this: Memory): never {
  this.throwClosed();
}
