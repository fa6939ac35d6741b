import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { checkSeed, fmix32, hashBytes, hashString, oddMultiplier, randomSeed } from "../../src/collections/hash.ts";
import { equalsUtf8 } from "../../src/collections/packed-utf8.ts";
import { refuses } from "../conformance/allocators.ts";

const encoder = new TextEncoder();
const SEEDS = fc.integer({ min: 0, max: 0xffff_ffff });
/** Texts of every script, and of few enough characters that short ones repeat. */
const TEXTS = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.string({ unit: "binary-ascii", maxLength: 40 }),
  fc.string({ unit: fc.constantFrom("a", "é", "水", "😀", "\0"), maxLength: 12 }),
);

function hashOf(bytes: Uint8Array, seed: number): number {
  return hashBytes(bytes, 0, bytes.length, seed);
}

describe("hashing", () => {
  it("gives a string the hash of its UTF-8 bytes, wherever these lie", () => {
    fc.assert(
      fc.property(TEXTS, SEEDS, fc.nat(9), (text, seed, lead) => {
        const bytes = encoder.encode(text);
        const place = new Uint8Array(lead + bytes.length + 5).fill(0xcc);
        place.set(bytes, lead);
        assert.equal(hashBytes(place, lead, lead + bytes.length, seed), hashString(text, seed));
      }),
      { numRuns: 3000 },
    );
  });

  it("is part of formats: these are its values for ever", () => {
    const table = ["", "a", "ab", "abc", "abcd", "abcde", "Europe/Andorra", "é", "水", "😀", "Sant Julià de Lòria"];
    const values = table.map((text) => hashString(text, 0xdead_beef) >>> 0);
    assert.deepEqual(
      values,
      [
        3_795_144_923, 3_250_106_654, 447_020_313, 2_447_949_302, 1_620_785_402, 2_192_639_085, 1_778_896_753, 296_249_301,
        1_419_896_627, 2_819_601_847, 3_772_606_264,
      ],
    );
    assert.equal(fmix32(1), 0x514e_28b7);
    assert.equal(fmix32(0), 0);
  });

  it("depends on every byte, on the length and on the seed", () => {
    const bytes = new Uint8Array(41);
    const seen = new Map<number, string>();
    const add = (hash: number, what: string): void => {
      assert.equal(seen.get(hash), undefined, `${what} and ${seen.get(hash)} have the same hash`);
      seen.set(hash, what);
    };
    for (let length = 0; length <= 41; length++) add(hashBytes(bytes, 0, length, 1), `${length} zeros`);
    for (let at = 0; at < 41; at++) {
      for (const value of [1, 128, 255]) {
        bytes[at] = value;
        add(hashBytes(bytes, 0, 41, 1), `byte ${at} = ${value}`);
        bytes[at] = 0;
      }
    }
    for (let seed = 2; seed < 100; seed++) add(hashBytes(bytes, 0, 41, seed), `seed ${seed}`);
  });

  it("collides no more often than chance on numbered, padded and hexadecimal keys", () => {
    const families: [string, (n: number) => string][] = [
      ["numbers", (n) => `${n}`],
      ["paths", (n) => `/var/data/${n % 97}/${n}.json`],
      ["hexadecimal", (n) => n.toString(16).padStart(16, "0")],
      ["three bytes", (n) => String.fromCharCode(n & 127, (n >> 7) & 127, (n >> 14) & 127)],
    ];
    const COUNT = 100_000;
    // COUNT² / 2^33 = 1.2 pairs are expected; more than 12 by chance would be one case in 10^8.
    for (const [family, text] of families) {
      const hashes = new Set<number>();
      const slots = new Uint32Array(4096);
      for (let n = 0; n < COUNT; n++) {
        const hash = hashString(text(n), 12_345);
        hashes.add(hash);
        slots[hash & 4095] += 1;
      }
      assert.ok(COUNT - hashes.size <= 12, `${COUNT - hashes.size} collisions among ${family}`);
      const chiSquare = slots.reduce((sum, count) => sum + (count - COUNT / 4096) ** 2 / (COUNT / 4096), 0);
      assert.ok(chiSquare < 4095 + 6 * Math.sqrt(2 * 4095), `chi square ${chiSquare} of 4095 among ${family}`);
    }
  });

  it("changes every bit of the hash with one chance in two when a bit of the key changes", () => {
    let worst = 0;
    for (const length of [3, 4, 7, 16]) {
      const ROUNDS = 400;
      const key = new Uint8Array(length);
      for (let bit = 0; bit < length * 8; bit++) {
        const flips = new Uint32Array(32);
        for (let round = 0; round < ROUNDS; round++) {
          for (let at = 0; at < length; at++) key[at] = fmix32(round * 64 + at + 1);
          const before = hashOf(key, 99);
          key[bit >> 3] ^= 1 << (bit & 7);
          const change = before ^ hashOf(key, 99);
          for (let out = 0; out < 32; out++) flips[out] += (change >>> out) & 1;
        }
        for (const count of flips) worst = Math.max(worst, Math.abs(count / ROUNDS - 0.5));
      }
    }
    // Among 7680 cells of 400 throws, chance alone reaches 0.11.
    assert.ok(worst < 0.15, `the worst bias is ${worst}`);
  });

  it("has no collisions that hold for every seed: keys that collide under one differ under others", () => {
    const bySeed = new Map<number, string[]>();
    const pairs: [string, string][] = [];
    for (let n = 0; n < 250_000; n++) {
      const hash = hashString(`key${n}`, 7);
      const others = bySeed.get(hash);
      if (others === undefined) bySeed.set(hash, [`key${n}`]);
      else pairs.push([others[0], `key${n}`]);
    }
    assert.ok(pairs.length > 0);
    for (const [a, b] of pairs) assert.notEqual(hashString(a, 8), hashString(b, 8));
  });

  it("does not let differences in the top bits cancel, as they do for every seed in hashes of one lane", () => {
    let collisions = 0;
    for (let seed = 0; seed < 3000; seed++) {
      const key = new Uint8Array(16);
      for (let at = 0; at < 16; at++) key[at] = fmix32(seed * 16 + at);
      const before = hashOf(key, seed);
      // In the lane without the secret: bit 31 of one word passes the multiplication alone, and bit 31 or 16 of the next could cancel it.
      for (const [word, next] of [
        [0x8000_0000, 0x8001_0000],
        [0x8000_0000, 0x8000_0000],
        [0x0040_0000, 0x8000_0000],
        [0x8000_0000, 0x0000_0100],
      ]) {
        const other = key.slice();
        const words = new DataView(other.buffer);
        words.setUint32(4, words.getUint32(4, true) ^ word, true);
        words.setUint32(8, words.getUint32(8, true) ^ next, true);
        if (hashOf(other, seed) === before) collisions += 1;
      }
    }
    assert.equal(collisions, 0);
  });

  it("draws seeds and odd multipliers that differ", () => {
    const seeds = new Set(Array.from({ length: 50 }, randomSeed));
    assert.ok(seeds.size >= 49);
    for (const seed of seeds) {
      checkSeed("test", seed);
      assert.equal(oddMultiplier(seed) & 1, 1);
    }
    assert.ok(new Set([...seeds].map(oddMultiplier)).size >= 49);
    for (const bad of [-1, 0.5, 2 ** 32, Number.NaN]) refuses("invalid-argument", () => checkSeed("test", bad));
  });
});

describe("comparing text with UTF-8", () => {
  it("agrees with comparing the encoded bytes", () => {
    fc.assert(
      fc.property(TEXTS, TEXTS, fc.nat(3), fc.boolean(), (a, b, lead, same) => {
        const bytes = encoder.encode(same ? a : b);
        const place = new Uint8Array(lead + bytes.length + 4).fill(0x61);
        place.set(bytes, lead);
        assert.equal(equalsUtf8(a, place, lead, bytes.length), same || a === b);
      }),
      { numRuns: 2000 },
    );
  });

  it("is not fooled by a prefix, an empty text, or what encoders put in the place of a lone surrogate", () => {
    const bytes = encoder.encode("ab水");
    assert.equal(equalsUtf8("ab", bytes, 0, 5), false);
    assert.equal(equalsUtf8("ab水水", bytes, 0, 5), false);
    assert.equal(equalsUtf8("", bytes, 0, 0), true);
    assert.equal(equalsUtf8("", bytes, 0, 1), false);
    assert.equal(equalsUtf8("\ud800", encoder.encode("\ufffd"), 0, 3), false);
  });
});
