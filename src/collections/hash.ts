import { MemoryError } from "../core/errors.ts";
import { privateMemory } from "../core/homes.ts";
import { codePointAt, packedByteLength, packUtf8 } from "./packed-utf8.ts";

/**
 * Hashing for tables in memory: bytes, strings (as their UTF-8, without encoding them) and whole numbers to 32 bits.
 *
 * The bytes are read as little-endian words of four; where the length is not a multiple of four, the last word is the last
 * four bytes and overlaps the one before; a key of one to three bytes is one word of its first, middle and last byte. Each
 * word enters two lanes:
 *
 *     a = xorshift15( (a ^ word) * FIRST )        a constant multiplier
 *     b = rotl9( (b * secret) ^ word )            a multiplier made of the seed
 *
 * and both end in the finalizer of MurmurHash3. One lane alone can be made to collide for every seed at once (differences in
 * the top bits pass a multiplication unchanged; Aumasson and Bernstein did it to MurmurHash3 in 2012); the words that cancel in
 * one of these lanes do not cancel in the other, so chosen keys collide only for who knows the seed. It is not a cryptographic
 * hash: never show hashes or seeds to whom they must resist.
 *
 * Hashes are signed 32-bit integers, which V8 keeps unboxed everywhere. They are part of file formats: never change them.
 */

/** The multiplier of the first lane. */
export const FIRST = 0x85ebca6b | 0;
/** The multiplier of the end. */
export const SECOND = 0xc2b2ae35 | 0;
/** Makes of a seed the multiplier of the second lane, and of numbers in a row some that are far apart. */
export const GOLDEN = 0x9e3779b1 | 0;

/** The hash of `u8[start, end)`. The range is not checked. About 10 ns for 4 bytes and 3 ns for every 4 bytes more. */
export function hashBytes(u8: Uint8Array, start: number, end: number, seed: number): number {
  const secret = secretOf(seed);
  const byteLength = end - start;
  let a = seed ^ FIRST;
  let b = seed;
  if (byteLength >= 4) {
    const last = end - 4;
    for (let at = start; at < last; at += 4) {
      const word = u8[at] | (u8[at + 1] << 8) | (u8[at + 2] << 16) | (u8[at + 3] << 24);
      a = Math.imul(a ^ word, FIRST);
      a ^= a >>> 15;
      b = Math.imul(b, secret) ^ word;
      b = (b << 9) | (b >>> 23);
    }
    const word = u8[last] | (u8[last + 1] << 8) | (u8[last + 2] << 16) | (u8[last + 3] << 24);
    a = Math.imul(a ^ word, FIRST);
    a ^= a >>> 15;
    b = Math.imul(b, secret) ^ word;
    b = (b << 9) | (b >>> 23);
  } else if (byteLength > 0) {
    const word = u8[start] | (u8[start + (byteLength >> 1)] << 8) | (u8[end - 1] << 16);
    a = Math.imul(a ^ word, FIRST);
    a ^= a >>> 15;
    b = Math.imul(b, secret) ^ word;
    b = (b << 9) | (b >>> 23);
  }
  return finishHash(a, b, byteLength);
}

/** The hash of the UTF-8 bytes of `text`, without making them. A lone surrogate counts as the three bytes it would have. */
export function hashString(text: string, seed: number): number {
  const secret = secretOf(seed);
  const { length } = text;
  let a = seed ^ FIRST;
  let b = seed;
  if (length >= 4) {
    const last = length - 4;
    for (let at = 0; at < length; at += 4) {
      const from = Math.min(at, last);
      const c0 = text.charCodeAt(from);
      const c1 = text.charCodeAt(from + 1);
      const c2 = text.charCodeAt(from + 2);
      const c3 = text.charCodeAt(from + 3);
      if ((c0 | c1 | c2 | c3) > 0x7f) return hashUnicode(text, seed);
      const word = c0 | (c1 << 8) | (c2 << 16) | (c3 << 24);
      a = Math.imul(a ^ word, FIRST);
      a ^= a >>> 15;
      b = Math.imul(b, secret) ^ word;
      b = (b << 9) | (b >>> 23);
    }
  } else if (length > 0) {
    const c0 = text.charCodeAt(0);
    const c1 = text.charCodeAt(length >> 1);
    const c2 = text.charCodeAt(length - 1);
    if ((c0 | c1 | c2) > 0x7f) return hashUnicode(text, seed);
    const word = c0 | (c1 << 8) | (c2 << 16);
    a = Math.imul(a ^ word, FIRST);
    a ^= a >>> 15;
    b = Math.imul(b, secret) ^ word;
    b = (b << 9) | (b >>> 23);
  }
  return finishHash(a, b, length);
}

