import { FIRST, fmix32, GOLDEN, secretOf } from "../../hash.ts";
import { CHECK, HEAD_CHECK_BIT, KEY, RECORD_EPOCH, VALUE_BYTES } from "./layout.ts";

/**
 * The check of the record whose words are `words[at, end)`, and which lies (or is to lie) at `ref`: never 0, which marks what is no record.
 *
 * A chain of bijections of 32-bit integers, so that a change within one word always shows; of other damage all but one part in 2^32. The ref is part of it:
 * a record that was copied elsewhere, as into the value of another, is none.
 */
export function recordCheck(words: Int32Array, at: number, end: number, ref: number, seed: number): number {
  let check = seed ^ Math.imul(ref, GOLDEN);
  for (let word = at + VALUE_BYTES; word <= at + RECORD_EPOCH; word++) {
    check = Math.imul(check ^ words[word], FIRST);
    check ^= check >>> 15;
  }
  for (let word = at + KEY; word < end; word++) {
    check = Math.imul(check ^ words[word], FIRST);
    check ^= check >>> 15;
  }
  return fmix32(check) || 1;
}

/** Copies a record to the beginning of `to`, and tells whether it was one. Its head has been looked at: it ends before the words do. */
export function copyChecked(words: Int32Array, at: number, end: number, to: Int32Array, ref: number, seed: number): boolean {
  let check = seed ^ Math.imul(ref, GOLDEN);
  const found = words[at + CHECK];
  for (let word = VALUE_BYTES; word <= RECORD_EPOCH; word++) {
    const copied = words[at + word];
    to[word] = copied;
    check = Math.imul(check ^ copied, FIRST);
    check ^= check >>> 15;
  }
  const length = end - at;
  for (let word = KEY; word < length; word++) {
    const copied = words[at + word];
    to[word] = copied;
    check = Math.imul(check ^ copied, FIRST);
    check ^= check >>> 15;
  }
  return found === (fmix32(check) || 1);
}

/** A few bits that tell at a glance, while a shard is searched for records, that there is none. `lengths` is word 2 without them. */
export function headCheck(valueBytes: number, lengths: number, epoch: number, ref: number, seed: number): number {
  const mixed = Math.imul(valueBytes ^ Math.imul(lengths, GOLDEN) ^ seed, FIRST) ^ Math.imul(epoch ^ ref, GOLDEN);
  return (mixed ^ (mixed >>> 15)) << HEAD_CHECK_BIT;
}

/** What a block that is free says of itself, so that a damaged link is not followed. */
export function freeCheck(next: number, units: number, ref: number, seed: number): number {
  return fmix32(Math.imul(next ^ seed, FIRST) ^ Math.imul(units ^ ref, GOLDEN));
}

/** A seal over the words `[at, end)`: never 0. */
export function sealOf(words: Int32Array, at: number, end: number, seed: number): number {
  let seal = seed;
  for (let word = at; word < end; word++) {
    seal = Math.imul(seal ^ words[word], FIRST);
    seal ^= seal >>> 15;
  }
  return fmix32(seal) || 1;
}

/** The hash of a key: `byteLength` bytes in words, zeros behind them. As `hashBytes`, two lanes of which the seed makes one. */
export function hashKey(words: Int32Array, byteLength: number, seed: number): number {
  if (byteLength <= 4) return fmix32(Math.imul((byteLength === 0 ? 0 : words[0]) ^ seed, secretOf(seed)) ^ byteLength);
  const secret = secretOf(seed);
  const end = (byteLength + 3) >> 2;
  let a = firstLaneOf(seed);
  let b = seed;
  for (let at = 0; at < end; at++) {
    a = mixFirst(a, words[at]);
    b = mixSecond(b, words[at], secret);
  }
  return endHash(a, b, byteLength);
}

// The steps of the same, for those who hash a key of more than four bytes while they make its words.

export function firstLaneOf(seed: number): number {
  return seed ^ FIRST;
}

export function mixFirst(lane: number, word: number): number {
  const mixed = Math.imul(lane ^ word, FIRST);
  return mixed ^ (mixed >>> 15);
}

export function mixSecond(lane: number, word: number, secret: number): number {
  const mixed = Math.imul(lane, secret) ^ word;
  return (mixed << 9) | (mixed >>> 23);
}

export function endHash(a: number, b: number, byteLength: number): number {
  return fmix32((a + Math.imul(b ^ byteLength, GOLDEN)) | 0);
}
