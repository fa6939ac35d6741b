import { alignUp } from "../../core/align.ts";
import { checkCall, OPTIONS } from "../../core/check-call.ts";
import { checkCount } from "../../core/check-count.ts";
import { deadlineOf, leftUntil } from "../../core/deadline.ts";
import { MemoryError } from "../../core/errors.ts";
import { DEFAULT_TIMEOUT_MS, RobustLock } from "../../core/robust-lock.ts";
import { seatIn, tokenIn } from "../../core/seat-token.ts";
import { Signal } from "../signal.ts";
import { LOOKS } from "../waiting.ts";
import { type AsyncHoldOptions, Holdable, type HoldOptions } from "./holdable.ts";
import { A_ROSTER, checkLockPlace, type Roster } from "./roster.ts";

export interface SemaphoreOptions {
  /** Where in the roster's memory it lies, a multiple of 64. */
  readonly byteOffset: number;
  /** How many can be held at the same time, 1 … 65536: the same number on all sides. */
  readonly permits: number;
  /** How long to wait before `locked` is thrown. Default: 10 seconds; 0 … Infinity. */
  readonly timeoutMs?: number;
}

/** i32 words. */
const QUEUE = 0;
const RELEASED = 1;
const CLOSED = 2;
const PERMITS = 16;
const MOST_PERMITS = 65_536;
const SUBJECT = "semaphore";

/** Bytes of a semaphore, a multiple of 64; zeros are one all of whose permits are there. */
export function semaphoreByteLength(permits: number): number {
  return alignUp((PERMITS + permits) * 4, 64);
}

/**
 * So many holders at a time, among threads and processes: connections, buffers, places in a cache.
 *
 *     0    queue i32      who is next when none is there: see core/robust-lock.ts
 *     4    released i32   signal: one was given back
 *     8    closed i32     1 for ever
 *     64   permits i32    one each: the token of its holder, 0: there
 *
 * A permit names its holder, so one that a dead participant held is found and taken by who needs it. Who finds none waits in the queue, and who comes later
 * behind it.
 *
 * Invariants:
 * 1. A permit goes from 0, or from a token of one that is gone, to a token by one compare-and-swap, and back to 0 by its holder alone.
 * 2. While somebody is in the queue nobody takes a permit but the first of it.
 */
export class Semaphore extends Holdable implements Disposable {
  readonly roster: Roster;
  readonly permits: number;
  readonly #queue: RobustLock;
  readonly #released: Signal;
  readonly #base: number;
  readonly #timeoutMs: number;
  /** The numbers of those that this handle holds. */
  readonly #held: number[] = [];

  /** For `semaphore`. */
  constructor(roster: Roster, { byteOffset, permits, timeoutMs = DEFAULT_TIMEOUT_MS }: SemaphoreOptions) {
    checkLockPlace(SUBJECT, roster.memory, byteOffset);
    checkCount(SUBJECT, "permits", permits, 1, MOST_PERMITS);
    roster.memory.checkRange(byteOffset, semaphoreByteLength(permits));
    super();
    this.roster = roster;
    this.permits = permits;
    this.#base = byteOffset / 4;
    this.#queue = new RobustLock(roster.seats, byteOffset + QUEUE * 4, SUBJECT, timeoutMs);
    this.#released = new Signal(roster.memory, byteOffset + RELEASED * 4);
    this.#timeoutMs = timeoutMs;
  }

