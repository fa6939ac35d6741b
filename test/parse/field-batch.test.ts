import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MemoryError } from "../../src/core/errors.ts";
import { FieldBatch, MAX_COLUMNS } from "../../src/parse/field-batch.ts";
import { FieldKind } from "../../src/parse/field-kind.ts";

describe("FieldBatch", () => {
  it("has room for as many rows as fit, and for one row in any case", () => {
    const batch = new FieldBatch({ rowCapacity: 10, fieldCapacity: 100 });
    for (const [stride, rows] of [
      [1, 10],
      [10, 10],
      [19, 5],
      [100, 1],
      [MAX_COLUMNS, 1],
      [19, 5],
    ]) {
      batch.reshape(stride);
      assert.equal(batch.rowCapacity, rows);
      assert.equal(batch.stride, stride);
      assert.equal(batch.rowCount, 0);
      assert.ok(batch.starts.length >= rows * stride);
      assert.deepEqual(batch.checkInvariants(), []);
    }
  });

  it("widens its first row and keeps what that has", () => {
    for (const fieldCapacity of [4, 1000]) {
      const batch = new FieldBatch({ rowCapacity: 10, fieldCapacity });
      batch.reshape(2);
      batch.starts.set([7, 8]);
      batch.ends.set([9, 10]);
      batch.kinds.fill(FieldKind.NUMBER);
      for (const stride of [3, 5, 9, 40]) batch.widen(stride);
      assert.deepEqual([...batch.starts.subarray(0, 2)], [7, 8]);
      assert.deepEqual([...batch.ends.subarray(0, 2)], [9, 10]);
      const { rowCapacity, stride, kinds } = batch;
      assert.deepEqual([...kinds.subarray(0, 2)], [FieldKind.NUMBER, FieldKind.NUMBER]);
      assert.ok(kinds.subarray(2, rowCapacity * stride).every((kind) => kind === FieldKind.MISSING));
      assert.deepEqual(batch.checkInvariants(), []);
    }
  });

  it("refuses shapes that cannot be", () => {
    const refused = (error: unknown) => error instanceof MemoryError && error.code === "invalid-argument";
    assert.throws(() => new FieldBatch({ rowCapacity: 0 }), refused);
    assert.throws(() => new FieldBatch({ fieldCapacity: 0.5 }), refused);
    for (const stride of [0, MAX_COLUMNS + 1]) assert.throws(() => new FieldBatch().reshape(stride), refused);
  });

  it("tells what is wrong with it", () => {
    const batch = new FieldBatch();
    batch.reshape(2);
    batch.rowCount = 2;
    batch.lines.set([1, 2]);
    assert.deepEqual(batch.checkInvariants(), []);
    batch.starts[1] = 5;
    batch.ends[1] = 4;
    batch.kinds[2] = 77;
    batch.lines[1] = 0;
    assert.deepEqual(batch.checkInvariants(), ["field 1 spans 5 to 4", "field 2 is of kind 77", "row 1 begins on line 0"]);
    batch.kinds[1] = FieldKind.MISSING;
    assert.equal(batch.checkInvariants().length, 2);
  });
});
