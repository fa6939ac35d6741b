import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  attachColumns,
  f64,
  optional,
  privateMemory,
  sharedColumns,
  sharedColumnsByteLength,
  sharedMemory,
  struct,
  u32,
  utf8,
} from "../../../src/index.ts";
import { HOMES } from "../../conformance/homes.ts";

const Tick = struct("Tick", { price: f64, volume: optional(u32), name: utf8(8) });
const SHAPE = { capacity: 100 };
const BYTES = sharedColumnsByteLength(Tick, SHAPE);

for (const home of HOMES) {
  describe(`shared columns in ${home.title}`, () => {
    it("show to readers what was appended, as soon as it is whole", () => {
      using memory = home.create(BYTES + 64);
      const ticks = sharedColumns(memory, Tick, { ...SHAPE, byteOffset: 64 });
      const reader = attachColumns(memory, Tick, { byteOffset: 64 });
      assert.equal(reader.size, 0);
      assert.throws(() => reader.rows.at(0), { code: "out-of-bounds" });
      for (let row = 0; row < 100; row++) {
        ticks.append({ price: row + 0.5, volume: row % 3 === 0 ? null : row, name: `t${row}` });
        // The cursor asks again by itself.
        assert.equal(reader.rows.at(row).price, row + 0.5);
        assert.equal(reader.rows.length, row + 1);
      }
      assert.deepEqual(JSON.stringify([...reader]), JSON.stringify([...ticks]));
      assert.deepEqual(reader.column("price"), ticks.column("price"));
      assert.deepEqual(reader.validity("volume"), ticks.validity("volume"));
      ticks.swapRemove(0);
      assert.equal(reader.size, 99);
      assert.equal(reader.get(0).name, "t99");
      ticks.clear();
      assert.equal(reader.size, 0);
      assert.throws(() => reader.get(0), { code: "out-of-bounds" });
      assert.deepEqual(reader.checkInvariants(), []);
    });

    it("have the capacity that they were made with", () => {
      using memory = home.create(BYTES);
      const ticks = sharedColumns(memory, Tick, SHAPE);
      ticks.resize(100);
      assert.throws(() => ticks.append({}), { code: "out-of-memory", message: /make others with more, and copy the rows/ });
      assert.throws(() => ticks.reserve(101), { code: "out-of-memory" });
      assert.equal(ticks.size, 100);
      assert.deepEqual(ticks.checkInvariants(), []);
    });

    it("can be written on by who comes next, whatever moment the last writer died at", () => {
      using memory = home.create(BYTES);
      const ticks = sharedColumns(memory, Tick, SHAPE);
      for (let row = 0; row < 10; row++) ticks.append({ price: row, volume: row, name: "whole" });
      // As if it had died before it published the last three.
      memory.i32[8] = 7;
      assert.notDeepEqual(attachColumns(memory, Tick).checkInvariants(), []);
      const next = attachColumns(memory, Tick, { write: true });
      assert.deepEqual(next.checkInvariants(), []);
      next.resize(9);
      assert.deepEqual({ ...next.get(8) }, { price: 0, volume: null, name: "" });
      assert.deepEqual(next.checkInvariants(), []);
    });
  });
}

describe("shared columns", () => {
  it("refuse places where they cannot be", () => {
    const memory = privateMemory(BYTES + 64);
    for (const byteOffset of [8, -64, 0.5, Number.NaN]) {
      assert.throws(() => sharedColumns(memory, Tick, { ...SHAPE, byteOffset }), { code: "invalid-argument" });
      assert.throws(() => attachColumns(memory, Tick, { byteOffset }), { code: "invalid-argument" });
    }
    assert.throws(() => sharedColumns(memory, Tick, { ...SHAPE, byteOffset: 128 }), { code: "out-of-bounds" });
    for (const capacity of [-1, 0.5, 2 ** 31]) {
      assert.throws(() => sharedColumns(memory, Tick, { capacity }), { code: "invalid-argument" });
    }
    assert.throws(() => attachColumns(memory, Tick), { code: "corrupt", message: /does not begin with the mark/ });
    sharedColumns(memory, Tick, SHAPE);
    assert.throws(() => attachColumns(memory, struct("Tick", { price: u32 })), { code: "layout-mismatch" });
  });

  it("do not believe a number of rows that cannot be", () => {
    const memory = sharedMemory(BYTES);
    sharedColumns(memory, Tick, SHAPE).append({});
    const reader = attachColumns(memory, Tick);
    memory.i32[8] = 1000;
    assert.equal(reader.size, 100);
    assert.deepEqual(reader.checkInvariants(), ["size=1000 is not from 0 to capacity=100"]);
    memory.i32[8] = -5;
    assert.equal(reader.size, 0);
  });
});