  /** How many are there, as far as is known. */
  get available(): number {
    const { i32 } = this.roster.memory;
    let count = 0;
    for (let permit = 0; permit < this.permits; permit++) if (Atomics.load(i32, this.#base + PERMITS + permit) === 0) count += 1;
    return count;
  }

  /** How many this handle holds. */
  get held(): number {
    return this.#held.length;
  }

  get isClosed(): boolean {
    return Atomics.load(this.roster.memory.i32, this.#base + CLOSED) !== 0;
  }

  acquire({ timeoutMs = this.#timeoutMs }: HoldOptions = {}): void {
    if (this.#takeAtOnce()) return;
    if (this.#held.length === this.permits) this.#throwOwn();
    const until = deadlineOf(SUBJECT, timeoutMs);
    this.#queue.acquire(timeoutMs);
    let looks = 0;
    try {
      const options = { timeoutMs: leftUntil(until) };
      if (!this.#released.waitUntil(() => this.#take(looks++ > LOOKS), options) && !this.#take(true)) this.#throwLocked(timeoutMs);
    } finally {
      this.#queue.release();
    }
  }

  tryAcquire(): boolean {
    return this.#takeAtOnce() || (!this.#isQueued && this.#take(true));
  }

  async acquireAsync({ timeoutMs = this.#timeoutMs, signal }: AsyncHoldOptions = {}): Promise<void> {
    signal?.throwIfAborted();
    if (this.#takeAtOnce()) return;
    const until = deadlineOf(SUBJECT, timeoutMs);
    await this.#queue.acquireAsync(timeoutMs, signal);
    let looks = 0;
    try {
      const options = { timeoutMs: leftUntil(until), ...(signal && { signal }) };
      if (!(await this.#released.waitUntilAsync(() => this.#take(looks++ > 1), options)) && !this.#take(true))
        this.#throwLocked(timeoutMs);
    } finally {
      this.#queue.release();
    }
  }

  /** Gives one of those that this handle holds back. Throws `invalid-argument` where it holds none. */
  release(): void {
    const permit = this.#held.pop();
    if (permit === undefined) this.#throwNotHeld();
    Atomics.store(this.roster.memory.i32, this.#base + PERMITS + permit, 0);
    this.#released.raise();
  }

  /** Ends it for all who take part: who waits is woken, and told `closed`. Those that are held stay so until they are released. */
  close(): void {
    Atomics.store(this.roster.memory.i32, this.#base + CLOSED, 1);
    this.#released.raise();
  }

  /** Gives back all that this handle holds. Others go on. */
  [Symbol.dispose](): void {
    if (!this.roster.memory.closed) while (this.#held.length > 0) this.release();
  }

  /** What contradicts the invariants. */
  checkInvariants(): string[] {
    const { memory, seats } = this.roster;
    return this.#held.flatMap((permit) => {
      const token = Atomics.load(memory.i32, this.#base + PERMITS + permit);
      return token === seats.token ? [] : [`permit ${permit} is held here, and its word has token ${token}`];
    });
  }

  get #isQueued(): boolean {
    return Atomics.load(this.roster.memory.i32, this.#base + QUEUE) !== 0;
  }

  #takeAtOnce(): boolean {
    return !this.#isQueued && this.#take(false);
  }

  /** Takes one that is there; `asks`: or one whose holder is gone, which is dear to find out. */
  #take(asks: boolean): boolean {
    if (this.isClosed) this.#throwClosed();
    const { memory, seats } = this.roster;
    const { i32 } = memory;
    if (seats.token === 0) this.#throwClosed();
    for (let permit = 0; permit < this.permits; permit++) {
      const word = this.#base + PERMITS + permit;
      const token = Atomics.load(i32, word);
      if (token !== 0 && !(asks && seats.isGone(tokenIn(token)))) continue;
      if (Atomics.compareExchange(i32, word, token, seats.token) !== token) continue;
      this.#held.push(permit);
      return true;
    }
    return false;
  }

  #throwClosed(): never {
    throw new MemoryError("closed", {
      subject: SUBJECT,
      event: "was closed, for all who take part or by this one leaving its roster",
      cure: "End the work that needs it, or make it anew.",
    });
  }

  #throwLocked(timeoutMs: number): never {
    const first = seatIn(tokenIn(Atomics.load(this.roster.memory.i32, this.#base + PERMITS)));
    throw new MemoryError("locked", {
      subject: SUBJECT,
      event: "has all its permits with other threads or processes, and none came back in time",
      numbers: { permits: this.permits, heldBy: first === 0 ? undefined : first, timeoutMs },
      cure: "If one of those is dead, make it known: take part with isAlive, or bury its seat.",
    });
  }

  #throwOwn(): never {
    throw new MemoryError("invalid-argument", {
      subject: SUBJECT,
      event: "has all its permits with the very participant that wants one more, which would wait for itself",
      numbers: { permits: this.permits },
      cure: "Release one first, or make it with more.",
    });
  }

  #throwNotHeld(): never {
    throw new MemoryError("invalid-argument", {
      subject: SUBJECT,
      event: "was released by one that holds no permit",
      numbers: { seat: this.roster.seat },
      cure: "Release each once, through the handle that acquired it.",
    });
  }
}

/** The semaphore at a place of the roster's memory. */
export function semaphore(roster: Roster, options: SemaphoreOptions): Semaphore {
  checkCall("semaphore(here, { byteOffset: 4096, permits: 8 })", [A_ROSTER, roster], [OPTIONS, options]);
  return new Semaphore(roster, options);
}
