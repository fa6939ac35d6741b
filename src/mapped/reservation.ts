import { constants } from "node:buffer";
import { alignUp } from "../core/align.ts";
import { MemoryError } from "../core/errors.ts";
import { type Access, type Sharing, type System, type SystemAdvice, system } from "../native/system.ts";
import { systemError } from "../native/system-error.ts";

const HUGE_PAGE_BITS = 21;
const HUGE_PAGE_BYTES = 2 ** HUGE_PAGE_BITS;

/**
 * Address space of a buffer with pages of files put over parts of it: of a SharedArrayBuffer, or where the engine does not stand that, of an ArrayBuffer over a range
 * of the system's (native/ranges.ts).
 *
 * ```
 *   0             start              mapped                        byteLength
 *   | zero pages  | pages of a file  | zero pages of this process  |
 * ```
 *
 * Invariants:
 * 1. The range is the buffer's: it is unmapped when the last reference to that is gone, in any thread. It is never unmapped here, only
 *    mapped over, so every typed array over it may be touched at any time.
 * 2. `[start, mapped)` is whole pages of a file, all else private zero pages.
 */
export class Reservation {
  readonly buffer: ArrayBufferLike;
  /** Where the file begins, a multiple of the page size. */
  readonly start: number;
  readonly #subject: string;
  readonly #system: System;
  readonly #address: bigint;
  #mapped: number;
  #lostFrom: number | undefined;

