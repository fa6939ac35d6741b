import { isMainThread } from "node:worker_threads";
import { sharedMemory } from "../core/homes.ts";
import { type Sleeping, type SleepWord, system } from "../native/system.ts";

/** A word that somebody awaits, and what keeps its page there. */
export interface AwaitedWord extends SleepWord {
  readonly i32: Int32Array;
  readonly word: number;
  readonly buffer: ArrayBufferLike;
}

interface Sleeper {
  readonly of: AwaitedWord;
  /** On the clock of `performance.now()`. */
  readonly until: number;
  readonly wake: () => void;
}

/** The kernel takes 128 at once, one of which is our own. Those beyond are looked at when any ends. */
const MOST_WORDS = 127;
/** A call in the pool holds up the end of its thread: of the main one it is woken then, a worker that is terminated hears nothing. */
const LONGEST_MS = isMainThread ? 60_000 : 200;
/** How often words are looked at where the kernel cannot wait for several. */
const POLL_MS = 1;

/**
 * All words that this thread awaits, in one call of the kernel on one thread of the pool. A word of its own is among them: changing it ends the call
 * when another word joins, or when the process ends.
 */
class FutexSleepers {
  readonly #sleeping: Sleeping;
  readonly #bell = sharedMemory(4);
  readonly #bellAddress: bigint;
  readonly #sleepers = new Set<Sleeper>();
  #running = false;
  #ended = false;

  constructor(sleeping: Sleeping) {
    this.#sleeping = sleeping;
    const { buffer } = this.#bell;
    this.#bellAddress = system().addressOf(buffer);
    process.once("exit", () => {
      this.#ended = true;
      this.#ring();
    });
  }

  /** Until the word holds something else, or the time is over; perhaps earlier. */
  sleep(of: AwaitedWord, timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#sleepers.add({ of, until: performance.now() + timeoutMs, wake: resolve });
      if (this.#running) this.#ring();
      else this.#run().catch(reject);
    });
  }

  async #run(): Promise<void> {
    this.#running = true;
    try {
      while (this.#sleepers.size > 0 && !this.#ended) {
        const bell = Atomics.load(this.#bell.i32, 0);
        const now = performance.now();
        let until = now + LONGEST_MS;
        const words: SleepWord[] = [{ address: this.#bellAddress, seen: bell }];
        for (const sleeper of this.#sleepers) {
          const { of } = sleeper;
          if (Atomics.load(of.i32, of.word) !== of.seen || sleeper.until <= now) {
            this.#sleepers.delete(sleeper);
            sleeper.wake();
          } else {
            if (words.length <= MOST_WORDS) words.push(of);
            until = Math.min(until, sleeper.until);
          }
        }
        if (words.length > 1) await this.#sleepOnAny(words, until - now);
      }
    } finally {
      this.#running = false;
    }
  }

  async #sleepOnAny(words: readonly SleepWord[], timeoutMs: number): Promise<void> {
    const { sleepAny } = this.#sleeping;
    if (sleepAny !== undefined) await sleepAny(words, timeoutMs);
    else await new Promise((resolve) => setTimeout(resolve, Math.min(timeoutMs, POLL_MS)));
  }

  #ring(): void {
    Atomics.add(this.#bell.i32, 0, 1);
    this.#sleeping.wake(this.#bellAddress, 1);
  }
}

let sleepers: FutexSleepers | undefined;

/** Those of this thread. */
export function sleepersOf(sleeping: Sleeping): FutexSleepers {
  sleepers ??= new FutexSleepers(sleeping);
  return sleepers;
}
