/** Words of a token in a list. */
export const TOKEN_WORDS = 3;
/** How many tokens are looked up at once. */
export const CANDIDATES = 64;

/**
 * Tokens of a text that have been found, and not yet looked up.
 *
 *     from firstWord on     | start i32 | byteLength i32 | hash i32 | …        starts count from where the scan began
 *     candidates            ids, 0: none, and then their refs               of CANDIDATES tokens that are being looked up
 */
export interface TokenList {
  readonly i32: Int32Array;
  readonly firstWord: number;
  readonly count: number;
  readonly candidates: Uint32Array;
}
