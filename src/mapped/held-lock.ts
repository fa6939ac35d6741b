import type { Dependent } from "../core/backing.ts";
import { FileLocks, type FileOrigin, LockedByte } from "./file-locks.ts";

/** A lock on a whole file that ends with the memory which was mapped under it. */
export class HeldLock implements Dependent {
  readonly #locks: FileLocks;

  constructor(locks: FileLocks) {
    this.#locks = locks;
  }

  memoryMoved(): void {}

  memoryClosed(): void {
    this.#locks.unlock(LockedByte.file);
    this.#locks.close();
  }
}

/** Takes the lock on the file as a whole. Throws `locked` when it is held otherwise for `timeoutMs`. */
export function holdFile(subject: string, origin: FileOrigin, lock: "exclusive" | "shared", timeoutMs: number): HeldLock {
  const locks = FileLocks.open(subject, origin);
  try {
    locks.lock(LockedByte.file, lock, timeoutMs);
  } catch (error) {
    locks.close();
    throw error;
  }
  return new HeldLock(locks);
}
