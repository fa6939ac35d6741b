import { closeSync, constants, fstatSync, readSync } from "node:fs";
import { alignUp, checkByteLength } from "../core/align.ts";
import { MemoryError } from "../core/errors.ts";
import { Memory } from "../core/memory.ts";
import { GiB, MiB } from "../core/size.ts";
import { system } from "../native/system.ts";
import { errnoName, systemError } from "../native/system-error.ts";
import { wholePages } from "./file-backing.ts";
import { openRegularFile } from "./open-file.ts";
import { Reservation } from "./reservation.ts";

export interface MapWindowOptions {
  /** How much of the file is seen at a time, in bytes, rounded up to whole pages. Default 16 MiB. */
  readonly byteLength?: number;
  /** How far the window can be enlarged. Costs address space only. Default 1 GiB, or the file if it is shorter. */
  readonly maxByteLength?: number;
  /**
   * `"mapped"` (default) shows the pages of the file itself. `"copied"` reads them into the window: as fast where the window fits the processor's
   * cache, and the only way that stands another program shortening the file at any moment; it can then throw `io`, but not end the process.
   */
  readonly reading?: "mapped" | "copied";
}

/**
 * A file of any size, seen through a window that slides along it. The addresses, and so all typed arrays, stay the same; only the
 * part of the file under them changes.
 *
 * ```ts
 * using window = mapWindow("rows.csv");
 * for (let at = 0; at < window.fileByteLength; ) {
 *   window.slide(at);
 *   const used = parse(window.memory.u8, window.start, window.end);   // whole records only
 *   if (used === 0) window.enlarge(2 * window.byteLength);            // a record longer than the window
 *   at += used;
 * }
 * ```
 *
 * Stores are allowed (a parser may unescape in place): they stay in the window, never reach the file, and are gone after the next `slide`.
 */
export function mapWindow(path: string, options: MapWindowOptions = {}): MappedWindow {
  return new MappedWindow(path, options);
}

/**
 * See {@link mapWindow}.
 *
 * ```
 *   memory   0 .. start        bytes of the file before the asked offset (at most one page)
 *            start .. end      the asked part
 *            end ..            the rest of its page of the file, then zeros up to the end of the reservation
 * ```
 *
 * Invariants:
 * 1. `end - start = min(byteLength, fileByteLength − asked offset)`, all of which the file had when `slide` returned.
 * 2. Everything behind the last page of the file is zero pages, so no typed array over the window can touch what is not there.
 */
export class MappedWindow implements Disposable {
  readonly memory: Memory;
  readonly path: string;
  /** The length of the file when it was opened. What is appended later is not seen. */
  readonly fileByteLength: number;
  readonly maxByteLength: number;
  readonly #subject: string;
  readonly #fd: number;
  readonly #reservation: Reservation;
  readonly #copied: boolean;
  #byteLength: number;
  #at = 0;
  #start = 0;
  #end = 0;

