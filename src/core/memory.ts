import { checkByteLength } from "./align.ts";
import { MemoryError } from "./errors.ts";
import { Lease } from "./lease.ts";
import type { Ticket } from "./ticket.ts";

/** Where the bytes live, and so who sees them and what they survive. */
export type Home = "private" | "shared" | "wasm" | "mapped";

/** What a home provides. One object of it stands behind each Memory; for implementers. */
export interface Backing {
  readonly home: Home;
  /** The thing as its user knows it, for errors: `mapped file cities.seg`. */
  readonly subject: string;
  readonly readOnly: boolean;
  /** How far the memory can grow without moving. */
  readonly maxByteLength: number;
  /** Where in the buffer the memory begins, a multiple of 8. Default 0; a mapped file may begin inside a page. */
  readonly bufferByteOffset?: number;
  /** The bytes, reservation included. Another object than before only when the home had to move them. */
  buffer(): ArrayBufferLike;
  /** How many bytes are there now, whoever grew them (another thread may have). */
  byteLength(): number;
  /** Makes the bytes up to `byteLength` usable. Throws (`disk-full`, `io`) and changes nothing when it cannot. */
  commit(byteLength: number): void;
  /** Lets go of the bytes and leaves a tombstone on which a stray typed array does no harm. */
  release(): void;
  ticket(): Ticket;
}

/** Something that holds on to a memory's typed arrays and must hear when they change or end. */
export interface Dependent {
  /** Growth has moved the bytes: take the typed arrays anew. */
  memoryMoved(): void;
  /** The memory is closed: throw at every later use. */
  memoryClosed(): void;
}

const VIEW_NAMES = ["u8", "i8", "u16", "i16", "u32", "i32", "f32", "f64", "i64", "u64"] as const;

