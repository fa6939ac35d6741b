import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryError } from "../../src/core/errors.ts";
import { sharedMemory } from "../../src/core/homes.ts";
import { Memory } from "../../src/core/memory.ts";
import { GiB } from "../../src/core/size.ts";
import { array } from "../../src/layout/array.ts";
import { bool } from "../../src/layout/bool.ts";
import { optional } from "../../src/layout/optional.ts";
import { f32, f64, i64, u8, u16, u32 } from "../../src/layout/scalars.ts";
import { struct } from "../../src/layout/struct.ts";
import { utf8 } from "../../src/layout/utf8.ts";
import { ptrOf } from "../../src/layout/view-parts.ts";
import { bothWays, mistake } from "./both-ways.ts";

/** Reserved bytes cost nothing until they are used; an engine whose buffers end before says so. */
function reserve(byteLength: number): Memory | string {
  try {
    return sharedMemory(byteLength);
  } catch (error) {
    if (error instanceof MemoryError && (error.code === "out-of-memory" || error.code === "unsupported")) return error.message;
    throw error;
  }
}

bothWays("far away", (way) => {
  const { Far, Huge } = way(() => {
    const Vec = struct("Vec", { x: f32, y: f32 });
    return {
      Far: struct("Far", {
        a: u8,
        b: u16,
        c: u32,
        d: f64,
        e: i64,
        on: bool,
        vec: Vec,
        list: array(u16, 3),
        path: array(Vec, 2),
        maybe: optional(u32),
        name: utf8(3),
      }),
      Huge: struct("Huge", { first: u8, numbers: array(f64, 600_000_000), last: u32 }),
    };
  });
  const value = {
    ...{ a: 1, b: 2, c: 3, d: 4.5, e: 5n, on: true, vec: { x: 6, y: 7 }, list: [8, 9, 10], maybe: 15, name: "far" },
    path: [
      { x: 11, y: 12 },
      { x: 13, y: 14 },
    ],
  };

  for (const [title, byteLength] of [
    ["3 GiB", GiB(3)],
    ["4 GiB", GiB(4)],
    ["5 GiB", GiB(5)],
  ] as const) {
    test(`views at both ends and around the middle of ${title} reach their own bytes and no others`, (t) => {
      const memory = reserve(byteLength);
      if (typeof memory === "string") return t.skip(memory);
      const { byteSize } = Far;
      const end = byteLength - byteSize;
      const places = [0, 2 ** 31 - byteSize, 2 ** 31, 2 ** 32 - byteSize, 2 ** 32, end].filter((at) => at <= end);
      for (const at of new Set(places)) {
        Far.write(memory, at, value);
        for (const view of [
          Far.view(memory.lease, at),
          Far.at(memory, at),
          Far.cursor(memory, at, 1).at(0),
          Far.cursor(memory, at, 1).seek(0),
        ]) {
          assert.deepEqual(Far.copy(view), value);
          assert.equal(ptrOf(view), at);
          assert.deepEqual(
            [view.a, view.b, view.c, view.d, view.e, view.on, view.vec.y, view.list.at(2), view.maybe],
            [1, 2, 3, 4.5, 5n, true, 7, 10, 15],
          );
          assert.equal(view.path.at(1).y, 14);
          assert.equal(ptrOf(view.path.at(1)), at + Far.fields.path.byteOffset + 8);
          view.path.at(1).y += 1;
          view.list.set(0, 80);
          view.c = 33;
          assert.deepEqual(Far.read(memory, at), { ...value, c: 33, list: [80, 9, 10], path: [value.path[0], { x: 13, y: 15 }] });
          Far.write(memory, at, value);
        }
        Far.write(memory, at, {});
        assert.ok(memory.bytes(at, byteSize).every((byte) => byte === 0));
      }
      for (const at of [end + 8, byteLength, byteLength + 8]) {
        assert.throws(() => Far.at(memory, at), mistake("out-of-bounds"));
        assert.throws(() => Far.view(memory.lease, at), mistake("out-of-bounds"));
      }
      const rows = Far.cursor(memory, 0, Math.floor(byteLength / byteSize));
      const indexes = [0, Math.floor(2 ** 31 / byteSize), Math.floor(2 ** 32 / byteSize), rows.length - 1];
      for (const index of indexes.filter((index) => index < rows.length)) {
        rows.at(index).c = index;
        assert.equal(Far.read(memory, index * byteSize).c, index);
        assert.equal(rows.seek(index).c, index);
        rows.seek(index).c = 0;
      }
      assert.throws(() => rows.at(rows.length), mistake("out-of-bounds"));
      memory.close();
    });
  }

  test("views of places from 2 GiB on live through growth that moves the bytes and goes beyond 4 GiB", (t) => {
    const [small, large] = [reserve(GiB(3)), reserve(GiB(5))];
    if (typeof small === "string") return t.skip(small);
    if (typeof large === "string") return t.skip(large);
    let now = small;
    const memory = new Memory({
      home: "private",
      subject: "moving memory",
      readOnly: false,
      maxByteLength: Number.MAX_SAFE_INTEGER,
      buffer: () => now.buffer,
      byteLength: () => now.byteLength,
      commit: () => {
        now = large;
      },
      release: () => {},
      ticket: () => assert.fail("nobody asks"),
    });
    const at = GiB(3) - Far.byteSize;
    const rows = Far.cursor(memory, at - Far.byteSize, 2);
    const views = [Far.view(memory.lease, at), Far.at(memory, at), rows.at(1), rows.seek(1)];
    Far.write(large, at, value);
    for (const view of views) assert.equal(view.c, 0);
    memory.grow(GiB(5));
    for (const view of [...views, rows.at(1), rows.seek(1), Far.at(memory, at)]) {
      assert.deepEqual(Far.copy(view), value);
      assert.deepEqual([view.a, view.c, view.vec.y, view.list.at(2), view.maybe, view.name], [1, 3, 7, 10, 15, "far"]);
      assert.equal(ptrOf(view), at);
    }
    Far.write(memory, GiB(5) - Far.byteSize, { c: 9 });
    assert.equal(Far.at(memory, GiB(5) - Far.byteSize).c, 9);
    for (const each of [memory, small, large]) each.close();
  });

  test("a struct may itself be larger than 4 GiB", (t) => {
    const memory = reserve(Huge.byteSize + 64);
    if (typeof memory === "string") return t.skip(memory);
    for (const huge of [Huge.at(memory, 64), Huge.view(memory.lease, 64)]) {
      huge.numbers.set(599_999_999, 1.5);
      huge.last = 7;
      assert.deepEqual([huge.first, huge.numbers.at(599_999_999), huge.numbers.at(0), huge.last], [0, 1.5, 0, 7]);
      assert.equal(memory.u32[(64 + Huge.fields.last.byteOffset) / 4], 7);
      assert.throws(() => huge.numbers.at(600_000_000), mistake("out-of-bounds"));
    }
    memory.close();
  });
});
