import { FIRST, finishHash, hashBytes, secretOf } from "../hash.ts";

// The records of StringHeap: see there for their bytes.

/** The length byte of a record whose length is a word. */
export const LONG = 0xff;

/** The words of a record with so many bytes. */
export function wordsOfRecord(byteLength: number): number {
  return byteLength < LONG ? (byteLength + 4) >>> 2 : 2 + Math.ceil(byteLength / 4);
}

/** `hashBytes` of the string of the record at `ref`. A short one is read in whole words. */
export function hashRecord(i32: Int32Array, u8: Uint8Array, ref: number, seed: number): number {
  const head = i32[ref];
  const byteLength = head & 0xff;
  if (byteLength === LONG) return hashBytes(u8, ref * 4 + 8, ref * 4 + 8 + i32[ref + 1], seed);
  if (byteLength < 4) return hashBytes(u8, ref * 4 + 1, ref * 4 + 1 + byteLength, seed);
  const secret = secretOf(seed);
  let a = seed ^ FIRST;
  let b = seed;
  let word = head;
  let at = ref;
  // Behind the length byte, four bytes begin at the second of each word.
  for (const last = ref + ((byteLength - 1) >>> 2); at < last; ) {
    const next = i32[++at];
    const four = (word >>> 8) | (next << 24);
    a = Math.imul(a ^ four, FIRST);
    a ^= a >>> 15;
    b = Math.imul(b, secret) ^ four;
    b = (b << 9) | (b >>> 23);
    word = next;
  }
  // The last four end in the last word of the record.
  const shift = ((byteLength + 1) & 3) * 8;
  const end = i32[ref + (byteLength >>> 2)];
  const four = shift === 0 ? end : (end << (32 - shift)) | (i32[ref + (byteLength >>> 2) - 1] >>> shift);
  a = Math.imul(a ^ four, FIRST);
  a ^= a >>> 15;
  b = Math.imul(b, secret) ^ four;
  b = (b << 9) | (b >>> 23);
  return finishHash(a, b, byteLength);
}

/** Whether the record at `ref` has exactly the bytes `source[start, end)`. */
export function equalsRecord(i32: Int32Array, ref: number, source: Uint8Array, start: number, end: number): boolean {
  const byteLength = end - start;
  if (byteLength >= LONG) {
    return i32[ref] === LONG && i32[ref + 1] === byteLength && equalsWords(i32, ref + 2, source, start, end);
  }
  let head = byteLength;
  if (byteLength > 2) head |= (source[start] << 8) | (source[start + 1] << 16) | (source[start + 2] << 24);
  else if (byteLength > 0) head |= (source[start] << 8) | (byteLength === 2 ? source[start + 1] << 16 : 0);
  return i32[ref] === head && (byteLength <= 3 || equalsWords(i32, ref + 1, source, start + 3, end));
}

/** Whether the words from `word` on begin with the bytes `source[start, end)` and go on with zeros to the end of the last word. */
export function equalsWords(i32: Int32Array, first: number, source: Uint8Array, start: number, end: number): boolean {
  let word = first;
  let at = start;
  for (const last = end - 3; at < last; at += 4) {
    if (i32[word++] !== (source[at] | (source[at + 1] << 8) | (source[at + 2] << 16) | (source[at + 3] << 24))) return false;
  }
  if (at === end) return true;
  let tail = source[at];
  if (at + 1 < end) tail |= source[at + 1] << 8;
  if (at + 2 < end) tail |= source[at + 2] << 16;
  return i32[word] === tail;
}
