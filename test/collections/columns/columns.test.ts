import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type Columns, columns } from "../../../src/collections/columns/columns.ts";
import { MiB } from "../../../src/core/size.ts";
import { bool } from "../../../src/layout/bool.ts";
import { bytes } from "../../../src/layout/bytes.ts";
import { enumOf } from "../../../src/layout/enum.ts";
import { composed } from "../../../src/layout/generation.ts";
import { optional } from "../../../src/layout/optional.ts";
import { f32, f64, i8, i16, i64, u16, u32, u64 } from "../../../src/layout/scalars.ts";
import { type StructType, struct } from "../../../src/layout/struct.ts";
import type { Fields } from "../../../src/layout/struct-fields.ts";
import { utf8 } from "../../../src/layout/utf8.ts";
import { HOMES } from "../../conformance/homes.ts";
import { TestAllocator } from "../../conformance/test-allocator.ts";

const FIELDS = {
  alive: bool,
  x: f64,
  hp: optional(u16),
  name: utf8(5),
  id: u64,
  team: enumOf("red", "green", "blue"),
  at: struct("At", { column: i8, row: i16 }),
  weight: optional(f64),
  nick: optional(utf8(3)),
  speed: f32,
  born: optional(i64),
  tag: bytes(3),
} as const;
const Unit = struct("Unit", FIELDS);
const ComposedUnit = composed(() => struct("Unit", FIELDS));

type UnitRow = ReturnType<Columns<typeof FIELDS>["get"]>;

const ROW: fc.Arbitrary<UnitRow> = fc.record(
  {
    alive: fc.boolean(),
    x: fc.double(),
    hp: fc.option(fc.integer({ min: 0, max: 65_535 })),
    name: fc.constantFrom("", "a", "Vaduz", "ö€"),
    id: fc.bigInt(0n, 2n ** 64n - 1n),
    team: fc.constantFrom("red", "green", "blue"),
    at: fc.record(
      { column: fc.integer({ min: -128, max: 127 }), row: fc.integer({ min: -300, max: 300 }) },
      { noNullPrototype: true },
    ),
    weight: fc.option(fc.double()),
    nick: fc.option(fc.constantFrom("", "x", "xyz")),
    speed: fc.float(),
    born: fc.option(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n)),
    tag: fc.uint8Array({ minLength: 3, maxLength: 3 }),
  },
  { noNullPrototype: true },
);

const ZERO: UnitRow = {
  alive: false,
  x: 0,
  hp: null,
  name: "",
  id: 0n,
  team: "red",
  at: { column: 0, row: 0 },
  weight: null,
  nick: null,
  speed: 0,
  born: null,
  tag: new Uint8Array(3),
};

type Step = readonly [name: string, row: UnitRow, place: number];
const STEP = fc.tuple(
  fc.oneof(
    { weight: 8, arbitrary: fc.constant("append") },
    { weight: 3, arbitrary: fc.constantFrom("set", "swapRemove", "assign", "insert", "orderedRemove") },
    { weight: 2, arbitrary: fc.constantFrom("appendMany", "appendFrom", "setRange", "pop", "swap", "removeWhere") },
    { weight: 1, arbitrary: fc.constantFrom("resize", "reserve", "clear", "sort", "shrinkToFit") },
  ),
  ROW,
  fc.integer({ min: 0, max: 200 }),
);

function plain(row: UnitRow): unknown {
  return JSON.parse(
    JSON.stringify(row, (_, value) =>
      typeof value === "bigint" ? `${value}n` : typeof value === "number" ? String(value) : value,
    ),
  );
}

