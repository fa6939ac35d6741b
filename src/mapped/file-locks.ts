import { closeSync, constants, openSync } from "node:fs";
import { MemoryError } from "../core/errors.ts";
import { type ByteLock, system } from "../native/system.ts";
import { errnoName, systemError } from "../native/system-error.ts";
import { type FileIdentity, identityOfOpen, isSameFile } from "./file-identity.ts";
import { sleep } from "./sleep.ts";
import { descriptorPath } from "./unnamed-file.ts";

/** Where a file that takes part in locking is found, and how it is known again. */
export interface FileOrigin extends FileIdentity {
  readonly path: string;
  /** A descriptor of this process that leads to the file when its name does not, as long as it is open. */
  readonly descriptor?: number;
}

/** What is locked in a file. The numbers are places behind the bytes that a file can have, so no lock is in the way of a read or a write. */
export const LockedByte = {
  /** The file as a whole, for those who open it with `lock`. */
  file: 1n << 61n,
  /** Whoever makes the file or repairs it. */
  creation: (1n << 61n) + 1n,
  /** Whoever makes the file longer. */
  growth: (1n << 61n) + 2n,
  /** Free for structures in the file: `structure + n`, n < 2^32. */
  structure: (1n << 61n) + (1n << 32n),
  /** The presence of participants: `participant + identity`, the identity as an unsigned word. */
  participant: 1n << 62n,
} as const;

/**
 * The locks that this thread holds on one file, kept by the kernel: they vanish when they are released, when the thread ends and when the process
 * ends, by `kill -9` too. Threads and processes exclude each other in the same way. For all of a thread there is one of these a file.
 *
 * Invariants:
 * 1. One descriptor, which nothing else uses: a mapping made from it would keep the locks after it is closed, and so would a child that
 *    inherits it. It is opened through node:fs, which closes what a worker has opened when that ends.
 * 2. `#held` is what the kernel holds for the descriptor. The kernel lets one description lock the same byte as often as it likes, so
 *    within the thread it is this book that excludes.
 * 3. In `open` while `#users > 0`.
 */
export class FileLocks {
  static readonly #open = new Map<string, FileLocks>();
  readonly subject: string;
  readonly #key: string;
  readonly #fd: number;
  readonly #held = new Map<bigint, { readonly lock: ByteLock; count: number }>();
  #users = 1;

  private constructor(subject: string, key: string, fd: number) {
    this.subject = subject;
    this.#key = key;
    this.#fd = fd;
  }

  /** This thread's locks on the file. Ends with as many `close()`. Throws `io` when `origin` leads to another file by now, `unsupported` where there are no locks. */
  static open(subject: string, origin: FileOrigin): FileLocks {
    const key = `${origin.device}:${origin.inode}`;
    const found = FileLocks.#open.get(key);
    if (found !== undefined) {
      found.#users += 1;
      return found;
    }
    system();
    const locks = new FileLocks(subject, key, openOrigin(subject, origin));
    FileLocks.#open.set(key, locks);
    return locks;
  }

  /** Locks a byte; false where another thread, process or holder of this thread has it in a way that excludes. */
  tryLock(byte: bigint, lock: Exclude<ByteLock, "none">): boolean {
    const held = this.#held.get(byte);
    if (held !== undefined) {
      if (held.lock === "exclusive" || lock === "exclusive") return false;
      held.count += 1;
      return true;
    }
    const refused = system().lockByte(this.#fd, byte, lock);
    if (refused !== 0) {
      if (errnoName(refused) === "EAGAIN") return false;
      throw systemError(this.subject, "could not be locked", refused, { lock });
    }
    this.#held.set(byte, { lock, count: 1 });
    return true;
  }

  /** Locks a byte, waiting for it. Throws `locked` after `timeoutMs`. Blocks the thread. */
  lock(byte: bigint, lock: Exclude<ByteLock, "none">, timeoutMs: number): void {
    const until = performance.now() + timeoutMs;
    for (let pause = 1; !this.tryLock(byte, lock); pause = Math.min(2 * pause, 20)) {
      if (performance.now() >= until) this.throwLocked(lock, timeoutMs);
      sleep(pause);
    }
  }

  /** Releases what was locked as often as it was. */
  unlock(byte: bigint): void {
    const held = this.#held.get(byte);
    if (held === undefined || --held.count > 0) return;
    this.#held.delete(byte);
    const refused = system().lockByte(this.#fd, byte, "none");
    if (refused !== 0) throw systemError(this.subject, "could not be unlocked", refused);
  }

  /** Whether anybody holds the byte in any way, this thread included. */
  isLocked(byte: bigint): boolean {
    if (this.#held.has(byte)) return true;
    const found = system().probeByte(this.#fd, byte);
    if (found < 0) throw systemError(this.subject, "could not be asked for its locks", -found);
    return found === 1;
  }

  /** One user less; the last one's end releases everything. */
  close(): void {
    if (this.#users === 0 || --this.#users > 0) return;
    FileLocks.#open.delete(this.#key);
    this.#held.clear();
    closeSync(this.#fd);
  }

  throwLocked(lock: ByteLock, timeoutMs: number): never {
    throw new MemoryError("locked", {
      subject: this.subject,
      event: lock === "shared" ? "is locked by somebody who wants it alone" : "is in use by another thread or process",
      numbers: { lock, timeoutMs },
      cure: "Wait until it is closed there. The kernel takes the lock from a process that has ended, so somebody who runs holds it.",
    });
  }
}

/** A descriptor of its own for the file, by its name or by a descriptor that leads to it. */
function openOrigin(subject: string, origin: FileOrigin): number {
  const { path, inode, descriptor } = origin;
  const ways = [path, ...(descriptor === undefined ? [] : [descriptorPath(descriptor)])];
  let refused: unknown;
  for (const way of ways) {
    const fd = tryOpen(way);
    if (typeof fd !== "number") {
      refused ??= fd.refused;
      continue;
    }
    if (isSameFile(identityOfOpen(fd), origin)) return fd;
    closeSync(fd);
  }
  if (refused !== undefined) throw systemError(subject, "could not be opened for locking", refused, { path });
  throw new MemoryError("io", {
    subject,
    event: "is another file under its name by now, so its locks cannot be reached",
    numbers: { path, inode },
    cure: "Take part before the file is renamed or removed, or map it anew.",
  });
}

/** For writing where that is allowed: an exclusive lock needs it. */
function tryOpen(path: string): number | { readonly refused: unknown } {
  try {
    return openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  } catch (cause) {
    const errno = errnoName(cause);
    if (errno !== "EACCES" && errno !== "EROFS" && errno !== "EPERM") return { refused: cause };
  }
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    return { refused: cause };
  }
}
