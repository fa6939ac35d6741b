import { type Abortable, unlessAborted } from "./abort.ts";
import { checkTimeout, deadlineOf } from "./deadline.ts";
import { MemoryError } from "./errors.ts";
import type { Memory } from "./memory.ts";
import { isSeenByOthers } from "./parking.ts";
import { NOBODY, type SeatToken, seatIn, tokenIn, tokenOf } from "./seat-token.ts";
import type { Seats } from "./seats.ts";

/** How long a lock is waited for where nobody says another time. */
export const DEFAULT_TIMEOUT_MS = 10_000;

/** How a lock was found: as its last holder left it, or in the hands of one that is gone, so that what it protects may be half changed. */
export type Acquired = "clean" | "inherited";

const OPEN = 0;
/** Somebody sleeps, or is about to. */
const CONTENDED = 0x4000_0000;
/** Somebody has waited for long: the next release hands the lock over. */
const IMPATIENT = 0x8000_0000 | 0;
/** Left by one that lives but could not repair what it found. */
const ABANDONED = NOBODY;
/** Open for those who have waited. */
const HANDED_OVER = tokenOf(NOBODY, 1);
/** For ever. */
const CLOSED = tokenOf(NOBODY, 2);

/** So often the word is looked at before anybody sleeps: holders need microseconds. */
const SPINS = 200;
/** The longest sleep: a waker may have died, and a holder. */
const SLICE_MS = 50;
const FIRST_SLICE_MS = 2;
const IMPATIENT_AFTER_MS = 1;

/** How far somebody has got with waiting. */
interface Wait {
  readonly since: number;
  readonly timeoutMs: number;
  readonly until: number;
  /** Other work of this thread may hold the lock meanwhile, or wait for it. */
  readonly isAsync: boolean;
  slept: boolean;
  /** Whom it was seen held by before the last sleep. */
  suspect: number;
  /** What the word held when it was time to sleep. */
  seen: number;
}

/**
 * A lock in the memory, for threads and processes, that outlives its holders. Zeros are an open one.
 *
 *     0   word i32   0 open; else bits 0 … 29 the token of its holder's seat, 30 somebody waits, 31 somebody has waited for long
 *
 * The word alone says who holds it, so that whoever waits can see that the holder is gone, and take the lock from it by one compare-and-swap; `acquire` then
 * tells that it was inherited. Not re-entrant. Locks under contention go to whoever comes first, until somebody has waited for a millisecond: then
 * to one that has waited. Where a thread may not sleep it looks again and again.
 *
 * Invariants:
 * 1. At most one seat's token is in the word; the token goes in and out by compare-and-swap from what was looked at.
 * 2. Who sleeps has seen `CONTENDED` set, and who clears it wakes somebody, who sets it again when it takes the lock: others may sleep still.
 * 3. A sleep ends after 50 ms, so that a waker or a holder that died keeps nobody for ever.
 */
export class RobustLock {
  readonly #memory: Memory;
  readonly #seats: Seats;
  readonly #word: number;
  readonly #subject: string;
  readonly #timeoutMs: number;

  /** The handle's holder is who sits in `seats`: its own seat then, not now. Throws `invalid-argument` for what is no time. */
  constructor(seats: Seats, byteOffset: number, subject: string, timeoutMs = DEFAULT_TIMEOUT_MS) {
    checkTimeout(subject, timeoutMs);
    this.#memory = seats.memory;
    this.#seats = seats;
    this.#word = byteOffset / 4;
    this.#subject = subject;
    this.#timeoutMs = timeoutMs;
  }

