import type { Memory } from "./memory.ts";
import { isSharedBuffer } from "./views.ts";

/**
 * How threads sleep on an i32 word of a memory and wake each other. A memory that processes share brings its own; elsewhere it is `Atomics`.
 *
 * A sleep may end early without a reason: who sleeps looks again at what it waits for. `word` is an index of `memory.i32`.
 */
export interface Parking {
  /** Sleeps while the word holds `seen`, until notified, for at most `timeoutMs`. Where this thread may not sleep, looks for a moment and returns. */
  wait(word: number, seen: number, timeoutMs: number): void;
  /** The same without holding the thread, which it keeps from ending meanwhile if `ref`, which is the default, says so and it can be helped. */
  waitAsync(word: number, seen: number, timeoutMs: number, ref?: boolean): Promise<void>;
  /** Wakes up to `count` of those that sleep on the word. Costs a call of the system: only where somebody is known to sleep. */
  notify(word: number, count: number): void;
}

/** So often a thread that may not sleep looks at the word. */
const LOOKS = 200;
/** How often it is looked at where nobody can be told. */
export const POLL_MS = 1;

interface WaitAsync {
  waitAsync(
    i32: Int32Array,
    word: number,
    seen: number,
    timeoutMs: number,
  ): { readonly async: false } | { readonly async: true; readonly value: Promise<unknown> };
}

/** Parking for the threads of one process. */
export class AtomicParking implements Parking {
  readonly #memory: Memory;
  /** Those that wait here on memory that no other thread sees. */
  readonly #local = new Map<number, Set<() => void>>();

  constructor(memory: Memory) {
    this.#memory = memory;
  }

  wait(word: number, seen: number, timeoutMs: number): void {
    const { i32 } = this.#memory;
    try {
      Atomics.wait(i32, word, seen, timeoutMs);
    } catch {
      // The main thread of a page may not sleep, and nobody could wake a thread on memory that is its own.
      for (let look = 0; look < LOOKS && Atomics.load(i32, word) === seen; look++);
    }
  }

  async waitAsync(word: number, seen: number, timeoutMs: number, ref = true): Promise<void> {
    const { i32 } = this.#memory;
    if (Atomics.load(i32, word) !== seen) return;
    if (!isSharedBuffer(i32.buffer)) return this.#waitLocally(word, timeoutMs, ref);
    if (!canWaitAsync(Atomics)) return after(Math.min(timeoutMs, POLL_MS), ref);
    const waiting = Atomics.waitAsync(i32, word, seen, timeoutMs);
    if (!waiting.async) return;
    // A promise alone does not keep Node from ending.
    const alive = ref ? setTimeout(() => {}, Math.min(timeoutMs + 1000, 0x7fff_ffff)) : undefined;
    await waiting.value;
    clearTimeout(alive);
  }

  notify(word: number, count: number): void {
    const { i32 } = this.#memory;
    if (isSharedBuffer(i32.buffer)) Atomics.notify(i32, word, count);
    else this.#notifyLocally(word, count);
  }

  #waitLocally(word: number, timeoutMs: number, ref: boolean): Promise<void> {
    return new Promise((resolve) => {
      const waiting = this.#local.get(word) ?? new Set();
      this.#local.set(word, waiting);
      const timer = setTimeout(() => end(), Math.min(timeoutMs, 0x7fff_ffff));
      if (!ref) unref(timer);
      const end = (): void => {
        clearTimeout(timer);
        waiting.delete(end);
        if (waiting.size === 0) this.#local.delete(word);
        resolve();
      };
      waiting.add(end);
    });
  }

  #notifyLocally(word: number, count: number): void {
    let left = count;
    for (const end of this.#local.get(word) ?? []) {
      if (left-- <= 0) return;
      end();
    }
  }
}

/** Whether other threads or processes can see the memory. */
export function isSeenByOthers({ home, i32 }: Memory): boolean {
  return home === "mapped" || isSharedBuffer(i32.buffer);
}

function canWaitAsync(atomics: object): atomics is WaitAsync {
  return "waitAsync" in atomics;
}

/** A moment; with `ref` false one that does not keep Node from ending. */
export function after(milliseconds: number, ref: boolean): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    if (!ref) unref(timer);
  });
}

/** Lets Node end although the timer runs. Those of browsers are numbers, and keep nothing. */
export function unref(timer: unknown): void {
  if (typeof timer === "object" && timer !== null && "unref" in timer && typeof timer.unref === "function") timer.unref();
}
