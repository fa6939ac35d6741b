import type { Memory } from "../core/memory.ts";

/** What bytes are painted with, one value repeated. As a double each is an ordinary number, so that eight bytes are compared at once. */
export const FRESH = 0xd0;
export const FREED = 0xdf;
export const REDZONE = 0xde;
const REDZONE_WORD = 0xdede_dede;

/** Of larger blocks the first so many bytes are painted. */
const MOST_PAINTED_BYTES = 4096;

/** Up to where the bytes of a block are painted. */
export function paintedEnd(ptr: number, byteSize: number): number {
  return ptr + Math.min(byteSize, MOST_PAINTED_BYTES);
}

/** Beyond this many bytes a call of `fill` is faster than a loop. */
const SHORT_BYTES = 512;

/**
 * Up to here offsets are made 32-bit integers: as doubles, which the books hand out, rounding and comparing them would take most of the time. Half of
 * the range, so that no shift makes one negative.
 */
const INT32_SAFE = 0x7fff_0000;

/** Eight bytes of each colour as one double. */
const WORDS = new Float64Array(256);
for (const byte of [FRESH, FREED, REDZONE]) WORDS[byte] = wordOf(byte);

/** Paints `[from, to)`. */
export function paint(memory: Memory, from: number, to: number, byte: number): void {
  const { u8, f64 } = memory;
  if (to - from > SHORT_BYTES || to > INT32_SAFE) {
    u8.fill(byte, from, to);
    return;
  }
  const word = WORDS[byte];
  const firstWord = (from + 7) >>> 3;
  const endWord = to >>> 3;
  const head = Math.min(firstWord << 3, to) >>> 0;
  for (let at = from >>> 0; at < head; at++) u8[at] = byte;
  for (let at = firstWord; at < endWord; at++) f64[at] = word;
  for (let at = Math.max(endWord << 3, head) >>> 0; at < to; at++) u8[at] = byte;
}

/**
 * Paints what lies around a block: its record number and redzone from `base` to `ptr`, both multiples of 8, and its redzone from `to` to `end`, of
 * which the latter is.
 */
export function paintAround(memory: Memory, record: number, base: number, ptr: number, to: number, end: number): void {
  memory.u32[base / 4] = record;
  memory.u32[base / 4 + 1] = REDZONE_WORD;
  if (end > INT32_SAFE) {
    memory.u8.fill(REDZONE, base + 8, ptr);
    memory.u8.fill(REDZONE, to, end);
    return;
  }
  const { u8, f64 } = memory;
  const word = WORDS[REDZONE];
  const block = ptr >>> 3;
  for (let at = (base >>> 3) + 1; at < block; at++) f64[at] = word;
  const whole = (to + 7) >>> 3;
  for (let at = to | 0; at < whole << 3; at++) u8[at] = REDZONE;
  const last = end >>> 3;
  for (let at = whole; at < last; at++) f64[at] = word;
}

/** Whether what lies around a block is as `paintAround` painted it. */
export function isPaintedAround(memory: Memory, record: number, base: number, ptr: number, to: number, end: number): boolean {
  if (memory.u32[base / 4] !== record || memory.u32[base / 4 + 1] !== REDZONE_WORD) return false;
  if (end > INT32_SAFE) return firstDamage(memory, base + 8, ptr, REDZONE) < 0 && firstDamage(memory, to, end, REDZONE) < 0;
  const { u8, f64 } = memory;
  const word = WORDS[REDZONE];
  const block = ptr >>> 3;
  for (let at = (base >>> 3) + 1; at < block; at++) if (f64[at] !== word) return false;
  const whole = (to + 7) >>> 3;
  for (let at = to | 0; at < whole << 3; at++) if (u8[at] !== REDZONE) return false;
  const last = end >>> 3;
  for (let at = whole; at < last; at++) if (f64[at] !== word) return false;
  return true;
}

/** Whether `[from, to)` is as painted. */
export function isPainted(memory: Memory, from: number, to: number, byte: number): boolean {
  if (to > INT32_SAFE) return firstDamage(memory, from, to, byte) < 0;
  const { u8, f64 } = memory;
  const word = WORDS[byte];
  const firstWord = (from + 7) >>> 3;
  const endWord = to >>> 3;
  const head = Math.min(firstWord << 3, to) >>> 0;
  for (let at = from >>> 0; at < head; at++) if (u8[at] !== byte) return false;
  for (let at = firstWord; at < endWord; at++) if (f64[at] !== word) return false;
  for (let at = Math.max(endWord << 3, head) >>> 0; at < to; at++) if (u8[at] !== byte) return false;
  return true;
}

/** The first byte of `[from, to)` that is not as painted, or -1. */
export function firstDamage(memory: Memory, from: number, to: number, byte: number): number {
  const { u8 } = memory;
  for (let at = from; at < to; at++) if (u8[at] !== byte) return at;
  return -1;
}

/** The last byte of `[from, to)` that is not as painted, or -1. */
export function lastDamage(memory: Memory, from: number, to: number, byte: number): number {
  const { u8 } = memory;
  for (let at = to - 1; at >= from; at--) if (u8[at] !== byte) return at;
  return -1;
}

/** The double whose eight bytes are all `byte`, computed so that no buffer need be looked at in two ways. Exact: byte has its top bit set. */
function wordOf(byte: number): number {
  const high = byte * 0x0101_0101;
  const exponent = (high >>> 20) & 0x7ff;
  const fraction = (high & 0xf_ffff) * 2 ** 32 + high;
  return -(1 + fraction / 2 ** 52) * 2 ** (exponent - 1023);
}