  private constructor(subject: string, buffer: ArrayBufferLike, startAt: (address: bigint) => number) {
    this.#subject = subject;
    this.#system = system();
    this.buffer = buffer;
    this.#address = buffer.byteLength === 0 ? 0n : this.#system.addressOf(buffer);
    this.start = startAt(this.#address);
    this.#mapped = this.start;
  }

  /** Throws `unsupported` beyond the longest buffer of the engine, and `out-of-memory` when there is no such address space. */
  static make(subject: string, byteLength: number, start = 0): Reservation {
    return new Reservation(subject, reserve(subject, byteLength), () => start);
  }

  /**
   * `make` for `byteLength` bytes from `start` on, which is where an address agrees with the place in the file modulo 2 MiB: only there can the processor see pages
   * of that size, where the page cache has them, and reading gigabytes is several times as fast. Short ones, and those that would be too long so, start at 0.
   */
  static makeFor(subject: string, byteLength: number, fileByteOffset: number): Reservation {
    if (byteLength < HUGE_PAGE_BYTES || byteLength + HUGE_PAGE_BYTES > constants.MAX_LENGTH)
      return Reservation.make(subject, byteLength);
    const agreeing = (address: bigint): number => Number(BigInt.asUintN(HUGE_PAGE_BITS, BigInt(fileByteOffset) - address));
    return new Reservation(subject, reserve(subject, byteLength + HUGE_PAGE_BYTES), agreeing);
  }

  /** A reservation that another thread made, the first `byteLength` bytes of which show a file. */
  static borrow(subject: string, buffer: SharedArrayBuffer, byteLength: number): Reservation {
    const borrowed = new Reservation(subject, buffer, () => 0);
    borrowed.#mapped = alignUp(byteLength, Reservation.pageByteLength);
    return borrowed;
  }

  /** The buffer, if threads can be handed it. */
  get shared(): SharedArrayBuffer | undefined {
    const { buffer } = this;
    return buffer instanceof SharedArrayBuffer ? buffer : undefined;
  }

  static get pageByteLength(): number {
    return system().pageByteLength;
  }

  /** The length of the part that shows a file, in whole pages. */
  get mapped(): number {
    return this.#mapped;
  }

  /**
   * Shows the file's bytes from `fileByteOffset`, a multiple of the page size, in `[byteOffset, byteOffset + byteLength)`, where `byteOffset`
   * is `start` or `mapped`. Whatever was mapped behind becomes zeros.
   */
  show(byteOffset: number, byteLength: number, sharing: Sharing, fd: number, fileByteOffset: number): void {
    const end = alignUp(byteOffset + byteLength, this.#system.pageByteLength);
    if (byteLength > 0) {
      const refused = this.#system.mapFile(this.#address + BigInt(byteOffset), byteLength, sharing, fd, fileByteOffset);
      if (refused !== 0) {
        // A refused MAP_FIXED may have unmapped what was there.
        this.#zero(byteOffset, Math.max(end, this.#mapped));
        this.#mapped = byteOffset;
        throw systemError(this.#subject, "could not be mapped", refused, { byteLength, fileByteOffset });
      }
    }
    if (end < this.#mapped) this.#zero(end, this.#mapped);
    this.#mapped = end;
  }

  /** Calls for a range, in whole pages around it and as far as it shows a file. 0 where that is nothing. */
  advise(advice: SystemAdvice, byteOffset = 0, byteLength = this.#mapped): number {
    return this.#around(byteOffset, byteLength, (address, length) => this.#system.advise(address, length, advice));
  }

  sync(byteOffset: number, byteLength: number): number {
    return this.#around(byteOffset, byteLength, (address, length) => this.#system.sync(address, length));
  }

  pin(byteOffset: number, byteLength: number): number {
    return this.#around(byteOffset, byteLength, (address, length) => this.#system.pin(address, length));
  }

  unpin(byteOffset: number, byteLength: number): number {
    return this.#around(byteOffset, byteLength, (address, length) => this.#system.unpin(address, length));
  }

  protect(byteOffset: number, byteLength: number, access: Access): number {
    return this.#around(byteOffset, byteLength, (address, length) => this.#system.protect(address, length, access));
  }

  async syncAsync(byteOffset: number, byteLength: number): Promise<number> {
    const { from, to } = this.#pagesAround(byteOffset, byteLength);
    if (from >= to) return 0;
    const { buffer } = this;
    const found = await this.#system.syncAsync(this.#address + BigInt(from), to - from);
    // Held until the call is over: collected earlier, its addresses could belong to another.
    return buffer.byteLength >= 0 ? found : 0;
  }

  /** How many bytes of the range are in memory, in whole pages, or −errno. */
  countResident(byteOffset: number, byteLength: number): number {
    const { from, to } = this.#pagesAround(byteOffset, byteLength);
    if (from >= to) return 0;
    const { pageByteLength } = this.#system;
    const pages = new Uint8Array((to - from) / pageByteLength);
    const refused = this.#system.findResident(this.#address + BigInt(from), to - from, pages);
    return refused === 0 ? pages.reduce((count, page) => count + (page & 1), 0) * pageByteLength : -refused;
  }

  /** Copies bytes out, as many as can be read; the pages of a file that was shortened end it. How many, or −errno. */
  copyOut(byteOffset: number, into: Uint8Array): number {
    return this.#system.copyOut(this.#address + BigInt(byteOffset), into);
  }

  /** The file has lost what it showed from `byteOffset` on: from the next page on there are zeros now. */
  lose(byteOffset: number): void {
    this.#lostFrom = byteOffset;
    this.#zero(alignUp(byteOffset, this.#system.pageByteLength), this.#mapped);
  }

  /** From where on the file was found to be lost, if it was. */
  get lostFrom(): number | undefined {
    return this.#lostFrom;
  }

  #around(byteOffset: number, byteLength: number, call: (address: bigint, byteLength: number) => number): number {
    const { from, to } = this.#pagesAround(byteOffset, byteLength);
    return from >= to ? 0 : call(this.#address + BigInt(from), to - from);
  }

  #pagesAround(byteOffset: number, byteLength: number): { readonly from: number; readonly to: number } {
    const { pageByteLength } = this.#system;
    if (byteLength === 0) return { from: 0, to: 0 };
    const to = Math.min(alignUp(byteOffset + byteLength, pageByteLength), this.#mapped);
    return { from: byteOffset - (byteOffset % pageByteLength), to };
  }

  /** Leaves fresh zero pages of this process over the whole range: a tombstone that can be touched for ever. */
  entomb(): void {
    this.#zero(0, this.buffer.byteLength);
    this.#mapped = this.start;
  }

  #zero(from: number, to: number): void {
    if (from >= to) return;
    const refused = this.#system.mapZeros(this.#address + BigInt(from), to - from);
    if (refused !== 0) throw systemError(this.#subject, "could not be unmapped", refused, { from, to });
  }
}

/** Throws `unsupported` where no buffer of this engine can be that long. */
export function checkBufferLength(subject: string, byteLength: number): void {
  if (byteLength > constants.MAX_LENGTH) {
    throw new MemoryError("unsupported", {
      subject,
      event: "is longer than one buffer of this engine can be",
      numbers: { byteLength, most: constants.MAX_LENGTH },
      cure: "Run it with Node 22 or later, map a part of the file, or slide a mapWindow along it.",
    });
  }
}

function reserve(subject: string, byteLength: number): ArrayBufferLike {
  checkBufferLength(subject, byteLength);
  try {
    return system().reserve(byteLength);
  } catch (cause) {
    throw new MemoryError("out-of-memory", {
      subject,
      event: "was refused address space by the engine",
      numbers: { byteLength },
      cure: "Map or reserve less, or close other mappings.",
      cause,
    });
  }
}
