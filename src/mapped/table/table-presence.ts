import { FileLocks, LockedByte } from "../file-locks.ts";
import type { MappedMemory } from "../mapped-memory.ts";

/** Within the bytes of structures: held, shared, by everybody who has the table open. */
const OPEN_BYTE = LockedByte.structure;
/** The same of those who only read: while they do the file stays as long as it is. */
const READ_BYTE = LockedByte.structure + 1n;
const PATIENCE_MS = 30_000;

/**
 * Who has a table open, as the kernel knows it: a process or thread that ends, however it does, has it open no more.
 *
 * Coming and going, and what is to be done by the first and by the last, happen one after another.
 */
export class TablePresence {
  readonly #locks: FileLocks;
  #isOpen = false;
  #isReading = false;

  /** Throws what `FileLocks.open` does. */
  constructor(memory: MappedMemory, origin: NonNullable<MappedMemory["origin"]>) {
    this.#locks = FileLocks.open(memory.subject, origin);
  }

  /** Comes in; `first` is called before if nobody is in. False, and not in, when by then the last one to leave has cut the file. */
  enter(isUncut: () => boolean, first: () => void): boolean {
    this.#whileAlone(() => {
      if (!isUncut()) return;
      if (this.#locks.tryLock(OPEN_BYTE, "exclusive")) {
        try {
          first();
        } finally {
          this.#locks.unlock(OPEN_BYTE);
        }
      }
      this.#locks.lock(OPEN_BYTE, "shared", PATIENCE_MS);
      this.#isOpen = true;
    });
    return this.#isOpen;
  }

  /** Comes in to read. False as for `enter`. */
  enterReading(isUncut: () => boolean): boolean {
    this.#locks.lock(READ_BYTE, "shared", PATIENCE_MS);
    this.#isReading = true;
    return isUncut();
  }

  /** Calls `work` if nobody only reads, and keeps those off meanwhile. */
  whileUnread(work: () => void): void {
    if (!this.#locks.tryLock(READ_BYTE, "exclusive")) return;
    try {
      work();
    } finally {
      this.#locks.unlock(READ_BYTE);
    }
  }

  /** Leaves; `last` is called then if nobody else is in. */
  leave(last: () => void): void {
    try {
      if (this.#isOpen) {
        this.#whileAlone(() => {
          this.#locks.unlock(OPEN_BYTE);
          this.#isOpen = false;
          if (!this.#locks.tryLock(OPEN_BYTE, "exclusive")) return;
          try {
            last();
          } finally {
            this.#locks.unlock(OPEN_BYTE);
          }
        });
      }
      if (this.#isReading) this.#locks.unlock(READ_BYTE);
    } finally {
      this.#locks.close();
    }
  }

  #whileAlone(work: () => void): void {
    this.#locks.lock(LockedByte.creation, "exclusive", PATIENCE_MS);
    try {
      work();
    } finally {
      this.#locks.unlock(LockedByte.creation);
    }
  }
}
