import { closeSync } from "node:fs";
import { alignUp, checkByteLength } from "../core/align.ts";
import { CommittedLength } from "../core/committed.ts";
import type { Backing, Memory } from "../core/memory.ts";
import type { Parking } from "../core/parking.ts";
import type { Ticket } from "../core/ticket.ts";
import type { Sharing } from "../native/system.ts";
import type { FileIdentity } from "./file-identity.ts";
import type { FileOrigin } from "./file-locks.ts";
import { mappedParking } from "./futex-parking.ts";
import { MappedMemory, type MappedMemoryParts } from "./mapped-memory.ts";
import { Reservation } from "./reservation.ts";

/** How far a memory reaches into its file, and how it gets further. */
export interface FileBackingParts {
  readonly subject: string;
  readonly readOnly: boolean;
  readonly sharing: Sharing;
  /** Kept when there is `extend`, closed when the backing is made otherwise. Still the caller's when the constructor throws. */
  readonly fd: number;
  /** Where in the file the memory begins, a multiple of 8. */
  readonly fileByteOffset: number;
  /** Where in the memory the asked part begins. Default 0. */
  readonly start?: number;
  readonly byteLength: number;
  readonly maxByteLength: number;
  /** How many bytes from `fileByteOffset` the file has now: at least `byteLength`. */
  readonly backedByteLength: number;
  /**
   * Makes the file at least `fileByteLength` long and tells how long it then is. Throws, and leaves the file as it was, when it cannot.
   * Without it the memory cannot grow.
   */
  readonly extend?: (fileByteLength: number) => number;
  /** Are those who get a ticket only to read? */
  readonly ticketReadOnly?: boolean;
  /** Which file it is. */
  readonly identity: FileIdentity;
  /** By which name other processes can open it. */
  readonly path?: string;
}

/** Files that are open for growth and whose memory was dropped without `close()`. */
const forgotten = new FinalizationRegistry<number>((fd) => closeSync(fd));

/**
 * A part of a file in a reservation.
 *
 * Invariants:
 * 1. `committed <= backed`, where `backed` is what the file has. Only whole pages that hold backed bytes are mapped, so no typed array over the
 *    reservation can reach behind the end of the file, where a load would kill the process.
 * 2. The descriptor is open exactly while the memory is open and can grow. A mapping needs none.
 * 3. Once a ticket was taken, other threads may read the same addresses: then closing leaves the pages where they are, and they go
 *    when the last of these threads has let go of the buffer.
 */
export class FileBacking implements Backing {
  readonly home = "mapped";
  readonly subject: string;
  readonly readOnly: boolean;
  readonly bufferByteOffset: number;
  #maxByteLength: number;
  #reservation: Reservation;
  readonly #committed: CommittedLength;
  readonly #parts: FileBackingParts;
  #backed: number;
  #fd: number | undefined;
  #ticketTaken = false;

  constructor(parts: FileBackingParts) {
    this.#parts = parts;
    this.subject = parts.subject;
    this.readOnly = parts.readOnly;
    this.#maxByteLength = parts.maxByteLength;
    const inPage = parts.fileByteOffset % Reservation.pageByteLength;
    this.#reservation = Reservation.makeFor(parts.subject, inPage + parts.maxByteLength, parts.fileByteOffset - inPage);
    this.bufferByteOffset = this.#reservation.start + inPage;
    this.#backed = this.#show(parts.backedByteLength);
    this.#fd = parts.fd;
    this.#committed = CommittedLength.of(parts.byteLength);
    if (parts.extend === undefined) this.#closeFile();
    else forgotten.register(this, parts.fd, this);
  }

  get maxByteLength(): number {
    return this.#maxByteLength;
  }

  get reservation(): Reservation {
    return this.#reservation;
  }

  /** The memory over it. Called once. */
  memory(more: Omit<MappedMemoryParts, "backing" | "pages" | "origin" | "fileByteOffset" | "start" | "reserve">): MappedMemory {
    const { fileByteOffset, start = 0, extend, sharing, readOnly, ticketReadOnly } = this.#parts;
    const moves = extend !== undefined && ticketReadOnly !== true && (sharing === "shared" || readOnly);
    return new MappedMemory({
      ...more,
      backing: this,
      pages: () => this.#reservation,
      origin: () => this.origin,
      fileByteOffset,
      start,
      ...(moves ? { reserve: (maxByteLength: number) => this.#reserve(maxByteLength) } : {}),
    });
  }

  buffer(): ArrayBufferLike {
    return this.reservation.buffer;
  }

  byteLength(): number {
    return this.#committed.load();
  }

  commit(byteLength: number): void {
    const { extend, fileByteOffset } = this.#parts;
    if (byteLength > this.#backed && extend !== undefined && this.#fd !== undefined) {
      this.#backed = this.#show(extend(fileByteOffset + byteLength) - fileByteOffset);
    }
    this.#committed.raise(byteLength);
  }

  release(): void {
    this.#closeFile();
    if (!this.#ticketTaken) this.reservation.entomb();
  }

  get origin(): FileOrigin | undefined {
    const { path, identity } = this.#parts;
    return path === undefined ? undefined : { path, ...identity, ...(this.#fd === undefined ? {} : { descriptor: this.#fd }) };
  }

  ticket(): Ticket {
    const { shared } = this.reservation;
    this.#ticketTaken ||= shared !== undefined;
    const { path, identity, fileByteOffset, start = 0, ticketReadOnly = false } = this.#parts;
    return {
      offheap: "ticket",
      home: "mapped",
      subject: this.subject,
      maxByteLength: this.maxByteLength,
      readOnly: this.readOnly || ticketReadOnly,
      ...(shared === undefined ? {} : { buffer: shared, committed: this.#committed.buffer }),
      bufferByteOffset: this.bufferByteOffset,
      file: { byteOffset: fileByteOffset + start, byteLength: this.byteLength() - start, ...identity },
      ...(path === undefined ? {} : { path }),
    };
  }

  /** Maps the file once more, in a larger reservation. The one before goes when nobody has its typed arrays any more. */
  #reserve(maxByteLength: number): void {
    checkByteLength(this.subject, "maxByteLength", maxByteLength);
    const [before, most] = [this.#reservation, this.#maxByteLength];
    this.#reservation = Reservation.make(this.subject, this.bufferByteOffset + maxByteLength, before.start);
    this.#maxByteLength = maxByteLength;
    try {
      this.#backed = this.#show(this.#backed);
    } catch (error) {
      this.#reservation = before;
      this.#maxByteLength = most;
      throw error;
    }
  }

  parking(memory: Memory): Parking {
    return mappedParking(memory);
  }

  /** Maps what is not mapped yet of the first `backedByteLength` bytes, as far as the reservation goes; returns how many that are. */
  #show(backedByteLength: number): number {
    const { reservation, bufferByteOffset } = this;
    const { sharing, fd, fileByteOffset } = this.#parts;
    const backed = Math.min(backedByteLength, this.maxByteLength);
    const from = reservation.mapped;
    const byteLength = bufferByteOffset + backed - from;
    if (byteLength > 0 && backed > 0) reservation.show(from, byteLength, sharing, fd, fileByteOffset - bufferByteOffset + from);
    return backed;
  }

  #closeFile(): void {
    if (this.#fd === undefined) return;
    forgotten.unregister(this);
    closeSync(this.#fd);
    this.#fd = undefined;
  }
}

/** `byteLength` in whole pages of this machine. */
export function wholePages(byteLength: number): number {
  return alignUp(byteLength, Reservation.pageByteLength);
}
