import { MemoryError } from "../../core/errors.ts";
import type { HashBlock } from "./hash-block.ts";
import { NOWHERE } from "./hash-key.ts";
import type { HashSlots } from "./hash-slots.ts";

/** How often a table's entries have come, gone or moved. */
export interface Changes {
  count: number;
  /** When the last change was a deletion: the slot that it emptied; else `NOWHERE`. */
  removedAt: number;
}

/** Slots that are looked at in one go. */
const BATCH = 128;

/**
 * Goes through the entries of a table: the zero slot first, then each page downwards from a slot that is empty, round to it. Where the entries of some slots
 * lie is noted in one go, since asking slot by slot whether one is there is guessed wrong by the processor too often.
 *
 * Why downwards: deleting moves later entries of the same run down, into or above the emptied slot, where this has already been. A run never
 * reaches across the empty slot where it began. So the current entry may be deleted, and every other entry still comes once.
 */
export class HashCursor<Key, Value, Output> implements IterableIterator<Output> {
  readonly #settled: () => HashSlots<Key, Value, never>;
  readonly #changes: Changes;
  readonly #output: (cursor: HashCursor<Key, Value, Output>) => Output;
  #slots: HashSlots<Key, Value, never>;
  #seen: number;
  #at = NOWHERE;
  /** Pages still to come, the last one first. */
  readonly #pages: number[];
  /** Slots of the page still to look at, the last one first: [low, high), and then [nextLow, nextHigh). */
  #low = 0;
  #high = 0;
  #nextLow = 0;
  #nextHigh = 0;
  /** Entries that have been found, in turn. */
  readonly #places = new Int32Array(BATCH + 1);
  #found = 0;
  #taken = 0;
  #isDone = false;

  constructor(
    settled: () => HashSlots<Key, Value, never>,
    changes: Changes,
    output: (cursor: HashCursor<Key, Value, Output>) => Output,
  ) {
    this.#settled = settled;
    this.#slots = settled();
    this.#changes = changes;
    this.#output = output;
    this.#seen = changes.count;
    this.#pages = this.#slots.pages();
    if (!this.#slots.isEmpty(this.#slots.zeroAt)) this.#places[this.#found++] = this.#slots.zeroAt;
  }

  get key(): Key {
    return this.#slots.keyAt(this.#at);
  }

  get value(): Value {
    return this.#slots.valueAt(this.#at);
  }

  /** Goes to the next entry. False when there is none. Throws `stale-view` when the table has changed in a way that could skip or repeat entries. */
  advance(): boolean {
    if (this.#isDone) return false;
    if (this.#changes.count !== this.#seen) this.#checkChange();
    this.#slots = this.#settled();
    if (this.#taken === this.#found && !this.#findMore()) {
      this.#isDone = true;
      return false;
    }
    this.#at = this.#places[this.#taken++];
    return true;
  }

  /** All that are still to come, as `advance` would find them. */
  visit(see: (value: Value, key: Key) => void): void {
    const [changes, places] = [this.#changes, this.#places];
    while (this.advance()) {
      let slots = this.#slots;
      see(slots.valueAt(this.#at), slots.keyAt(this.#at));
      for (const found = this.#found; this.#taken < found; ) {
        if (changes.count !== this.#seen) this.#checkChange();
        if (slots.moved || slots.lease.epoch !== slots.epoch) slots = this.#settled();
        const at = places[this.#taken++];
        this.#at = at;
        see(slots.valueAt(at), slots.keyAt(at));
      }
      this.#slots = slots;
    }
  }

  next(): IteratorResult<Output, undefined> {
    return this.advance() ? { done: false, value: this.#output(this) } : { done: true, value: undefined };
  }

  [Symbol.iterator](): this {
    return this;
  }

  #findMore(): boolean {
    const slots = this.#slots;
    this.#taken = 0;
    do {
      if (this.#low === this.#high) {
        this.#low = this.#nextLow;
        this.#high = this.#nextHigh;
        this.#nextHigh = this.#nextLow;
      }
      if (this.#low === this.#high && !this.#turnPage()) return false;
      const low = Math.max(this.#low, this.#high - BATCH * slots.slotWords);
      this.#found = entriesBetween(slots, low, this.#high, this.#places);
      this.#high = low;
    } while (this.#found === 0);
    return true;
  }

  #turnPage(): boolean {
    const first = this.#pages.pop();
    if (first === undefined) return false;
    const empty = lastEmpty(this.#slots, first);
    this.#low = first;
    this.#high = empty;
    this.#nextLow = empty;
    this.#nextHigh = first + this.#slots.pageWords;
    return true;
  }

  #checkChange(): void {
    const { count, removedAt } = this.#changes;
    const removedCurrent = count === this.#seen + 1 && removedAt === this.#at && removedAt !== NOWHERE;
    if (!removedCurrent) {
      throw new MemoryError("stale-view", {
        subject: "an iterator of a hash table",
        event: "was used after entries had come or gone",
        numbers: { changes: count - this.#seen },
        cure: "While iterating delete the current entry only, and set values of keys that are there; collect the rest and do it afterwards.",
      });
    }
    this.#seen = count;
  }
}

/** Fills `places` with where entries lie in [low, high), the last one first; returns how many there are. */
function entriesBetween(slots: HashBlock<unknown, unknown, never>, low: number, high: number, places: Int32Array): number {
  const { words, slotWords } = slots;
  const second = slots.layout.keyWords - 1;
  let found = 0;
  for (let at = high - slotWords; at >= low; at -= slotWords) {
    const key = words[at] | words[at + second];
    places[found] = at;
    found += (key | -key) >>> 31;
  }
  return found;
}

/** The first empty slot of a page; of a damaged one without, where it ends. */
export function firstEmpty(slots: HashBlock<unknown, unknown, never>, first: number): number {
  const end = first + slots.pageWords;
  let at = first;
  while (at < end && !slots.isEmpty(at)) at += slots.slotWords;
  return at;
}

/** The last empty slot of a page. A sound one has one; of a damaged one without, the first slot: every slot then comes once all the same. */
export function lastEmpty(slots: HashBlock<unknown, unknown, never>, first: number): number {
  let at = first + slots.pageWords - slots.slotWords;
  while (at > first && !slots.isEmpty(at)) at -= slots.slotWords;
  return at;
}
