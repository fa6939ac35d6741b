import { closeSync, constants } from "node:fs";
import { resolve } from "node:path";
import { checkByteLength } from "../core/align.ts";
import { CommittedLength } from "../core/committed.ts";
import { MemoryError } from "../core/errors.ts";
import type { Backing, Memory } from "../core/memory.ts";
import type { Parking } from "../core/parking.ts";
import type { Ticket } from "../core/ticket.ts";
import { system } from "../native/system.ts";
import { extendFile } from "./extend-file.ts";
import { wholePages } from "./file-backing.ts";
import { identityOfOpen } from "./file-identity.ts";
import type { FileOrigin } from "./file-locks.ts";
import { checkFileSystem, type FileSystems } from "./file-system.ts";
import { mappedParking } from "./futex-parking.ts";
import { MappedMemory } from "./mapped-memory.ts";
import { lengthenMemoryFile, openMemoryFile } from "./memory-file.ts";
import { openRegularFile } from "./open-file.ts";
import { Reservation } from "./reservation.ts";

export interface MapMirroredOptions {
  /** A file whose bytes they are. Default: anonymous memory, as from `mapAnonymous`. */
  readonly path?: string;
  /** Where in the file they begin, a multiple of the page size. Default 0. */
  readonly byteOffset?: number;
  /** Makes the file, or makes it longer, to have them. Default: it must have them. */
  readonly create?: boolean;
  /** As for `mapFile`. */
  readonly fileSystem?: FileSystems;
}

/**
 * The same `byteLength` bytes twice in a row: what is stored at `i` is seen at `i + byteLength`, and the other way round. So whatever fits into a
 * circular buffer lies in one piece in it, wherever it begins, and neither a copy nor a view ever has to be split at its end.
 *
 * ```ts
 * using memory = mapMirrored(mirroredByteLength(1_000_000));
 * const period = memory.byteLength / 2;
 * memory.bytes(period - 10, 20);   // the last ten bytes and the first ten
 * ```
 *
 * `byteLength` is a multiple of the page size (`mirroredByteLength` rounds up): pages are what is put twice. The memory has `2 * byteLength`
 * bytes and does not grow. Atomics work through both halves: they are the same words. Throws what `mapFile` and `mapAnonymous` throw.
 */
export function mapMirrored(byteLength: number, options: MapMirroredOptions = {}): MappedMemory {
  const { path, byteOffset = 0 } = options;
  const subject = path === undefined ? "mirrored memory" : `mirrored file ${path}`;
  system();
  checkByteLength(subject, "byteLength", byteLength, 1);
  checkByteLength(subject, "byteOffset", byteOffset);
  checkPages(subject, { byteLength, byteOffset });
  const { fd, origin } = path === undefined ? openAnonymous(subject, byteLength) : openPart(subject, path, byteLength, options);
  let backing: MirroredBacking;
  try {
    backing = new MirroredBacking(subject, fd, byteOffset, byteLength, origin);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  // Other processes come into anonymous memory through its descriptor, so that stays open.
  if (path !== undefined) closeSync(fd);
  else backing.keep(fd);
  return new MappedMemory({
    backing,
    pages: () => backing.reservation,
    origin: () => origin,
    fileByteOffset: byteOffset,
    writesThrough: true,
    mirrored: true,
    inMemory: path === undefined,
  });
}

/** The least number of bytes from `least` on that can be mirrored on this machine: whole pages. */
export function mirroredByteLength(least: number): number {
  checkByteLength("mirrored memory", "least", least, 1);
  return wholePages(least);
}

/** Descriptors of anonymous memories that were dropped without `close()`. */
const forgotten = new FinalizationRegistry<number>((fd) => closeSync(fd));

/**
 * ```
 *   0                byteLength         2 * byteLength
 *   | pages of a file | the same pages  |
 * ```
 */
class MirroredBacking implements Backing {
  readonly home = "mapped";
  readonly readOnly = false;
  readonly subject: string;
  readonly maxByteLength: number;
  readonly reservation: Reservation;
  readonly #fileByteOffset: number;
  readonly #origin: FileOrigin;
  readonly #committed: CommittedLength;
  #fd: number | undefined;
  #ticketTaken = false;

  constructor(subject: string, fd: number, fileByteOffset: number, byteLength: number, origin: FileOrigin) {
    this.subject = subject;
    this.maxByteLength = 2 * byteLength;
    this.#fileByteOffset = fileByteOffset;
    this.#origin = origin;
    this.reservation = Reservation.make(subject, 2 * byteLength);
    for (const at of [0, byteLength]) this.reservation.show(at, byteLength, "shared", fd, fileByteOffset);
    this.#committed = CommittedLength.of(2 * byteLength);
  }

  /** Closes the descriptor with the memory. */
  keep(fd: number): void {
    this.#fd = fd;
    forgotten.register(this, fd, this);
  }

  buffer(): ArrayBufferLike {
    return this.reservation.buffer;
  }

  byteLength(): number {
    return this.maxByteLength;
  }

  commit(): void {}

  parking(memory: Memory): Parking {
    return mappedParking(memory);
  }

  release(): void {
    if (this.#fd !== undefined) {
      forgotten.unregister(this);
      closeSync(this.#fd);
    }
    if (!this.#ticketTaken) this.reservation.entomb();
  }

  ticket(): Ticket {
    const { shared } = this.reservation;
    this.#ticketTaken ||= shared !== undefined;
    const { path, device, inode } = this.#origin;
    const { subject, maxByteLength } = this;
    const file = { byteOffset: this.#fileByteOffset, byteLength: maxByteLength / 2, device, inode, mirrored: true };
    return {
      offheap: "ticket",
      home: "mapped",
      subject,
      maxByteLength,
      readOnly: false,
      ...(shared === undefined ? {} : { buffer: shared, committed: this.#committed.buffer }),
      path,
      file,
    };
  }
}

interface Opened {
  readonly fd: number;
  readonly origin: FileOrigin;
}

function openAnonymous(subject: string, byteLength: number): Opened {
  const { fd, path } = openMemoryFile(subject, ["shrink", "seal"]);
  lengthenMemoryFile(subject, fd, byteLength);
  return { fd, origin: { path, ...identityOfOpen(fd), descriptor: fd } };
}

function openPart(subject: string, path: string, byteLength: number, options: MapMirroredOptions): Opened {
  const { byteOffset = 0, create = false, fileSystem = "local" } = options;
  const file = openRegularFile(subject, path, constants.O_RDWR | (create ? constants.O_CREAT : 0));
  const { fd, device, inode } = file;
  const origin = { path: resolve(path), device, inode };
  try {
    checkFileSystem(subject, file, fileSystem);
    const end = byteOffset + byteLength;
    const fileByteLength = create ? extendFile(subject, { ...origin, descriptor: fd }, end) : file.byteLength;
    if (fileByteLength >= end) return { fd, origin };
    throw new MemoryError("out-of-bounds", {
      subject,
      event: "has no such part",
      numbers: { byteOffset, byteLength, fileByteLength },
      cure: "Mirror a part that lies in the file, or make it longer with { create: true }.",
    });
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function checkPages(subject: string, numbers: { readonly byteLength: number; readonly byteOffset: number }): void {
  const { pageByteLength } = Reservation;
  if (numbers.byteLength % pageByteLength === 0 && numbers.byteOffset % pageByteLength === 0) return;
  throw new MemoryError("invalid-argument", {
    subject,
    event: "can only repeat whole pages",
    numbers: { ...numbers, pageByteLength },
    cure: "Pass mirroredByteLength(least), and a byteOffset that is a multiple of the page size.",
  });
}
