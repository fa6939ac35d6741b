import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { columnBuffer } from "../../src/collections/columns/column-buffer.ts";
import { columns } from "../../src/collections/columns/columns.ts";
import { hashTable } from "../../src/collections/tables/make-hash-table.ts";
import { privateMemory } from "../../src/core/homes.ts";
import { MiB } from "../../src/core/size.ts";
import { f32, u32 } from "../../src/layout/scalars.ts";
import { struct } from "../../src/layout/struct.ts";
import { TestAllocator } from "../conformance/test-allocator.ts";

setFlagsFromString("--expose-gc");
const collect: () => void = runInNewContext("gc");

async function isCollected(weak: WeakRef<object>): Promise<boolean> {
  for (let attempt = 0; attempt < 20 && weak.deref() !== undefined; attempt++) {
    await turn();
    collect();
  }
  return weak.deref() === undefined;
}

test("a hash table, columns and a column buffer that are still held do not keep the bytes of a closed memory", async () => {
  const memory = privateMemory(MiB(1));
  const allocator = new TestAllocator(memory);
  const table = hashTable({ key: u32, value: u32, allocator }).set(1, 2);
  const points = columns(struct("Point", { x: f32, y: f32 }), { allocator });
  points.append({ x: 1, y: 2 });
  const buffer = columnBuffer(allocator, "f64");
  buffer.append(1);
  const weak = new WeakRef(memory.buffer);
  assert.equal(await isCollected(weak), false);
  memory.close();
  assert.equal(await isCollected(weak), true);
  assert.throws(() => table.get(1), { code: "closed" });
  assert.throws(() => points.get(0), { code: "closed" });
  assert.throws(() => buffer.append(2), { code: "closed" });
});