  /** For `mapWindow`. Nothing is mapped before the first `slide`. */
  constructor(path: string, options: MapWindowOptions) {
    const subject = `window on ${path}`;
    const { byteLength = MiB(16), maxByteLength, reading = "mapped" } = options;
    checkByteLength(subject, "byteLength", byteLength, 1);
    if (maxByteLength !== undefined) checkByteLength(subject, "maxByteLength", maxByteLength, byteLength);
    system();
    this.#subject = subject;
    this.#copied = reading === "copied";
    this.path = path;
    const file = openRegularFile(`file ${path}`, path, constants.O_RDONLY);
    this.#fd = file.fd;
    this.fileByteLength = file.byteLength;
    this.#byteLength = wholePages(byteLength);
    this.maxByteLength = Math.max(this.#byteLength, wholePages(maxByteLength ?? Math.min(GiB(1), file.byteLength)));
    try {
      // One page more: the asked offset may lie inside the first page.
      const reservation = Reservation.make(subject, this.maxByteLength + Reservation.pageByteLength);
      this.#reservation = reservation;
      this.memory = new Memory({
        home: "mapped",
        subject,
        readOnly: false,
        maxByteLength: reservation.buffer.byteLength,
        buffer: () => reservation.buffer,
        byteLength: () => reservation.buffer.byteLength,
        commit: () => {},
        release: () => this.#release(),
        ticket: () => refuseTicket(subject),
      });
    } catch (error) {
      closeSync(file.fd);
      throw error;
    }
  }

  /** How much of the file is seen at a time. */
  get byteLength(): number {
    return this.#byteLength;
  }

  /** Where in the memory the asked part begins: 0 up to a page. */
  get start(): number {
    return this.#start;
  }

  /** Where in the memory it ends. */
  get end(): number {
    return this.#end;
  }

  /** Does the window reach the end of the file? */
  get atEnd(): boolean {
    return this.#at + (this.#end - this.#start) === this.fileByteLength;
  }

  /**
   * Shows the file from `fileByteOffset` on and returns how many bytes are there: `byteLength`, or less at the end of the file. They are
   * read in now, and reading of what follows begins. Throws `out-of-bounds` behind the end, and `io` when the file has become shorter; then
   * the window is empty.
   */
  slide(fileByteOffset: number): number {
    this.memory.checkOpen();
    checkByteLength(this.#subject, "fileByteOffset", fileByteOffset);
    if (fileByteOffset > this.fileByteLength) this.#refuseOffset(fileByteOffset);
    const byteLength = Math.min(this.#byteLength, this.fileByteLength - fileByteOffset);
    const before = this.#end;
    this.#at = fileByteOffset;
    this.#start = this.#end = 0;
    const start = this.#copied ? this.#copy(fileByteOffset, byteLength, before) : this.#map(fileByteOffset, byteLength);
    // Afterwards, since a page that has lost only its end is shown with zeros there.
    const found = fstatSync(this.#fd).size;
    if (found < this.fileByteLength) this.#throwShortened(found);
    system().readAhead(this.#fd, fileByteOffset + byteLength, this.#byteLength);
    this.#start = start;
    this.#end = start + byteLength;
    return byteLength;
  }

  #map(fileByteOffset: number, byteLength: number): number {
    const start = byteLength === 0 ? 0 : fileByteOffset % Reservation.pageByteLength;
    this.#reservation.show(0, start + byteLength, "private", this.#fd, fileByteOffset - start);
    const refused = this.#reservation.advise("populateRead", 0, start + byteLength);
    // A kernel before 5.14 does not know the advice; it then reads in what is touched.
    if (refused === 0 || errnoName(refused) === "EINVAL") return start;
    if (errnoName(refused) === "EFAULT") this.#throwShortened(fstatSync(this.#fd).size);
    this.#reservation.entomb();
    throw systemError(this.#subject, "could not be read", refused, { fileByteOffset });
  }

  #copy(fileByteOffset: number, byteLength: number, before: number): number {
    for (let done = 0; done < byteLength; ) {
      const read = this.#read(done, Math.min(byteLength - done, GiB(1)), fileByteOffset + done);
      if (read === 0) this.#throwShortened(fstatSync(this.#fd).size);
      done += read;
    }
    if (byteLength < before) this.memory.u8.fill(0, byteLength, before);
    return 0;
  }

  #read(byteOffset: number, byteLength: number, fileByteOffset: number): number {
    try {
      return readSync(this.#fd, this.memory.u8, byteOffset, byteLength, fileByteOffset);
    } catch (cause) {
      throw systemError(this.#subject, "could not be read", cause, { fileByteOffset });
    }
  }

  /** Shows at least `byteLength` bytes from the same offset on. What was stored in the window is gone. Throws `out-of-memory` past `maxByteLength`. */
  enlarge(byteLength: number): number {
    this.memory.checkOpen();
    checkByteLength(this.#subject, "byteLength", byteLength, 1);
    if (byteLength > this.maxByteLength) {
      throw new MemoryError("out-of-memory", {
        subject: this.#subject,
        event: "cannot be enlarged past its reservation",
        numbers: { byteLength, maxByteLength: this.maxByteLength },
        cure: "Reserve more when you make it: `{ maxByteLength }`.",
      });
    }
    this.#byteLength = Math.max(this.#byteLength, alignUp(byteLength, Reservation.pageByteLength));
    return this.slide(this.#at);
  }

  /** Ends the window and its memory. Closing twice is harmless. */
  close(): void {
    this.memory.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #release(): void {
    this.#start = this.#end = 0;
    closeSync(this.#fd);
    this.#reservation.entomb();
  }

  #refuseOffset(fileByteOffset: number): never {
    throw new MemoryError("out-of-bounds", {
      subject: this.#subject,
      event: "cannot slide behind the end of the file",
      numbers: { fileByteOffset, fileByteLength: this.fileByteLength },
      cure: "Stop when the offset reaches `window.fileByteLength`.",
    });
  }

  #throwShortened(found: number): never {
    this.#reservation.entomb();
    throw new MemoryError("io", {
      subject: this.#subject,
      event: "was shortened by another program while it was read",
      numbers: { fileByteLength: this.fileByteLength, found },
      cure: "Read it when its writer has finished; writers should rename a new file over the old one.",
    });
  }
}

function refuseTicket(subject: string): never {
  throw new MemoryError("unsupported", {
    subject,
    event: "shows other bytes after each slide, so there is no ticket for it",
    cure: "Open a window of its own in each thread: `mapWindow(path)`.",
  });
}
