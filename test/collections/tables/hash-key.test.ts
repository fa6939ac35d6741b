import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { oddMultiplier } from "../../../src/collections/hash.ts";
import { hashWord, hashWords, inverseOf, lowOfHash, wordOfHash } from "../../../src/collections/tables/hash-key.ts";

const word = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const seed = fc.integer({ min: 0, max: 2 ** 32 - 1 });

describe("hashes of words", () => {
  it("are undone, with every multiplier", () => {
    fc.assert(
      fc.property(word, word, seed, (low, high, seed) => {
        const multiplier = oddMultiplier(seed);
        const inverse = inverseOf(multiplier);
        assert.equal(Math.imul(multiplier, inverse), 1);
        assert.equal(wordOfHash(hashWord(low, multiplier), inverse), low);
        assert.equal(lowOfHash(hashWords(low, high, multiplier), high, multiplier, inverse), low);
      }),
      { numRuns: 2000 },
    );
  });

  it("are zero for zero, and for no other word", () => {
    assert.equal(hashWord(0, oddMultiplier(1)), 0);
    assert.equal(hashWords(0, 0, oddMultiplier(1)), 0);
    assert.equal(wordOfHash(0, inverseOf(oddMultiplier(1))), 0);
  });
});
