import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { bump } from "../../../src/alloc/bump.ts";
import { Columns, columns } from "../../../src/collections/columns/columns.ts";
import { privateMemory, sharedMemory, wasmMemory } from "../../../src/core/homes.ts";
import { KiB, MiB } from "../../../src/core/size.ts";
import type { WebAssemblyMemory } from "../../../src/core/ticket.ts";
import { array } from "../../../src/layout/array.ts";
import { composed } from "../../../src/layout/generation.ts";
import { optional } from "../../../src/layout/optional.ts";
import { f32, f64, i16, i64, u8, u16, u32 } from "../../../src/layout/scalars.ts";
import { struct } from "../../../src/layout/struct.ts";
import { utf8 } from "../../../src/layout/utf8.ts";
import { HOMES } from "../../conformance/homes.ts";
import { TestAllocator } from "../../conformance/test-allocator.ts";

declare const WebAssembly: { readonly Memory: new (options: { initial: number; maximum: number }) => WebAssemblyMemory };

const Particle = struct("Particle", { x: f32, team: u8, mass: f64, hp: optional(u16), name: utf8(4) });

function particles(capacity = 4, byteLength = MiB(1)) {
  const memory = privateMemory(0, { maxByteLength: byteLength });
  const allocator = new TestAllocator(memory);
  const table = columns(Particle, { allocator, capacity });
  return { memory, allocator, table };
}

