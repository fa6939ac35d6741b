import { checkCall, OPTIONS } from "../../core/check-call.ts";
import { MemoryError } from "../../core/errors.ts";
import { type Acquired, RobustLock } from "../../core/robust-lock.ts";
import { type AsyncHoldOptions, Holdable, type HoldOptions } from "./holdable.ts";
import { A_ROSTER, checkLockPlace, type Roster } from "./roster.ts";

/** Bytes of a mutex; zeros are an open one. */
export const MUTEX_BYTES = 64;

export interface LockOptions {
  /** Where in the roster's memory it lies, a multiple of 64. */
  readonly byteOffset: number;
  /** How long to wait before `locked` is thrown. Default: 10 seconds; 0 … Infinity. */
  readonly timeoutMs?: number;
  /**
   * Makes sound what the lock protects, when its holder has died in the middle of a change: called by whoever gets it next, before it goes on. Without it
   * that one is refused with `participant-lost`, and so is everybody after. When it throws, so does what called it, and the next one tries again.
   */
  readonly repair?: () => void;
}

/**
 * One holder at a time, among threads and processes.
 *
 *     0   word i32   see core/robust-lock.ts
 *
 * ```ts
 * using held = queue.hold();
 * memory.i32[at] += 1;
 * ```
 *
 * An open mutex is taken and released by one atomic operation each. Who has waited for a millisecond gets it before those who come later. A holder that
 * dies leaves it to the next, which repairs. Not re-entrant.
 */
export class Mutex extends Holdable implements Disposable {
  readonly roster: Roster;
  readonly #lock: RobustLock;
  readonly #subject: string;
  readonly #repair: (() => void) | undefined;

  /** For `mutex`. */
  constructor(roster: Roster, { byteOffset, timeoutMs, repair }: LockOptions, subject = "mutex") {
    checkLockPlace(subject, roster.memory, byteOffset);
    roster.memory.checkRange(byteOffset, MUTEX_BYTES);
    super();
    this.roster = roster;
    this.#subject = subject;
    this.#lock = new RobustLock(roster.seats, byteOffset, subject, timeoutMs);
    this.#repair = repair;
  }

  /** The seat of who holds it, living or dead; 0: nobody. */
  get heldBy(): number {
    return this.#lock.heldBy;
  }

  /** Whether this participant holds it. */
  get isHeld(): boolean {
    return this.#lock.isHeld;
  }

  get isClosed(): boolean {
    return this.#lock.isClosed;
  }

  acquire(options?: HoldOptions): void {
    if (this.#lock.acquire(options?.timeoutMs) === "inherited") this.#inherit();
  }

  tryAcquire(): boolean {
    const acquired = this.#lock.tryAcquire();
    if (acquired === "inherited") this.#inherit();
    return acquired !== undefined;
  }

  async acquireAsync(options?: AsyncHoldOptions): Promise<void> {
    const acquired: Acquired = await this.#lock.acquireAsync(options?.timeoutMs, options?.signal);
    if (acquired === "inherited") this.#inherit();
  }

  release(): void {
    this.#lock.release();
  }

  /** Ends it for all who take part, once whoever holds it has released it: who waits is woken, and told `closed`. */
  close(): void {
    if (this.isClosed) return;
    if (!this.isHeld) this.acquire();
    this.#lock.close();
  }

  /** Releases it if this participant holds it. Others go on. */
  [Symbol.dispose](): void {
    if (!this.roster.memory.closed && this.isHeld) this.release();
  }

  #inherit(): void {
    try {
      if (this.#repair === undefined) refuseInherited(this.#subject);
      this.#repair();
    } catch (error) {
      this.#lock.abandon();
      throw error;
    }
  }
}

/** The error of who finds that a holder has died, where nobody can repair. */
export function refuseInherited(subject: string): never {
  throw new MemoryError("participant-lost", {
    subject,
    event: "was held by a participant that died, so what it protects may be half changed",
    cure: "Make it with `repair`, which looks at that and makes it sound.",
  });
}

/** The mutex at a place of the roster's memory. */
export function mutex(roster: Roster, options: LockOptions): Mutex {
  checkCall("mutex(here, { byteOffset: 4096 })", [A_ROSTER, roster], [OPTIONS, options]);
  return new Mutex(roster, options);
}
