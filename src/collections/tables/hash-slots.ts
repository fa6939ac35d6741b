import { HEADER_WORDS } from "../block-header.ts";
import { HashBlock, ValueKind } from "./hash-block.ts";
import { closeGap, copyEntry, moveUp, pushPair, vacantFrom } from "./hash-cells.ts";
import { hashWord, hashWords, joinKey, KeyKind, lowOfHash, splitKey, splitWords, wordOfHash } from "./hash-key.ts";
import { COUNT, HAS_ZERO } from "./hash-table-layout.ts";

// Constants, where properties would be loaded at every use.
const { UNSIGNED, SIGNED } = KeyKind;
const { U32, I32, F64, F32 } = ValueKind;

/** A number read from a slot as the table's key or value: `keyKindOf` or `valueKindOf` has found that the type reads that very number. A constant, which calls need not compare. */
const asRead = <Value>(element: unknown): Value => element as Value;

/**
 * The slots of one hash table: values, and entries that come and go within a page. `insert` and `remove` end after one round and stay within the memory, whatever the
 * slots hold.
 */
export class HashSlots<Key, Value, Input> extends HashBlock<Key, Value, Input> {
  /** The same table through the typed arrays that its memory has now. */
  rebound(): HashSlots<Key, Value, Input> {
    return new HashSlots(this, this.layout);
  }

  valueAt(at: number): Value {
    switch (this.valueKind) {
      case U32:
        return asRead<Value>(this.words[(at + this.valueWords) | 0] >>> 0);
      case I32:
        return asRead<Value>(this.words[(at + this.valueWords) | 0]);
      case F64:
        return asRead<Value>(this.f64[(at + this.valueWords) >> 1]);
      case F32:
        return asRead<Value>(this.f32[(at + this.valueWords) | 0]);
      default:
        return this.layout.value.rawRead(this.memory, this.valueByteOffset(at));
    }
  }

  /** Throws `bad-value` and stores nothing when the value does not fit its type. */
  writeValue(at: number, value: Input): void {
    if (typeof value === "number") {
      const whole = this.valueKind === U32 ? value >>> 0 : value | 0;
      if (this.valueKind <= I32 && whole === value) {
        this.words[(at + this.valueWords) | 0] = value;
        return;
      }
      if (this.valueKind === F64) {
        this.f64[(at + this.valueWords) >> 1] = value;
        return;
      }
    }
    const type = this.layout.value;
    type.rawStore(this.memory, this.valueByteOffset(at), type.rawCheck(value, this.layout.place));
  }

  keyAt(at: number): Key {
    const word = this.lowAt(at);
    if (this.keyKind === UNSIGNED) return asRead<Key>(word >>> 0);
    if (this.keyKind === SIGNED) return asRead<Key>(word);
    splitWords[0] = word;
    splitWords[1] = this.words[at + 1];
    return asRead<Key>(joinKey(this.keyKind));
  }

  /** The low word of a key. */
  lowAt(at: number): number {
    const { words } = this;
    return this.layout.keyWords === 1
      ? wordOfHash(words[at], this.inverse)
      : lowOfHash(words[at], words[at + 1], this.multiplier, this.inverse);
  }

  valueByteOffset(at: number): number {
    return this.origin + at * 4 + this.layout.valueByteOffset;
  }

  /**
   * Puts a new entry where `find` has sent its key; lesser ones move on. Returns the slot that was empty until now. Throws `bad-value`; nothing has
   * changed then. Throws `corrupt` where others have written over the empty slots.
   */
  insert(at: number, hash: number, key: number | bigint, value: Input): number {
    const { words, head } = this;
    const first = this.cells[hash & this.cellMask] | 0;
    let taken = at;
    if (at === this.zeroAt) {
      this.writeValue(at, value);
      words[head + HAS_ZERO] = 1;
    } else if (this.isTwoWords) {
      const otherKey = words[at];
      const otherValue = words[(at + 1) | 0];
      this.writeValue(at, value);
      this.writeKey(at, hash, key);
      if (otherKey !== 0) taken = pushPair(this, first, this.after(at, first), otherKey, otherValue);
    } else {
      taken = vacantFrom(this, first, at);
      this.writeValue(taken, value);
      this.writeKey(taken, hash, key);
      moveUp(this, first, at, taken);
    }
    words[head + COUNT] += 1;
    return taken;
  }