function runProgram(table: Columns<typeof FIELDS>, program: readonly Step[]): void {
  const model: UnitRow[] = [];
  for (const [name, row, place] of program) {
    const index = model.length === 0 ? 0 : place % model.length;
    if (name === "append") {
      assert.equal(table.append(row), model.length);
      model.push(row);
    } else if (name === "resize") {
      table.resize(place);
      while (model.length < place) model.push(ZERO);
      model.length = place;
    } else if (name === "reserve") {
      table.reserve(place);
      assert.ok(table.capacity >= place);
    } else if (name === "insert") {
      table.insert(place % (model.length + 1), row);
      model.splice(place % (model.length + 1), 0, row);
    } else if (name === "shrinkToFit") {
      assert.equal(table.shrinkToFit(), true);
      assert.equal(table.capacity, model.length);
    } else if (name === "sort") {
      const by = (["alive", "hp", "name", "id", "team", "born"] as const)[place % 6];
      const value = (row: UnitRow) => {
        const it = row[by];
        return by === "team" ? ["red", "green", "blue"].indexOf(String(it)) : it;
      };
      const descending = place > 100;
      const indexed = [...model.keys()].sort((a, b) => {
        const [x, y] = [value(model[a]), value(model[b])];
        if (x === null || y === null) return Number(x === null) - Number(y === null) || a - b;
        return (x < y ? -1 : x > y ? 1 : 0) * (descending ? -1 : 1) || a - b;
      });
      assert.deepEqual([...table.order(by, { descending })], indexed);
      table.sort(by, { descending });
      const before = [...model];
      indexed.forEach((from, to) => {
        model[to] = before[from];
      });
    } else if (name === "clear") {
      table.clear();
      model.length = 0;
    } else if (name === "appendMany") {
      const rows = Array.from({ length: place % 13 }, (_, k) => ({ ...row, x: k }));
      assert.equal(table.appendMany(rows), model.length);
      model.push(...rows);
    } else if (name === "appendFrom") {
      const [start, end] = [index, Math.min(model.length, index + (place % 23))];
      assert.equal(table.appendFrom(table, start, end), model.length);
      model.push(...model.slice(start, end));
    } else if (name === "setRange") {
      const rows = Array.from({ length: Math.min(place % 11, model.length - index) }, (_, k) => ({ ...row, x: -k }));
      table.setRange(index, rows);
      model.splice(index, rows.length, ...rows);
    } else if (name === "pop") {
      const popped = table.pop();
      const expected = model.pop();
      assert.deepEqual(
        popped === undefined ? undefined : plain(popped),
        expected === undefined ? undefined : plain({ ...expected, speed: Math.fround(expected.speed) }),
      );
    } else if (name === "removeWhere") {
      const goes = (at: number) => (at * (place + 1)) % 7 < place % 5;
      const kept = model.filter((_, at) => !goes(at));
      assert.equal(
        table.removeWhere((one, at) => {
          assert.equal(one.id, model[at].id);
          return goes(at);
        }),
        model.length - kept.length,
      );
      model.splice(0, model.length, ...kept);
    } else if (model.length > 0 && name === "swap") {
      const other = (place * 7) % model.length;
      table.swap(index, other);
      [model[index], model[other]] = [model[other], model[index]];
    } else if (model.length > 0 && name === "set") {
      table.set(index, row);
      model[index] = row;
    } else if (model.length > 0 && name === "assign") {
      Object.assign(place % 2 === 0 ? table.rows.at(index) : table.rows.seek(index), row);
      model[index] = row;
    } else if (model.length > 0 && name === "orderedRemove") {
      table.orderedRemove(index);
      model.splice(index, 1);
    } else if (model.length > 0) {
      table.swapRemove(index);
      const last = model.pop();
      if (index < model.length && last !== undefined) model[index] = last;
    }
    assert.deepEqual(table.checkInvariants(), []);
    assert.equal(table.size, model.length);
    assert.equal(table.rows.length, model.length);
  }
  model.forEach((row, index) => {
    const expected = { ...row, speed: Math.fround(row.speed) };
    assert.deepEqual(plain({ ...table.get(index) }), plain(expected));
    assert.deepEqual(plain(table.rows.at(index)), plain(expected));
  });
  const seen = [...table].map(({ id }) => id);
  assert.deepEqual(
    seen,
    model.map(({ id }) => id),
  );
  assert.deepEqual([...table.column("id")], seen);
  assert.deepEqual(
    [...table.column("x")],
    model.map(({ x }) => x),
  );
  assert.deepEqual(
    [...table.column("hp")],
    model.map(({ hp }) => hp ?? 0),
  );
  const validity = table.validity("hp");
  assert.ok(validity !== undefined);
  model.forEach(({ hp }, index) => {
    assert.equal((validity[index >> 3] >> (index & 7)) & 1, hp === null ? 0 : 1);
  });
}