/** The same for any text: its UTF-8 bytes run through a window of four, which is mixed in at every fourth byte and at the end. */
function hashUnicode(text: string, seed: number): number {
  const secret = secretOf(seed);
  const { length } = text;
  let a = seed ^ FIRST;
  let b = seed;
  let window = 0;
  let byteLength = 0;
  for (let at = 0; at < length; at++) {
    const codePoint = codePointAt(text, at);
    if (codePoint > 0xffff) at += 1;
    const packed = packUtf8(codePoint);
    const count = packedByteLength(codePoint);
    for (let k = 0; k < count; k++) {
      window = (window >>> 8) | ((packed >>> (k * 8)) << 24);
      byteLength += 1;
      if ((byteLength & 3) !== 0) continue;
      a = Math.imul(a ^ window, FIRST);
      a ^= a >>> 15;
      b = Math.imul(b, secret) ^ window;
      b = (b << 9) | (b >>> 23);
    }
  }
  if ((byteLength & 3) !== 0) {
    // Two or three bytes lie at the top of the window; from five on it is full.
    if (byteLength === 3) window >>>= 8;
    else if (byteLength === 2) window = (window >>> 16) | ((window >>> 24) << 16);
    a = Math.imul(a ^ window, FIRST);
    a ^= a >>> 15;
    b = Math.imul(b, secret) ^ window;
    b = (b << 9) | (b >>> 23);
  }
  return finishHash(a, b, byteLength);
}

/** The multiplier of the second lane. */
export function secretOf(seed: number): number {
  return Math.imul(seed, GOLDEN) | 1;
}

/** The hash that both lanes make in the end. */
export function finishHash(a: number, b: number, byteLength: number): number {
  return fmix32((a + Math.imul(b ^ byteLength, SECOND)) | 0);
}

/** The finalizer of MurmurHash3: a bijection of 32-bit integers in which every bit of the input moves about half of the output's. */
export function fmix32(value: number): number {
  let h = value;
  h ^= h >>> 16;
  h = Math.imul(h, FIRST);
  h ^= h >>> 13;
  h = Math.imul(h, SECOND);
  return h ^ (h >>> 16);
}

/**
 * The odd multiplier that a table of whole numbers draws from its seed, for `hashWord`. With a multiplier of its own for each table,
 * keys chosen against one, or copied out of one in slot order, do no harm in another (Dietzfelbinger et al., 1997).
 */
export function oddMultiplier(seed: number): number {
  return fmix32(seed ^ GOLDEN) | 1;
}

/** A seed that nobody can guess, where the runtime has a source of such; from 0 to 2^32 − 1. */
export function randomSeed(): number {
  const { crypto } = globalThis;
  if (crypto === undefined) return Math.floor(Math.random() * 0x1_0000_0000);
  const memory = privateMemory(4);
  crypto.getRandomValues(memory.u32);
  return memory.u32[0];
}

/** Throws `invalid-argument` unless `seed` is a whole number from 0 to 2^32 − 1. */
export function checkSeed(subject: string, seed: number): void {
  if (Number.isInteger(seed) && seed >= 0 && seed <= 0xffff_ffff) return;
  throw new MemoryError("invalid-argument", {
    subject,
    event: "needs a whole number of 32 bits as its seed",
    numbers: { seed: String(seed) },
    cure: "Pass 0 to 4294967295, or no seed for a random one.",
  });
}