describe("columns", () => {
  it("lie in the order of falling alignment, bitmaps last", () => {
    const { memory, table } = particles(100);
    const start = (name: "x" | "team" | "mass" | "hp") => table.column(name).byteOffset - table.byteOffset;
    assert.deepEqual([start("mass"), start("x"), start("hp"), start("team")], [64, 64 + 832, 64 + 832 + 448, 64 + 832 + 448 + 256]);
    assert.equal((table.validity("hp")?.byteOffset ?? 0) - table.byteOffset, 64 + 832 + 448 + 256 + 128 + 448);
    assert.equal(table.byteLength, 64 + 832 + 448 + 256 + 128 + 448 + 64);
    assert.equal(memory.bytes(table.byteOffset, 4).join(), "79,72,99,111");
  });

  it("are loops over typed arrays, whose changes rows show", () => {
    const { table } = particles();
    for (let index = 0; index < 10; index++) table.append({ x: index, mass: 2 * index });
    const [x, mass] = [table.column("x"), table.column("mass")];
    assert.deepEqual([x.length, mass.length], [10, 10]);
    for (let index = 0; index < x.length; index++) x[index] = Number(x[index]) + Number(mass[index]);
    assert.deepEqual(
      Array.from(table.rows, (row) => row.x),
      [0, 3, 6, 9, 12, 15, 18, 21, 24, 27],
    );
    table.rows.at(3).x += 0.5;
    table.rows.seek(4).team = 300;
    assert.deepEqual([x[3], table.get(4).team], [9.5, 300 & 255], "numbers are assigned as in a typed array");
  });

  it("of vectors are their components, one behind the other", () => {
    const Body = struct("Body", { at: array(f32, 3), turn: array(array(i16, 2), 2), big: array(i64, 2) });
    using bodies = columns(Body, { capacity: 2 });
    for (let row = 0; row < 5; row++) {
      bodies.append({
        at: [row, row + 0.25, row + 0.5],
        turn: [
          [row, 1],
          [2, 3],
        ],
        big: [1n, BigInt(row)],
      });
    }
    const at = bodies.column("at");
    assert.ok(at instanceof Float32Array);
    assert.deepEqual([at.length, ...at.subarray(12)], [15, 4, 4.25, 4.5]);
    assert.deepEqual([...bodies.column("turn").subarray(16)], [4, 1, 2, 3]);
    const big: BigInt64Array | BigUint64Array = bodies.column("big");
    assert.deepEqual([...big].slice(8), [1n, 4n]);
    at[12] = 9;
    assert.deepEqual(bodies.get(4).at, [9, 4.25, 4.5]);
    assert.deepEqual(bodies.checkInvariants(), []);
  });

  it("rows made before growth follow it; typed arrays made before show that their bytes are gone", () => {
    const { table } = particles(2);
    table.append({ x: 1, mass: 5 });
    const row = table.rows.at(0);
    const one = table.rows.seek(0);
    const [x, mass] = [table.column("x"), table.column("mass")];
    for (let index = 0; index < 10; index++) table.append({ x: 10 });
    assert.deepEqual([row.x, row.mass, one.x], [1, 5, 1]);
    row.x = 2;
    assert.equal(table.get(0).x, 2);
    assert.ok(Number.isNaN(x[0]) || x[0] !== 1, "the test allocator overwrites what is freed");
    assert.notEqual(mass[0], 5);
    const unmoved = bump(privateMemory(0, { maxByteLength: MiB(1) }));
    const kept = columns(Particle, { allocator: unmoved, capacity: 1 });
    kept.append({ x: 1 });
    const before = kept.column("x");
    kept.append({ x: 2 });
    assert.ok(Number.isNaN(before[0]), "in memory that nobody has taken again they are NaN");
  });

  it("print as plain data", () => {
    const { table } = particles();
    table.append({ x: 1, name: "ab" });
    assert.equal(JSON.stringify(table.rows.at(0)), '{"x":1,"team":0,"mass":0,"hp":null,"name":"ab"}');
    assert.deepEqual(Object.keys(table.get(0)), ["x", "team", "mass", "hp", "name"]);
  });

  it("take a row of their own as input", () => {
    const { table } = particles();
    table.append({ x: 1, hp: 7, name: "ab" });
    table.append(table.rows.at(0));
    table.append({ ...table.get(1), x: 2 });
    assert.deepEqual({ ...table.get(1) }, { ...table.get(0) });
    assert.deepEqual([table.get(2).x, table.get(2).hp], [2, 7]);
  });

  it("refuse rows that do not fit, and nothing changes", () => {
    const { memory, table } = particles(1);
    table.append({ x: 1, hp: 3 });
    const before = memory.bytes(table.byteOffset, table.byteLength).slice();
    for (const change of [
      () => table.append({ team: 256 }),
      () => table.append({ x: 2, name: "abcde" }),
      () => table.set(0, { hp: -1 }),
      () => Reflect.apply(table.append, table, [{ z: 1 }]),
      () => Reflect.apply(table.append, table, [null]),
      () => {
        table.rows.at(0).hp = 70_000;
      },
      () => {
        table.rows.at(0).name = "abcde";
      },
    ]) {
      assert.throws(change, { code: "bad-value" });
    }
    assert.throws(() => table.append({ team: 256 }), { message: /^Particle\.team cannot hold 256/ });
    assert.throws(
      () => {
        table.rows.at(0).hp = 70_000;
      },
      { message: /^Particle\.hp cannot hold 70000/ },
    );
    assert.deepEqual(memory.bytes(table.byteOffset, table.byteLength), before);
  });

  it("take all of many rows or none, whatever goes wrong", () => {
    const { allocator, memory, table } = particles(4);
    for (const x of [1, 2, 3]) table.append({ x, hp: x });
    const before = memory.bytes(table.byteOffset, table.byteLength).slice();
    const refused = (code: string, change: () => unknown) => assert.throws(change, { code });
    refused("bad-value", () => table.appendMany([{ x: 4 }, { team: 256 }]));
    refused("bad-value", () => table.setRange(0, [{ x: 4 }, { name: "abcde" }]));
    refused("out-of-bounds", () => table.setRange(2, [{ x: 4 }, { x: 5 }]));
    refused("out-of-bounds", () => table.setRange(-1, [{ x: 4 }]));
    refused("out-of-bounds", () => table.appendFrom(table, 0, 4));
    refused("out-of-bounds", () => table.appendFrom(table, 2, 1));
    refused("out-of-bounds", () => table.swap(0, 3));
    allocator.refuseAbove = 300;
    refused("out-of-memory", () => table.appendMany([{ x: 4 }, { x: 5 }]));
    refused("out-of-memory", () => table.appendFrom(table));
    const other = columns(struct("Particle", { x: f32 }));
    refused("layout-mismatch", () => Reflect.apply(table.appendFrom, table, [other]));
    const stop = new Error("stop");
    assert.throws(
      () =>
        table.removeWhere((_, index) => {
          if (index === 2) throw stop;
          return true;
        }),
      stop,
    );
    assert.deepEqual(memory.bytes(table.byteOffset, table.byteLength), before);
    refused("invalid-argument", () =>
      table.removeWhere(() => {
        table.pop();
        return true;
      }),
    );
    assert.equal(table.size, 2);
    assert.equal(table.appendMany(new Set([{ x: 8 }])), 2);
    assert.equal(
      table.removeWhere(({ x }) => x !== 2),
      2,
    );
    assert.deepEqual([table.size, table.pop()?.x, table.pop()], [1, 2, undefined]);
    assert.deepEqual(table.checkInvariants(), []);
  });

  it("are copied whole, also those that can only be read, and the copy is on its own", () => {
    const { memory, table } = particles(2);
    for (const x of [1, 2, 3]) table.append({ x, hp: x === 2 ? null : x, name: "ab" });
    const reader = Columns.attach(memory, table.byteOffset, Particle);
    for (const source of [table, reader]) {
      using copy = source.clone();
      for (let index = 0; index < 3; index++) assert.deepEqual(copy.get(index), table.get(index));
      copy.append({ x: 4 });
      copy.rows.at(0).x = 9;
      assert.deepEqual([table.size, table.get(0).x, copy.size], [3, 1, 4]);
      assert.deepEqual(copy.checkInvariants(), []);
    }
    using empty = columns(Particle).clone();
    assert.equal(empty.append({ x: 1 }), 0);
    for (const change of [
      () => reader.pop(),
      () => reader.appendMany([{}]),
      () => reader.setRange(0, []),
      () => reader.swap(0, 1),
    ]) {
      assert.throws(change, { code: "read-only" });
    }
    assert.throws(() => reader.removeWhere(() => true), { code: "read-only" });
    assert.throws(() => reader.appendFrom(table), { code: "read-only" });
  });

  it("say which rows and columns there are", () => {
    const { table } = particles();
    table.append({});
    for (const index of [-1, 1, 0.5, Number.NaN, 2 ** 32]) {
      for (const use of [
        () => table.get(index),
        () => table.rows.at(index),
        () => table.rows.seek(index),
        () => table.swapRemove(index),
        () => table.set(index, {}),
      ]) {
        assert.throws(use, {
          code: "out-of-bounds",
          message: `columns of Particle have no such row (index=${index}, size=1). Pass a whole number from 0 to size - 1.`,
        });
      }
    }
    assert.throws(() => Reflect.apply(table.column, table, ["y"]), {
      code: "invalid-argument",
      message: 'columns of Particle have no column "y". Its fields are x, team, mass, hp, name.',
    });
    assert.throws(() => table.column("name"), {
      code: "invalid-argument",
      message: "Particle.name has no column of numbers: it is of type utf8(4). Read it row by row.",
    });
    assert.throws(() => table.resize(-1), { code: "invalid-argument", message: /size=-1/ });
    assert.throws(() => table.reserve(2 ** 31), { code: "invalid-argument" });
  });

  it("stay as they are when there is no room to grow", () => {
    const { allocator, table } = particles(4);
    for (let index = 0; index < 4; index++) table.append({ x: index });
    allocator.refuseAbove = 300;
    for (const change of [() => table.append({ x: 9 }), () => table.resize(5), () => table.reserve(5)]) {
      assert.throws(change, { code: "out-of-memory" });
    }
    assert.deepEqual(
      Array.from(table, ({ x }) => x),
      [0, 1, 2, 3],
    );
    assert.deepEqual([table.capacity, table.checkInvariants()], [4, []]);
    table.swapRemove(0);
    table.append({ x: 7 });
    assert.deepEqual(
      Array.from(table, ({ x }) => x),
      [3, 1, 2, 7],
    );
    assert.throws(() => columns(Particle, { allocator, capacity: 100_000 }), { code: "out-of-memory" });
    assert.equal(allocator.liveBlocks, 1);
  });

  it("checkInvariants tells bytes and bits that belong to no row, and values that are not there", () => {
    const { memory, table } = particles(16);
    for (let index = 0; index < 3; index++) table.append({ x: index, hp: index === 1 ? null : index });
    assert.deepEqual(table.checkInvariants(), []);
    const spoilt = (byteOffset: number, value: number): string => {
      const before = memory.u8[byteOffset];
      memory.u8[byteOffset] = value;
      const told = table.checkInvariants().join();
      memory.u8[byteOffset] = before;
      return told;
    };
    assert.match(spoilt(table.column("team").byteOffset + 3, 1), /byte \d+ of the block belongs to no row and is 1/);
    assert.match(spoilt(table.column("hp").byteOffset + 2, 1), /hp: row 1 has no value, but bytes/);
    assert.match(spoilt(table.validity("hp")?.byteOffset ?? 0, 0b1101), /hp: bit 3 is set, but there are 3 rows/);
    memory.i32[table.byteOffset / 4 + 8] = 17;
    assert.deepEqual(table.checkInvariants(), ["size=17 is not from 0 to capacity=16"]);
  });

  for (const home of HOMES) {
    it(`are opened where a copy of their block lies: ${home.title}`, () => {
      const { memory, table } = particles(3);
      for (let index = 0; index < 50; index++) table.append({ x: index, hp: index % 3 === 0 ? null : index, name: `n${index}` });
      using other = home.create(MiB(1));
      other.u8.set(memory.bytes(table.byteOffset, table.byteLength), 4096 + 8);
      using copy = Columns.attach(other, 4096 + 8, Particle);
      assert.equal(copy.size, 50);
      for (let index = 0; index < 50; index++) assert.deepEqual({ ...copy.get(index) }, { ...table.get(index) });
      assert.deepEqual(JSON.stringify([...copy]), JSON.stringify([...table]));
      assert.deepEqual(copy.column("x"), table.column("x"));
      assert.deepEqual(copy.validity("hp"), table.validity("hp"));
      assert.deepEqual(copy.checkInvariants(), []);
      for (const change of [
        () => copy.append({}),
        () => copy.set(0, {}),
        () => copy.swapRemove(0),
        () => copy.resize(0),
        () => copy.reserve(1),
        () => copy.clear(),
        () => {
          copy.rows.at(0).x = 1;
        },
        () => {
          copy.rows.at(0).hp = 1;
        },
      ]) {
        assert.throws(change, {
          code: "read-only",
          message: /^columns of Particle that were attached to .* cannot be changed\. Change/,
        });
      }
    });
  }

  it("refuse blocks of another struct, of other things, and damaged or cut ones", () => {
    const { memory, table } = particles(8);
    table.append({});
    const block = memory.bytes(table.byteOffset, table.byteLength).slice();
    using copy = privateMemory(block.byteLength);
    copy.u8.set(block);
    const Other = struct("Other", { x: f32, team: u8, mass: f64, hp: optional(u32), name: utf8(4) });
    assert.throws(() => Columns.attach(copy, 0, Other), {
      code: "layout-mismatch",
      message: /^columns in private memory does not hold Other/,
    });
    for (let bit = 0; bit < 8 * 32; bit++) {
      copy.u8[bit >> 3] ^= 1 << (bit & 7);
      assert.throws(() => Columns.attach(copy, 0, Particle), { code: "corrupt" });
      copy.u8[bit >> 3] ^= 1 << (bit & 7);
    }
    copy.i32[8] = 9;
    assert.throws(() => Columns.attach(copy, 0, Particle), { code: "corrupt", message: /impossible counts .*size=9, capacity=8/ });
    using cut = privateMemory(block.byteLength - 1);
    cut.u8.set(block.subarray(0, -1));
    assert.throws(() => Columns.attach(cut, 0, Particle), { code: "corrupt", message: /ends past the memory/ });
    copy.u8.fill(0);
    assert.throws(() => Columns.attach(copy, 0, Particle), { code: "corrupt", message: /mark/ });
  });

  it("follow a memory whose bytes move, also when a module moves them", () => {
    const raw = new WebAssembly.Memory({ initial: 1, maximum: 100 });
    using table = columns(Particle, { memory: wasmMemory(raw) });
    for (let index = 0; index < 5000; index++) table.append({ x: index, hp: index & 1 ? 5 : null });
    for (const look of [
      () => table.size,
      () => table.get(7).x,
      () => table.rows.at(7).x,
      () => table.column("x")[7],
      () => table.append({ x: 1 }),
    ]) {
      raw.grow(1);
      assert.ok(Number(look()) >= 7, String(look));
    }
    assert.deepEqual([table.get(4999).x, table.rows.seek(4999).hp, table.checkInvariants()], [4999, 5, []]);
  });

  for (const [how, make] of [
    ["generated", <Made>(made: () => Made) => made()],
    ["composed", composed],
  ] as const) {
    it(`tell their end, ${how}: disposed, allocator reset, memory closed`, () => {
      const memory = sharedMemory(0, { maxByteLength: KiB(64) });
      const allocator = bump(memory);
      const type = struct("Ended", { x: f32, hp: optional(u16), name: utf8(4) });
      for (const [end, code] of [
        [(table: Disposable) => table[Symbol.dispose](), "closed"],
        [() => allocator.reset(), "stale-view"],
        [() => memory.close(), "closed"],
      ] as const) {
        const table = make(() => columns(type, { allocator }));
        table.append({ x: 1, hp: 2, name: "n" });
        const row = table.rows.at(0);
        const { rows } = table;
        end(table);
        for (const use of [
          () => row.x,
          () => row.hp,
          () => row.name,
          () => {
            row.x = 1;
          },
          () => rows.at(0),
          () => rows.seek(0),
          () => rows.length,
          () => [...rows],
          () => table.size,
          () => table.get(0),
          () => table.append({}),
          () => table.column("x"),
          () => table.validity("hp"),
          () => table.checkInvariants(),
        ]) {
          assert.throws(use, { code }, `${use}`);
        }
        table[Symbol.dispose]();
      }
    });
  }
});
