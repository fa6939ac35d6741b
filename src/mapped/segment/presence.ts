import { FileLocks, LockedByte } from "../file-locks.ts";
import type { MappedMemory } from "../mapped-memory.ts";
import type { Presence } from "./join.ts";

/** Bytes of the file that are locked: see file-locks.ts. */
const DOOR = LockedByte.structure;
const USE = LockedByte.structure + 1n;
/** Who comes in may have to repair what a power failure has left. */
const PATIENCE_MS = 30_000;

/**
 * Who uses a segment, kept by the kernel: so that who comes first knows that nobody is there, whatever the bytes say, and nobody comes in meanwhile.
 *
 * Invariant: whoever uses the segment holds USE shared; it is taken and left while DOOR is held alone.
 */
export class SegmentPresence implements Presence, Disposable {
  readonly #locks: FileLocks;
  #isIn = false;

  constructor(memory: MappedMemory) {
    const { origin } = memory;
    if (origin === undefined) memory.throwClosed();
    this.#locks = FileLocks.open(memory.subject, origin);
  }

  enter(first: () => void, then: () => void): void {
    this.#atTheDoor(() => {
      if (this.#locks.tryLock(USE, "exclusive")) {
        try {
          first();
        } finally {
          this.#locks.unlock(USE);
        }
      }
      // At the door nobody else can have it alone.
      this.#locks.lock(USE, "shared", PATIENCE_MS);
      try {
        then();
      } catch (error) {
        this.#locks.unlock(USE);
        throw error;
      }
      this.#isIn = true;
    });
  }

  leave(last: () => void): void {
    if (!this.#isIn) return;
    this.#isIn = false;
    this.#atTheDoor(() => {
      this.#locks.unlock(USE);
      if (!this.#locks.tryLock(USE, "exclusive")) return;
      try {
        last();
      } finally {
        this.#locks.unlock(USE);
      }
    });
  }

  tryAlone(work: () => void): boolean {
    return this.#atTheDoor(() => {
      this.#locks.unlock(USE);
      const isAlone = this.#locks.tryLock(USE, "exclusive");
      try {
        if (isAlone) work();
        return isAlone;
      } finally {
        if (isAlone) this.#locks.unlock(USE);
        this.#locks.lock(USE, "shared", PATIENCE_MS);
      }
    });
  }

  [Symbol.dispose](): void {
    this.#locks.close();
  }

  #atTheDoor<Result>(work: () => Result): Result {
    this.#locks.lock(DOOR, "exclusive", PATIENCE_MS);
    try {
      return work();
    } finally {
      this.#locks.unlock(DOOR);
    }
  }
}
