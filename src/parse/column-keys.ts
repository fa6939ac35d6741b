import { privateMemory } from "../core/homes.ts";
import type { Memory } from "../core/memory.ts";
import { decodeUtf8, encodedByteLength, encodeUtf8 } from "../core/utf8.ts";

const QUOTE = 0x22;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
const FEW = 64;

/**
 * The keys of JSON objects met so far, each a column. Finds a key by its bytes; makes a string of new keys only.
 *
 * ```
 *   bytes    name ": 0… name ": 0… …      each name with the quote and the colon that follow it in the input, from a whole word on
 *   offsets  u32 per column, and one more: where its name begins
 *   ends     u32 per column: where its name ends
 *   slots    u32, a power of two of them: column + 1, or 0; open addressing with linear probing (hash: FNV-1a, 1991)
 * ```
 *
 * Invariants:
 * 1. offsets are multiples of 4 and rise; offsets[column] ≤ ends[column] ≤ offsets[column + 1] − 2.
 * 2. Each column is in exactly one slot, and no empty slot lies between the one its hash asks for and that.
 * 3. At most half of the slots are taken.
 */
export class ColumnKeys {
  readonly names: string[] = [];
  /** Whether the name stands in the input as it is, without a backslash. */
  readonly #plain: boolean[] = [];
  #bytes = privateMemory(FEW * 16);
  #offsets = privateMemory(FEW * 4);
  #ends = privateMemory(FEW * 4);
  #slots = privateMemory(FEW * 4);
  #slotMask = FEW - 1;

  /**
   * Whether the bytes from `start` on are the name of `column`, a quote and a colon; then the offset behind them, otherwise -1. Compares four bytes
   * at a time, each put together from two whole words.
   */
  match(i32: Int32Array, start: number, column: number): number {
    if (column >= this.names.length || !this.#plain[column]) return -1;
    const { i32: keyWords } = this.#bytes;
    const keyEnd = this.#ends.u32[column] + 2;
    let key = this.#offsets.u32[column];
    const behind = start + keyEnd - key;
    const shift = (start & 3) << 3;
    let word = start >> 2;
    let low = i32[word] >>> shift;
    for (; key + 4 <= keyEnd; key += 4) {
      const next = i32[++word];
      // In two steps: a shift by 32 would be one by 0.
      if ((low | ((next << 1) << (31 - shift))) !== keyWords[key >> 2]) return -1;
      low = next >>> shift;
    }
    if (key === keyEnd) return behind;
    const bytes = low | ((i32[word + 1] << 1) << (31 - shift));
    const isSame = ((bytes ^ keyWords[key >> 2]) & ~(-1 << ((keyEnd - key) << 3))) === 0;
    return isSame ? behind : -1;
  }

  /** The column of the unescaped key `[start, end)`, or -1. */
  find(u8: Uint8Array, start: number, end: number): number {
    const { u8: bytes } = this.#bytes;
    const { u32: offsets } = this.#offsets;
    const { u32: ends } = this.#ends;
    const { u32: slots } = this.#slots;
    for (let slot = hash(u8, start, end) & this.#slotMask; ; slot = (slot + 1) & this.#slotMask) {
      if (slots[slot] === 0) return -1;
      const column = slots[slot] - 1;
      const from = offsets[column];
      if (ends[column] - from === end - start && isSame(u8, start, end, bytes, from)) return column;
    }
  }

  /** The column of a key that has escapes: `text` is what it means. */
  findText(text: string): number {
    return this.names.indexOf(text);
  }

  /** Takes in the name of a new column. */
  add(name: string): void {
    const column = this.names.length;
    const start = this.#offsets.u32[column];
    const end = start + encodedByteLength(name);
    const next = (end + 2 + 3) & ~3;
    this.#bytes = withRoom(this.#bytes, next);
    this.#offsets = withRoom(this.#offsets, (column + 2) * 4);
    this.#ends = withRoom(this.#ends, (column + 1) * 4);
    const { u8 } = this.#bytes;
    encodeUtf8(name, u8, start);
    u8[end] = QUOTE;
    u8[end + 1] = COLON;
    this.#ends.u32[column] = end;
    this.#offsets.u32[column + 1] = next;
    this.#plain.push(isPlain(u8, start, end));
    this.names.push(name);
    if (2 * this.names.length > this.#slotMask + 1) this.#rehash();
    else this.#place(column);
  }

  /** What is wrong with the table, if anything: see the invariants. */
  checkInvariants(): string[] {
    const wrong: string[] = [];
    const { u8 } = this.#bytes;
    const { u32: offsets } = this.#offsets;
    this.names.forEach((name, column) => {
      const [start, end] = [offsets[column], this.#ends.u32[column]];
      if (start % 4 !== 0 || end < start || end + 2 > offsets[column + 1]) wrong.push(`column ${column} spans ${start} to ${end}`);
      if (decodeUtf8(u8, start, end) !== name || u8[end] !== QUOTE || u8[end + 1] !== COLON)
        wrong.push(`the bytes of column ${column} are not "${name}"`);
      if (this.find(u8, start, end) !== column) wrong.push(`column ${column} is not found by its bytes`);
    });
    const taken = this.#slots.u32.filter((entry) => entry !== 0).length;
    if (taken !== this.names.length) wrong.push(`${taken} slots are taken by ${this.names.length} columns`);
    if (2 * taken > this.#slotMask + 1) wrong.push(`${taken} of ${this.#slotMask + 1} slots are taken`);
    return wrong;
  }

  #rehash(): void {
    this.#slotMask = this.#slotMask * 2 + 1;
    this.#slots = privateMemory((this.#slotMask + 1) * 4);
    for (let column = 0; column < this.names.length; column++) this.#place(column);
  }

  #place(column: number): void {
    const { u32: slots } = this.#slots;
    let slot = hash(this.#bytes.u8, this.#offsets.u32[column], this.#ends.u32[column]) & this.#slotMask;
    while (slots[slot] !== 0) slot = (slot + 1) & this.#slotMask;
    slots[slot] = column + 1;
  }
}

function hash(u8: Uint8Array, start: number, end: number): number {
  let state = 0x811c_9dc5;
  for (let at = start; at < end; at++) state = Math.imul(state ^ u8[at], 0x0100_0193);
  return state ^ (state >>> 15);
}

function isSame(u8: Uint8Array, start: number, end: number, bytes: Uint8Array, from: number): boolean {
  for (let at = start, i = from; at < end; at++, i++) if (u8[at] !== bytes[i]) return false;
  return true;
}

function isPlain(u8: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (u8[at] < SPACE || u8[at] === QUOTE || u8[at] === BACKSLASH) return false;
  return true;
}

/** `memory`, or a larger one with the same bytes. */
function withRoom(memory: Memory, byteLength: number): Memory {
  if (byteLength <= memory.byteLength) return memory;
  const larger = privateMemory(Math.max(byteLength, memory.byteLength * 2));
  larger.u8.set(memory.u8);
  memory.close();
  return larger;
}
