import assert from "node:assert/strict";
import { test } from "node:test";
import { hashKey } from "../../../src/collections/tables/records/check.ts";
import { KeyBytes } from "../../../src/collections/tables/records/keys.ts";
import { text } from "../../../src/layout/text.ts";

const SEED = -123_456_789;

test("a text is the same key however it is loaded", () => {
  const [fromString, fromBytes] = [new KeyBytes(text, SEED), new KeyBytes(text, SEED)];
  for (let length = 0; length < 50; length++) {
    for (const [at, odd] of [
      [-1, ""],
      [0, "é"],
      [length >> 1, "é"],
      [length - 1, "漢"],
      [length - 1, "\x7f"],
    ] as const) {
      // What was loaded before must leave no trace.
      for (const keys of [fromString, fromBytes]) assert.ok(keys.load("~".repeat(60)));
      const units = Array.from({ length }, (_, index) => (index === at ? odd : String.fromCharCode(32 + ((index * 7) % 90))));
      const key = units.join("");
      const bytes = new TextEncoder().encode(`..${key}..`);
      assert.ok(fromString.load(key));
      assert.ok(fromBytes.loadBytes(bytes, 2, bytes.length - 2));
      const words = new Int32Array(64);
      new Uint8Array(words.buffer).set(bytes.subarray(2, bytes.length - 2));
      for (const { words: found, byteLength, hash } of [fromString, fromBytes]) {
        assert.equal(byteLength, bytes.length - 4);
        const end = Math.max(1, Math.ceil(byteLength / 4));
        assert.deepEqual(found.subarray(0, end), words.subarray(0, end), key);
        assert.equal(hash, hashKey(words, byteLength, SEED), key);
      }
    }
  }
});

test("bytes that are no UTF-8 are no key, wherever they are", () => {
  const keys = new KeyBytes(text, SEED);
  for (let length = 1; length < 50; length++) {
    for (const at of [0, length >> 1, length - 1]) {
      const bytes = new Uint8Array(length).fill(97);
      bytes[at] = 0xff;
      assert.equal(keys.loadBytes(bytes, 0, length), false);
    }
  }
});
