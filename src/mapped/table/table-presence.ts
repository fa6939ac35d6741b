import { FileLocks, LockedByte } from "../file-locks.ts";
import type { MappedMemory } from "../mapped-memory.ts";

/** Within the bytes of structures: held, shared, by everybody who has the table open. */
const OPEN_BYTE = LockedByte.structure;
const PATIENCE_MS = 30_000;

/**
 * Who has a table open, as the kernel knows it: a process or thread that ends, however it does, has it open no more.
 *
 * Coming and going, and what is to be done by the first and by the last, happen one after another.
 */
export class TablePresence {
  readonly #locks: FileLocks;
  #isOpen = false;

  /** Throws what `FileLocks.open` does. */
  constructor(memory: MappedMemory, origin: NonNullable<MappedMemory["origin"]>) {
    this.#locks = FileLocks.open(memory.subject, origin);
  }

  /** Comes in; `first` is called before if nobody is in. */
  enter(first: () => void): void {
    this.#whileAlone(() => {
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