  /** The seat of who holds it now, living or dead; 0: nobody. */
  get heldBy(): number {
    const seat = seatIn(tokenIn(Atomics.load(this.#memory.i32, this.#word)));
    return seat === NOBODY ? 0 : seat;
  }

  /** Whether the own seat holds it. */
  get isHeld(): boolean {
    const { token } = this.#seats;
    return token !== 0 && tokenIn(Atomics.load(this.#memory.i32, this.#word)) === token;
  }

  /** Whether it was closed for good. */
  get isClosed(): boolean {
    return tokenIn(Atomics.load(this.#memory.i32, this.#word)) === CLOSED;
  }

  /**
   * Waits for it and holds it. Throws `invalid-argument` where the own seat holds it already, and, when it must wait, for what is no time; `locked`, naming
   * the holder, after `timeoutMs`, and `closed` once it is.
   */
  acquire(timeoutMs = this.#timeoutMs): Acquired {
    const token = this.#token();
    if (Atomics.compareExchange(this.#memory.i32, this.#word, OPEN, token) === OPEN) return "clean";
    const { i32 } = this.#memory;
    // Others wait too, if it was handed over to them: that is not open.
    for (let look = 0; look < SPINS; look++) {
      if (Atomics.load(i32, this.#word) === OPEN && Atomics.compareExchange(i32, this.#word, OPEN, token) === OPEN) return "clean";
    }
    const wait = this.#newWait(timeoutMs, false);
    for (;;) {
      const found = this.#attempt(token, wait);
      if (typeof found === "string") return found;
      if (found > 0) this.#memory.parking.wait(this.#word, wait.seen, found);
    }
  }

  /** `acquire` that does not hold the thread. Another holder in the same thread is waited for too. Rejects with the reason of `signal` when that is aborted. */
  async acquireAsync(timeoutMs = this.#timeoutMs, signal?: Abortable): Promise<Acquired> {
    signal?.throwIfAborted();
    if (Atomics.compareExchange(this.#memory.i32, this.#word, OPEN, this.#token()) === OPEN) return "clean";
    const wait = this.#newWait(timeoutMs, true);
    for (;;) {
      const found = this.#attempt(this.#token(), wait);
      if (typeof found === "string") return found;
      if (found > 0) await unlessAborted(this.#memory.parking.waitAsync(this.#word, wait.seen, found), signal);
      try {
        signal?.throwIfAborted();
      } catch (reason) {
        // It may have been this one that was woken.
        this.#memory.parking.notify(this.#word, 1);
        throw reason;
      }
    }
  }

  /** Holds it, or returns undefined where somebody else does. Throws as `acquire` does but for `locked` and times. */
  tryAcquire(): Acquired | undefined {
    const token = this.#token();
    const { i32 } = this.#memory;
    const found = Atomics.compareExchange(i32, this.#word, OPEN, token);
    if (found === OPEN) return "clean";
    const holder = tokenIn(found);
    if (holder === token) this.#throwEntered();
    if (holder === CLOSED) this.#throwClosed();
    // Those that it was handed over to may have given up since.
    const isHandedOver = holder === HANDED_OVER;
    if (!isHandedOver && !this.#seats.isGone(holder)) return undefined;
    if (Atomics.compareExchange(i32, this.#word, found, token | CONTENDED) !== found) return undefined;
    return isHandedOver ? "clean" : "inherited";
  }

  /** Opens it. Throws `invalid-argument` where the own seat does not hold it. */
  release(): void {
    const { token } = this.#seats;
    const found = Atomics.compareExchange(this.#memory.i32, this.#word, token, OPEN);
    if (found !== token || token === 0) this.#open(found, token, OPEN);
  }

  /** Opens a lock that was inherited but whose repair failed: the next to acquire it inherits it again. */
  abandon(): void {
    this.#open(Atomics.load(this.#memory.i32, this.#word), this.#seats.token, ABANDONED);
  }

  /** Lets go of a lock that is held, so that nobody can acquire it any more: who waits is woken and told. */
  close(): void {
    this.#open(Atomics.load(this.#memory.i32, this.#word), this.#seats.token, CLOSED);
  }

  /** A release that wakes somebody, or leaves something else than an open lock. */
  #open(seen: number, token: SeatToken, as: number): void {
    const { i32 } = this.#memory;
    for (let found = seen; ; ) {
      if (tokenIn(found) !== token || token === 0) this.#throwNotHeld(found);
      const opened = as === OPEN && (found & IMPATIENT) !== 0 ? HANDED_OVER | CONTENDED : as;
      const before = Atomics.compareExchange(i32, this.#word, found, opened);
      if (before === found) {
        const count = as === CLOSED ? Number.POSITIVE_INFINITY : 1;
        if ((found & CONTENDED) !== 0) this.#memory.parking.notify(this.#word, count);
        return;
      }
      found = before;
    }
  }

  /** One look at the lock of somebody who waits: holds it, or tells for how long to sleep, 0: not at all. */
  #attempt(token: SeatToken, wait: Wait): Acquired | number {
    const { i32 } = this.#memory;
    const found = Atomics.load(i32, this.#word);
    const holder = tokenIn(found);
    if (holder === CLOSED) this.#throwClosed();
    if (holder === token && !wait.isAsync) this.#throwEntered();
    const now = performance.now();
    // Where no other thread sees it nobody could open it while this one waits.
    const isLate = now >= wait.until || !(wait.isAsync || isSeenByOthers(this.#memory));
    if (found === OPEN || (holder === HANDED_OVER && (wait.slept || isLate))) {
      const taken = wait.slept ? token | CONTENDED : token;
      return Atomics.compareExchange(i32, this.#word, found, taken) === found ? "clean" : 0;
    }
    // To ask whether somebody lives is dear: only of one that was there before the last sleep.
    if ((holder === wait.suspect || isLate) && holder !== HANDED_OVER && this.#seats.isGone(holder)) {
      return Atomics.compareExchange(i32, this.#word, found, token | CONTENDED) === found ? "inherited" : 0;
    }
    if (isLate) this.#throwLocked(wait.timeoutMs);
    const isImpatient = wait.slept && now - wait.since > IMPATIENT_AFTER_MS && holder !== HANDED_OVER;
    const marked = found | CONTENDED | (isImpatient ? IMPATIENT : 0);
    if (marked !== found && Atomics.compareExchange(i32, this.#word, found, marked) !== found) return 0;
    const slice = wait.slept ? SLICE_MS : FIRST_SLICE_MS;
    wait.seen = marked;
    wait.slept = true;
    wait.suspect = holder;
    return Math.min(wait.until - now, slice);
  }

  #newWait(timeoutMs: number, isAsync: boolean): Wait {
    const until = deadlineOf(this.#subject, timeoutMs);
    return { since: performance.now(), timeoutMs, until, isAsync, slept: false, suspect: 0, seen: 0 };
  }

  #token(): SeatToken {
    const { token } = this.#seats;
    if (token !== 0) return token;
    throw new MemoryError("closed", {
      subject: this.#subject,
      event: "was used by one who takes no part in it any more",
      cure: "Attach again.",
    });
  }

  #throwClosed(): never {
    throw new MemoryError("closed", {
      subject: this.#subject,
      event: "was closed, for all who take part",
      cure: "End the work that needs it, or make it anew.",
    });
  }

  #throwEntered(): never {
    throw new MemoryError("invalid-argument", {
      subject: this.#subject,
      event: "was entered by its own holder, inside an operation that has not ended",
      numbers: { heldBy: this.#seats.seat },
      cure: "Do not call it from what it calls, as from a log; the lock is not re-entrant.",
    });
  }

  #throwNotHeld(found: number): never {
    throw new MemoryError("invalid-argument", {
      subject: this.#subject,
      event: "was released by one that does not hold it",
      numbers: { heldBy: seatIn(tokenIn(found)), seat: this.#seats.seat },
      cure: "Release it once, after it was acquired, by the same participant.",
    });
  }

  #throwLocked(timeoutMs: number): never {
    const { heldBy } = this;
    throw new MemoryError("locked", {
      subject: this.#subject,
      event: "is held by another thread or process, and was not released in time",
      numbers: { heldBy, identity: heldBy === 0 ? undefined : this.#seats.holderOf(heldBy)?.identity, timeoutMs },
      cure: "If that one is dead, make it known: take part with isAlive, or bury its seat.",
    });
  }
}

/** For when nobody takes part any more: the holder that the lock names is dead, and whoever acquires it next inherits it. May run again. */
export function abandonLock({ i32 }: Memory, byteOffset: number): void {
  const word = byteOffset / 4;
  const holder = tokenIn(Atomics.load(i32, word));
  if (holder === OPEN || holder === CLOSED) return;
  Atomics.store(i32, word, holder === HANDED_OVER ? OPEN : ABANDONED);
}
