import { privateMemory } from "../core/homes.ts";
import type { Memory } from "../core/memory.ts";
import { decodeUtf8, encodedByteLength, encodeUtf8 } from "../core/utf8.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
const FEW = 64;

/**
 * The keys of JSON objects met so far, each a column. Finds a key by its bytes; makes a string of new keys only.
 *
 * ```
 *   bytes    name " name " name " …       each name with the quote that ends it in the input
 *   offsets  u32 per column, and one more: where its name begins
 *   slots    u32, a power of two of them: column + 1, or 0; open addressing with linear probing (hash: FNV-1a, 1991)
 * ```
 *
 * Invariants:
 * 1. offsets rise; offsets[column + 1] − offsets[column] = the name's bytes + 1.
 * 2. Each column is in exactly one slot, and no empty slot lies between the one its hash asks for and that.
 * 3. Less than half of the slots are taken.
 */
export class ColumnKeys {
  readonly names: string[] = [];
  /** Whether the name stands in the input as it is, without a backslash. */
  readonly #plain: boolean[] = [];
  #bytes = privateMemory(FEW * 16);
  #offsets = privateMemory(FEW * 4);
  #slots = privateMemory(FEW * 4);
  #slotMask = FEW - 1;

  /** Whether the bytes from `start` on are the name of `column` and a closing quote; then the offset behind it, otherwise -1. */
  match(u8: Uint8Array, start: number, column: number): number {
    if (column >= this.names.length || !this.#plain[column]) return -1;
    const { u8: bytes } = this.#bytes;
    const { u32: offsets } = this.#offsets;
    const end = offsets[column + 1];
    let at = start;
    for (let i = offsets[column]; i < end; i++, at++) {
      if (u8[at] !== bytes[i]) return -1;
    }
    return at;
  }

  /** The column of the unescaped key `[start, end)`, or -1. */
  find(u8: Uint8Array, start: number, end: number): number {
    const { u8: bytes } = this.#bytes;
    const { u32: offsets } = this.#offsets;
    const { u32: slots } = this.#slots;
    for (let slot = hash(u8, start, end) & this.#slotMask; ; slot = (slot + 1) & this.#slotMask) {
      if (slots[slot] === 0) return -1;
      const column = slots[slot] - 1;
      const from = offsets[column];
      if (offsets[column + 1] - 1 - from === end - start && isSame(u8, start, end, bytes, from)) return column;
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
    this.#bytes = withRoom(this.#bytes, end + 1);
    this.#offsets = withRoom(this.#offsets, (column + 2) * 4);
    encodeUtf8(name, this.#bytes.u8, start);
    this.#bytes.u8[end] = QUOTE;
    this.#offsets.u32[column + 1] = end + 1;
    this.#plain.push(isPlain(this.#bytes.u8, start, end));
    this.names.push(name);
    if (2 * this.names.length >= this.#slotMask) this.#rehash();
    else this.#place(column);
  }

  /** What is wrong with the table, if anything: see the invariants. */
  checkInvariants(): string[] {
    const wrong: string[] = [];
    const { u8 } = this.#bytes;
    const { u32: offsets } = this.#offsets;
    this.names.forEach((name, column) => {
      const [start, end] = [offsets[column], offsets[column + 1] - 1];
      if (decodeUtf8(u8, start, end) !== name || u8[end] !== QUOTE) wrong.push(`the bytes of column ${column} are not "${name}"`);
      if (this.find(u8, start, end) !== column) wrong.push(`column ${column} is not found by its bytes`);
    });
    const taken = this.#slots.u32.filter((entry) => entry !== 0).length;
    if (taken !== this.names.length) wrong.push(`${taken} slots are taken by ${this.names.length} columns`);
    if (2 * taken > this.#slotMask) wrong.push(`${taken} of ${this.#slotMask + 1} slots are taken`);
    return wrong;
  }

  #rehash(): void {
    this.#slotMask = this.#slotMask * 2 + 1;
    this.#slots = privateMemory((this.#slotMask + 1) * 4);
    for (let column = 0; column < this.names.length; column++) this.#place(column);
  }

  #place(column: number): void {
    const { u32: offsets } = this.#offsets;
    const { u32: slots } = this.#slots;
    let slot = hash(this.#bytes.u8, offsets[column], offsets[column + 1] - 1) & this.#slotMask;
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
