import { FileLocks, LockedByte } from "../file-locks.ts";
import type { MappedMemory } from "../mapped-memory.ts";
import type { Presence } from "./join.ts";

/** Bytes of the file that are locked: see file-locks.ts. */
const DOOR = LockedByte.structure;
const USE = LockedByte.structure + 1n;
const READING = LockedByte.structure + 2n;
/** Who comes in may have to repair what a power failure has left. */
const PATIENCE_MS = 30_000;

/**
 * Who uses a segment, kept by the kernel: so that who comes first knows that nobody is there, whatever the bytes say, and nobody comes in meanwhile.
 *
 * Invariants:
 * 1. Whoever uses the segment holds USE shared; it is taken and left while DOOR is held alone.
 * 2. Whoever only reads it holds READING shared, and whoever takes pages away from a structure that is there holds it alone.
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

  withoutReaders<Result>(work: () => Result): Result {
    this.#locks.lock(READING, "exclusive", 0);
    try {
      return work();
    } finally {
      this.#locks.unlock(READING);
    }
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

/** The presence of who only reads a segment: nothing is deleted or moved under it. */
export function readingPresence(memory: MappedMemory): Disposable {
  const { origin } = memory;
  if (origin === undefined) memory.throwClosed();
  const locks = FileLocks.open(memory.subject, origin);
  try {
    locks.lock(READING, "shared", PATIENCE_MS);
  } catch (error) {
    locks.close();
    throw error;
  }
  return {
    [Symbol.dispose](): void {
      locks.unlock(READING);
      locks.close();
    },
  };
}
