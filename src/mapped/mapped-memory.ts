import { MemoryError } from "../core/errors.ts";
import { type Backing, type Dependent, Memory } from "../core/memory.ts";
import type { Access } from "../native/system.ts";
import { systemError } from "../native/system-error.ts";
import type { Advice } from "./advice.ts";
import type { FileOrigin } from "./file-locks.ts";
import { checkNotShortened, copyOutSafely } from "./lost-pages.ts";
import { Reservation } from "./reservation.ts";
import { syncDirectory, syncDirectoryAsync } from "./sync-directory.ts";

export interface MappedMemoryParts {
  readonly backing: Backing;
  /** The pages; asked for at the first use, since a thread that only reads needs no native code. */
  readonly pages: () => Reservation;
  /** Where the file is found that others see the same bytes in; asked for when somebody takes part, locks or checks. */
  readonly origin?: () => FileOrigin | undefined;
  /** Where in the file the memory begins. */
  readonly fileByteOffset: number;
  /** Do stores reach the file? */
  readonly writesThrough: boolean;
  /** Do stores stay in this mapping, as its user wants it? */
  readonly copyOnWrite?: boolean;
  /** Does it show the same part of the file twice? */
  readonly mirrored?: boolean;
  /** Is it a file in memory, which has room for pages that were discarded whenever they are stored to again? */
  readonly inMemory?: boolean;
  /** Where in the memory the asked part of the file begins, 0 to 7. */
  readonly start?: number;
  /** The directory that got a new entry for the file, which a flush must save too. */
  readonly createdIn?: string;
  /** Raises the furthest that the memory can grow. */
  readonly reserve?: (maxByteLength: number) => void;
  /** What ends with the memory: the lock that it was mapped with. */
  readonly held?: Dependent;
}

/**
 * A memory whose bytes are a file's. Made by `mapFile`, `mapAnonymous`, `mapScratch`, `mapMirrored` and `attach`.
 *
 * Stores are seen by every thread and process that maps the file at once, and survive the end of the process, however it comes. They
 * survive a power failure from the last `flush()` on; pages written after it may have been saved or not, in any order.
 *
 * Methods that take a range work on the whole pages around it; without one they work on all bytes. They throw `out-of-bounds` for a range that the memory
 * does not have, and `closed` after close.
 */
export class MappedMemory extends Memory {
  /** Where in the memory the asked part of the file begins: its `byteOffset` modulo 8, since the views need that alignment. */
  readonly start: number;
  readonly #parts: MappedMemoryParts;
  #createdIn: string | undefined;

  /** For the makers of mapped memories. */
  constructor(parts: MappedMemoryParts) {
    super(parts.backing);
    this.start = parts.start ?? 0;
    this.#parts = parts;
    this.#createdIn = parts.createdIn;
    if (parts.held !== undefined) this.addDependent(parts.held);
  }

  /** Whether it shows the same bytes twice in a row: see `mapMirrored`. */
  get isMirrored(): boolean {
    return this.#parts.mirrored === true;
  }

  /** The file, for locks. Undefined for copies on write, which nobody else sees. */
  get origin(): FileOrigin | undefined {
    if (this.closed) this.throwClosed();
    return this.#parts.origin?.();
  }

