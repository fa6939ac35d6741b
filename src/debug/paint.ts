import type { Memory } from "../core/memory.ts";

/** What bytes are painted with, one value repeated. As a double each is an ordinary number, so that eight bytes are compared at once. */
export const FRESH = 0xd0;
export const FREED = 0xdf;
export const REDZONE = 0xde;

/** Beyond this many bytes a call of `fill` is faster than a loop. */
const SHORT_BYTES = 512;

/** Eight bytes of each colour as one double. */
const WORDS = new Float64Array(256);
for (const byte of [FRESH, FREED, REDZONE]) WORDS[byte] = wordOf(byte);

/** Paints `[from, to)`. */
export function paint(memory: Memory, from: number, to: number, byte: number): void {
  const { u8 } = memory;
  if (to - from > SHORT_BYTES) {
    u8.fill(byte, from, to);
    return;
  }
  let at = from;
  while (at < to && at % 8 !== 0) u8[at++] = byte;
  const word = WORDS[byte];
  const { f64 } = memory;
  for (; at + 8 <= to; at += 8) f64[at / 8] = word;
  while (at < to) u8[at++] = byte;
}

/** The first byte of `[from, to)` that is not as painted, or -1. */
export function firstDamage(memory: Memory, from: number, to: number, byte: number): number {
  const { u8, f64 } = memory;
  let at = from;
  for (; at < to && at % 8 !== 0; at++) if (u8[at] !== byte) return at;
  const word = WORDS[byte];
  while (at + 8 <= to && f64[at / 8] === word) at += 8;
  for (; at < to; at++) if (u8[at] !== byte) return at;
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
