import { checkCall, OPTIONS } from "../../core/check-call.ts";
import { deadlineOf, leftUntil } from "../../core/deadline.ts";
import { MemoryError } from "../../core/errors.ts";
import { type Acquired, DEFAULT_TIMEOUT_MS, RobustLock } from "../../core/robust-lock.ts";
import { tokenIn } from "../../core/seat-token.ts";
import { Signal } from "../signal.ts";
import { LOOKS } from "../waiting.ts";
import { type AsyncHoldOptions, type Holdable, type HoldOptions, holdable } from "./holdable.ts";
import { type LockOptions, refuseInherited } from "./mutex.ts";
import { A_ROSTER, checkLockPlace, type Roster } from "./roster.ts";
import { SUBJECT, throwNotReading, throwSecondHandle, throwUpgrade } from "./rw-lock-mistakes.ts";

/** i32 words. */
const LEFT = 1;
const WRITING = 2;
const READERS = 16;
const READER_WORDS = 16;

/** Bytes of a lock for a roster of so many seats; zeros are an open one. */
export function rwLockByteLength(seats = 32): number {
  return (READERS + seats * READER_WORDS) * 4;
}

/**
 * Many readers or one writer, among threads and processes.
 *
 *     0    word i32      who writes or is about to: see core/robust-lock.ts
 *     4    left i32      signal: a reader has left
 *     8    writing i32   1 while a writer changes what is protected
 *     64   readers       64 bytes a seat of the roster: i32 its token while it reads, else 0
 *
 * Readers do not touch each other's lines: to read is to write one's own token and to look at the word of the writer. Who finds a writer there waits for
 * its turn at that word as writers do, who get it in the order in which they have waited; so neither starves the other. One that dies while it reads is
 * gone for the next writer; one that dies while it writes leaves a change to be repaired by whoever comes next, reader or writer.
 *
 * Invariants:
 * 1. A reader writes its token before it looks at the word; a writer has its token in the word before it looks at the readers. So one sees the other.
 * 2. `writing` is 1 only while the word names a writer that found no reader.
 *
 * `lock.read` and `lock.write` are what can be held. This thread may read several times at once.
 */
export class RwLock implements Disposable {
  readonly roster: Roster;
  readonly read: Holdable;
  readonly write: Holdable;
  readonly #word: RobustLock;
  readonly #left: Signal;
  readonly #base: number;
  readonly #timeoutMs: number;
  readonly #repair: (() => void) | undefined;
  /** How often this handle reads. */
  #reading = 0;

  /** For `rwLock`. */
  constructor(roster: Roster, { byteOffset, timeoutMs = DEFAULT_TIMEOUT_MS, repair }: LockOptions) {
    checkLockPlace(SUBJECT, roster.memory, byteOffset);
    roster.memory.checkRange(byteOffset, rwLockByteLength(roster.seats.count));
    this.roster = roster;
    this.#base = byteOffset / 4;
    this.#word = new RobustLock(roster.seats, byteOffset, SUBJECT, timeoutMs);
    this.#left = new Signal(roster.memory, byteOffset + LEFT * 4);
    this.#timeoutMs = timeoutMs;
    this.#repair = repair;
    this.read = holdable({
      acquire: (options) => this.#acquireRead(options),
      tryAcquire: () => this.#tryAcquireRead(),
      acquireAsync: (options) => this.#acquireReadAsync(options),
      release: () => this.#releaseRead(),
    });
    this.write = holdable({
      acquire: (options) => this.#acquireWrite(options),
      tryAcquire: () => this.#tryAcquireWrite(),
      acquireAsync: (options) => this.#acquireWriteAsync(options),
      release: () => this.#releaseWrite(),
    });
  }

  /** The seat of who writes or is about to; 0: nobody. */
  get writer(): number {
    return this.#word.heldBy;
  }

