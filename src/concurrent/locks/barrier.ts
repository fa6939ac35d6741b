import { A_MEMORY, checkCall, OPTIONS } from "../../core/check-call.ts";
import { checkCount } from "../../core/check-count.ts";
import { MemoryError } from "../../core/errors.ts";
import type { Memory } from "../../core/memory.ts";
import { Signal } from "../signal.ts";
import type { AsyncWaitOptions, WaitOptions } from "../waiting.ts";
import { checkLockPlace } from "./roster.ts";

/** Bytes of a barrier; zeros are one that nobody has come to. */
export const BARRIER_BYTES = 64;

export interface BarrierOptions {
  /** Where in the memory it lies, a multiple of 64. */
  readonly byteOffset: number;
  /** How many must come, 1 … 32767: the same number on all sides. */
  readonly parties: number;
}

const SIGNAL = 1;
const ARRIVED_BITS = 15;
const ARRIVED_MASK = (1 << ARRIVED_BITS) - 1;
const PHASE = 1 << ARRIVED_BITS;
const PHASE_MASK = 0x7fff_8000;
const BROKEN = 0x8000_0000 | 0;
const SUBJECT = "barrier";

/**
 * Where so many threads and processes wait for each other, again and again.
 *
 *     0   state i32    bits 0 … 14 how many have come, 15 … 30 the phase, 31 broken
 *     4   signal i32   the phase has changed, or it was broken
 *
 * One that gives up, by its timeout or an abort, breaks it for all: nobody would ever go on otherwise. So a party that may die calls for a timeout. One that
 * dies after it has come counts as come.
 */
export class Barrier {
  readonly parties: number;
  readonly #memory: Memory;
  readonly #word: number;
  readonly #signal: Signal;

  /** For `barrier`. */
  constructor(memory: Memory, { byteOffset, parties }: BarrierOptions) {
    checkLockPlace(SUBJECT, memory, byteOffset);
    checkCount(SUBJECT, "parties", parties, 1, ARRIVED_MASK);
    memory.checkRange(byteOffset, BARRIER_BYTES);
    this.parties = parties;
    this.#memory = memory;
    this.#word = byteOffset / 4;
    this.#signal = new Signal(memory, byteOffset + SIGNAL * 4);
  }

  /** How many wait now. */
  get arrived(): number {
    return Atomics.load(this.#memory.i32, this.#word) & ARRIVED_MASK;
  }

  get isBroken(): boolean {
    return (Atomics.load(this.#memory.i32, this.#word) & BROKEN) !== 0;
  }

  /**
   * Waits until all have come. True for one of them, the last. Throws `locked` when the time is over first, and breaks it; `participant-lost` where it was
   * broken by another.
   */
  wait(options: WaitOptions = {}): boolean {
    const phase = this.#arrive();
    if (phase === undefined) return true;
    if (!this.#signal.waitUntil(() => this.#isOver(phase), options) && this.#giveUp(phase)) this.#throwLocked(options.timeoutMs);
    this.#checkBroken(phase);
    return false;
  }

  /** `wait` that does not hold the thread. */
  async waitAsync(options: AsyncWaitOptions = {}): Promise<boolean> {
    options.signal?.throwIfAborted();
    const phase = this.#arrive();
    if (phase === undefined) return true;
    try {
      const isOver = await this.#signal.waitUntilAsync(() => this.#isOver(phase), options);
      if (!isOver && this.#giveUp(phase)) this.#throwLocked(options.timeoutMs);
    } catch (error) {
      this.#giveUp(phase);
      throw error;
    }
    this.#checkBroken(phase);
    return false;
  }

  /** Makes a broken barrier whole again, when none of the parties is at it. */
  reset(): void {
    const { i32 } = this.#memory;
    const before = Atomics.load(i32, this.#word);
    Atomics.store(i32, this.#word, (before + PHASE) & PHASE_MASK);
    this.#signal.raise();
  }

  /** Comes to it. Tells the phase to wait for the end of; undefined: it was the last, and the phase is over. */
  #arrive(): number | undefined {
    const { i32 } = this.#memory;
    for (;;) {
      const before = Atomics.load(i32, this.#word);
      if ((before & BROKEN) !== 0) this.#throwBroken();
      const isLast = (before & ARRIVED_MASK) + 1 === this.parties;
      const after = isLast ? (before + PHASE) & PHASE_MASK : before + 1;
      if (Atomics.compareExchange(i32, this.#word, before, after) !== before) continue;
      if (!isLast) return before & PHASE_MASK;
      this.#signal.raise();
      return undefined;
    }
  }

  #isOver(phase: number): boolean {
    const state = Atomics.load(this.#memory.i32, this.#word);
    return (state & BROKEN) !== 0 || (state & PHASE_MASK) !== phase;
  }

  /** Breaks it, unless the phase is over after all. True when this call did. */
  #giveUp(phase: number): boolean {
    const { i32 } = this.#memory;
    for (;;) {
      const before = Atomics.load(i32, this.#word);
      if ((before & BROKEN) !== 0 || (before & PHASE_MASK) !== phase) return false;
      if (Atomics.compareExchange(i32, this.#word, before, before | BROKEN) !== before) continue;
      this.#signal.raise();
      return true;
    }
  }

  /** It may be broken in a later phase, of which those of this one hear when they come again. */
  #checkBroken(phase: number): void {
    const state = Atomics.load(this.#memory.i32, this.#word);
    if ((state & BROKEN) !== 0 && (state & PHASE_MASK) === phase) this.#throwBroken();
  }

  #throwBroken(): never {
    throw new MemoryError("participant-lost", {
      subject: SUBJECT,
      event: "is broken: one of the parties has given up waiting",
      numbers: { arrived: this.arrived, parties: this.parties },
      cure: "Find out who did not come, and `reset` it when no party is at it.",
    });
  }

  #throwLocked(timeoutMs: number | undefined): never {
    throw new MemoryError("locked", {
      subject: SUBJECT,
      event: "was not reached by all in time, and is broken now",
      numbers: { arrived: this.arrived, parties: this.parties, timeoutMs },
      cure: "Find out who did not come, and `reset` it when no party is at it.",
    });
  }
}

/** The barrier at a place of a memory. */
export function barrier(memory: Memory, options: BarrierOptions): Barrier {
  checkCall("barrier(memory, { byteOffset: 4096, parties: 4 })", [A_MEMORY, memory], [OPTIONS, options]);
  return new Barrier(memory, options);
}
