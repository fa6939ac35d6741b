import { decodeUtf8, encodedByteLength, encodePoint, encodeUtf8, findInvalidUtf8, isWellFormed } from "./utf8.ts";

/**
 * WTF-8: UTF-8 in which half of a surrogate pair that stands alone has the three bytes of its number, so that every JavaScript string has
 * bytes and comes back from them. A whole pair is one character of four bytes and nothing else: no string has two spellings
 * (Simon Sapin, The WTF-8 encoding).
 */

/** The number of bytes that `text` takes. */
export function wtf8ByteLength(text: string): number {
  if (isWellFormed(text)) return encodedByteLength(text);
  let byteLength = text.length;
  for (let index = 0; index < text.length; index++) {
    const point = text.codePointAt(index) ?? 0;
    if (point < 0x80) continue;
    byteLength += point < 0x800 ? 1 : 2;
    if (point > 0xffff) index += 1; // a pair takes 4 bytes for its 2 units
  }
  return byteLength;
}

/** Writes `text` to `u8` from `at` on and returns the number of bytes written. The caller has made room. */
export function encodeWtf8(text: string, u8: Uint8Array, at: number): number {
  if (isWellFormed(text)) return encodeUtf8(text, u8, at);
  let to = at;
  for (let index = 0; index < text.length; index++) {
    const point = text.codePointAt(index) ?? 0;
    if (point > 0xffff) index += 1;
    to = encodePoint(point, u8, to);
  }
  return to - at;
}

/** The offset of the first byte that is no part of WTF-8, or -1. UTF-8 costs what `findInvalidUtf8` costs. */
export function findInvalidWtf8(u8: Uint8Array, start: number, end: number): number {
  let at = findInvalidUtf8(u8, start, end);
  // What stands before `at` is sound, so a half before it begins three bytes before it.
  while (at !== -1 && isHalf(u8, at, end) && !(u8[at + 1] >= 0xb0 && at - 3 >= start && isHighHalf(u8, at - 3))) {
    at = findInvalidUtf8(u8, at + 3, end);
  }
  return at;
}

/** The text of bytes that may be anything: of WTF-8 exactly its text; of others with U+FFFD in the places that are no text, as TextDecoder does it. */
export function decodeAnyBytes(u8: Uint8Array, start: number, end: number): string {
  if (findInvalidWtf8(u8, start, end) !== -1) return new TextDecoder("utf-8", { ignoreBOM: true }).decode(u8.slice(start, end));
  let text = "";
  let from = start;
  for (let at = findInvalidUtf8(u8, from, end); at !== -1; at = findInvalidUtf8(u8, from, end)) {
    text += decodeUtf8(u8, from, at) + String.fromCharCode(0xd000 | ((u8[at + 1] & 0x3f) << 6) | (u8[at + 2] & 0x3f));
    from = at + 3;
  }
  return text + decodeUtf8(u8, from, end);
}

/** Whether half of a pair lies at `at`, in its three bytes. */
function isHalf(u8: Uint8Array, at: number, end: number): boolean {
  return at + 3 <= end && u8[at] === 0xed && u8[at + 1] >= 0xa0 && u8[at + 1] <= 0xbf && (u8[at + 2] & 0xc0) === 0x80;
}

function isHighHalf(u8: Uint8Array, at: number): boolean {
  return u8[at] === 0xed && u8[at + 1] >= 0xa0 && u8[at + 1] <= 0xaf;
}
