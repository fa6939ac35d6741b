import type { Allocator } from "../../alloc/allocator.ts";
import { endPlacement } from "../../alloc/own-memory.ts";
import { NIL, type Ptr } from "../../core/brand.ts";
import { MemoryError } from "../../core/errors.ts";
import type { Lease } from "../../core/lease.ts";
import { oddMultiplier, randomSeed } from "../hash.ts";
import { fitsKey, NOWHERE } from "./hash-key.ts";
import { HashPages } from "./hash-pages.ts";
import { HashReader } from "./hash-reader.ts";
import type { HashSlots } from "./hash-slots.ts";
import { allocateSlots, freeSlots } from "./hash-table-block.ts";
import { blockByteLength, capacityFor, fewestPagesFor, pagedByteLength, pagesFor } from "./hash-table-layout.ts";

/** So often another multiplier is tried, each at random, before keys are refused that share their hash with thousands of others whatever it is. */
const MOST_MULTIPLIERS = 8;

/** What a table that is written adds to one that is read: entries that come and go, and growth. See {@link HashTable}. */
export abstract class HashWriter<Key extends number | bigint, Value, Input = Value> extends HashReader<Key, Value, Input> {
  /** None where the blocks are another's. */
  readonly #allocator: Allocator | undefined;
  /** Whether it is to stay one block. */
  readonly #isOneBlock: boolean;
  #pages: HashPages<Key, Value, Input> | undefined;
  /** What views of values live by: until an entry comes or goes. Made with the first view. */
  protected views: Lease | undefined = undefined;
  /** The number of slots at which the multiplier was last exchanged. */
  #reseededAt = 0;

  constructor(slots: HashSlots<Key, Value, Input>, allocator?: Allocator, oneBlock = false) {
    super(slots);
    this.#allocator = allocator;
    this.#isOneBlock = oneBlock;
  }

