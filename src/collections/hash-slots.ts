import type { Ptr } from "../core/brand.ts";
import type { Lease } from "../core/lease.ts";
import type { Memory } from "../core/memory.ts";
import { HEADER_WORDS } from "./block-header.ts";
import { hashWord, hashWords, KeyKind, splitKey, splitWords } from "./hash-key.ts";
import { COUNT, fullAt, HAS_ZERO, MULTIPLIER, type SlotLayout } from "./hash-table-layout.ts";

// V8 loads an imported binding from memory at every use and makes a constant of a module's own: the hot paths below use these.
const FIRST = HEADER_WORDS;
const { UNSIGNED, SIGNED } = KeyKind;
const hashOne = hashWord;
const hashTwo = hashWords;
const splitIt = splitKey;
const halves = splitWords;

/** How values are read: four scalars straight from the slot, the rest by their type. Words first. */
const ValueKind = { U32: 0, I32: 1, F64: 2, F32: 3, OTHER: 4 } as const;
type ValueKind = (typeof ValueKind)[keyof typeof ValueKind];

/** What `find` returns for a key that cannot be in the table, and when every slot has been looked at. */
export const NOWHERE = -1;
const NONE = NOWHERE;
/** An entry this many slots from home is a sign of keys that were chosen to collide. At random it happens in one table of 10^9. */
const FAR_SLOTS = 1024;

/** Where a block lies. */
export interface SlotPlace {
  /** The slots may be looked at while `lease.epoch` is `epoch`. */
  readonly lease: Lease;
  readonly epoch: number;
  readonly byteOffset: number;
  /** The block as its allocator gave it; NIL where it is another's. */
  readonly ptr: Ptr;
  readonly capacity: number;
}

/**
 * The slots of one hash-table block, as its header says they are: finding, and moving entries about. See hash-table-layout.ts
 * for the bytes. Everything here that is called `at` is the word index of a slot, counted from the start of the block.
 *
 * Nothing here trusts the slots: whatever their bits, `find` and `remove` end after one round and stay within the block.
 */
export class HashSlots<Key, Value, Input> implements SlotPlace {
  readonly layout: SlotLayout<Key, Value, Input>;
  readonly memory: Memory;
  readonly lease: Lease;
  epoch: number;
  readonly byteOffset: number;
  readonly ptr: Ptr;
  readonly capacity: number;
  /** The most entries that they hold. */
  readonly full: number;
  readonly keyKind: KeyKind;
  /** Keys of less than 32 bits: not every one that is looked for can be stored. */
  readonly narrow: boolean;
  readonly valueKind: ValueKind;
  readonly multiplier: number;
  /** hash >>> shift is the home slot. */
  readonly shift: number;
  readonly slotWords: number;
  readonly valueWords: number;
  /** The word index behind the last slot, which is that of the zero slot. */
  readonly end: number;
  /** The block as words, the header included. */
  words: Int32Array;
  f32: Float32Array;
  f64: Float64Array;
  /** Keeps loads that only fetch: see findMany. */
  touched = 0;
  /** Set when `find` has gone further than chance explains. */
  far = false;
  readonly farWords: number;
  /** Set when the entries have moved to another block, or the block to other typed arrays. */
  moved = false;

  /** Over a block whose header has been written or checked. */
  constructor({ lease, epoch, byteOffset, ptr, capacity }: SlotPlace, layout: SlotLayout<Key, Value, Input>) {
    const { memory } = lease;
    this.layout = layout;
    this.memory = memory;
    this.lease = lease;
    this.epoch = epoch;
    this.byteOffset = byteOffset;
    this.ptr = ptr;
    this.capacity = capacity;
    this.full = fullAt(capacity);
    this.keyKind = layout.keyKind;
    this.narrow = layout.key.byteSize < 4;
    this.valueKind = valueKindOf(layout);
    this.slotWords = layout.slotWords;
    this.valueWords = layout.valueByteOffset / 4;
    this.farWords = FAR_SLOTS * layout.slotWords;
    this.shift = Math.clz32(capacity) + 1;
    this.end = FIRST + capacity * layout.slotWords;
    const length = this.end + layout.slotWords;
    this.words = memory.slice("i32", byteOffset, length);
    this.f32 = memory.slice("f32", byteOffset, length);
    this.f64 = memory.slice("f64", byteOffset, length >> 1);
    this.multiplier = this.words[MULTIPLIER];
  }

