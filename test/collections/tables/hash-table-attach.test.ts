import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { HashTable } from "../../../src/collections/tables/hash-table.ts";
import { hashTable } from "../../../src/collections/tables/make-hash-table.ts";
import { privateMemory } from "../../../src/core/homes.ts";
import { MiB } from "../../../src/core/size.ts";
import { f64, i64, u8, u16, u32 } from "../../../src/layout/scalars.ts";
import { struct } from "../../../src/layout/struct.ts";
import { HOMES } from "../../conformance/homes.ts";
import { TestAllocator } from "../../conformance/test-allocator.ts";

const ROWS = { key: u32, value: u32 };
const MAGIC = 0;
const VERSION = 1;
const LAYOUT = 3;
const CAPACITY = 5;
const COUNT = 8;
const HEADER_WORDS = 16;

/** The block of a finished table of `count` entries, key 7 i to value i. Key 0 is among them. */
function finished(count: number): Uint8Array {
  using memory = privateMemory(0, { maxByteLength: MiB(4) });
  using table = hashTable({ ...ROWS, allocator: new TestAllocator(memory), seed: 5 });
  for (let index = 0; index < count; index++) table.set(index * 7, index);
  return memory.bytes(table.byteOffset, table.byteLength).slice();
}

for (const home of HOMES) {
  describe(`a finished hash table, copied into ${home.title}`, () => {
    it("is opened where it lies, and answers as the first did", () => {
      const block = finished(1000);
      using memory = home.create(MiB(1));
      const byteOffset = 4096 + 8;
      memory.u8.set(block, byteOffset);
      using table = HashTable.attach(memory, byteOffset, ROWS);
      assert.equal(table.size, 1000);
      assert.equal(table.byteOffset, byteOffset);
      assert.equal(table.byteLength, block.byteLength);
      const finder = table.finder(-1);
      for (let index = 0; index < 1000; index++) {
        assert.equal(table.get(index * 7), index);
        assert.equal(table.find(index * 7 + 1, -1), -1);
        assert.equal(finder(index * 7), index);
        assert.equal(finder(index * 7 + 1), -1);
      }
      assert.deepEqual(
        [...table.entries()].sort(([a], [b]) => a - b),
        Array.from({ length: 1000 }, (_, index) => [index * 7, index]),
      );
      assert.deepEqual(table.checkInvariants(), []);
      assert.deepEqual(memory.bytes(byteOffset, block.byteLength), block);
    });
  });
}

