import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inspect } from "node:util";
import { ring, ringByteLength, sharedPool, sharedPoolByteLength } from "../../src/concurrent/index.ts";
import {
  arena,
  chunkedColumns,
  columns,
  f32,
  hashTable,
  interner,
  pool,
  privateMemory,
  secondaryMap,
  sharedMemory,
  slab,
  slotMap,
  struct,
  text,
  tlsf,
  u32,
} from "../../src/index.ts";

const Point = struct("Point", { x: f32, y: f32 });

describe("console.log of", () => {
  const pools = pool(Point);
  pools.add({ x: 1 });
  const words = interner({ name: "words" });
  words.intern("one");
  for (const [what, object, shown] of [
    ["a memory", privateMemory(10), "<private memory, 10 of at most 10 bytes>"],
    ["a scalar type", u32, "<u32>"],
    ["a struct type", Point, "<Point {x:f32@0,y:f32@4}#8/4>"],
    ["a pool", pools, "<pool of Point, size 1>"],
    ["a secondary map", secondaryMap(pools, u32), undefined],
    ["columns", columns(Point), "<columns of Point, size 0>"],
    ["chunked columns", chunkedColumns(Point), "<chunked columns of Point, size 0>"],
    ["a slot map", slotMap(Point), "<slot map of Point, size 0>"],
    ["a hash table of numbers", hashTable({ key: u32, value: Point }), "<hash table of u32 to Point, size 0>"],
    ["a hash table of strings", hashTable({ key: text, value: text }), "<hash table of text to text, size 0>"],
    ["an interner", words, "<interner words, size 1>"],
    ["an arena", arena(), undefined],
    ["a slab", slab(privateMemory(1 << 20)), undefined],
    ["a TLSF heap", tlsf(privateMemory(1 << 20)), undefined],
    ["a ring", ring(sharedMemory(ringByteLength(u32, { capacity: 4 })), u32, { capacity: 4 }), undefined],
    ["a shared pool", sharedPool(sharedMemory(sharedPoolByteLength(Point, { capacity: 4 })), Point, { capacity: 4 }), undefined],
  ] as const) {
    it(`${what} is short and shows no bytes`, () => {
      const text = inspect(object);
      if (shown !== undefined) assert.equal(text, shown);
      assert.ok(text.length < 1000, text);
      assert.doesNotMatch(text, /Uint8Array|Int32Array|Float64Array/);
    });
  }

  it("what was closed says so", () => {
    const memory = privateMemory(8);
    memory.close();
    assert.equal(inspect(memory), "<private memory, closed>");
    const table = hashTable({ key: u32, value: u32 });
    table[Symbol.dispose]();
    assert.equal(inspect(table), "<hash table of u32 to u32, closed>");
  });
});