  /** The same block through the typed arrays that its memory has now. */
  rebound(): HashSlots<Key, Value, Input> {
    return new HashSlots(this, this.layout);
  }

  /** Entries. */
  get count(): number {
    return this.words[COUNT];
  }

  /** Where `key` lies. When it is not there: ~at of the vacant slot that it would take; or `NOWHERE`. */
  find(key: number | bigint): number {
    const kind = this.keyKind;
    if (typeof key !== "number" || kind > SIGNED) return this.#findSplit(key);
    const word = key | 0;
    if (kind === UNSIGNED ? key >>> 0 !== key : word !== key) return NONE;
    return this.findWord(word);
  }

  findWord(word: number): number {
    if (word === 0) return this.#findZero();
    const { words, slotWords, end } = this;
    let at = FIRST + (hashOne(word, this.multiplier) >>> this.shift) * slotWords;
    const home = at;
    do {
      const found = words[at];
      if (found === word) return at;
      if (found === 0) return this.#vacant(at, home);
      at += slotWords;
      if (at === end) at = FIRST;
    } while (at !== home);
    return NONE;
  }

  findWords(low: number, high: number): number {
    if ((low | high) === 0) return this.#findZero();
    const { words, slotWords, end } = this;
    let at = FIRST + (hashTwo(low, high, this.multiplier) >>> this.shift) * slotWords;
    const home = at;
    do {
      const found = words[at];
      if (found === low && words[at + 1] === high) return at;
      if (found === 0 && words[at + 1] === 0) return this.#vacant(at, home);
      at += slotWords;
      if (at === end) at = FIRST;
    } while (at !== home);
    return NONE;
  }

  valueAt(at: number): Value {
    switch (this.valueKind) {
      case ValueKind.U32:
        return asRead<Value>(this.words[at + this.valueWords] >>> 0);
      case ValueKind.I32:
        return asRead<Value>(this.words[at + this.valueWords]);
      case ValueKind.F64:
        return asRead<Value>(this.f64[(at + this.valueWords) >> 1]);
      case ValueKind.F32:
        return asRead<Value>(this.f32[at + this.valueWords]);
      default:
        return this.layout.value.rawRead(this.memory, this.valueByteOffset(at));
    }
  }

  /** Throws `bad-value` and stores nothing when the value does not fit its type. */
  writeValue(at: number, value: Input): void {
    if (typeof value === "number") {
      const whole = this.valueKind === ValueKind.U32 ? value >>> 0 : value | 0;
      if (this.valueKind <= ValueKind.I32 && whole === value) {
        this.words[at + this.valueWords] = value;
        return;
      }
      if (this.valueKind === ValueKind.F64) {
        this.f64[(at + this.valueWords) >> 1] = value;
        return;
      }
    }
    const type = this.layout.value;
    type.rawStore(this.memory, this.valueByteOffset(at), type.rawCheck(value, this.layout.place));
  }

  keyAt(at: number): Key {
    // A key of less than 32 bits is widened in its word; its own bytes are the first ones of it.
    return this.layout.key.rawRead(this.memory, this.byteOffset + at * 4);
  }

  valueByteOffset(at: number): number {
    return this.byteOffset + at * 4 + this.layout.valueByteOffset;
  }

  /** Makes the vacant slot, or the zero slot, the key's. The key is one that `find` has sent there. */
  claim(at: number, key: number | bigint): void {
    const { words } = this;
    words[COUNT] += 1;
    if (at === this.end) {
      words[HAS_ZERO] = 1;
    } else if (typeof key === "number" && this.keyKind <= SIGNED) {
      words[at] = key;
    } else {
      splitIt(key, this.keyKind);
      words[at] = halves[0];
      if (this.layout.keyWords === 2) words[at + 1] = halves[1];
    }
  }

