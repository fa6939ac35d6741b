import { privateMemory } from "../core/homes.ts";

/** How deep arrays and objects within a record may be nested. */
export const MAX_DEPTH = 1024;

const LF = 0x0a;
const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const PLUS = 0x2b;
const DOT = 0x2e;
const ZERO = 0x30;
const COLON = 0x3a;
const LEFT_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const LEFT_BRACE = 0x7b;

/**
 * Finds where values of JSON end and checks their spelling (RFC 8259), without making anything of them. Nothing is recursive, so no depth
 * of nesting can exhaust the stack.
 *
 * Methods take the offset of the first byte and return the offset behind the last one, or -1; then `troubleAt` is the byte that no JSON
 * goes on with and `trouble` says why. A byte 0 behind the input ends every loop; trouble there means that the input is cut off.
 */
export class JsonScanner {
  troubleAt = 0;
  trouble = "";
  /** Whether the last string has a backslash in it. */
  escaped = false;
  /** Line ends met outside of strings; the caller sets it back. */
  newlines = 0;
  /** Whether a line end is white space, or the end of the record. */
  readonly #spansLines: boolean;
  /** The opening bytes of the arrays and objects around. */
  readonly #openers = privateMemory(MAX_DEPTH).u8;

  constructor(spansLines: boolean) {
    this.#spansLines = spansLines;
  }

  /** The offset of the next byte that is no white space. */
  skipSpace(u8: Uint8Array, start: number): number {
    let at = start;
    for (; u8[at] <= SPACE; at++) {
      const byte = u8[at];
      if (byte === LF) {
        if (!this.#spansLines) break;
        this.newlines += 1;
      } else if (byte !== SPACE && byte !== 0x09 && byte !== 0x0d) {
        break;
      }
    }
    return at;
  }

  /** `start` is behind the opening quote; returns the offset of the closing one. Looks at four bytes at a time. */
  scanString(u8: Uint8Array, i32: Int32Array, start: number): number {
    this.escaped = false;
    let at = start;
    for (;;) {
      let word = at >> 2;
      let hits = stopsIn(i32[word]) & (-1 << ((at & 3) << 3));
      while (hits === 0) hits = stopsIn(i32[++word]);
      at = (word << 2) + ((31 - Math.clz32(hits & -hits)) >> 3);
      if (u8[at] === QUOTE) return at;
      if (u8[at] !== BACKSLASH) return this.#stop(at, "a control character stands in a string unescaped");
      this.escaped = true;
      at = this.#scanEscape(u8, at);
      if (at < 0) return -1;
    }
  }

  /** A number; `start` is at a digit or a minus. */
  scanNumber(u8: Uint8Array, start: number): number {
    let at = u8[start] === MINUS ? start + 1 : start;
    if (u8[at] === ZERO) {
      at += 1;
      if (isDigit(u8[at])) return this.#stop(at, "a number has a leading zero");
    } else {
      at = this.#scanDigits(u8, at);
    }
    if (at >= 0 && u8[at] === DOT) at = this.#scanDigits(u8, at + 1);
    if (at >= 0 && (u8[at] | 0x20) === 0x65) {
      const sign = u8[at + 1];
      at = this.#scanDigits(u8, sign === PLUS || sign === MINUS ? at + 2 : at + 1);
    }
    return at;
  }

  /** `true`, `false` or `null`; or tells that no value begins here. */
  scanLiteral(u8: Uint8Array, start: number): number {
    const byte = u8[start];
    if (byte === 0x74) return this.#scanWord(u8, start, "true");
    if (byte === 0x66) return this.#scanWord(u8, start, "false");
    if (byte === 0x6e) return this.#scanWord(u8, start, "null");
    return this.#stop(start, "no value of JSON begins here; text needs double quotes, and NaN, Infinity and +1 are none");
  }

  /** An array or an object; `start` is at its opening byte. */
  scanNested(u8: Uint8Array, i32: Int32Array, start: number): number {
    const openers = this.#openers;
    let depth = 0;
    let at = start;
    for (;;) {
      const opener = u8[at];
      if (opener === LEFT_BRACE || opener === LEFT_BRACKET) {
        if (depth === MAX_DEPTH) return this.#stop(at, `arrays and objects are nested deeper than ${MAX_DEPTH}`);
        openers[depth++] = opener;
        at = this.skipSpace(u8, at + 1);
        if (!closes(u8[at], opener)) {
          if (opener === LEFT_BRACE) at = this.#scanKey(u8, i32, at);
          if (at < 0) return -1;
          continue;
        }
      } else {
        at = this.#scanScalar(u8, i32, at);
        if (at < 0) return -1;
        at = this.skipSpace(u8, at);
      }
      while (closes(u8[at], openers[depth - 1])) {
        depth -= 1;
        if (depth === 0) return at + 1;
        at = this.skipSpace(u8, at + 1);
      }
      if (u8[at] !== COMMA) return this.#stop(at, "a comma or a closing bracket is missing");
      at = this.skipSpace(u8, at + 1);
      if (openers[depth - 1] === LEFT_BRACE) at = this.#scanKey(u8, i32, at);
      if (at < 0) return -1;
    }
  }

  /** A key, its colon and the white space around; `start` is at the quote. */
  #scanKey(u8: Uint8Array, i32: Int32Array, start: number): number {
    if (u8[start] !== QUOTE) return this.#stop(start, "a key in double quotes is missing");
    const keyEnd = this.scanString(u8, i32, start + 1);
    return keyEnd < 0 ? -1 : this.scanColon(u8, keyEnd + 1);
  }