describe("HashTable.attach", () => {
  const place = (block: Uint8Array) => {
    const memory = privateMemory(block.byteLength + 64);
    memory.u8.set(block, 64);
    return memory;
  };

  it("cannot be changed", () => {
    using memory = place(finished(10));
    using table = HashTable.attach(memory, 64, ROWS);
    const before = memory.u8.slice();
    for (const change of [
      () => table.set(7, 9),
      () => table.set(8, 9),
      () => table.delete(7),
      () => table.delete(8),
      () => table.getOrInsert(7, 9),
      () => table.clear(),
      () => table.reserve(10_000),
    ]) {
      assert.throws(change, {
        code: "read-only",
        message: /^hash table that was attached to private memory cannot be changed\. Change the table/,
      });
    }
    assert.deepEqual(memory.u8, before);
  });

  it("refuses other key and value types, with the numbers", () => {
    using memory = place(finished(10));
    const Pair = struct("Pair", { a: u16, b: u16 });
    assert.throws(() => HashTable.attach(memory, 64, { key: u32, value: f64 }), {
      code: "layout-mismatch",
      message:
        /^hash table in private memory does not hold u32 to f64 \(layout=0x[0-9a-f]{8}, expected=0x[0-9a-f]{8}\)\. Open it with/,
    });
    assert.throws(() => HashTable.attach(memory, 64, { key: u16, value: u32 }), { code: "layout-mismatch" });
    assert.throws(() => HashTable.attach(memory, 64, { key: i64, value: u32 }), { code: "layout-mismatch" });
    assert.throws(() => HashTable.attach(memory, 64, { key: u32, value: Pair }), { code: "layout-mismatch" });
  });

  it("refuses what is no table, a later version, and a block that is cut off", () => {
    using nothing = privateMemory(4096);
    assert.throws(() => HashTable.attach(nothing, 0, ROWS), {
      code: "corrupt",
      message: /does not begin with the mark of one \(byteOffset=0, magic=0x00000000, expected=0x7468484f\)/,
    });
    assert.throws(() => HashTable.attach(nothing, 4, ROWS), { code: "invalid-argument", message: /byteOffset=4, align=8/ });
    assert.throws(() => HashTable.attach(nothing, 4064, ROWS), { code: "out-of-bounds" });
    assert.throws(() => HashTable.attach(nothing, Number.NaN, ROWS), { code: "invalid-argument" });
    const block = finished(1000);
    using cut = privateMemory(block.byteLength - 4);
    cut.u8.set(block.subarray(0, -4));
    assert.throws(() => HashTable.attach(cut, 0, ROWS), { code: "corrupt", message: /ends past the memory .*byteLength=16456/ });
  });

  it("notices every flipped bit of the header's constant words", () => {
    const block = finished(100);
    using memory = place(block);
    for (let bit = 0; bit < 8 * 32; bit++) {
      const byte = 64 + (bit >> 3);
      memory.u8[byte] ^= 1 << (bit & 7);
      assert.throws(() => HashTable.attach(memory, 64, ROWS), { code: "corrupt" }, `bit ${bit}`);
      memory.u8[byte] ^= 1 << (bit & 7);
    }
    assert.equal(HashTable.attach(memory, 64, ROWS).size, 100);
  });

  it("names a newer version and impossible counts", () => {
    const block = finished(100);
    using memory = place(block);
    memory.i32[16 + COUNT] = 300;
    assert.throws(() => HashTable.attach(memory, 64, ROWS), {
      code: "corrupt",
      message: /impossible counts .*count=300, capacity=256/,
    });
    memory.i32[16 + COUNT] = -1;
    assert.throws(() => HashTable.attach(memory, 64, ROWS), { code: "corrupt" });
  });

  it("survives any bytes in the slots: it answers, within the block, and ends", () => {
    const block = finished(300);
    using memory = privateMemory(block.byteLength + 128);
    const key = fc.oneof(fc.integer({ min: 0, max: 2100 }), fc.integer({ min: 0, max: 2 ** 32 - 1 }));
    const damage = fc.array(fc.tuple(fc.integer({ min: HEADER_WORDS, max: block.byteLength / 4 - 1 }), fc.integer()), {
      maxLength: 300,
      size: "max",
    });
    fc.assert(
      fc.property(damage, fc.array(key, { minLength: 20, maxLength: 20 }), (words, keys) => {
        memory.u8.set(block, 64);
        for (const [word, value] of words) memory.i32[16 + word] = value;
        using table = HashTable.attach(memory, 64, ROWS);
        const finder = table.finder(-1);
        const out = new Array<number>(keys.length).fill(0);
        table.findMany(keys, out, -1);
        keys.forEach((key, index) => {
          const value = table.find(key, -1);
          assert.ok(Number.isInteger(value));
          assert.equal(finder(key), value);
          assert.equal(out[index], value);
          assert.equal(table.has(key), value !== -1);
        });
        assert.ok([...table.keys()].length <= 513);
        assert.ok(Array.isArray(table.checkInvariants()));
        table.stats();
      }),
      { numRuns: 60 },
    );
  });

  it("ends a search in a block without one empty slot", () => {
    for (const types of [ROWS, { key: f64, value: u32 }] as const) {
      using memory = privateMemory(MiB(1));
      using table = hashTable<number, number>({ ...types, allocator: new TestAllocator(memory), seed: 1 });
      table.set(1, 1);
      const copy = privateMemory(table.byteLength);
      copy.u8.set(memory.bytes(table.byteOffset, table.byteLength));
      copy.i32.fill(-559_038_737, HEADER_WORDS);
      using full = HashTable.attach<number, number>(copy, 0, types);
      assert.equal(full.find(2, -1), -1);
      assert.equal(full.finder(-1)(2), -1);
      assert.equal([...full.keys()].length, 16);
      assert.notDeepEqual(full.checkInvariants(), []);
    }
  });

  it("deleting ends, too, where somebody has scribbled over all slots", () => {
    using memory = privateMemory(MiB(1));
    using table = hashTable({ ...ROWS, allocator: new TestAllocator(memory), seed: 1 });
    for (let key = 1; key <= 12; key++) table.set(key, key);
    const slots = table.byteOffset / 4 + HEADER_WORDS;
    for (let slot = 0; slot < 16; slot++) if (memory.i32[slots + slot * 2] === 0) memory.i32[slots + slot * 2] = 1_000_000 + slot;
    assert.ok(table.delete(5));
    assert.equal(table.get(5), undefined);
    assert.ok(!table.delete(5));
  });

  it("checkInvariants tells a key that cannot be found, a wrong count, and bytes in empty slots", () => {
    using memory = privateMemory(MiB(1));
    using table = hashTable({ ...ROWS, allocator: new TestAllocator(memory), seed: 1 });
    for (let key = 1; key <= 12; key++) table.set(key, key);
    const first = table.byteOffset / 4;
    const slots = Array.from({ length: 16 }, (_, slot) => first + HEADER_WORDS + slot * 2);
    const empty = slots.filter((at) => memory.i32[at] === 0);
    const used = slots.filter((at) => memory.i32[at] !== 0);
    assert.deepEqual(table.checkInvariants(), []);
    memory.i32[empty[0] + 1] = 5;
    assert.match(table.checkInvariants().join(), /slot \d+ is empty but not all zero/);
    memory.i32[empty[0] + 1] = 0;
    memory.i32[first + COUNT] = 11;
    assert.match(table.checkInvariants().join(), /count=11, but 12 entries are there/);
    memory.i32[first + COUNT] = 12;
    const [one, two] = used;
    const key = memory.i32[one];
    memory.i32[one] = memory.i32[two];
    assert.match(table.checkInvariants().join(), /looking for the key in slot \d+, \d+, ends in slot \d+/);
    memory.i32[one] = key;
    const exchange = (left: number, right: number): void => {
      const entry = memory.i32.slice(left, left + 2);
      memory.i32.copyWithin(left, right, right + 2);
      memory.i32.set(entry, right);
    };
    const misplaced = used.slice(1).filter((at, index) => {
      exchange(used[index], at);
      const wrong = table.checkInvariants();
      exchange(used[index], at);
      return wrong.length > 0;
    });
    assert.equal(misplaced.length, used.length - 1, "no two entries may change places");
    assert.deepEqual(table.checkInvariants(), []);
  });

  it("writes the header that the format says", () => {
    const block = finished(100);
    const words = new Uint32Array(block.slice().buffer);
    assert.equal(String.fromCharCode(...block.subarray(0, 4)), "OHht");
    assert.deepEqual(
      [words[MAGIC], words[VERSION], words[2], words[4], words[CAPACITY], words[COUNT], words[9]],
      [0x7468484f, 3, 0, 8, 256, 100, 1],
    );
    assert.notEqual(words[LAYOUT], 0);
    assert.equal(words[6] % 2, 1);
    assert.deepEqual([...words.subarray(10, 16)], [0, 0, 0, 0, 0, 0]);
    assert.equal(block.byteLength, 64 + 257 * 8);
  });

  it("makes equal bytes of equal programs and seeds, and others of other seeds", () => {
    assert.deepEqual(finished(777), finished(777));
    using memory = privateMemory(MiB(1));
    const allocator = new TestAllocator(memory);
    const [a, b] = [0, 1].map(() => hashTable({ key: u8, value: u8, allocator }));
    assert.notDeepEqual(memory.bytes(a.byteOffset, 64), memory.bytes(b.byteOffset, 64), "random seeds differ");
  });
});
