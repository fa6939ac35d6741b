import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { oddMultiplier } from "../../../src/collections/hash.ts";
import { hashWord, hashWords } from "../../../src/collections/tables/hash-key.ts";
import type { HashTable } from "../../../src/collections/tables/hash-table.ts";
import { hashTable } from "../../../src/collections/tables/make-hash-table.ts";
import { privateMemory } from "../../../src/core/homes.ts";
import { MiB } from "../../../src/core/size.ts";
import { f64, u32, u64 } from "../../../src/layout/scalars.ts";
import { TestAllocator } from "../../conformance/test-allocator.ts";

/** A run of this many slots is the longest that an insertion may leave behind: a few above the 1024 at which the multiplier is exchanged. */
const LONGEST = 1100;

function table(seed: number, capacity = 0): HashTable<number, number> {
  const memory = privateMemory(0, { maxByteLength: MiB(16) });
  return hashTable({ key: u32, value: u32, allocator: new TestAllocator(memory), seed, capacity });
}

/** The number by which `odd` must be multiplied to give 1, modulo 2^32 (Newton's iteration doubles the right bits). */
function inverse(odd: number): number {
  let found = odd;
  for (let round = 0; round < 5; round++) found = Math.imul(found, 2 - Math.imul(odd, found));
  return found;
}

/** The key whose hash is `hash`: both rounds of the hash, backwards. */
function keyWithHash(hash: number, multiplier: number): number {
  const folded = Math.imul(hash, inverse(0x9e37_79b1));
  const mixed = folded ^ (folded >>> 15) ^ (folded >>> 30);
  const word = Math.imul(mixed, inverse(multiplier));
  return (word ^ (word >>> 16)) >>> 0;
}

/** Inserts, and looks at the longest probe at every power of two and each thousand. */
function longestWhileFilling(filled: HashTable<number, number>, keys: Iterable<number>): number {
  let longest = 0;
  for (const key of keys) {
    filled.set(key, 1);
    const { size } = filled;
    if (size % 1000 === 0 || (size & (size - 1)) === 0) longest = Math.max(longest, filled.stats().longestProbeLength);
  }
  return longest;
}

describe("hash table under keys that are not random", () => {
  it("the keys that these tests choose do collide", () => {
    const multiplier = oddMultiplier(3);
    for (const hash of [0, 1, 99_999]) assert.equal(hashWord(keyWithHash(hash, multiplier) | 0, multiplier), hash);
    assert.equal(hashWords(1234, 0, multiplier), hashWord(1234, multiplier), "one hash for keys of one and of two words");
  });

  it("keys chosen to share one home are spread again before they cost much", () => {
    const seed = 3;
    using flooded = table(seed);
    const keys = Array.from({ length: 20_000 }, (_, index) => keyWithHash(index, oddMultiplier(seed)));
    assert.ok(longestWhileFilling(flooded, keys) <= LONGEST);
    const { averageProbeLength, longestProbeLength } = flooded.stats();
    assert.ok(averageProbeLength < 4, `average ${averageProbeLength}`);
    assert.ok(longestProbeLength < 200, `longest ${longestProbeLength}`);
    for (const key of keys) assert.equal(flooded.get(key), 1);
    assert.equal(flooded.size, new Set(keys).size);
    assert.deepEqual(flooded.checkInvariants(), []);
  });

  it("getOrInsert gives the new value also when its key is the one that has the table spread again", () => {
    const seed = 3;
    using flooded = table(seed);
    for (let index = 0; index < 5000; index++) {
      assert.equal(flooded.getOrInsert(keyWithHash(index, oddMultiplier(seed)), index), index);
    }
    assert.ok(flooded.stats().longestProbeLength < 200);
  });

  it("a flood at the end of the slots, which runs on at their beginning, is spread too", () => {
    const seed = 3;
    using flooded = table(seed);
    const keys = Array.from({ length: 20_000 }, (_, index) => keyWithHash(-1 - index, oddMultiplier(seed)));
    assert.ok(longestWhileFilling(flooded, keys) <= LONGEST);
    assert.ok(flooded.stats().averageProbeLength < 4);
  });

  it("stays right, if slow, where a flood leaves no room for another block", () => {
    const seed = 3;
    const memory = privateMemory(0, { maxByteLength: MiB(1) });
    const allocator = new TestAllocator(memory);
    using flooded = hashTable({ key: u32, value: u32, allocator, seed, capacity: 3000 });
    allocator.refuseAbove = 1000;
    const keys = Array.from({ length: 3000 }, (_, index) => keyWithHash(index, oddMultiplier(seed)));
    for (const key of keys) flooded.set(key, key);
    for (const key of keys) assert.equal(flooded.get(key), key);
    assert.deepEqual(flooded.checkInvariants(), []);
  });

  it("copying a table in slot order into a growing one is linear, even with the same seed", () => {
    for (const [from, to] of [
      [1, 1],
      [1, 2],
    ]) {
      using source = table(from);
      for (let index = 1; index <= 40_000; index++) source.set(Math.imul(index, 0x85eb_ca6b) >>> 0, index);
      using copy = table(to);
      const keys = [...source.keys()];
      assert.ok(longestWhileFilling(copy, keys) <= LONGEST);
      assert.ok(longestWhileFilling(table(to), keys.reverse()) <= LONGEST);
      assert.ok(copy.stats().averageProbeLength < 4);
      assert.equal(copy.size, 40_000);
    }
  });

  it("ids, strides and multiples of powers of two are spread with any multiplier", () => {
    const strides = [1, 2, 3, 7, 10, 64, 100, 1000, 1024, 4096, 65_536, 1 << 18, 1_000_003];
    const memory = privateMemory(0, { maxByteLength: MiB(1) });
    const allocator = new TestAllocator(memory);
    for (let seed = 0; seed < 60; seed++) {
      for (const stride of strides) {
        using filled = hashTable({ key: u32, value: u32, allocator, seed, capacity: 3000 });
        for (let index = 0; index < 3000; index++) filled.set((index * stride) >>> 0, index);
        const { averageProbeLength } = filled.stats();
        assert.ok(averageProbeLength < 4, `seed ${seed}, stride ${stride}: average ${averageProbeLength}`);
      }
    }
  });

  it("whole and fractional f64 keys, and 64-bit keys that differ in one half only, are spread", () => {
    const memory = privateMemory(0, { maxByteLength: MiB(16) });
    const allocator = new TestAllocator(memory);
    for (let seed = 0; seed < 20; seed++) {
      for (const scale of [1, 0.5, 0.1, 1e-9, 2 ** 20, 2 ** 40]) {
        using doubles = hashTable({ key: f64, value: u32, allocator, seed, capacity: 3000 });
        for (let index = 0; index < 3000; index++) doubles.set(index * scale, index);
        const { averageProbeLength } = doubles.stats();
        assert.ok(averageProbeLength < 4, `seed ${seed}, scale ${scale}: average ${averageProbeLength}`);
      }
      for (const shift of [0n, 20n, 32n, 44n]) {
        using longs = hashTable({ key: u64, value: u32, allocator, seed, capacity: 3000 });
        for (let index = 0n; index < 3000n; index++) longs.set(index << shift, 1);
        const { averageProbeLength } = longs.stats();
        assert.ok(averageProbeLength < 4, `seed ${seed}, shift ${shift}: average ${averageProbeLength}`);
      }
    }
  });
});
