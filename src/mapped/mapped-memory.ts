import { MemoryError } from "../core/errors.ts";
import { type Backing, Memory } from "../core/memory.ts";
import { systemError } from "../native/system-error.ts";
import type { FileOrigin } from "./file-locks.ts";
import { syncDirectory, syncDirectoryAsync } from "./sync-directory.ts";

/**
 * How the bytes are going to be used. `sequential` reads far ahead, `random` not at all, `normal` in between; `willneed` starts reading
 * everything now; `drop` lets go of the pages in this process, which makes it smaller: they stay in the page cache and come back when
 * they are touched.
 */
export type Advice = "normal" | "sequential" | "random" | "willneed" | "drop";

/** What a mapped memory asks of its pages: 0 or an errno. */
export interface Pages {
  sync(): number;
  syncAsync(): Promise<number>;
  advise(advice: Advice): number;
}

export interface MappedMemoryParts {
  readonly backing: Backing;
  /** The pages; asked for at the first use, since a thread that only reads needs no native code. */
  readonly pages: () => Pages;
  /** Where the file is found that others see the same bytes in; asked for when somebody takes part or locks. */
  readonly origin?: () => FileOrigin | undefined;
  /** Do stores reach the file? */
  readonly writesThrough: boolean;
  /** Do stores stay in this mapping, as its user wants it? */
  readonly copyOnWrite?: boolean;
  /** Where in the memory the asked part of the file begins, 0 to 7. */
  readonly start?: number;
  /** The directory that got a new entry for the file, which a flush must save too. */
  readonly createdIn?: string;
}

/**
 * A memory whose bytes are a file's. Made by `mapFile`, `mapAnonymous`, `mapScratch` and `attach`.
 *
 * Stores are seen by every thread and process that maps the file at once, and survive the end of the process, however it comes. They
 * survive a power failure from the last `flush()` on; pages written after it may have been saved or not, in any order.
 */
export class MappedMemory extends Memory {
  /** Where in the memory the asked part of the file begins: its `byteOffset` modulo 8, since the views need that alignment. */
  readonly start: number;
  readonly #pages: () => Pages;
  readonly #origin: (() => FileOrigin | undefined) | undefined;
  readonly #writesThrough: boolean;
  readonly #copyOnWrite: boolean;
  #createdIn: string | undefined;

  /** For the makers of mapped memories. */
  constructor(parts: MappedMemoryParts) {
    super(parts.backing);
    this.start = parts.start ?? 0;
    this.#pages = parts.pages;
    this.#origin = parts.origin;
    this.#writesThrough = parts.writesThrough;
    this.#copyOnWrite = parts.copyOnWrite ?? false;
    this.#createdIn = parts.createdIn;
  }

  /** The file, for locks. Undefined for copies on write, which nobody else sees. */
  get origin(): FileOrigin | undefined {
    if (this.closed) this.throwClosed();
    return this.#origin?.();
  }

  /**
   * Writes what was stored to the disk and waits until the disk says that it has it; then it survives a power failure, as far
   * as the disk tells the truth. Milliseconds for some megabytes; does nothing where stores do not reach the file. Throws `io` or
   * `disk-full`: then it is unknown which pages were saved, and a later flush may not try them again.
   */
  flush(): void {
    if (this.closed) this.throwClosed();
    if (!this.#writesThrough) return;
    this.#checkFlushed(this.#pages().sync());
    if (this.#createdIn === undefined) return;
    syncDirectory(this.subject, this.#createdIn);
    this.#createdIn = undefined;
  }

  /** `flush` on a thread of the pool, so that the event loop goes on. Stores made meanwhile may be saved or not. */
  async flushAsync(): Promise<void> {
    if (this.closed) this.throwClosed();
    if (!this.#writesThrough) return;
    this.#checkFlushed(await this.#pages().syncAsync());
    if (this.#createdIn === undefined) return;
    await syncDirectoryAsync(this.subject, this.#createdIn);
    this.#createdIn = undefined;
  }

  /** Tells the kernel how the bytes are going to be used. A hint: results never change. Throws `invalid-argument` for `drop` of copies on write, which would lose them. */
  advise(advice: Advice): void {
    if (this.closed) this.throwClosed();
    if (advice === "drop" && this.#copyOnWrite) {
      throw new MemoryError("invalid-argument", {
        subject: this.subject,
        event: "was mapped copy-on-write, so dropping its pages would lose what was stored",
        cure: "Close it instead, or map it for reading.",
      });
    }
    const refused = this.#pages().advise(advice);
    if (refused !== 0) throw systemError(this.subject, "could not be advised", refused, { advice });
  }

  #checkFlushed(refused: number): void {
    if (refused !== 0) throw systemError(this.subject, "could not be saved", refused);
  }
}
