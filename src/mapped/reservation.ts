import { constants } from "node:buffer";
import { alignUp } from "../core/align.ts";
import { MemoryError } from "../core/errors.ts";
import { type Sharing, type System, system } from "../native/system.ts";
import { systemError } from "../native/system-error.ts";

/**
 * Address space of a SharedArrayBuffer with pages of files put over parts of it.
 *
 * ```
 *   0                  mapped                        byteLength
 *   | pages of a file  | zero pages of this process  |
 * ```
 *
 * Invariants:
 * 1. The range is V8's: it obtained it, and unmaps it when the last reference in any thread is gone. It is never unmapped here, only
 *    mapped over, so every typed array over it may be touched at any time.
 * 2. `[0, mapped)` is whole pages of a file, `[mapped, byteLength)` private zero pages.
 */
export class Reservation {
  readonly buffer: SharedArrayBuffer;
  readonly #subject: string;
  readonly #system: System;
  readonly #address: bigint;
  #mapped = 0;

  private constructor(subject: string, buffer: SharedArrayBuffer) {
    this.#subject = subject;
    this.#system = system();
    this.buffer = buffer;
    this.#address = buffer.byteLength === 0 ? 0n : this.#system.addressOf(buffer);
  }

  /** Throws `unsupported` beyond the longest buffer of the engine, and `out-of-memory` when there is no such address space. */
  static make(subject: string, byteLength: number): Reservation {
    // The check of the engine comes before the first buffer that a file may be put over.
    system();
    return new Reservation(subject, reserve(subject, byteLength));
  }

  /** A reservation that another thread made, the first `byteLength` bytes of which show a file. */
  static borrow(subject: string, buffer: SharedArrayBuffer, byteLength: number): Reservation {
    const borrowed = new Reservation(subject, buffer);
    borrowed.#mapped = alignUp(byteLength, Reservation.pageByteLength);
    return borrowed;
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
   * is 0 or `mapped`. Whatever was mapped behind becomes zeros.
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

  /** Advises or syncs the part that shows a file. */
  advise(advice: Parameters<System["advise"]>[2], byteLength = this.#mapped): number {
    return byteLength === 0 ? 0 : this.#system.advise(this.#address, byteLength, advice);
  }

  sync(): number {
    return this.#mapped === 0 ? 0 : this.#system.sync(this.#address, this.#mapped);
  }

  async syncAsync(): Promise<number> {
    if (this.#mapped === 0) return 0;
    const { buffer } = this;
    const found = await this.#system.syncAsync(this.#address, this.#mapped);
    // Held until the call is over: collected earlier, its addresses could belong to another.
    return buffer.byteLength >= 0 ? found : 0;
  }

  /** Leaves fresh zero pages of this process over the whole range: a tombstone that can be touched for ever. */
  entomb(): void {
    this.#zero(0, this.buffer.byteLength);
    this.#mapped = 0;
  }

  #zero(from: number, to: number): void {
    if (from >= to) return;
    const refused = this.#system.mapZeros(this.#address + BigInt(from), to - from);
    if (refused !== 0) throw systemError(this.#subject, "could not be unmapped", refused, { from, to });
  }
}

function reserve(subject: string, byteLength: number): SharedArrayBuffer {
  if (byteLength > constants.MAX_LENGTH) {
    throw new MemoryError("unsupported", {
      subject,
      event: "is longer than one buffer of this engine can be",
      numbers: { byteLength, most: constants.MAX_LENGTH },
      cure: "Run it with Node 22 or later, map a part of the file, or slide a mapWindow along it.",
    });
  }
  try {
    // Full length at once: views of a buffer that still grows would have to track its length, which makes them 20 to 50 times slower.
    return new SharedArrayBuffer(byteLength, { maxByteLength: byteLength });
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
