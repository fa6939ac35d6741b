import type { Memory } from "../core/memory.ts";
import { AtomicParking, after, type Parking, POLL_MS } from "../core/parking.ts";
import { type Sleeping, system } from "../native/system.ts";
import { sleepersOf } from "./futex-sleepers.ts";
import { sleep } from "./sleep.ts";

/**
 * Parking for threads and processes: on futexes, which are about the pages of the file and not about who maps them. A thread that waits for a message
 * of its event loop is woken through one thread of the pool, whatever number of words it waits for.
 *
 * Who woke only futexes would not reach a thread that attached the ticket through the main door, which knows `Atomics` alone: so both are woken. That
 * one does not reach other processes, whose sleeps then end by their time.
 */
class FutexParking implements Parking {
  readonly #memory: Memory;
  readonly #sleeping: Sleeping;
  #buffer: ArrayBufferLike | undefined;
  #address = 0n;

  constructor(memory: Memory, sleeping: Sleeping) {
    this.#memory = memory;
    this.#sleeping = sleeping;
  }

  wait(word: number, seen: number, timeoutMs: number): void {
    this.#sleeping.sleep(this.#addressOf(word), seen, timeoutMs);
  }

  async waitAsync(word: number, seen: number, timeoutMs: number, ref = true): Promise<void> {
    const { buffer, i32 } = this.#memory;
    if (Atomics.load(i32, word) !== seen) return;
    // A call on a thread of the pool would keep Node from ending.
    if (!ref) return after(Math.min(timeoutMs, POLL_MS), ref);
    await sleepersOf(this.#sleeping).sleep({ address: this.#addressOf(word), seen, i32, word, buffer }, timeoutMs);
  }

  notify(word: number, count: number): void {
    this.#sleeping.wake(this.#addressOf(word), count);
    Atomics.notify(this.#memory.i32, word, count);
  }

  /** Throws `closed`. The buffer of a mapped memory is held by the memory, and through it by who waits. */
  #addressOf(word: number): bigint {
    const { buffer, bufferByteOffset } = this.#memory;
    if (buffer !== this.#buffer) {
      this.#address = system().addressOf(buffer) + BigInt(bufferByteOffset);
      this.#buffer = buffer;
    }
    return this.#address + BigInt(word * 4);
  }
}

/**
 * Parking for those that nobody can wake, who look again every millisecond. Who only reads: a futex on a page that is mapped for reading would make a private
 * copy of the page, in which nothing ever changes. And everybody where no call of the system sleeps on a word that processes share, and `Atomics` takes no
 * buffer that is not shared.
 */
const LOOKING: Parking = {
  wait: (_word, _seen, timeoutMs) => sleep(Math.min(timeoutMs, POLL_MS)),
  waitAsync: (_word, _seen, timeoutMs, ref = true) => after(Math.min(timeoutMs, POLL_MS), ref),
  notify: () => {},
};

/** How those sleep that wait on words of a mapped memory. */
export function mappedParking(memory: Memory): Parking {
  if (memory.readOnly) return LOOKING;
  const { sleeping, buffers } = system();
  if (sleeping !== undefined) return new FutexParking(memory, sleeping);
  return buffers === "engine" ? new AtomicParking(memory) : LOOKING;
}
