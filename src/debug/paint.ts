import type { Memory } from "../core/memory.ts";

/** What bytes are painted with, one value repeated. As a double each is an ordinary number, so that eight bytes are compared at once. */
export const FRESH = 0xd0;
export const FREED = 0xdf;
export const REDZONE = 0xde;
const REDZONE_WORD = 0xdede_dede | 0;
const REDZONES: number = wordOf(8, REDZONE, REDZONE);
const FREEDS: number = wordOf(8, FREED, FREED);

/**
 * Where the last bytes of a block share eight with its redzone: by how many of them are the block's, the eight bytes of a freed one, and the bits that
 * are the redzone's, in the first four bytes and in the other four.
 */
const LAST_EIGHT = Float64Array.from({ length: 8 }, (_, own) => wordOf(own, FREED, REDZONE));
const FIRST_FOUR = Int32Array.from({ length: 8 }, (_, own) => (own < 4 ? -1 << (own * 8) : 0));
const OTHER_FOUR = Int32Array.from({ length: 8 }, (_, own) => (own < 4 ? -1 : -1 << ((own - 4) * 8)));

/** Paints `[from, to)`. */
export function paint(memory: Memory, from: number, to: number, byte: number): void {
  memory.u8.fill(byte, from, to);
}

/**
 * Paints what lies around a new block: its record number and redzone from `base` to `ptr`, and its redzone up to `end`, all of them multiples of 8.
 * The block's last bytes may be painted too.
 */
export function paintAround(memory: Memory, record: number, base: number, ptr: number, byteSize: number, end: number): void {
  const { i32, f64 } = memory;
  const front = base / 8;
  i32[front * 2] = record;
  i32[front * 2 + 1] = REDZONE_WORD;
  const block = ptr / 8;
  for (let at = front + 1; at < block; at++) f64[at] = REDZONES;
  const behind = end / 8;
  for (let at = (ptr + byteSize - (byteSize & 7)) / 8; at < behind; at++) f64[at] = REDZONES;
}

/** Whether what lies around a block is as `paintAround` painted it, whatever the block's own bytes are. */
export function isPaintedAround(memory: Memory, record: number, base: number, ptr: number, byteSize: number, end: number): boolean {
  const { i32, f64 } = memory;
  const front = base / 8;
  const own = byteSize & 7;
  const last = (ptr + byteSize - own) / 8;
  let differing = (i32[front * 2] ^ record) | (i32[front * 2 + 1] ^ REDZONE_WORD);
  differing |= (i32[last * 2] ^ REDZONE_WORD) & FIRST_FOUR[own];
  differing |= (i32[last * 2 + 1] ^ REDZONE_WORD) & OTHER_FOUR[own];
  if (differing !== 0) return false;
  const block = ptr / 8;
  for (let at = front + 1; at < block; at++) if (f64[at] !== REDZONES) return false;
  const behind = end / 8;
  for (let at = last + 1; at < behind; at++) if (f64[at] !== REDZONES) return false;
  return true;
}

/**
 * Paints the first `most` bytes of a block that ended, a multiple of 8, and whatever it has of the eight bytes that its redzone begins in: with its
 * redzone there, in one store.
 */
export function paintFreed(memory: Memory, ptr: number, byteSize: number, most: number): void {
  const { f64 } = memory;
  const own = byteSize & 7;
  const last = (ptr + byteSize - own) / 8;
  const to = Math.min(last, (ptr + most) / 8);
  for (let at = ptr / 8; at < to; at++) f64[at] = FREEDS;
  f64[last] = LAST_EIGHT[own];
}

/** Whether the bytes of a block that ended are as `paintFreed` painted them, and those around it as `paintAround` did. */
export function isPaintedFreed(
  memory: Memory,
  record: number,
  base: number,
  ptr: number,
  byteSize: number,
  most: number,
  end: number,
): boolean {
  const { i32, f64 } = memory;
  const front = base / 8;
  if (((i32[front * 2] ^ record) | (i32[front * 2 + 1] ^ REDZONE_WORD)) !== 0) return false;
  const block = ptr / 8;
  for (let at = front + 1; at < block; at++) if (f64[at] !== REDZONES) return false;
  const own = byteSize & 7;
  const last = (ptr + byteSize - own) / 8;
  const to = Math.min(last, (ptr + most) / 8);
  for (let at = block; at < to; at++) if (f64[at] !== FREEDS) return false;
  if (f64[last] !== LAST_EIGHT[own]) return false;
  const behind = end / 8;
  for (let at = last + 1; at < behind; at++) if (f64[at] !== REDZONES) return false;
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

/**
 * The double that lies in memory as `count` bytes `first` and then bytes `other`, computed so that no buffer need be looked at in two ways. Exact:
 * its top byte is 0xde or 0xdf, so that it is an ordinary negative number.
 */
function wordOf(count: number, first: number, other: number): number {
  const byteAt = (at: number): number => (at < count ? first : other);
  const fourAt = (at: number): number => byteAt(at) + byteAt(at + 1) * 2 ** 8 + byteAt(at + 2) * 2 ** 16 + byteAt(at + 3) * 2 ** 24;
  const high = fourAt(4);
  const fraction = (high % 2 ** 20) * 2 ** 32 + fourAt(0);
  const exponent = Math.floor(high / 2 ** 20) % 2 ** 11;
  return -(1 + fraction / 2 ** 52) * 2 ** (exponent - 1023);
}
