import { MemoryError } from "../../../core/errors.ts";
import { LOG } from "./layout.ts";
import type { RecordStore } from "./store.ts";

type AnyStore = RecordStore<unknown, unknown, never>;

/**
 * The shards that one transaction holds, from when it first comes to each until it ends.
 *
 * It waits only for a shard behind all those that it holds, so nobody ever waits in a circle. One before them it takes if that is free; if not, it has to begin
 * again, and then holds all that it came to from its beginning, in their order. As these only become more, it comes to an end.
 */
export class HeldShards {
  readonly #store: AnyStore;
  readonly #numbers: number[] = [];
  #last = -1;
  /** The shard that another holds, for which this one must not wait now; -1: none. */
  #refused = -1;

  constructor(store: AnyStore) {
    this.#store = store;
  }

  /** Whether all must begin again. */
  get isRefused(): boolean {
    return this.#refused >= 0;
  }

  /** All that it came to. */
  get wanted(): readonly number[] {
    return this.isRefused ? [...this.#numbers, this.#refused] : [...this.#numbers];
  }

  /** Holds a shard, and returns its word. Throws where all must begin again, and what `enter` does. */
  hold(shardNumber: number): number {
    const store = this.#store;
    if (this.isRefused) throw beginAgain(this.#refused);
    if (this.#numbers.includes(shardNumber)) return store.wordOf(shardNumber);
    if (shardNumber > this.#last) {
      store.enter(shardNumber);
      this.#last = shardNumber;
    } else if (store.tryEnter(shardNumber) === undefined) {
      this.#refused = shardNumber;
      throw beginAgain(shardNumber);
    }
    this.#numbers.push(shardNumber);
    return store.wordOf(shardNumber);
  }

  holdAll(shardNumbers: Iterable<number>): void {
    for (const number of [...shardNumbers].sort((a, b) => a - b)) this.hold(number);
  }

  release(): void {
    const store = this.#store;
    for (const number of this.#numbers) {
      if (store.memory.i32[store.wordOf(number) + LOG] === 0) {
        store.leave(number);
      } else {
        // Something has failed in the middle of a commit: whoever comes next ends it, and that is this one, while it has its seat.
        store.parts.locks?.[number].abandon();
        store.enter(number);
        store.leave(number);
      }
    }
    this.#numbers.length = 0;
  }
}

/** Passes through the work of a user. Should that catch it, it meets it again at its next step. */
function beginAgain(shard: number): MemoryError {
  return new MemoryError("locked", {
    subject: "transaction of a hash table",
    event: "begins again, as another holds what it needs",
    numbers: { shard },
    cure: "Let this error through: the work is called once more.",
  });
}