for (const home of HOMES) {
  describe(`columns in ${home.title}`, () => {
    for (const [how, type, make] of [
      ["generated", Unit, (made: () => Columns<typeof FIELDS>) => made()],
      ["composed", ComposedUnit, composed],
    ] as const) {
      it(`keep rows as an array of objects does, ${how}`, () => {
        fc.assert(
          fc.property(fc.array(STEP, { maxLength: 60, size: "max" }), fc.integer({ min: 0, max: 20 }), (program, capacity) => {
            using memory = home.create(0, MiB(1));
            const allocator = new TestAllocator(memory);
            {
              using table = make(() => columns(type, { allocator, capacity }));
              runProgram(table, program);
              assert.equal(allocator.liveBlocks, 1);
            }
            assert.equal(allocator.liveBlocks, 0);
          }),
          { numRuns: 15 },
        );
      });
    }

    it("lie at multiples of 64 bytes, however many rows there is room for", () => {
      using memory = home.create(0, MiB(1));
      const allocator = new TestAllocator(memory);
      for (const capacity of [0, 1, 7, 64, 65, 1000]) {
        using table = columns(Unit, { allocator, capacity });
        table.resize(Math.min(capacity, 3));
        for (const name of ["alive", "x", "hp", "id", "team", "weight", "speed", "born"] as const) {
          const column = table.column(name);
          assert.equal((column.byteOffset - memory.bufferByteOffset) % 64, 0);
          assert.equal(column.length, Math.min(capacity, 3));
        }
        assert.equal((table.validity("hp")?.byteOffset ?? 1) % 64, memory.bufferByteOffset % 64);
        assert.equal(table.validity("x"), undefined);
      }
    });
  });
}

describe("columns of many structs", () => {
  it("keep what was put into them, whatever the fields", () => {
    const types = [
      bool,
      u32,
      f64,
      i64,
      utf8(4),
      enumOf("a", "b"),
      optional(u32),
      optional(utf8(2)),
      struct("In", { a: u16, b: f32 }),
    ];
    const values = [
      [true, false],
      [7, 0],
      [1.5, Number.NaN],
      [-5n, 2n ** 40n],
      ["ab", ""],
      ["b", "a"],
      [null, 9],
      ["xy", null],
      [
        { a: 1, b: 2 },
        { a: 3, b: -1 },
      ],
    ];
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: types.length - 1 }), { minLength: 1, maxLength: 12 }), (picks) => {
        const fields: Fields = Object.fromEntries(picks.map((pick, place) => [`f${place}`, types[pick]]));
        const type: StructType<Fields> = struct("Some", fields);
        using memory = HOMES[0].create(0, MiB(1));
        using table = columns(type, { allocator: new TestAllocator(memory), capacity: 1 });
        for (let row = 0; row < 70; row++) {
          table.append(Object.fromEntries(picks.map((pick, place) => [`f${place}`, values[pick][(row + place) % 2]])));
        }
        for (let row = 0; row < 70; row++) {
          const read = table.get(row);
          picks.forEach((pick, place) => {
            assert.deepEqual(read[`f${place}`], values[pick][(row + place) % 2]);
          });
        }
        assert.deepEqual(table.checkInvariants(), []);
      }),
      { numRuns: 40 },
    );
  });
});
