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

/** So many are looked through one after the other. */
const FEW = 16;

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
  readonly #list: Change[] = [];
  /** The same, when they are many. */
  #byHash: Map<number, Change[]> | undefined;
  /** The record that was looked for last, which is often what is changed next. */
  #seenRef = 0;

  constructor(store: AnyStore, held: HeldShards) {
    this.#store = store;
    this.#held = held;
  }

  /** Those that change something, in the order in which keys were first changed. */
  get list(): readonly Change[] {
    return this.#list.filter(({ oldRef, newRef }) => (oldRef | newRef) !== 0);
  }

  /** The record of the key as the transaction sees it; 0: none. */
  refOf(hash: number): number {
    const shard = this.#held.hold(this.#store.shardOf(hash));
    const change = this.#changeOf(hash);
    return change === undefined ? this.#storedRef(shard, hash) : change.newRef;
  }

  /** Makes a checked value that of the key, and returns the record that it is to be. Throws `out-of-memory`, `disk-full`; nothing has changed then. */
  set(hash: number, checked: unknown, valueBytes: number, expiresAt: number): number {
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
    return newRef;
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
    // Of a key that was not there it is a change of nothing then, which is not found any more.
    this.#free(change);
    change.newRef = 0;
  }

  /** Nothing is changed. */
  drop(): void {
    for (const change of this.#list) this.#free(change);
    this.forget();
  }

  /** What was to be changed is in other hands. */
  forget(): void {
    this.#list.length = 0;
    this.#byHash = undefined;
  }

  #storedRef(shard: number, hash: number): number {
    const store = this.#store;
    if (this.#seenRef !== 0 && store.index.matches(this.#seenRef)) return this.#seenRef;
    const slot = store.find(shard, hash);
    if (slot < 0) return 0;
    const ref = store.index.foundRef;
    if (store.parts.isChecked && !store.records.isRecord(ref)) store.throwCorrupt(shard);
    this.#seenRef = ref;
    return ref;
  }

  #changeOf(hash: number): Change | undefined {
    const changes = this.#byHash === undefined ? this.#list : this.#byHash.get(hash);
    if (changes === undefined) return undefined;
    for (const change of changes) {
      const ref = change.newRef || change.oldRef;
      if (change.hash === hash && ref !== 0 && this.#store.index.matches(ref)) return change;
    }
    return undefined;
  }

  #add(change: Change): void {
    this.#list.push(change);
    if (this.#byHash !== undefined) addTo(this.#byHash, change);
    else if (this.#list.length > FEW) this.#byHash = byHash(this.#list);
  }

  #free({ shardNumber, newRef }: Change): void {
    const { room, records } = this.#store;
    if (newRef !== 0) room.free(this.#store.wordOf(shardNumber), newRef, records.unitsOf(newRef));
  }
}

function byHash(changes: readonly Change[]): Map<number, Change[]> {
  const found = new Map<number, Change[]>();
  for (const change of changes) addTo(found, change);
  return found;
}

function addTo(byHash: Map<number, Change[]>, change: Change): void {
  const others = byHash.get(change.hash);
  if (others === undefined) byHash.set(change.hash, [change]);
  else others.push(change);
}
