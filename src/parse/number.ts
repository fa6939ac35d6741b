import { privateMemory } from "../core/homes.ts";
import { EXACT_DIGITS, INT32_DIGITS, POWERS_OF_TEN, parseDigits, parseNumber } from "./decimal.ts";

const MINUS = 0x2d;
const PLUS = 0x2b;
const DOT = 0x2e;
const ZERO = 0x30;
/** The bit that makes an ASCII letter lower case. */
const LOWER = 0x20;

/** What the text of a field can be read as; what type inference is made from. */
export const NumberKind = {
  /** No bytes. */
  EMPTY: 0,
  /** A whole number: no `+`, no leading zeros, not `-0`; at most 2^53 − 1 either way, so that a double holds it. */
  INTEGER: 1,
  /** A whole number beyond that: `parseBigInteger` reads it. */
  BIG_INTEGER: 2,
  /** Any other number as JSON spells it, in a double's range: `0.5`, `-0`, `1.50`, `6e23`. Not `.5`, `5.`, `+5`, `007`, `1e999`. */
  DECIMAL: 3,
  /** `NaN`, `Infinity` or `-Infinity`, in any case. */
  WORD: 4,
  /** Exactly `true`. */
  TRUE: 5,
  /** Exactly `false`. */
  FALSE: 6,
  /** Anything else. */
  TEXT: 7,
} as const;
export type NumberKind = (typeof NumberKind)[keyof typeof NumberKind];

const { EMPTY, INTEGER, BIG_INTEGER, DECIMAL, WORD, TRUE, FALSE, TEXT } = NumberKind;

/**
 * Tells what bytes can be read as, and their value, in one pass.
 *
 * ```ts
 * if (reader.read(u8, start, end) === NumberKind.INTEGER) column[row] = reader.value;
 * ```
 */
export class NumberReader {
  /**
   * The value that the last `read` found: of an integer or decimal the double nearest to it, of a word what it means. Otherwise what was
   * there before. A field, because a double returned from a function would be an object for the collector.
   */
  value = Number.NaN;

  /** What the bytes `[start, end)` can be read as. Allocates nothing up to 15 digits. About 2 ns a byte for numbers, 8 ns for other text. */
  read(u8: Uint8Array, start: number, end: number): NumberKind {
    if (start === end) return EMPTY;
    const negative = u8[start] === MINUS;
    let at = negative ? start + 1 : start;
    const digitsStart = at;
    let value = 0; // wraps past 9 digits, and is then not used
    for (; at < end; at++) {
      const digit = u8[at] - ZERO;
      if (digit < 0 || digit > 9) break;
      value = (Math.imul(value, 10) + digit) | 0;
    }
    let digits = at - digitsStart;
    if (digits === 0) return this.#readWord(u8, start, end);
    if (digits > 1 && u8[digitsStart] === ZERO) return TEXT;
    if (at === end) {
      if (digits > INT32_DIGITS) return this.#readLongInteger(u8, start, end, negative);
      this.value = negative ? -value : value;
      return negative && value === 0 ? DECIMAL : INTEGER;
    }
    let fractionDigits = 0;
    if (u8[at] === DOT) {
      const fractionStart = ++at;
      for (; at < end; at++) {
        const digit = u8[at] - ZERO;
        if (digit < 0 || digit > 9) break;
        value = (Math.imul(value, 10) + digit) | 0;
      }
      fractionDigits = at - fractionStart;
      if (fractionDigits === 0) return TEXT;
      digits += fractionDigits;
    }
    if (at === end && digits <= INT32_DIGITS) {
      const scaled = value / POWERS_OF_TEN[fractionDigits];
      this.value = negative ? -scaled : scaled;
      return DECIMAL;
    }
    if (at !== end && !isExponent(u8, at, end)) return TEXT;
    const parsed = parseNumber(u8, start, end);
    if (!Number.isFinite(parsed)) return TEXT;
    this.value = parsed;
    return DECIMAL;
  }

  #readLongInteger(u8: Uint8Array, start: number, end: number, negative: boolean): NumberKind {
    const digitsStart = negative ? start + 1 : start;
    if (end - digitsStart <= EXACT_DIGITS) {
      const value = parseDigits(u8, digitsStart, end);
      this.value = negative ? -value : value;
      return INTEGER;
    }
    const value = parseNumber(u8, start, end);
    this.value = value;
    return Number.isSafeInteger(value) ? INTEGER : BIG_INTEGER;
  }

  #readWord(u8: Uint8Array, start: number, end: number): NumberKind {
    switch (end - start) {
      case 3:
        if (!isWord(u8, start, "nan", LOWER)) return TEXT;
        this.value = Number.NaN;
        return WORD;
      case 4:
        return isWord(u8, start, "true", 0) ? TRUE : TEXT;
      case 5:
        return isWord(u8, start, "false", 0) ? FALSE : TEXT;
      case 8:
        if (!isWord(u8, start, "infinity", LOWER)) return TEXT;
        this.value = Number.POSITIVE_INFINITY;
        return WORD;
      case 9:
        if (u8[start] !== MINUS || !isWord(u8, start + 1, "infinity", LOWER)) return TEXT;
        this.value = Number.NEGATIVE_INFINITY;
        return WORD;
      default:
        return TEXT;
    }
  }
}

/** Whether `[start, end)` is an `e`, a sign or none, and digits. */
function isExponent(u8: Uint8Array, start: number, end: number): boolean {
  if ((u8[start] | LOWER) !== 0x65) return false;
  let at = start + 1;
  if (at < end && (u8[at] === PLUS || u8[at] === MINUS)) at += 1;
  return at < end && allDigits(u8, at, end);
}

function allDigits(u8: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const digit = u8[at] - ZERO;
    if (digit < 0 || digit > 9) return false;
  }
  return true;
}

/** Whether the bytes at `start`, each with the bits of `setBits` set, spell `word`. */
function isWord(u8: Uint8Array, start: number, word: string, setBits: number): boolean {
  for (let index = 0; index < word.length; index++) {
    if ((u8[start + index] | setBits) !== word.charCodeAt(index)) return false;
  }
  return true;
}

const MOST_DIGITS_OF_64_BITS = 20;
const bits64 = privateMemory(8);

/**
 * The whole number in the bytes `[start, end)` when it is spelled as one (no `+`, no leading zeros, not `-0`) and is in the range of `type`;
 * otherwise undefined. About 5 ns a digit.
 */
export function parseBigInteger(u8: Uint8Array, start: number, end: number, type: "i64" | "u64"): bigint | undefined {
  const negative = u8[start] === MINUS;
  const digitsStart = negative ? start + 1 : start;
  const digits = end - digitsStart;
  if (digits <= 0 || digits > MOST_DIGITS_OF_64_BITS || !allDigits(u8, digitsStart, end)) return undefined;
  if (u8[digitsStart] === ZERO && (digits > 1 || negative)) return undefined;
  if (negative && type === "u64") return undefined;
  // Two halves of 32 bits, each carried as an exact double.
  let low = 0;
  let high = 0;
  for (let at = digitsStart; at < end; at++) {
    low = low * 10 + (u8[at] - ZERO);
    const carry = Math.floor(low / 2 ** 32);
    low -= carry * 2 ** 32;
    high = high * 10 + carry;
  }
  if (type === "i64" && high >= 2 ** 31 && !(negative && high === 2 ** 31 && low === 0)) return undefined;
  if (high >= 2 ** 32) return undefined;
  bits64.u32[0] = low;
  bits64.u32[1] = high;
  const magnitude = bits64.u64[0];
  return negative ? -magnitude : magnitude;
}
