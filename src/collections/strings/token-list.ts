/** Words of a token in a list, and which is which. */
export const TOKEN_WORDS = 5;
export const START = 0;
export const BYTE_LENGTH = 1;
export const HASH = 2;
export const INDEX = 3;
export const MARK = 4;

/** Where ids go: an array as wide as the ids of its interner, or wider. */
export type IdArray = Uint8Array | Uint16Array | Uint32Array | Int32Array;

/** How many tokens are looked up at once. */
export const CANDIDATES = 64;

/**
 * Tokens of a text that have been found. Of some the ids are known; the others are to be looked up.
 *
 *     from firstWord on     | start i32 | byteLength i32 | hash i32 | index i32 | mark i32 | …      of each that is unknown
 *     candidates            ids, 0: none, and then their refs               of CANDIDATES tokens that are being looked up
 *
 *     start                 counts from where the scan began
 *     index                 which one of all tokens it is, from 0 on
 *     mark                  the scanner's own: see token-kernel-code.ts
 */
export interface TokenList {
  readonly i32: Int32Array;
  readonly firstWord: number;
  /** How many tokens there are, known and unknown. */
  readonly count: number;
  readonly unknownCount: number;
  readonly candidates: Uint32Array;
}