  /**
   * Writes what was stored to the disk and waits until the disk says that it has it; then it survives a power failure, as far
   * as the disk tells the truth. Milliseconds for some megabytes; does nothing where stores do not reach the file. Throws `io` or
   * `disk-full`: then it is unknown which pages were saved, and a later flush may not try them again.
   */
  flush(byteOffset?: number, byteLength?: number): void {
    const [at, length] = this.#range(byteOffset, byteLength);
    if (!this.#parts.writesThrough) return;
    this.#checkDone(this.#parts.pages().sync(at, length), "could not be saved");
    if (this.#createdIn === undefined) return;
    syncDirectory(this.subject, this.#createdIn);
    this.#createdIn = undefined;
  }

  /** `flush` on another thread, so that the event loop goes on. Stores made meanwhile may be saved or not. */
  async flushAsync(byteOffset?: number, byteLength?: number): Promise<void> {
    const [at, length] = this.#range(byteOffset, byteLength);
    if (!this.#parts.writesThrough) return;
    this.#checkDone(await this.#parts.pages().syncAsync(at, length), "could not be saved");
    if (this.#createdIn === undefined) return;
    await syncDirectoryAsync(this.subject, this.#createdIn);
    this.#createdIn = undefined;
  }

  /**
   * Tells the kernel how the bytes are going to be used. A hint: results never change. Throws `invalid-argument` for `drop` of copies on write, which
   * would lose them (`revert` does), `unsupported` where `isAdviceSupported` says so.
   */
  advise(advice: Advice, byteOffset?: number, byteLength?: number): void {
    const [at, length] = this.#range(byteOffset, byteLength);
    if (advice === "drop" && this.#parts.copyOnWrite === true) {
      throw new MemoryError("invalid-argument", {
        subject: this.subject,
        event: "was mapped copy-on-write, so dropping its pages would lose what was stored",
        cure: "Close it instead, or call revert() if that is what you want.",
      });
    }
    this.#checkDone(this.#parts.pages().advise(advice, at, length), "could not be advised", { advice });
  }

  /**
   * Makes the pages present now, so that no later touch has to wait: for reading, or with `"write"` for writing, where the first store to each
   * page would otherwise be a fault. Throws `io` when the file was shortened.
   */
  populate(access: "read" | "write" = "read", byteOffset?: number, byteLength?: number): void {
    const [at, length] = this.#range(byteOffset, byteLength);
    const advice = access === "write" && !this.readOnly ? "populateWrite" : "populateRead";
    this.#checkDone(this.#parts.pages().advise(advice, at, length), "could not be populated", { access });
  }

  /** Reads the pages in and keeps them in memory until `unpin` or `close`. Throws `out-of-memory` past the limit that `ulimit -l` shows. */
  pin(byteOffset?: number, byteLength?: number): void {
    const [at, length] = this.#range(byteOffset, byteLength);
    this.#checkDone(this.#parts.pages().pin(at, length), "could not be kept in memory");
  }

  unpin(byteOffset?: number, byteLength?: number): void {
    const [at, length] = this.#range(byteOffset, byteLength);
    this.#checkDone(this.#parts.pages().unpin(at, length), "could not be let out of memory");
  }

  /** How many bytes are in memory now, in whole pages: those that can be read without waiting for the disk. */
  resident(byteOffset?: number, byteLength?: number): number {
    const [at, length] = this.#range(byteOffset, byteLength);
    const found = this.#parts.pages().countResident(at, length);
    if (found >= 0) return found;
    throw systemError(this.subject, "could not be asked for its pages", -found);
  }

  /**
   * Lets the processor watch over pages: after `protect("read")` a store into them, and after `protect("none")` any access, **ends the process**
   * with a signal. A fence for finding who writes astray, not a way to be safe: what is mapped with `mode: "read"` is that.
   */
  protect(access: Access, byteOffset?: number, byteLength?: number): void {
    const [at, length] = this.#range(byteOffset, byteLength);
    this.#checkDone(this.#parts.pages().protect(at, length, access), "could not be protected", { access });
  }

  /**
   * Gives pages of anonymous or scratch memory back to the system; they read as zeros then, for everybody who shares them. Destructive. Only whole
   * pages within the range. Throws `unsupported` for files: a hole in one is a signal in a later store, when the disk is full by then.
   */
  discard(byteOffset: number, byteLength: number): void {
    const [at, length] = this.#wholePages(byteOffset, byteLength);
    if (this.#parts.inMemory !== true)
      this.#refuse("keeps its blocks, so that no store can find the disk full", "Store zeros instead.");
    this.#checkDone(this.#parts.pages().advise("remove", at, length), "could not discard pages");
  }

  /** Takes back what was stored to copies on write: the whole pages within the range show the file again. Destructive. */
  revert(byteOffset: number, byteLength: number): void {
    const [at, length] = this.#wholePages(byteOffset, byteLength);
    if (this.#parts.copyOnWrite !== true)
      this.#refuse("has no copies on write that could be taken back", 'Map it with { mode: "copyOnWrite" }.');
    this.#checkDone(this.#parts.pages().advise("revert", at, length), "could not be reverted");
  }

  /**
   * Raises how far the memory can `grow`, which may move it: the views of the memory are other typed arrays then, and everything that reads
   * through the memory follows. Typed arrays that were taken out before still see the file, as far as it went. So do threads that attached to a ticket before.
   */
  reserve(maxByteLength: number): void {
    if (this.closed) this.throwClosed();
    const { reserve } = this.#parts;
    if (maxByteLength <= this.maxByteLength) return;
    if (reserve === undefined)
      this.#refuse(
        "cannot get a larger reservation",
        "Map it with a maxByteLength, for writing or reading, in the thread that grows it.",
      );
    reserve(maxByteLength);
    this.takeMoved();
  }

  /**
   * Throws `io` when the file has been shortened by another program. For moments when nothing is half done: before a batch, at each request. What
   * is lost reads as zeros afterwards and can be touched, so a process that calls it often enough outlives what nearly always ends one. Between
   * two checks a touch of a lost page is still the end; see `copyOut`. Some microseconds.
   */
  check(): void {
    if (this.closed) this.throwClosed();
    checkNotShortened(this.#backed());
  }

  /** A copy of bytes, made by the kernel: of a file that others may shorten at any moment, it throws `io` and never ends the process. */
  copyOut(byteOffset: number, byteLength: number): Uint8Array {
    this.checkRange(byteOffset, byteLength);
    return copyOutSafely(this.#backed(), this.bufferByteOffset + byteOffset, byteLength);
  }

  #backed() {
    const { pages, origin, fileByteOffset, mirrored = false } = this.#parts;
    return {
      subject: this.subject,
      reservation: pages(),
      end: this.bufferByteOffset + (mirrored ? this.byteLength / 2 : this.byteLength),
      fileByteOffset: fileByteOffset - this.bufferByteOffset,
      origin: origin?.(),
    };
  }

  /** A range of the memory as one of the buffer. */
  #range(byteOffset = 0, byteLength = this.byteLength - byteOffset): readonly [number, number] {
    this.checkRange(byteOffset, byteLength);
    return [this.bufferByteOffset + byteOffset, byteLength];
  }

  #wholePages(byteOffset: number, byteLength: number): readonly [number, number] {
    const [at, length] = this.#range(byteOffset, byteLength);
    const { pageByteLength } = Reservation;
    const from = Math.ceil(at / pageByteLength) * pageByteLength;
    const to = Math.floor((at + length) / pageByteLength) * pageByteLength;
    return [from, Math.max(0, to - from)];
  }

  #refuse(event: string, cure: string): never {
    throw new MemoryError("unsupported", { subject: this.subject, event, cure });
  }

  #checkDone(refused: number, event: string, numbers: Readonly<Record<string, string>> = {}): void {
    if (refused !== 0) throw systemError(this.subject, event, refused, numbers);
  }
}