/**
 * Bytes with live views. The only maker of typed arrays in offheap.
 *
 * ```ts
 * using memory = sharedMemory(MiB(1));
 * memory.f64[0] = 1.5;
 * ```
 *
 * The views span the whole reservation and are fixed, so V8 reads them at full speed; `byteLength` tells how much of it is
 * committed. `grow` commits more of it and moves nothing (except in an unshared WebAssembly memory, where the engine moves the bytes
 * and every view that reads through the memory follows).
 *
 * Invariants:
 * 1. `byteLength <= maxByteLength`; `byteLength` never shrinks.
 * 2. The views and all leases look at the same bytes at all times.
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
  readonly readOnly: boolean;
  /** The furthest that `grow` can go, in bytes. */
  readonly maxByteLength: number;
  /** The lease that lives exactly as long as the memory. */
  readonly lease: Lease;
  readonly #backing: Backing;
  readonly #base: number;
  readonly #dependents = new Set<Dependent>();
  #byteLength: number;
  #closed = false;

  /** For implementers of a home; users call `privateMemory`, `sharedMemory`, `wasmMemory`, `mapFile`, `attach`. */
  constructor(backing: Backing) {
    this.#backing = backing;
    this.home = backing.home;
    this.readOnly = backing.readOnly;
    this.maxByteLength = backing.maxByteLength;
    this.#byteLength = backing.byteLength();
    this.#base = backing.bufferByteOffset ?? 0;
    const views = viewsOver(backing.buffer(), this.#base);
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

  /** The thing as its user knows it: `mapped file cities.seg`, `private memory`. */
  get subject(): string {
    return this.#backing.subject;
  }

  /** The bytes, reservation included. Byte 0 of the memory is byte `bufferByteOffset` of the buffer. */
  get buffer(): ArrayBufferLike {
    if (this.#closed) this.throwClosed();
    return this.#backing.buffer();
  }

  /** Where in `buffer` the memory begins: 0, but for a file that was mapped from inside a page. */
  get bufferByteOffset(): number {
    return this.#base;
  }

  /** Committed bytes. Sees growth by other threads. */
  get byteLength(): number {
    if (!this.#closed) this.#byteLength = this.#backing.byteLength();
    return this.#byteLength;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Commits bytes up to `byteLength`; less than what is there already changes nothing. Throws `out-of-memory` past the reservation. */
  grow(byteLength: number): void {
    if (this.tryGrow(byteLength)) return;
    throw new MemoryError("out-of-memory", {
      subject: this.subject,
      event: "cannot grow past its reservation",
      numbers: { byteLength, committed: this.byteLength, maxByteLength: this.maxByteLength },
      cure: "Reserve more when you make it: `{ maxByteLength }`. Reserved bytes cost address space, not memory.",
    });
  }

  /** Like `grow`, but returns false past the reservation. Still throws what the operating system refuses (`disk-full`). */
  tryGrow(byteLength: number): boolean {
    if (this.#closed) this.throwClosed();
    checkByteLength(this.subject, "byteLength", byteLength);
    if (byteLength > this.maxByteLength) return false;
    if (byteLength <= this.byteLength) return true;
    const before = this.#backing.buffer();
    this.#backing.commit(byteLength);
    this.#byteLength = this.#backing.byteLength();
    if (this.#backing.buffer() !== before) this.#moved();
    return true;
  }

  /** The bytes `[byteOffset, byteOffset + byteLength)` as a view without a copy. For APIs that take a Uint8Array; allocates. */
  bytes(byteOffset: number, byteLength: number): Uint8Array {
    this.checkRange(byteOffset, byteLength);
    return new Uint8Array(this.#backing.buffer(), this.#base + byteOffset, byteLength);
  }

  /** A typed array over `length` elements from `byteOffset`, without a copy. Allocates. Throws on misalignment and out of range. */
  slice<Name extends ViewName>(view: Name, byteOffset: number, length: number): Views[Name] {
    const elementByteLength = ELEMENT_BYTES[view];
    this.checkRange(byteOffset, length * elementByteLength);
    if (byteOffset % elementByteLength !== 0) {
      throw new MemoryError("invalid-argument", {
        subject: this.subject,
        event: `cannot show ${view} elements at a misaligned offset`,
        numbers: { byteOffset, align: elementByteLength },
        cure: `Place them at a multiple of ${elementByteLength} bytes.`,
      });
    }
    return VIEW_MAKERS[view](this.#backing.buffer(), this.#base + byteOffset, length);
  }

  /** Throws `out-of-bounds` unless the range lies in the committed bytes, and `closed` after close. O(1). */
  checkRange(byteOffset: number, byteLength: number): void {
    if (this.#closed) this.throwClosed();
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
    if (this.#closed) this.throwClosed();
    return this.#backing.ticket();
  }

  /** A lease of its own for something that ends before the memory does (an arena, a scope). Close it with `closeLease`. */
  openLease(subject: string): Lease {
    if (this.#closed) this.throwClosed();
    const lease = new LeaseOf(this, subject);
    this.#dependents.add(lease);
    return lease;
  }

  closeLease(lease: Lease, event: string): void {
    lease.end(event);
    if (lease instanceof LeaseOf) this.#dependents.delete(lease);
  }

  /** Tells `dependent` of growth that moves the bytes and of close. For accessors and structures that keep typed arrays. */
  addDependent(dependent: Dependent): void {
    if (this.#closed) this.throwClosed();
    this.#dependents.add(dependent);
  }

  removeDependent(dependent: Dependent): void {
    this.#dependents.delete(dependent);
  }

  /** Ends the memory: see invariant 3. Closing twice is harmless. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const name of VIEW_NAMES) {
      Object.defineProperty(this, name, { configurable: true, get: () => this.throwClosed() });
    }
    for (const dependent of this.#dependents) dependent.memoryClosed();
    this.#dependents.clear();
    this.#backing.release();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  throwClosed(): never {
    throw new MemoryError("closed", {
      subject: this.subject,
      event: "was used after close()",
      cure: "Keep it open for as long as its views, cursors and structures are used.",
    });
  }

  #moved(): void {
    Object.assign(this, viewsOver(this.#backing.buffer(), this.#base));
    for (const dependent of this.#dependents) dependent.memoryMoved();
  }
}

/** A lease as Memory keeps it among its dependents. */
class LeaseOf extends Lease implements Dependent {
  memoryMoved(): void {
    this.rebind();
  }

  memoryClosed(): void {
    this.end("was closed");
  }
}

/** The typed arrays over a memory, by name. */
export interface Views {
  readonly u8: Uint8Array;
  readonly i8: Int8Array;
  readonly u16: Uint16Array;
  readonly i16: Int16Array;
  readonly u32: Uint32Array;
  readonly i32: Int32Array;
  readonly f32: Float32Array;
  readonly f64: Float64Array;
  readonly i64: BigInt64Array;
  readonly u64: BigUint64Array;
}

export type ViewName = keyof Views;

const VIEW_MAKERS: { readonly [Name in ViewName]: (buffer: ArrayBufferLike, byteOffset: number, length: number) => Views[Name] } = {
  u8: (buffer, byteOffset, length) => new Uint8Array(buffer, byteOffset, length),
  i8: (buffer, byteOffset, length) => new Int8Array(buffer, byteOffset, length),
  u16: (buffer, byteOffset, length) => new Uint16Array(buffer, byteOffset, length),
  i16: (buffer, byteOffset, length) => new Int16Array(buffer, byteOffset, length),
  u32: (buffer, byteOffset, length) => new Uint32Array(buffer, byteOffset, length),
  i32: (buffer, byteOffset, length) => new Int32Array(buffer, byteOffset, length),
  f32: (buffer, byteOffset, length) => new Float32Array(buffer, byteOffset, length),
  f64: (buffer, byteOffset, length) => new Float64Array(buffer, byteOffset, length),
  i64: (buffer, byteOffset, length) => new BigInt64Array(buffer, byteOffset, length),
  u64: (buffer, byteOffset, length) => new BigUint64Array(buffer, byteOffset, length),
};

/** Bytes of one element of a view. */
export const ELEMENT_BYTES: { readonly [Name in ViewName]: number } = {
  u8: 1,
  i8: 1,
  u16: 2,
  i16: 2,
  u32: 4,
  i32: 4,
  f32: 4,
  f64: 8,
  i64: 8,
  u64: 8,
};

/** All views, each of fixed length: length-tracking views are 10 to 50 times slower in V8. */
function viewsOver(buffer: ArrayBufferLike, base: number): Views {
  const over = <Name extends ViewName>(name: Name): Views[Name] =>
    VIEW_MAKERS[name](buffer, base, Math.floor((buffer.byteLength - base) / ELEMENT_BYTES[name]));
  return {
    u8: over("u8"),
    i8: over("i8"),
    u16: over("u16"),
    i16: over("i16"),
    u32: over("u32"),
    i32: over("i32"),
    f32: over("f32"),
    f64: over("f64"),
    i64: over("i64"),
    u64: over("u64"),
  };
}
