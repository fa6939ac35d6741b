import { decodeUtf8 } from "../core/utf8.ts";

const MINUS = 0x2d;
const PLUS = 0x2b;
const DOT = 0x2e;
const ZERO = 0x30;

/** Digits that an int32 always holds. */
export const INT32_DIGITS = 9;
/** Significant digits that always make an exact double: 10^15 < 2^53. */
export const EXACT_DIGITS = 15;
/** The powers of ten that are exact doubles. */
export const POWERS_OF_TEN = [
  1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

/**
 * The double nearest to the decimal number in the bytes `[start, end)`: bit for bit what `Number(text)` gives.
 *
 * The bytes are a number as JSON spells it (leading zeros do no harm): who calls has checked that, as `NumberReader` and the JSON
 * tokenizers do. Makes no string up to 18 significant digits and a power of ten up to 10^±22; beyond, the engine is asked.
 *
 * Up to 15 digits the digits and the power of ten are exact doubles, so one operation rounds once (W. D. Clinger, "How to Read
 * Floating Point Numbers Accurately", 1990). 16 to 18 digits are computed with twice the precision (T. J. Dekker, 1971), and the
 * result is taken when its error bound cannot reach the next rounding border (A. Ziv's rounding test, 1991).
 */
export function parseNumber(u8: Uint8Array, start: number, end: number): number {
  if (end - start > INT32_DIGITS + 2) return parseLong(u8, start, end);
  const negative = u8[start] === MINUS;
  let value = 0;
  let fractionStart = end;
  let digits = 0;
  for (let at = negative ? start + 1 : start; at < end; at++) {
    const digit = u8[at] - ZERO;
    if (digit >= 0 && digit <= 9) {
      value = (Math.imul(value, 10) + digit) | 0;
      digits += 1;
    } else if (digit === DOT - ZERO) {
      fractionStart = at + 1;
    } else {
      return parseLong(u8, start, end);
    }
  }
  if (digits > INT32_DIGITS) return parseLong(u8, start, end);
  const scaled = value / POWERS_OF_TEN[end - fractionStart];
  return negative ? -scaled : scaled;
}

/** The value of at most 15 digits. */
export function parseDigits(u8: Uint8Array, start: number, end: number): number {
  const split = Math.min(end, start + INT32_DIGITS);
  const first = parseShortDigits(u8, start, split);
  return first * POWERS_OF_TEN[end - split] + parseShortDigits(u8, split, end);
}

function parseShortDigits(u8: Uint8Array, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at++) value = (Math.imul(value, 10) + u8[at] - ZERO) | 0;
  return value;
}

function parseLong(u8: Uint8Array, start: number, end: number): number {
  const negative = u8[start] === MINUS;
  let first = 0; // the first 9 significant digits
  let second = 0; // the next 9
  let digits = 0;
  let exponent = 0;
  let behindDot = 0;
  for (let at = negative ? start + 1 : start; at < end; at++) {
    const digit = u8[at] - ZERO;
    if (digit >= 0 && digit <= 9) {
      exponent -= behindDot;
      if (digits < INT32_DIGITS) {
        first = (Math.imul(first, 10) + digit) | 0;
        if (first !== 0) digits += 1;
      } else {
        if (digits === 2 * INT32_DIGITS) return parseByEngine(u8, start, end);
        second = (Math.imul(second, 10) + digit) | 0;
        digits += 1;
      }
    } else if (digit === DOT - ZERO) {
      behindDot = 1;
    } else {
      exponent += parseExponent(u8, at + 1, end);
      break;
    }
  }
  let value = first;
  if (digits <= EXACT_DIGITS) {
    if (digits > INT32_DIGITS) value = first * POWERS_OF_TEN[digits - INT32_DIGITS] + second;
    if (exponent !== 0 && value !== 0) {
      if (exponent < -22 || exponent > 22) return parseByEngine(u8, start, end);
      value = exponent < 0 ? value / POWERS_OF_TEN[-exponent] : value * POWERS_OF_TEN[exponent];
    }
  } else {
    if (exponent < -22 || exponent > 22) return parseByEngine(u8, start, end);
    value = scale(first, second, POWERS_OF_TEN[digits - INT32_DIGITS], exponent);
    if (value < 0) return parseByEngine(u8, start, end);
  }
  return negative ? -value : value;
}

/** The exponent behind the `e`. One so long that it means 0 or infinity anyway is cut short. */
function parseExponent(u8: Uint8Array, start: number, end: number): number {
  const negative = u8[start] === MINUS;
  let exponent = 0;
  for (let at = negative || u8[start] === PLUS ? start + 1 : start; at < end; at++) {
    if (exponent < 100_000_000) exponent = exponent * 10 + (u8[at] - ZERO);
  }
  return negative ? -exponent : exponent;
}

/** The double nearest to (`first` · `shift` + `second`) · 10^`exponent`, or -1 when the error bound leaves two doubles. */
function scale(first: number, second: number, shift: number, exponent: number): number {
  // The digits as a sum of two doubles, exact: `high` is their nearest double.
  const product = first * shift;
  const rest = productError(first, shift, product) + second;
  const high = product + rest;
  const low = rest - (high - product);
  if (exponent === 0) return high;
  const power = POWERS_OF_TEN[Math.abs(exponent)];
  let near: number;
  let correction: number;
  let bound: number;
  if (exponent < 0) {
    near = high / power;
    const back = near * power;
    // The remainder of a division is a double, so only the last two steps round.
    correction = (high - back - productError(near, power, back) + low) / power;
    bound = Math.abs(correction) * 2 ** -50;
  } else {
    near = high * power;
    const error = productError(high, power, near);
    correction = error + low * power;
    bound = (Math.abs(error) + Math.abs(low * power)) * 2 ** -50;
  }
  const least = near + (correction - bound);
  return least === near + (correction + bound) ? least : -1;
}

/** `a` · `b` − `product`, exactly, where `product` is `a * b` as rounded. */
function productError(a: number, b: number, product: number): number {
  const aSplit = a * 134_217_729; // 2^27 + 1: cuts a double into halves whose products are exact
  const aHigh = aSplit - (aSplit - a);
  const aLow = a - aHigh;
  const bSplit = b * 134_217_729;
  const bHigh = bSplit - (bSplit - b);
  const bLow = b - bHigh;
  return aHigh * bHigh - product + aHigh * bLow + aLow * bHigh + aLow * bLow;
}

function parseByEngine(u8: Uint8Array, start: number, end: number): number {
  return Number(decodeUtf8(u8, start, end));
}
