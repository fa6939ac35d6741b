import type { Memory } from "../../core/memory.ts";
import { CHANGES, checkOf, LOG_PAGE, PAGE_WORDS, STATE, STATE_CHECK, STATE_WORDS } from "./segment-layout.ts";

/** i32 words from the beginning of the memory. */
const SEAL = LOG_PAGE * PAGE_WORDS;
const COUNT = SEAL + 1;
const FIRST = SEAL + 4;
const ENTRY_WORDS = 3;
const MOST_ENTRIES = Math.floor((PAGE_WORDS - 4) / ENTRY_WORDS);

/**
 * The only way in which state, directory and extents change: all words of a change are written down first, and then carried out (a redo log).
 *
 *     seal i32, count i32, 2 reserved, then count × (page u32, word in the page, value)
 *
 * The order of stores: 1 entries and count, 2 the seal, one atomic store, which makes the change certain, 3 the words themselves, 4 the seal to 0. Who dies
 * before 2 has changed nothing: without a seal nobody looks at the rest. Who dies after it has changed everything: whoever holds the lock next sees the
 * seal and carries the change out (once more), which writes the same words again.
 *
 * Every store is an atomic one, in program order, so that a test can stop before each of them; they are few, and no hot path.
 *
 * Invariant: the seal is 0 while nobody holds the lock, or its holder is dead.
 */
export class SegmentLog {
  readonly #memory: Memory;
  readonly #pending = new Map<number, number>();

  constructor(memory: Memory) {
    this.#memory = memory;
  }

  /** A word as it will be. */
  get(word: number): number {
    const pending = this.#pending;
    return (pending.size === 0 ? undefined : pending.get(word)) ?? this.#memory.i32[word];
  }

  /** Takes a store into the change that `commit` makes. */
  set(word: number, value: number): void {
    this.#pending.set(word, value | 0);
  }

  /** How many more words fit into this change, besides those of the state. */
  get room(): number {
    return MOST_ENTRIES - STATE_WORDS - this.#pending.size;
  }

  /** Forgets what was set since the last commit. */
  discard(): void {
    this.#pending.clear();
  }

  /** Makes the change: all of it, or if this process dies before it is certain, nothing. */
  commit(): void {
    const pending = this.#pending;
    const { i32 } = this.#memory;
    for (const [word, value] of pending) if (i32[word] === value) pending.delete(word);
    if (pending.size === 0) return;
    this.set(CHANGES, i32[CHANGES] + 1);
    this.set(STATE_CHECK, this.stateCheck());
    let at = FIRST;
    for (const [word, value] of pending) {
      Atomics.store(i32, at, Math.floor(word / PAGE_WORDS) | 0);
      Atomics.store(i32, at + 1, word % PAGE_WORDS);
      Atomics.store(i32, at + 2, value);
      at += ENTRY_WORDS;
    }
    Atomics.store(i32, COUNT, pending.size);
    Atomics.store(i32, SEAL, sealOf(i32, pending.size));
    pending.clear();
    this.#carryOut();
  }

  /** Is there a change that was made certain and perhaps not carried out? */
  get isSealed(): boolean {
    return Atomics.load(this.#memory.i32, SEAL) !== 0;
  }

  /**
   * Carries out what a dead holder of the lock has left sealed. False when the seal does not fit what it seals, which no order of stores can leave behind:
   * then it is opened all the same, and what it stood for must be judged by the state itself.
   */
  redo(): boolean {
    const { i32 } = this.#memory;
    this.discard();
    const seal = Atomics.load(i32, SEAL);
    if (seal === 0) return true;
    const count = i32[COUNT];
    const isWhole = count >= 1 && count <= MOST_ENTRIES && seal === sealOf(i32, count) && this.#isWithin(count);
    if (isWhole) this.#carryOut();
    else Atomics.store(i32, SEAL, 0);
    return isWhole;
  }

  /** Opens the seal without carrying anything out: for who puts all that it could change back to an earlier state. */
  abandon(): void {
    this.discard();
    Atomics.store(this.#memory.i32, SEAL, 0);
  }

  /** What the sealed change, if it is whole, makes of the words that it changes: for those who may not carry it out. */
  peek(): ReadonlyMap<number, number> {
    const { i32 } = this.#memory;
    const words = new Map<number, number>();
    const seal = Atomics.load(i32, SEAL);
    const count = i32[COUNT];
    if (seal === 0 || !(count >= 1 && count <= MOST_ENTRIES) || seal !== sealOf(i32, count)) return words;
    for (let at = FIRST; at < FIRST + count * ENTRY_WORDS; at += ENTRY_WORDS) words.set(wordOf(i32, at), i32[at + 2]);
    return words;
  }

  /** The check of the state as it will be. */
  stateCheck(): number {
    return checkOf((word) => this.get(word), STATE, STATE_WORDS - 1, 0);
  }

  #carryOut(): void {
    const { i32 } = this.#memory;
    const end = FIRST + i32[COUNT] * ENTRY_WORDS;
    for (let at = FIRST; at < end; at += ENTRY_WORDS) Atomics.store(i32, wordOf(i32, at), i32[at + 2]);
    Atomics.store(i32, SEAL, 0);
  }

  #isWithin(count: number): boolean {
    const { i32, byteLength } = this.#memory;
    for (let at = FIRST; at < FIRST + count * ENTRY_WORDS; at += ENTRY_WORDS) {
      const word = wordOf(i32, at);
      if (word < STATE || (word >= SEAL && word < SEAL + PAGE_WORDS) || (word + 1) * 4 > byteLength) return false;
    }
    return true;
  }
}

function wordOf(i32: Int32Array, entry: number): number {
  return (i32[entry] >>> 0) * PAGE_WORDS + i32[entry + 1];
}

function sealOf(i32: Int32Array, count: number): number {
  return checkOf((word) => i32[word], COUNT, 3 + count * ENTRY_WORDS, 1);
}