  isEmpty(at: number): boolean {
    if (at === this.end) return this.words[HAS_ZERO] === 0;
    return this.words[at] === 0 && (this.layout.keyWords === 1 || this.words[at + 1] === 0);
  }

  homeOf(at: number): number {
    const { words, multiplier } = this;
    const hash = this.layout.keyWords === 1 ? hashOne(words[at], multiplier) : hashTwo(words[at], words[at + 1], multiplier);
    return FIRST + (hash >>> this.shift) * this.slotWords;
  }

  /** How many slots an entry lies behind its home. */
  distance(at: number): number {
    const words = at - this.homeOf(at);
    return (words >= 0 ? words : words + this.end - FIRST) / this.slotWords;
  }

  /** Empties the slot and closes the gap: every entry behind it whose way from home crosses the gap moves into it. */
  remove(at: number): void {
    const { words, slotWords, end } = this;
    words[COUNT] -= 1;
    if (at === end) {
      words[HAS_ZERO] = 0;
      words.fill(0, at, at + slotWords);
      return;
    }
    const span = end - FIRST;
    let gap = at;
    let next = at;
    for (;;) {
      next += slotWords;
      if (next === end) next = FIRST;
      if (next === at || this.isEmpty(next)) break;
      const fromHome = (next - this.homeOf(next) + span) % span;
      const fromGap = (next - gap + span) % span;
      if (fromHome < fromGap) continue;
      for (let word = 0; word < slotWords; word++) words[gap + word] = words[next + word];
      gap = next;
    }
    for (let word = 0; word < slotWords; word++) words[gap + word] = 0;
  }

  clear(): void {
    this.words.fill(0, COUNT);
  }

  /** Copies every entry into `target`, which is empty and has room for them. In slot order, which a larger block with the same multiplier takes in as a stream. */
  copyInto(target: HashSlots<Key, Value, Input>): void {
    const { words, slotWords, end } = this;
    const to = target.words;
    const one = this.layout.keyWords === 1;
    for (let at = FIRST; at < end; at += slotWords) {
      const low = words[at];
      const high = one ? 0 : words[at + 1];
      if ((low | high) === 0) continue;
      const vacant = ~(one ? target.findWord(low) : target.findWords(low, high));
      for (let word = 0; word < slotWords; word++) to[vacant + word] = words[at + word];
    }
    for (let word = 0; word < slotWords; word++) to[target.end + word] = words[end + word];
    to[COUNT] = words[COUNT];
    to[HAS_ZERO] = words[HAS_ZERO];
  }

  #findSplit(key: number | bigint): number {
    if (!splitIt(key, this.keyKind)) return NONE;
    return this.layout.keyWords === 1 ? this.findWord(halves[0]) : this.findWords(halves[0], halves[1]);
  }

  /** A run that goes round the end counts from the first slot on. */
  #vacant(at: number, home: number): number {
    if ((at >= home ? at - home : at) > this.farWords) this.far = true;
    return ~at;
  }

  #findZero(): number {
    const { words } = this;
    if (words.length === 0) return NONE;
    return words[HAS_ZERO] === 0 ? ~this.end : this.end;
  }
}

function valueKindOf(layout: SlotLayout<unknown, unknown, never>): ValueKind {
  const { kind, codec } = layout.value;
  if (kind !== "scalar" || codec.shape !== "direct" || codec.decode !== undefined) return ValueKind.OTHER;
  if (codec.view === "u32") return ValueKind.U32;
  if (codec.view === "i32") return ValueKind.I32;
  if (codec.view === "f64") return ValueKind.F64;
  return codec.view === "f32" ? ValueKind.F32 : ValueKind.OTHER;
}

/** A number read from a slot as the table's value: `valueKindOf` has found that the value type reads that very element. */
function asRead<Value>(element: unknown): Value {
  return element as Value;
}
