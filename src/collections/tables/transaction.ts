import { MemoryError } from "../../core/errors.ts";
import type { SetOptions } from "./record-table-place.ts";
import type { Changes } from "./records/changes.ts";
import { endAfter } from "./records/expiry.ts";
import { isLasting, valueAt } from "./records/look.ts";
import type { RecordStore } from "./records/store.ts";

/**
 * A table as the work of one transaction sees it: as it was when that began, with what the work has changed so far. See `RecordTable.transaction`.
 *
 * Its methods are those of the table. It can be used until the work returns or throws.
 */
export class Transaction<Key, Value, Input = Value> {
  readonly #store: RecordStore<Key, Value, Input>;
  readonly #changes: Changes;

  /** Use `table.transaction`. */
  constructor(store: RecordStore<Key, Value, Input>, changes: Changes) {
    this.#store = store;
    this.#changes = changes;
  }

  /** A copy of the value of `key`, or undefined. Throws `corrupt`. */
  get(key: Key): Value | undefined {
    const ref = this.#refOf(key);
    return ref === 0 ? undefined : valueAt(this.#store, ref);
  }

  has(key: Key): boolean {
    const ref = this.#refOf(key);
    return ref !== 0 && isLasting(this.#store, ref);
  }

  /** Throws `bad-value`, `out-of-memory`, `disk-full`; that key has the value then that it had before. */
  set(key: Key, value: Input, options?: SetOptions): this {
    this.#set(key, value, options);
    return this;
  }

  /** Whether `key` was there. */
  delete(key: Key): boolean {
    const ref = this.#refOf(key);
    if (ref === 0) return false;
    const wasThere = isLasting(this.#store, ref);
    this.#changes.delete(this.#store.keys.hash);
    return wasThere;
  }

  /** The value of `key`, which is `value` from now on if it had none. */
  getOrInsert(key: Key, value: Input): Value {
    return this.update(key, (current) => (current === undefined ? value : undefined)) as Value;
  }

  /** The value of `key`, which is `make(key)` from now on if it had none. */
  getOrInsertWith(key: Key, make: (key: Key) => Input): Value {
    return this.update(key, (current) => (current === undefined ? make(key) : undefined)) as Value;
  }

  /** Makes the value of `key` what `change` returns for the present one; undefined: it stays. Returns the value that is there then. */
  update(key: Key, change: (value: Value | undefined) => Input | undefined): Value | undefined {
    const current = this.get(key);
    const wanted = change(current);
    return wanted === undefined ? current : valueAt(this.#store, this.#set(key, wanted));
  }

  /** Adds to a number, which is 0 without an entry, and returns the sum. Throws `bad-value` where the sum does not fit. */
  add(this: Transaction<Key, number, number>, key: Key, amount: number): number {
    return this.update(key, (value = 0) => value + amount) ?? 0;
  }

  /** Ends it: nothing of what it has changed is written. Returns false, for the work to return. */
  rollback(): false {
    this.#checkOpen();
    this.#changes.drop();
    this.#changes.isOpen = false;
    return false;
  }

  /** The record of the key, which the store's `keys` hold then; 0: none. */
  #refOf(key: Key): number {
    this.#checkOpen();
    const { keys } = this.#store;
    return keys.load(key) ? this.#changes.refOf(keys.hash) : 0;
  }

  /** Returns the record that it is to be. */
  #set(key: Key, value: Input, options?: SetOptions): number {
    this.#checkOpen();
    const { keys, values } = this.#store;
    const checked = values.check(value);
    const valueBytes = values.byteLength(checked);
    const expiresAt = endAfter(options?.ttlMs, values.prefix !== 0);
    if (!keys.load(key)) keys.refuse(key);
    return this.#changes.set(keys.hash, checked, valueBytes, expiresAt);
  }

  #checkOpen(): void {
    if (this.#changes.isOpen) return;
    throw new MemoryError("closed", {
      subject: "transaction of a hash table",
      event: "was used after it had ended",
      cure: "Use it only in the work that was called with it, before that returns.",
    });
  }
}