  override get byteLength(): number {
    const { slots } = this;
    if (this.#pages !== undefined) return this.#pages.byteLength;
    if (!slots.isPaged) return blockByteLength(slots.slotWords, slots.pageSlots);
    return pagedByteLength(slots.layout, slots.cells.length, slots.pages().length);
  }

  /** How many entries it holds before it grows. */
  get capacity(): number {
    const slots = this.settled();
    return this.#pages?.capacity ?? (slots.isPaged ? slots.count : slots.full);
  }

  /** All blocks that it has from its allocator, the one with the header first. */
  blocks(): { readonly ptr: Ptr; readonly byteSize: number }[] {
    const { ptr } = this.settled();
    return this.#pages?.blocks() ?? (ptr === NIL ? [] : [{ ptr, byteSize: this.byteLength }]);
  }

  protected makeRoomFor(count: number): void {
    const { layout, multiplier, pageSlots, isPaged } = this.settled();
    if (isPaged) {
      this.#pages?.reserve(pagesFor(layout, count));
      this.#adopt();
      return;
    }
    const capacity = capacityFor(count);
    if (capacity <= pageSlots) return;
    if (this.#isOneBlock || capacity <= layout.pageSlots) this.#relocate(capacity, multiplier);
    else this.#spread(multiplier, pagesFor(layout, count));
  }

  protected giveRoomBack(): void {
    const { layout, multiplier, pageSlots, count, isPaged } = this.settled();
    const capacity = capacityFor(count);
    const fewest = fewestPagesFor(layout, count);
    if (this.#isOneBlock || capacity <= layout.pageSlots) {
      if (isPaged || capacity < pageSlots) this.#relocate(capacity, multiplier);
    } else if (fewest < (this.#pages?.pageCount ?? 0)) {
      this.#spread(multiplier, fewest);
    }
  }

  /** For Memory: growth has moved the bytes. */
  override memoryMoved(): void {
    if (this.#pages === undefined) {
      super.memoryMoved();
      return;
    }
    this.#pages.memoryMoved();
    this.#adopt();
  }

  protected get isWritable(): boolean {
    return this.#allocator !== undefined;
  }

  protected checkWritable(): void {
    if (this.#allocator !== undefined) return;
    throw new MemoryError("read-only", {
      subject: "hash table",
      event: `that was attached to ${this.memory.subject} cannot be changed`,
      cure: "Change the table that it was copied from, or copy its entries into a new one.",
    });
  }

  protected removeAt(at: number): void {
    const { slots } = this;
    if (this.#pages !== undefined && at !== slots.zeroAt) this.#pages.removed(slots.hashAt(at) & slots.cellMask);
    slots.remove(at);
    this.changed(at);
  }

  protected removeAll(): void {
    this.settled().clear();
    this.#pages?.cleared();
    this.changed(NOWHERE);
  }

  /** Puts a new key where `locate` has found that it belongs; returns where the entry is in the end. */
  protected insert(found: number, key: Key, value: Input): number {
    let slots = this.slots;
    let place = ~found;
    if (found === NOWHERE || (slots.narrow && !fitsKey(key, slots.layout.key.byteSize, slots.keyKind))) this.#refuseKey(key);
    let hash = slots.hashOf(key);
    while (!this.#hasRoom(slots, place, hash)) {
      this.#makeRoom(hash);
      slots = this.slots;
      hash = slots.hashOf(key);
      place = ~slots.find(key);
    }
    const taken = slots.insert(place, hash, key, value);
    this.changed(NOWHERE);
    if (place === slots.zeroAt) return place;
    this.#pages?.added(hash & slots.cellMask);
    return slots.isFar(taken) && this.#reseed() ? this.slots.find(key) : place;
  }

  #hasRoom(slots: HashSlots<Key, Value, Input>, place: number, hash: number): boolean {
    if (this.#pages === undefined) return slots.count < slots.full;
    return place === slots.zeroAt || this.#pages.hasRoom(hash & slots.cellMask);
  }

  /** Room for one more entry of that hash. */
  #makeRoom(hash: number): void {
    const { layout, multiplier, pageSlots } = this.slots;
    const pages = this.#pages;
    if (pages === undefined) {
      if (this.#isOneBlock || pageSlots < layout.pageSlots) this.#relocate(pageSlots * 2, multiplier);
      else if (this.#allocator !== undefined) this.#take(HashPages.ofBlock(this.#allocator, () => this.slots));
      return;
    }
    const hasRoom = pages.makeRoom(hash);
    this.#adopt();
    this.changed(NOWHERE);
    if (!hasRoom) this.#spread(oddMultiplier(multiplier));
  }

  /** Another multiplier: for keys that were chosen against this one. Once a size, so it stays linear whatever comes. */
  #reseed(): boolean {
    const { multiplier, pageSlots } = this.slots;
    const slotCount = pageSlots * (this.#pages?.pageCount ?? 1);
    if (slotCount < this.#reseededAt * 2) return false;
    this.#reseededAt = slotCount;
    try {
      if (this.#pages === undefined) this.#relocate(pageSlots, oddMultiplier(multiplier));
      else this.#spread(oddMultiplier(multiplier));
      return true;
    } catch (error) {
      // Without room for it the table is slow, not wrong.
      if (error instanceof MemoryError && error.code === "out-of-memory") return false;
      throw error;
    }
  }

  /** Moves all entries to one block. */
  #relocate(capacity: number, multiplier: number): void {
    const allocator = this.#allocator;
    if (allocator === undefined) return;
    const target = allocateSlots(allocator, this.slots.layout, capacity, multiplier);
    // Read only now: allocating may have moved the memory, and so replaced them.
    const { slots } = this;
    slots.copyInto(target);
    slots.moved = true;
    this.free(slots);
    this.#pages = undefined;
    this.slots = target;
    this.changed(NOWHERE);
  }

  /** Moves all entries to pages, with that multiplier if they spread, else with one at random. */
  #spread(multiplier: number, pageCount: number = pagesFor(this.slots.layout, this.slots.count)): void {
    const allocator = this.#allocator;
    if (allocator === undefined) return;
    let made: HashPages<Key, Value, Input> | undefined;
    for (let turn = 0; made === undefined; turn++) {
      if (turn === MOST_MULTIPLIERS) this.#refuseFlood();
      made = HashPages.of(allocator, () => this.slots, turn === 0 ? multiplier : oddMultiplier(randomSeed()), pageCount);
    }
    this.#take(made);
  }

  /** Goes on in pages that have all entries. */
  #take(pages: HashPages<Key, Value, Input>): void {
    const { slots } = this;
    slots.moved = true;
    this.free(slots);
    this.#pages = pages;
    this.#adopt();
    this.changed(NOWHERE);
  }

  #adopt(): void {
    if (this.#pages !== undefined) this.slots = this.#pages.slots;
  }

  protected free(slots: HashSlots<Key, Value, Input>): void {
    if (this.#pages !== undefined) this.#pages.free();
    else if (this.#allocator !== undefined) freeSlots(this.#allocator, slots);
  }

  /** Ends the memory that it had of its own. */
  protected endMemory(): void {
    endPlacement(this.#allocator);
  }

  protected changed(removedAt: number): void {
    this.changes.count += 1;
    this.changes.removedAt = removedAt;
    this.views?.end("had entries come or go");
  }

  #refuseKey(key: Key): never {
    throw new MemoryError("bad-value", {
      subject: "hash table",
      event: `cannot have this key: it is no ${this.slots.layout.key.name}`,
      numbers: { key: String(key), type: typeof key },
      cure: "Use a key type that holds all keys exactly.",
    });
  }

  #refuseFlood(): never {
    throw new MemoryError("out-of-memory", {
      subject: "hash table",
      event: "has too many keys of the same hash, whatever it hashes with",
      numbers: { entries: this.slots.count },
      cure: "Use a table of records: hashTable with a struct as key.",
    });
  }
}
