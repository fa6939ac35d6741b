import { MemoryError } from "../../core/errors.ts";
import { privateMemory } from "../../core/homes.ts";
import type { ViewName } from "../../core/memory.ts";
import type { Type } from "../../layout/type.ts";

/**
 * How keys become the one or two words that a slot stores, and those a hash.
 *
 * Integers of up to 32 bits are one word as they are. A float is its bits, an f64 and a 64-bit integer are two words (low, high).
 * As in a Map, NaN is one key whatever its bits, and -0 is 0.
 */
export const KeyKind = {
  /** u8, u16, u32: one word. */
  UNSIGNED: 0,
  /** i8, i16, i32: one word. */
  SIGNED: 1,
  /** f32: one word. */
  FLOAT: 2,
  /** f64: two words. */
  DOUBLE: 3,
  /** i64: two words. */
  SIGNED_LONG: 4,
  /** u64: two words. */
  UNSIGNED_LONG: 5,
} as const;

export type KeyKind = (typeof KeyKind)[keyof typeof KeyKind];

const KINDS: { readonly [Name in ViewName]: KeyKind } = {
  u8: KeyKind.UNSIGNED,
  u16: KeyKind.UNSIGNED,
  u32: KeyKind.UNSIGNED,
  i8: KeyKind.SIGNED,
  i16: KeyKind.SIGNED,
  i32: KeyKind.SIGNED,
  f32: KeyKind.FLOAT,
  f64: KeyKind.DOUBLE,
  i64: KeyKind.SIGNED_LONG,
  u64: KeyKind.UNSIGNED_LONG,
};

/** What finding a key returns when it cannot be in the table, and when every slot has been looked at. */
export const NOWHERE = -1;

const CANONICAL_NAN_HIGH = 0x7ff8_0000;
const CANONICAL_NAN_FLOAT = 0x7fc0_0000;
const LEAST_I64 = -(2n ** 63n);
const MOST_I64 = 2n ** 63n - 1n;
const MOST_U64 = 2n ** 64n - 1n;

/** Whether keys of a type are numbers that a slot can hold. */
export function isKeyOfSlots(type: Type<unknown, never>): boolean {
  return type.kind === "scalar" && type.codec.shape === "direct" && type.codec.decode === undefined;
}

/** The kind of a key type. Throws `invalid-argument` unless it is one of the scalars u8 … f64, i64, u64. */
export function keyKindOf(type: Type): KeyKind {
  if (type.kind === "scalar" && type.codec.shape === "direct" && type.codec.decode === undefined) return KINDS[type.codec.view];
  throw new MemoryError("invalid-argument", {
    subject: "hash table",
    event: `cannot have keys of type ${type.name}`,
    cure: `Use one of ${Object.keys(KINDS).join(", ")}.`,
  });
}

export function keyWordsOf(kind: KeyKind): number {
  return kind >= KeyKind.DOUBLE ? 2 : 1;
}

/** Two words in which `splitKey` leaves its result: low and high, or the one word and 0. */
const split = privateMemory(8);
export const splitWords = split.i32;

/**
 * Puts the words of a float, double or 64-bit key into `splitWords`. False when no table of that kind can hold the key: another
 * type of value, out of range, or not a float exactly.
 */
export function splitKey(key: number | bigint, kind: KeyKind): boolean {
  if (typeof key === "bigint") {
    if (kind === KeyKind.SIGNED_LONG) {
      if (key < LEAST_I64 || key > MOST_I64) return false;
    } else if (kind !== KeyKind.UNSIGNED_LONG || key < 0n || key > MOST_U64) {
      return false;
    }
    split.i64[0] = key;
    return true;
  }
  if (typeof key !== "number") return false;
  if (kind === KeyKind.DOUBLE) {
    // Adding 0 makes 0 of -0.
    split.f64[0] = key + 0;
    if (Number.isNaN(key)) {
      splitWords[0] = 0;
      splitWords[1] = CANONICAL_NAN_HIGH;
    }
    return true;
  }
  if (kind !== KeyKind.FLOAT) return false;
  split.f32[0] = key + 0;
  splitWords[1] = 0;
  if (Number.isNaN(key)) splitWords[0] = CANONICAL_NAN_FLOAT;
  else if (split.f32[0] !== key) return false;
  return true;
}

/** The key whose words are in `splitWords`. */
export function joinKey(kind: KeyKind): number | bigint {
  switch (kind) {
    case KeyKind.UNSIGNED:
      return splitWords[0] >>> 0;
    case KeyKind.SIGNED:
      return splitWords[0];
    case KeyKind.FLOAT:
      return split.f32[0];
    case KeyKind.DOUBLE:
      return split.f64[0];
    case KeyKind.SIGNED_LONG:
      return split.i64[0];
    default:
      return split.u64[0];
  }
}

/** Whether a key that `find` could look for is one that a type of `byteSize` holds: 300 is no u8. */
export function fitsKey(key: number | bigint, byteSize: number, kind: KeyKind): boolean {
  if (typeof key !== "number" || kind > KeyKind.SIGNED || byteSize === 4) return true;
  const spare = 32 - byteSize * 8;
  return kind === KeyKind.UNSIGNED ? (key << spare) >>> spare === key : (key << spare) >> spare === key;
}

/**
 * Hashes of all keys with one multiplier: 32 bits of which the top ones are the home slot.
 *
 * Two rounds of fold and multiply. One multiplication (Fibonacci hashing) takes a nanosecond less, but with a random multiplier it piles up
 * arithmetic progressions, such as ids, into few slots in about one table of a thousand. Without the first fold the same would happen
 * to keys whose low bits are all zero, as those of floats are.
 */
export function hashWord(word: number, multiplier: number): number {
  const mixed = Math.imul(word ^ (word >>> 16), multiplier);
  return Math.imul(mixed ^ (mixed >>> 15), SECOND);
}

/** The same for a key of two words. With `high` 0 it is the hash of the word `low`. */
export function hashWords(low: number, high: number, multiplier: number): number {
  const mixed = (Math.imul(low ^ (low >>> 16), multiplier) + Math.imul(high ^ (high >>> 16), multiplier ^ OTHER_BITS)) | 0;
  return Math.imul(mixed ^ (mixed >>> 15), SECOND);
}

/** The word that has a hash: both rounds backwards. `inverse` is that of the multiplier. */
export function wordOfHash(hash: number, inverse: number): number {
  const word = Math.imul(unfolded(hash), inverse);
  return word ^ (word >>> 16);
}

/** The low word of a key of two words that has a hash. */
export function lowOfHash(hash: number, high: number, multiplier: number, inverse: number): number {
  const word = Math.imul((unfolded(hash) - Math.imul(high ^ (high >>> 16), multiplier ^ OTHER_BITS)) | 0, inverse);
  return word ^ (word >>> 16);
}

function unfolded(hash: number): number {
  const mixed = Math.imul(hash, SECOND_INVERSE);
  return mixed ^ (mixed >>> 15) ^ (mixed >>> 30);
}

/** The number by which `odd` must be multiplied to give 1, modulo 2^32: Newton's iteration doubles the right bits. */
export function inverseOf(odd: number): number {
  let found = odd;
  for (let round = 0; round < 5; round++) found = Math.imul(found, 2 - Math.imul(odd, found));
  return found;
}

const SECOND = 0x9e37_79b1 | 0;
const SECOND_INVERSE = inverseOf(SECOND);
/** Makes another multiplier of one. Even, so that it stays odd. */
const OTHER_BITS = 0x5bd1_e994;
