import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  bump,
  chunkedColumns,
  columns,
  f32,
  hashTable,
  interner,
  type Memory,
  pool,
  privateMemory,
  secondaryMap,
  slotMap,
  sparseSet,
  struct,
  text,
  u32,
} from "../../src/index.ts";

const Point = struct("Point", { x: f32, y: f32 });

/** What each structure does when it is told neither allocator nor memory: it is filled, asked, and used once more after its end. */
interface Case {
  readonly name: string;
  run(entries: number): { readonly memory?: Memory; end(): void; useAgain(): unknown };
  both(): unknown;
}

const both = () => {
  const memory = privateMemory(0, { maxByteLength: 1 << 16 });
  return { memory, allocator: bump(memory) };
};

const CASES: readonly Case[] = [
  {
    name: "hashTable of numbers",
    run(entries) {
      const table = hashTable({ key: u32, value: u32 });
      for (let i = 0; i < entries; i++) table.set(i, i + 1);
      for (let i = 0; i < entries; i++) assert.equal(table.get(i), i + 1);
      assert.deepEqual(table.checkInvariants(), []);
      return { memory: table.memory, end: () => table[Symbol.dispose](), useAgain: () => table.set(1, 1) };
    },
    both: () => hashTable({ key: u32, value: u32, ...both() }),
  },
  {
    name: "hashTable of strings",
    run(entries) {
      const table = hashTable({ key: text, value: text });
      for (let i = 0; i < entries; i++) table.set(`key ${i}`, `value ${i}`);
      for (let i = 0; i < entries; i++) assert.equal(table.get(`key ${i}`), `value ${i}`);
      assert.deepEqual(table.checkInvariants(), []);
      return { memory: table.memory, end: () => table[Symbol.dispose](), useAgain: () => table.get("key 1") };
    },
    both: () => hashTable({ key: text, value: text, ...both() }),
  },
  {
    name: "columns",
    run(entries) {
      const points = columns(Point);
      for (let i = 0; i < entries; i++) points.append({ x: i, y: -i });
      for (let i = 0; i < entries; i++) assert.equal(points.get(i).y, -i);
      assert.deepEqual(points.checkInvariants(), []);
      return { memory: points.memory, end: () => points[Symbol.dispose](), useAgain: () => points.append({ x: 1 }) };
    },
    both: () => columns(Point, both()),
  },
  {
    name: "chunkedColumns",
    run(entries) {
      const points = chunkedColumns(Point, { chunkCapacity: 1024 });
      for (let i = 0; i < entries; i++) points.append({ x: i, y: -i });
      for (let i = 0; i < entries; i++) assert.equal(points.get(i).y, -i);
      return { memory: points.memory, end: () => points[Symbol.dispose](), useAgain: () => points.append({ x: 1 }) };
    },
    both: () => chunkedColumns(Point, both()),
  },
  {
    name: "interner",
    run(entries) {
      const names = interner({ name: "words" });
      const ids = Array.from({ length: entries }, (_, i) => names.intern(`word ${i}`));
      ids.forEach((id, i) => {
        assert.equal(names.resolve(id), `word ${i}`);
      });
      assert.deepEqual(names.checkInvariants(), []);
      return { memory: names.memory, end: () => names.close(), useAgain: () => names.intern("more") };
    },
    both: () => {
      const { memory, allocator } = both();
      interner(memory).close();
      interner(allocator).close();
      return pool(Point, { memory, allocator });
    },
  },
  {
    name: "pool",
    run(entries) {
      const points = pool(Point);
      const handles = Array.from({ length: entries }, (_, i) => points.add({ x: i, y: -i }));
      handles.forEach((handle, i) => {
        assert.equal(points.get(handle).y, -i);
      });
      assert.deepEqual(points.checkInvariants(), []);
      return { memory: points.memory, end: () => points.close(), useAgain: () => points.add({ x: 1 }) };
    },
    both: () => pool(Point, both()),
  },
  {
    name: "slotMap",
    run(entries) {
      const points = slotMap(Point);
      const handles = Array.from({ length: entries }, (_, i) => points.add({ x: i, y: -i }));
      handles.forEach((handle, i) => {
        assert.equal(points.get(handle).y, -i);
      });
      return { memory: points.columns.memory, end: () => points[Symbol.dispose](), useAgain: () => points.add({ x: 1 }) };
    },
    both: () => slotMap(Point, both()),
  },
  {
    name: "secondaryMap",
    run(entries) {
      const points = pool(Point);
      const ages = secondaryMap(points, u32);
      for (let i = 0; i < entries; i++) ages.set(points.add({ x: i }), i);
      assert.deepEqual(ages.checkInvariants(), []);
      const handle = points.add({ x: 1 });
      return { end: () => ages[Symbol.dispose](), useAgain: () => ages.set(handle, 1) };
    },
    both: () => secondaryMap(pool(Point), u32, both()),
  },
  {
    name: "sparseSet",
    run(entries) {
      const numbers = sparseSet(entries);
      for (let i = 0; i < entries; i++) numbers.add(i);
      assert.equal(numbers.size, entries);
      return { end: () => numbers[Symbol.dispose](), useAgain: () => numbers.add(1) };
    },
    both: () => sparseSet(10, both()),
  },
];

describe("structures that were not told where to go", () => {
  for (const { name, run, both } of CASES) {
    it(`${name}: has private memory of its own, which grows and ends with it`, () => {
      const { memory, end, useAgain } = run(5000);
      assert.equal(memory?.home ?? "private", "private");
      assert.equal(memory?.closed ?? false, false);
      end();
      end();
      assert.equal(memory?.closed ?? true, true);
      assert.throws(useAgain, { code: "closed" });
    });

    it(`${name}: refuses an allocator and a memory together`, () => {
      assert.throws(both, { code: "invalid-argument", message: /both an allocator and a memory/ });
    });
  }

  it("a memory of somebody else's outlives the structure", () => {
    const memory = privateMemory(0, { maxByteLength: 1 << 20 });
    hashTable({ key: u32, value: u32, memory })[Symbol.dispose]();
    assert.equal(memory.closed, false);
    memory.close();
  });
});
