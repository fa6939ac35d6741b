import { MemoryError } from "../core/errors.ts";
import type { HashBlock } from "./hash-block.ts";
import { NOWHERE } from "./hash-block.ts";
import type { HashSlots } from "./hash-slots.ts";

/** How often a table's entries have come, gone or moved. */
export interface Changes {
  count: number;
  /** When the last change was a deletion: the slot that it emptied; else `NOWHERE`. */
  removedAt: number;
}

/**
 * Goes through the entries of a table: the zero slot first, then each page downwards from a slot that is empty, round to it.
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
  #first = 0;
  #isDone = false;
  /** Slots of the page still to look at. */
  #left = 0;

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
    const slots = this.#settled();
    this.#slots = slots;
    if (this.#at === NOWHERE) {
      this.#at = slots.zeroAt;
      if (!slots.isEmpty(this.#at)) return true;
    }
    for (;;) {
      for (; this.#left > 0; ) {
        this.#at = (this.#at === this.#first ? this.#first + slots.pageWords : this.#at) - slots.slotWords;
        this.#left -= 1;
        if (!slots.isEmpty(this.#at)) return true;
      }
      const first = this.#pages.pop();
      if (first === undefined) break;
      this.#first = first;
      this.#at = lastEmpty(slots, first);
      this.#left = slots.pageSlots;
    }
    this.#isDone = true;
    return false;
  }

  next(): IteratorResult<Output, undefined> {
    return this.advance() ? { done: false, value: this.#output(this) } : { done: true, value: undefined };
  }

  [Symbol.iterator](): this {
    return this;
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

/** The last empty slot of a page. A sound one has one; of a damaged one without, the first slot: every slot then comes once all the same. */
export function lastEmpty(slots: HashBlock<unknown, unknown, never>, first: number): number {
  let at = first + slots.pageWords - slots.slotWords;
  while (at > first && !slots.isEmpty(at)) at -= slots.slotWords;
  return at;
}