  /** Seats of those who read, as far as is known. */
  readers(): number[] {
    const { i32 } = this.roster.memory;
    const seats = Array.from({ length: this.roster.seats.count }, (_, at) => at + 1);
    return seats.filter((seat) => Atomics.load(i32, this.#readerWord(seat)) !== 0);
  }

  /** Ends it for all who take part, once nobody holds it: who waits is woken, and told `closed`. */
  close(): void {
    if (this.#word.isClosed) return;
    if (!this.#word.isHeld) this.#acquireWrite();
    this.#stopWriting();
    this.#word.close();
  }

  /** Releases what this participant holds. Others go on. */
  [Symbol.dispose](): void {
    if (this.roster.memory.closed) return;
    if (this.#reading > 0) this.#stopReading();
    if (this.#word.isHeld) this.#releaseWrite();
  }

  /** What contradicts the invariants. Meaningful while nobody acquires or releases it. */
  checkInvariants(): string[] {
    const { i32 } = this.roster.memory;
    const writing = Atomics.load(i32, this.#base + WRITING);
    const found: string[] = [];
    if (writing !== 0 && (this.writer === 0 || this.readers().length > 0)) {
      found.push(`somebody is writing while seat ${this.writer} holds it and seats ${this.readers().join(", ")} read`);
    }
    if (writing !== 0 && writing !== 1) found.push(`writing is ${writing}`);
    return found;
  }

  #acquireRead({ timeoutMs }: HoldOptions = {}): void {
    if (this.#tryRead()) return;
    this.#settle(this.#word.acquire(timeoutMs));
    this.#beginReading();
  }

  #tryAcquireRead(): boolean {
    if (this.#tryRead()) return true;
    const acquired = this.#word.tryAcquire();
    if (acquired === undefined) return false;
    this.#settle(acquired);
    this.#beginReading();
    return true;
  }

  async #acquireReadAsync({ timeoutMs, signal }: AsyncHoldOptions = {}): Promise<void> {
    signal?.throwIfAborted();
    if (this.#tryRead()) return;
    const acquired = await this.#word.acquireAsync(timeoutMs, signal);
    this.#settle(acquired);
    // Another piece of work of this thread may read by now.
    if (this.#reading === 0) this.#beginReading();
    else {
      this.#reading += 1;
      this.#word.release();
    }
  }

  #releaseRead(): void {
    if (this.#reading === 0) throwNotReading(this.roster.seat);
    this.#reading -= 1;
    if (this.#reading === 0) this.#stopReading();
  }

  #acquireWrite({ timeoutMs = this.#timeoutMs }: HoldOptions = {}): void {
    if (this.#reading > 0) throwUpgrade(this.roster.seat);
    const until = deadlineOf(SUBJECT, timeoutMs);
    this.#settle(this.#word.acquire(timeoutMs));
    let looks = 0;
    try {
      const options = { timeoutMs: leftUntil(until) };
      if (!this.#left.waitUntil(() => this.#isFree(looks++ > LOOKS), options)) this.#checkFree(timeoutMs);
    } catch (error) {
      this.#word.release();
      throw error;
    }
    Atomics.store(this.roster.memory.i32, this.#base + WRITING, 1);
  }

  #tryAcquireWrite(): boolean {
    const acquired = this.#word.tryAcquire();
    if (acquired === undefined) return false;
    this.#settle(acquired);
    const isFree = this.#isFree(true);
    if (isFree) Atomics.store(this.roster.memory.i32, this.#base + WRITING, 1);
    else this.#word.release();
    return isFree;
  }

  async #acquireWriteAsync({ timeoutMs = this.#timeoutMs, signal }: AsyncHoldOptions = {}): Promise<void> {
    const until = deadlineOf(SUBJECT, timeoutMs);
    let looks = 0;
    this.#settle(await this.#word.acquireAsync(timeoutMs, signal));
    try {
      const options = { timeoutMs: leftUntil(until), ...(signal && { signal }) };
      if (!(await this.#left.waitUntilAsync(() => this.#isFree(looks++ > 1), options))) this.#checkFree(timeoutMs);
    } catch (error) {
      this.#word.release();
      throw error;
    }
    Atomics.store(this.roster.memory.i32, this.#base + WRITING, 1);
  }

  #releaseWrite(): void {
    if (this.#word.isHeld) this.#stopWriting();
    this.#word.release();
  }

  #tryRead(): boolean {
    const { memory, seats } = this.roster;
    if (this.#reading > 0) {
      this.#reading += 1;
      return true;
    }
    if (seats.token === 0) return false;
    if (Atomics.exchange(memory.i32, this.#readerWord(seats.seat), seats.token) === seats.token)
      throwSecondHandle(this.roster.seat);
    if (Atomics.load(memory.i32, this.#base) === 0) {
      this.#reading = 1;
      return true;
    }
    this.#stopReading();
    return false;
  }

  /** By who has the word, so that no writer is about. */
  #beginReading(): void {
    const { memory, seats } = this.roster;
    Atomics.store(memory.i32, this.#readerWord(seats.seat), seats.token);
    this.#reading = 1;
    this.#word.release();
  }

  #stopReading(): void {
    this.#reading = 0;
    Atomics.store(this.roster.memory.i32, this.#readerWord(this.roster.seat), 0);
    this.#left.raise();
  }

  #stopWriting(): void {
    Atomics.store(this.roster.memory.i32, this.#base + WRITING, 0);
  }

  /** By who has the word: whether nobody reads. Readers that are gone are struck off, which is dear to find out. */
  #isFree(asks: boolean): boolean {
    const { memory, seats } = this.roster;
    for (let seat = 1; seat <= seats.count; seat++) {
      const word = this.#readerWord(seat);
      const token = Atomics.load(memory.i32, word);
      if (token === 0) continue;
      if (!asks || !seats.isGone(tokenIn(token))) return false;
      Atomics.compareExchange(memory.i32, word, token, 0);
    }
    return true;
  }

  /** Repairs what a writer that died has left. Those that died before they wrote, or on their way to read, have left nothing. */
  #settle(acquired: Acquired): void {
    if (acquired === "clean" || Atomics.load(this.roster.memory.i32, this.#base + WRITING) === 0) return;
    try {
      if (this.#repair === undefined) refuseInherited(SUBJECT);
      this.#repair();
    } catch (error) {
      this.#word.abandon();
      throw error;
    }
    this.#stopWriting();
  }

  #readerWord(seat: number): number {
    return this.#base + READERS + (seat - 1) * READER_WORDS;
  }

  /** When the time is over: a look that asks who lives, and `locked`. */
  #checkFree(timeoutMs: number): void {
    if (this.#isFree(true)) return;
    const [heldBy] = this.readers();
    throw new MemoryError("locked", {
      subject: SUBJECT,
      event: "is read by another thread or process, and was not released in time",
      numbers: { heldBy, identity: heldBy === undefined ? undefined : this.roster.seats.holderOf(heldBy)?.identity, timeoutMs },
      cure: "If that one is dead, make it known: take part with isAlive, or bury its seat.",
    });
  }
}

/** The reader-writer lock at a place of the roster's memory. */
export function rwLock(roster: Roster, options: LockOptions): RwLock {
  checkCall("rwLock(here, { byteOffset: 4096 })", [A_ROSTER, roster], [OPTIONS, options]);
  return new RwLock(roster, options);
}
