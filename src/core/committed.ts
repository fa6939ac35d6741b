import { VIEW_MAKERS } from "./views.ts";

/**
 * How many bytes of a shared reservation are in use, seen by all threads.
 *
 * ```
 * byte 0   i64   committed bytes; only ever raised, by whoever grows
 * ```
 */
export class CommittedLength {
  readonly buffer: SharedArrayBuffer;
  readonly #word: BigInt64Array;

  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer;
    this.#word = VIEW_MAKERS.i64(buffer, 0, 1);
  }

  static of(byteLength: number): CommittedLength {
    const committed = new CommittedLength(new SharedArrayBuffer(8));
    committed.raise(byteLength);
    return committed;
  }

  load(): number {
    return Number(Atomics.load(this.#word, 0));
  }

  /** Other threads may grow at the same time: the larger wish wins, and the length never shrinks. */
  raise(byteLength: number): void {
    const wanted = BigInt(byteLength);
    for (let seen = Atomics.load(this.#word, 0); seen < wanted; ) {
      const found = Atomics.compareExchange(this.#word, 0, seen, wanted);
      if (found === seen) return;
      seen = found;
    }
  }
}
