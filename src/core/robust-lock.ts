import { MemoryError } from "./errors.ts";
import type { Memory } from "./memory.ts";
import { isShared } from "./parking.ts";
import { NOBODY, SEAT_BITS, type SeatToken, TOKEN_MASK } from "./seat-token.ts";
import type { Seats } from "./seats.ts";

/** Bytes that a lock takes. It begins at a multiple of 4; zeros are an open lock. */
export const ROBUST_LOCK_BYTES = 4;

/** How a lock was found: as its last holder left it, or in the hands of one that is gone, so that what it protects may be half changed. */
export type Acquired = "clean" | "inherited";

const OPEN = 0;
/** Somebody sleeps, or is about to. */
const CONTENDED = 0x4000_0000;
/** Somebody has waited for long: the next release hands the lock over. */
const IMPATIENT = 0x8000_0000 | 0;
/** Open for those who have waited. */
const HANDED_OVER = NOBODY | (1 << SEAT_BITS);
/** Left by one that lives but could not repair what it found. */
const ABANDONED = NOBODY;

/** So often the word is looked at before anybody sleeps: holders need microseconds. */
const SPINS = 200;
/** The longest sleep: a waker may have died, and a holder. */
const SLICE_MS = 50;
const FIRST_SLICE_MS = 2;
const IMPATIENT_AFTER_MS = 1;

/**
 * A lock in the memory, for threads and processes, that outlives its holders.
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

  /** The handle's holder is who sits in `seats`: its own seat then, not now. */
  constructor(seats: Seats, byteOffset: number, subject: string, timeoutMs = 10_000) {
    this.#memory = seats.memory;
    this.#seats = seats;
    this.#word = byteOffset / 4;
    this.#subject = subject;
    this.#timeoutMs = timeoutMs;
  }

  /** The seat of who holds it now, living or dead; 0: nobody. */
  get heldBy(): number {
    const word = Atomics.load(this.#memory.i32, this.#word) & TOKEN_MASK;
    return (word & NOBODY) === NOBODY ? 0 : word & NOBODY;
  }

  /** Whether the own seat holds it. */
  get isHeld(): boolean {
    const { token } = this.#seats;
    return token !== 0 && (Atomics.load(this.#memory.i32, this.#word) & TOKEN_MASK) === token;
  }

  /** Waits for it and holds it. Throws `invalid-argument` where the own seat holds it already, and `locked`, naming the holder, after `timeoutMs`. */
  acquire(timeoutMs = this.#timeoutMs): Acquired {
    const { token } = this.#seats;
    if (token === 0) this.#throwSeatless();
    return Atomics.compareExchange(this.#memory.i32, this.#word, OPEN, token) === OPEN ? "clean" : this.#wait(token, timeoutMs);
  }

  /** Holds it, or returns undefined where somebody else does. */
  tryAcquire(): Acquired | undefined {
    const { token } = this.#seats;
    if (token === 0) this.#throwSeatless();
    const { i32 } = this.#memory;
    const found = Atomics.compareExchange(i32, this.#word, OPEN, token);
    if (found === OPEN) return "clean";
    const holder = found & TOKEN_MASK;
    if (holder === token) this.#throwEntered();
    // Those that it was handed over to may have given up since.
    const isHandedOver = holder === HANDED_OVER;
    if (!isHandedOver && !this.#seats.isGone(holder as SeatToken)) return undefined;
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
    const { token } = this.#seats;
    this.#open(Atomics.load(this.#memory.i32, this.#word), token, ABANDONED);
  }

  /** A release that wakes somebody, or leaves something else than an open lock. */
  #open(seen: number, token: SeatToken, as: number): void {
    const { i32 } = this.#memory;
    for (let found = seen; ; ) {
      if ((found & TOKEN_MASK) !== token || token === 0) this.#throwNotHeld(found);
      const opened = as === OPEN && (found & IMPATIENT) !== 0 ? HANDED_OVER | CONTENDED : as;
      const before = Atomics.compareExchange(i32, this.#word, found, opened);
      if (before === found) {
        if ((found & CONTENDED) !== 0) this.#memory.parking.notify(this.#word, 1);
        return;
      }
      found = before;
    }
  }

  #wait(token: SeatToken, timeoutMs: number): Acquired {
    const { i32 } = this.#memory;
    const since = performance.now();
    let suspect = 0;
    let slept = false;
    for (let looks = 0; ; looks++) {
      const found = Atomics.load(i32, this.#word);
      const holder = found & TOKEN_MASK;
      if (holder === token) this.#throwEntered();
      if (found === OPEN || (holder === HANDED_OVER && slept)) {
        if (Atomics.compareExchange(i32, this.#word, found, slept ? token | CONTENDED : token) === found) return "clean";
        continue;
      }
      if (looks < SPINS) continue;
      const waited = performance.now() - since;
      // Where no other thread sees it nobody could open it.
      const isLate = waited >= timeoutMs || !isShared(i32);
      // To ask whether somebody lives is dear: only of one that was there before the last sleep.
      if ((holder === suspect || isLate) && holder !== HANDED_OVER && this.#seats.isGone(holder as SeatToken)) {
        if (Atomics.compareExchange(i32, this.#word, found, token | CONTENDED) === found) return "inherited";
        continue;
      }
      if (isLate && holder === HANDED_OVER) {
        slept = true;
        continue;
      }
      if (isLate) this.#throwLocked(timeoutMs);
      const marked = found | CONTENDED | (slept && waited > IMPATIENT_AFTER_MS && holder !== HANDED_OVER ? IMPATIENT : 0);
      if (marked !== found && Atomics.compareExchange(i32, this.#word, found, marked) !== found) continue;
      this.#memory.parking.wait(this.#word, marked, Math.min(timeoutMs - waited, slept ? SLICE_MS : FIRST_SLICE_MS));
      slept = true;
      suspect = holder;
    }
  }

  #throwEntered(): never {
    throw new MemoryError("invalid-argument", {
      subject: this.#subject,
      event: "was entered by its own holder, inside an operation that has not ended",
      numbers: { heldBy: this.#seats.seat },
      cure: "Do not call it from what it calls, as from a log; the lock is not re-entrant.",
    });
  }

  #throwSeatless(): never {
    throw new MemoryError("closed", {
      subject: this.#subject,
      event: "was used by one who takes no part in it any more",
      cure: "Attach again.",
    });
  }

  #throwNotHeld(found: number): never {
    throw new MemoryError("invalid-argument", {
      subject: this.#subject,
      event: "was released by one that does not hold it",
      numbers: { heldBy: found & NOBODY, seat: this.#seats.seat },
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