  /** The key is one that `find` has looked for, the hash its own. */
  writeKey(at: number, hash: number, key: number | bigint): void {
    this.words[at] = hash;
    if (this.layout.keyWords === 1) return;
    splitKey(key, this.keyKind);
    this.words[at + 1] = splitWords[1];
  }

  /** The slot behind, cyclically in the page that begins at `first`. */
  after(at: number, first: number): number {
    const next = (at + this.slotWords) | 0;
    return next === ((first + this.pageWords) | 0) ? first : next;
  }

  /** The first entry from a place on: a page and a slot of it, both from 0 to 1. The zero slot where there is no other. */
  occupiedFrom(page: number, slot: number): number {
    const { cells, pageSlots, slotWords } = this;
    const fromCell = Math.floor(page * cells.length);
    const fromSlot = Math.floor(slot * pageSlots);
    for (let cell = 0; cell < cells.length; cell++) {
      const first = cells[(fromCell + cell) % cells.length];
      for (let turn = 0; turn < pageSlots; turn++) {
        const at = first + ((fromSlot + turn) % pageSlots) * slotWords;
        if (!this.isEmpty(at)) return at;
      }
    }
    return this.zeroAt;
  }

  hashAt(at: number, multiplier = this.multiplier): number {
    const { words } = this;
    if (multiplier === this.multiplier) return words[at];
    const low = this.lowAt(at);
    return this.layout.keyWords === 1 ? hashWord(low, multiplier) : hashWords(low, words[at + 1], multiplier);
  }

  /** How many slots an entry of the page that begins at `first` lies behind its home. */
  distance(at: number, first: number): number {
    const words = at - first - (~this.hashAt(at) >>> this.shift) * this.slotWords;
    return (words >= 0 ? words : words + this.pageWords) / this.slotWords;
  }

  /** Whether chance does not explain how far behind its home an entry lies. */
  isFar(at: number): boolean {
    const hash = this.hashAt(at);
    const home = (this.cells[hash & this.cellMask] + Math.imul(~hash >>> this.shift, this.slotWords)) | 0;
    return (at >= home ? at - home : at - home + this.pageWords) > this.farWords;
  }

  /** Takes an entry out. */
  remove(at: number): void {
    const { words, head, slotWords } = this;
    words[head + COUNT] -= 1;
    if (at !== this.zeroAt) {
      closeGap(this, at, this.cells[this.hashAt(at) & this.cellMask] | 0);
      return;
    }
    words[head + HAS_ZERO] = 0;
    words.fill(0, at, at + slotWords);
  }

  /** Copies the entry of key zero, if there is one, and the number of entries. */
  copyHead(target: HashSlots<Key, Value, Input>): void {
    const { words, head, slotWords, zeroAt } = this;
    for (let word = 0; word < slotWords; word++) target.words[target.zeroAt + word] = words[zeroAt + word];
    target.words[target.head + COUNT] = words[head + COUNT];
    target.words[target.head + HAS_ZERO] = words[head + HAS_ZERO];
  }

  clear(): void {
    const { words, head, zeroAt, slotWords } = this;
    for (const first of this.pages()) words.fill(0, first, first + this.pageWords);
    words.fill(0, zeroAt, zeroAt + slotWords);
    words[head + COUNT] = 0;
    words[head + HAS_ZERO] = 0;
  }

  /** Copies every entry into `target`, which is empty, and of one block with room for them. In slot order, which a larger block with the same multiplier takes in as a stream. */
  copyInto(target: HashSlots<Key, Value, Input>): void {
    for (const first of this.pages()) {
      for (let at = first; at < first + this.pageWords; at += this.slotWords) {
        if (this.isEmpty(at)) continue;
        copyEntry(this, at, target, HEADER_WORDS, this.hashAt(at, target.multiplier));
      }
    }
    this.copyHead(target);
  }
}