  /** The colon behind a key and the white space around it. */
  scanColon(u8: Uint8Array, start: number): number {
    const at = this.skipSpace(u8, start);
    if (u8[at] !== COLON) return this.#stop(at, "a colon is missing behind the key");
    return this.skipSpace(u8, at + 1);
  }

  #scanScalar(u8: Uint8Array, i32: Int32Array, at: number): number {
    const byte = u8[at];
    if (byte === QUOTE) {
      const end = this.scanString(u8, i32, at + 1);
      return end < 0 ? -1 : end + 1;
    }
    return byte === MINUS || isDigit(byte) ? this.scanNumber(u8, at) : this.scanLiteral(u8, at);
  }

  #scanDigits(u8: Uint8Array, start: number): number {
    let at = start;
    while (isDigit(u8[at])) at += 1;
    return at === start ? this.#stop(at, "a number lacks a digit") : at;
  }

  #scanWord(u8: Uint8Array, start: number, word: string): number {
    for (let index = 1; index < word.length; index++) {
      if (u8[start + index] !== word.charCodeAt(index)) return this.#stop(start + index, `${word} is misspelled`);
    }
    return start + word.length;
  }

  #scanEscape(u8: Uint8Array, start: number): number {
    const byte = u8[start + 1];
    if (byte !== 0x75) {
      return isShortEscape(byte) ? start + 2 : this.#stop(start + 1, "a backslash stands before what needs none");
    }
    const unit = this.#scanUnit(u8, start + 2);
    if (unit < 0) return -1;
    if ((unit & 0xf800) !== 0xd800) return start + 6;
    if (unit >= 0xdc00) return this.#stop(start, "a low surrogate is escaped without the high one before it");
    if (u8[start + 6] !== BACKSLASH) return this.#stop(start + 6, LONE);
    if (u8[start + 7] !== 0x75) return this.#stop(start + 7, LONE);
    const low = this.#scanUnit(u8, start + 8);
    if (low < 0) return -1;
    return (low & 0xfc00) === 0xdc00 ? start + 12 : this.#stop(start + 6, LONE);
  }

  /** The value of four hexadecimal digits, or -1. */
  #scanUnit(u8: Uint8Array, start: number): number {
    for (let at = start; at < start + 4; at++) {
      if (hexValue(u8[at]) < 0) return this.#stop(at, "\\u lacks a hexadecimal digit");
    }
    return unitAt(u8, start);
  }

  #stop(at: number, trouble: string): -1 {
    this.troubleAt = at;
    this.trouble = trouble;
    return -1;
  }
}

/** A word with the top bit set of each byte that a string cannot go over: a quote, a backslash, a control character. */
function stopsIn(word: number): number {
  const low = word & 0x7f7f7f7f;
  const noQuote = (low ^ 0x22222222) + 0x7f7f7f7f;
  const noBackslash = (low ^ 0x5c5c5c5c) + 0x7f7f7f7f;
  return (((noQuote & noBackslash & (low + 0x60606060)) | word) & 0x80808080) ^ 0x80808080;
}

const LONE = "a high surrogate is escaped without the low one behind it";

/** The UTF-16 unit that four hexadecimal digits spell. */
export function unitAt(u8: Uint8Array, at: number): number {
  return (hexValue(u8[at]) << 12) | (hexValue(u8[at + 1]) << 8) | (hexValue(u8[at + 2]) << 4) | hexValue(u8[at + 3]);
}

export function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= 0x39;
}

function hexValue(byte: number): number {
  if (isDigit(byte)) return byte - ZERO;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

/** `"` `\` `/` and the letters of `bfnrt`. */
function isShortEscape(byte: number): boolean {
  return byte === QUOTE || byte === BACKSLASH || byte === 0x2f || SHORT_ESCAPES.indexOf(byte) >= 0;
}

const SHORT_ESCAPES = [0x62, 0x66, 0x6e, 0x72, 0x74];

/** In ASCII, `]` and `}` are two behind `[` and `{`. */
function closes(byte: number, opener: number): boolean {
  return byte === opener + 2;
}
