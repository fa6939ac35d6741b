import { checkChoice } from "../../core/check-choice.ts";
import { MemoryError } from "../../core/errors.ts";
import { hexByte } from "../../core/hex.ts";
import { decodeUtf8, encodeUtf8, findInvalidUtf8, isWellFormed } from "../../core/utf8.ts";
import { decodeAnyBytes, encodeWtf8, findInvalidWtf8 } from "../../core/wtf8.ts";

/**
 * What an interner takes.
 *
 * - `"wtf8"`: every JavaScript string, and the bytes of one. Text is UTF-8; half of a surrogate pair that stands alone has the three bytes of its number.
 * - `"utf8"`: text that has UTF-8, and nothing else.
 * - `"bytes"`: any bytes, kept exactly. Where they are no text, `resolve` shows U+FFFD.
 */
export type StringEncoding = "utf8" | "wtf8" | "bytes";

/** How far a string is from UTF-8; of several strings, how far the furthest is. Stored in headers: never change the numbers. */
export const Content = {
  UTF8: 0,
  /** With lone surrogates. */
  WTF8: 1,
  /** With bytes that are no text. */
  BYTES: 2,
} as const;
export type Content = (typeof Content)[keyof typeof Content];

const MOST: Readonly<Record<StringEncoding, Content>> = { utf8: Content.UTF8, wtf8: Content.WTF8, bytes: Content.BYTES };

/** The furthest from UTF-8 that an encoding takes. Throws `invalid-argument` for what is none. */
export function mostContent(subject: string, encoding: StringEncoding): Content {
  checkChoice(subject, "an encoding", "encoding", encoding, Object.keys(MOST));
  return MOST[encoding];
}

/** For callers that no compiler has looked at: a number has no length, and would be taken for the empty string. */
export function throwNotText(subject: string, value: unknown): never {
  throw new MemoryError("bad-value", {
    subject,
    event: `keeps strings, and was given ${value === null ? "null" : typeof value}`,
    cure: "Pass a string; make one of another value with String(value).",
  });
}

/** What `text` is. Throws `bad-value` where that is further from UTF-8 than `most`. */
export function contentOfText(subject: string, text: string, most: Content): Content {
  if (isWellFormed(text)) return Content.UTF8;
  if (most !== Content.UTF8) return Content.WTF8;
  throw new MemoryError("bad-value", {
    subject,
    event: "was given text with a lone surrogate, which has no UTF-8",
    numbers: { index: text.length - text.replace(/^(?:[^\ud800-\udfff]|[\ud800-\udbff][\udc00-\udfff])*/, "").length },
    cure: 'Pass well-formed text (`text.toWellFormed()` replaces lone surrogates), or make the interner with { encoding: "wtf8" }.',
  });
}

/** What `source[start, end)` is. Throws `bad-value` where that is further from UTF-8 than `most`. */
export function contentOfBytes(subject: string, source: Uint8Array, start: number, end: number, most: Content): Content {
  if (findInvalidUtf8(source, start, end) === -1) return Content.UTF8;
  if (most === Content.BYTES) return findInvalidWtf8(source, start, end) === -1 ? Content.WTF8 : Content.BYTES;
  const invalid = findInvalid(source, start, end, most);
  if (invalid === -1) return Content.WTF8;
  throw new MemoryError("bad-value", {
    subject,
    event: "was given bytes that are not UTF-8",
    numbers: { byteOffset: invalid, byte: hexByte(source[invalid]), start, end },
    cure: 'Pass text in UTF-8 and convert other encodings first, or keep any bytes with { encoding: "bytes" }.',
  });
}

/** The offset of the first byte that is further from UTF-8 than `most`, or -1. */
export function findInvalid(u8: Uint8Array, start: number, end: number, most: Content): number {
  if (most === Content.BYTES) return -1;
  return most === Content.UTF8 ? findInvalidUtf8(u8, start, end) : findInvalidWtf8(u8, start, end);
}

/** Longer text is looked at and encoded faster by the engine. */
const MOST_ASCII = 64;

/** Whether `text` is short and of ASCII, as most are: then it needs no other look, and `encodeAscii` writes it. */
export function isShortAscii(text: string): boolean {
  const { length } = text;
  if (length > MOST_ASCII) return false;
  let all = 0;
  for (let index = 0; index < length; index++) all |= text.charCodeAt(index);
  return all < 0x80;
}

/** Writes `text`, which is of ASCII, to `u8` from `at` on, where there is room for it. */
export function encodeAscii(text: string, u8: Uint8Array, at: number): void {
  for (let index = 0; index < text.length; index++) u8[at + index] = text.charCodeAt(index);
}

/** Writes `text`, whose content is known, to `u8` from `at` on, where there is room for it. */
export function encodeText(text: string, content: Content, u8: Uint8Array, at: number): void {
  if (content === Content.UTF8) encodeUtf8(text, u8, at);
  else encodeWtf8(text, u8, at);
}

/** The text of bytes that are at most as far from UTF-8 as `content`. */
export function decodeText(u8: Uint8Array, start: number, end: number, content: Content): string {
  return content === Content.UTF8 ? decodeUtf8(u8, start, end) : decodeAnyBytes(u8, start, end);
}
