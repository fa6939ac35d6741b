import { privateMemory } from "../../core/homes.ts";
import { FIRST, finishHash, secretOf } from "../hash.ts";
import { KERNEL_TOKENS, PIECE_BYTES, type TokenKernel } from "./token-kernel.ts";
import { BYTE_LENGTH, CANDIDATES, HASH, type IdArray, INDEX, MARK, START, TOKEN_WORDS, type TokenList } from "./token-list.ts";

export const DELIMITER = 1;
/** Whose ids tokens have. */
export interface TokenOwner {
  readonly seed: number;
}

/** Shorter texts cost less here than the call into the kernel. */
const LEAST_KERNEL_BYTES = 256;

/**
 * Finds the tokens of a text with their hashes, some at a time: in WebAssembly where it can, and else in TypeScript, with the same result, but that there no id is
 * known.
 */
export class TokenScanner implements TokenList {
  readonly i32: Int32Array;
  readonly firstWord: number;
  readonly candidates = privateMemory(CANDIDATES * 8).u32;
  count = 0;
  unknownCount = 0;
  readonly #kernel: TokenKernel | undefined;
  #kinds = privateMemory(256).u8;
  #keepEmpty = false;
  /** What the kernel calls the interner for which it found the tokens; 0 where they were found in TypeScript. */
  #number = 0;

  /** Without a kernel all is done in TypeScript. */
  constructor(kernel: TokenKernel | undefined) {
    this.#kernel = kernel;
    this.i32 = (kernel?.memory ?? privateMemory(KERNEL_TOKENS * TOKEN_WORDS * 4)).i32;
    this.firstWord = kernel?.firstWord ?? 0;
  }

  /** What tokens are: a byte is a delimiter where `kinds` says DELIMITER, those are ASCII; with `keepEmpty` what has no bytes is a token, too. */
  setRules(kinds: Uint8Array, keepEmpty: boolean): void {
    this.#kinds = kinds;
    this.#keepEmpty = keepEmpty;
    this.#kernel?.setDelimiters(kinds);
  }

  /**
   * Finds up to `most` tokens of `source[start, end)`, which is empty or ends with a delimiter. Their hashes are those of the `seed` of `owner`, whose ids may be
   * known. Returns where the next scan is to begin.
   */
  scan(source: Uint8Array, start: number, end: number, most: number, owner: TokenOwner): number {
    const kernel = this.#kernel;
    const seed = owner.seed | 0;
    if (kernel !== undefined && end - start >= LEAST_KERNEL_BYTES) {
      const pieceEnd = Math.min(end, start + PIECE_BYTES);
      this.#number = kernel.numberOf(owner);
      const next = kernel.scan(source, start, pieceEnd, most, seed, secretOf(seed), this.#keepEmpty, this.#number);
      this.count = kernel.count;
      this.unknownCount = kernel.unknownCount;
      // Nothing, where one token is longer than a piece.
      if (next !== start) return next;
    }
    const next = this.#scan(source, start, end, Math.min(most, KERNEL_TOKENS), seed);
    this.unknownCount = this.count;
    this.#number = 0;
    return next;
  }

  /** Puts the known ids where they belong, from `ids[at]` on. */
  tellKnown(ids: IdArray, at: number): void {
    if (this.#kernel !== undefined && this.unknownCount < this.count) ids.set(this.#kernel.ids(this.count), at);
  }

  /** The ids of the first `count` unknown tokens, which lie where they belong, from `ids[at]` on. */
  learn(ids: IdArray, at: number, count: number): void {
    if (this.#number !== 0) this.#kernel?.learn(ids, at, count, this.#number);
  }

  /** Each hash is that of `hashBytes`, made on the way to the token's end. */
  #scan(u8: Uint8Array, start: number, end: number, most: number, seed: number): number {
    const { i32, firstWord } = this;
    const kinds = this.#kinds;
    const keepEmpty = this.#keepEmpty;
    const secret = secretOf(seed);
    const lastWord = firstWord + most * TOKEN_WORDS;
    let out = firstWord;
    let next = start;
    while (next < end && out < lastWord) {
      const from = next;
      let at = from;
      let a = seed ^ FIRST;
      let b = seed;
      // The last four bytes that were read, which enter the hash when more follow; and what is left behind them.
      let word = 0;
      let tail = 0;
      let rest = 0;
      for (;;) {
        const c0 = u8[at];
        if (kinds[c0] === DELIMITER) break;
        const c1 = u8[at + 1];
        if (kinds[c1] === DELIMITER) {
          rest = 1;
          tail = at === from ? c0 | (c0 << 8) | (c0 << 16) : (word >>> 8) | (c0 << 24);
          break;
        }
        const c2 = u8[at + 2];
        if (kinds[c2] === DELIMITER) {
          rest = 2;
          tail = at === from ? c0 | (c1 << 8) | (c1 << 16) : (word >>> 16) | (c0 << 16) | (c1 << 24);
          break;
        }
        const c3 = u8[at + 3];
        if (kinds[c3] === DELIMITER) {
          rest = 3;
          tail = at === from ? c0 | (c1 << 8) | (c2 << 16) : (word >>> 24) | (c0 << 8) | (c1 << 16) | (c2 << 24);
          break;
        }
        if (at !== from) {
          a = Math.imul(a ^ word, FIRST);
          a ^= a >>> 15;
          b = Math.imul(b, secret) ^ word;
          b = (b << 9) | (b >>> 23);
        }
        word = c0 | (c1 << 8) | (c2 << 16) | (c3 << 24);
        at += 4;
      }
      const to = at + rest;
      next = to + 1;
      if (to === from && !keepEmpty) continue;
      if (at !== from) {
        a = Math.imul(a ^ word, FIRST);
        a ^= a >>> 15;
        b = Math.imul(b, secret) ^ word;
        b = (b << 9) | (b >>> 23);
      }
      if (rest !== 0) {
        a = Math.imul(a ^ tail, FIRST);
        a ^= a >>> 15;
        b = Math.imul(b, secret) ^ tail;
        b = (b << 9) | (b >>> 23);
      }
      i32[out + START] = from - start;
      i32[out + BYTE_LENGTH] = to - from;
      i32[out + HASH] = finishHash(a, b, to - from);
      i32[out + INDEX] = (out - firstWord) / TOKEN_WORDS;
      i32[out + MARK] = 0;
      out += TOKEN_WORDS;
    }
    this.count = (out - firstWord) / TOKEN_WORDS;
    return Math.min(next, end);
  }
}
