import type { HeldShards } from "./held-shards.ts";
import type { RecordStore } from "./store.ts";

type AnyStore = RecordStore<unknown, unknown, never>;

/** What a transaction makes of one key. */
export interface Change {
  readonly hash: number;
  readonly shardNumber: number;
  /** The record that is there; 0: none. */
  readonly oldRef: number;
  /** What is to take its place, not sealed yet; 0: the key is deleted. */
  newRef: number;
}

/**
 * What a transaction is about to change: of each key the record that is there, and the one that is to be. The new ones lie where they will be, in room of shards
 * that the transaction holds; nothing names them. So nobody sees them, a failure to find room comes when a key is set, and who dies leaves nothing.
 *
 * The key that is meant is that which the store's `keys` hold.
 */
export class Changes {
  /** Whether the work goes on that may change something. */
  isOpen = true;
  readonly #store: AnyStore;
  readonly #held: HeldShards;
  readonly #byHash = new Map<number, Change[]>();

  constructor(store: AnyStore, held: HeldShards) {
    this.#store = store;
    this.#held = held;
  }

  *[Symbol.iterator](): Generator<Change> {
    for (const changes of this.#byHash.values()) yield* changes;
  }

  /** The record of the key as the transaction sees it; 0: none. */
  refOf(hash: number): number {
    const shard = this.#held.hold(this.#store.shardOf(hash));
    const change = this.#changeOf(hash);
    return change === undefined ? this.#storedRef(shard, hash) : change.newRef;
  }

  /** Makes a checked value that of the key. Throws `out-of-memory`, `disk-full`; nothing has changed then. */
  set(hash: number, checked: unknown, valueBytes: number, expiresAt: number): void {
    const store = this.#store;
    const shardNumber = store.shardOf(hash);
    const shard = this.#held.hold(shardNumber);
    const change = this.#changeOf(hash);
    const oldRef = change === undefined ? this.#storedRef(shard, hash) : change.oldRef;
    // Epoch and flags come with the commit.
    const newRef = store.write(shard, 0, 0, checked, valueBytes, expiresAt);
    if (change === undefined) {
      this.#add({ hash, shardNumber, oldRef, newRef });
    } else {
      this.#free(change);
      change.newRef = newRef;
    }
  }

  /** Deletes the key. */
  delete(hash: number): void {
    const shardNumber = this.#store.shardOf(hash);
    const shard = this.#held.hold(shardNumber);
    const change = this.#changeOf(hash);
    if (change === undefined) {
      const oldRef = this.#storedRef(shard, hash);
      if (oldRef !== 0) this.#add({ hash, shardNumber, oldRef, newRef: 0 });
      return;
    }
    if (change.oldRef === 0) this.#remove(change);
    this.#free(change);
    change.newRef = 0;
  }

  /** Nothing is changed. */
  drop(): void {
    for (const change of this) this.#free(change);
    this.forget();
  }

  /** What was to be changed is in other hands. */
  forget(): void {
    this.#byHash.clear();
  }

  #storedRef(shard: number, hash: number): number {
    const store = this.#store;
    const slot = store.find(shard, hash);
    if (slot < 0) return 0;
    const ref = store.index.foundRef;
    if (store.parts.isChecked && !store.records.isRecord(ref)) store.throwCorrupt(shard);
    return ref;
  }

  #changeOf(hash: number): Change | undefined {
    return this.#byHash.get(hash)?.find(({ oldRef, newRef }) => this.#store.index.matches(newRef || oldRef));
  }

  #add(change: Change): void {
    const others = this.#byHash.get(change.hash);
    if (others === undefined) this.#byHash.set(change.hash, [change]);
    else others.push(change);
  }

  #remove(change: Change): void {
    const others = this.#byHash.get(change.hash) ?? [];
    others.splice(others.indexOf(change), 1);
  }

  #free({ shardNumber, newRef }: Change): void {
    const { room, records } = this.#store;
    if (newRef !== 0) room.free(this.#store.wordOf(shardNumber), newRef, records.unitsOf(newRef));
  }
}
