import assert from "node:assert/strict";
import { test } from "node:test";
import { privateMemory } from "../../src/core/homes.ts";
import { array } from "../../src/layout/array.ts";
import { bool } from "../../src/layout/bool.ts";
import { enumOf } from "../../src/layout/enum.ts";
import { optional } from "../../src/layout/optional.ts";
import { f32, f64, i64, u8, u16, u32 } from "../../src/layout/scalars.ts";
import { struct } from "../../src/layout/struct.ts";
import type { Type } from "../../src/layout/type.ts";
import { utf8 } from "../../src/layout/utf8.ts";
import { ptrOf } from "../../src/layout/view-parts.ts";
import { bothWays, mistake, type Way } from "./both-ways.ts";

const define = (way: Way) =>
  way(() => {
    const Vec = struct("Vec", { x: f32, y: f32 });
    const Particle = struct("Particle", {
      pos: Vec,
      hp: u16,
      team: enumOf("red", "blue"),
      alive: bool,
      name: utf8(8),
      id: i64,
      path: array(Vec, 3),
      target: optional(u32),
    });
    return { Vec, Particle };
  });

const ZERO = {
  pos: { x: 0, y: 0 },
  hp: 0,
  team: "red",
  alive: false,
  name: "",
  id: 0n,
  path: [
    { x: 0, y: 0 },
    { x: 0, y: 0 },
    { x: 0, y: 0 },
  ],
  target: null,
};

test("fields lie as a C compiler lays them", () => {
  const { Particle } = define((work) => work());
  const offsets = Object.entries(Particle.fields).map(([name, { byteOffset }]) => [name, byteOffset]);
  assert.deepEqual(offsets, [
    ["pos", 0],
    ["hp", 8],
    ["team", 10],
    ["alive", 11],
    ["name", 12],
    ["id", 24],
    ["path", 32],
    ["target", 56],
  ]);
  assert.equal(Particle.byteSize, 64);
  assert.equal(Particle.align, 8);
});

bothWays("a struct", (way) => {
  const { Vec, Particle } = define(way);
  const written = {
    pos: { x: 1.5, y: -2 },
    hp: 100,
    team: "blue" as const,
    alive: true,
    name: "héro",
    id: -7n,
    path: [{ x: 1, y: 2 }, { x: 3, y: 4 }, { x: 5 }],
    target: 9,
  };
  const expected = { ...written, path: [...written.path.slice(0, 2), { x: 5, y: 0 }] };

  test("gives back what was written, as a plain object of the caller's own", () => {
    using memory = privateMemory(256);
    Particle.write(memory, 64, written);
    const value = Particle.read(memory, 64);
    assert.deepEqual(value, expected);
    value.pos.x = 99;
    assert.equal(Particle.read(memory, 64).pos.x, 1.5);
  });

  test("left-out fields become zero, and nothing outside the struct changes", () => {
    using memory = privateMemory(256);
    memory.u8.fill(0xff);
    Particle.write(memory, 64, {});
    assert.deepEqual(Particle.read(memory, 64), ZERO);
    Particle.write(memory, 64, { hp: 1, pos: { y: 2 } });
    assert.deepEqual(Particle.read(memory, 64), { ...ZERO, hp: 1, pos: { x: 0, y: 2 } });
    assert.ok(memory.u8.subarray(0, 64).every((byte) => byte === 0xff) && memory.u8.subarray(128).every((byte) => byte === 0xff));
  });

  for (const [kind, view] of [
    ["leased", (memory: ReturnType<typeof privateMemory>) => Particle.view(memory.lease, 64)],
    ["baked", (memory: ReturnType<typeof privateMemory>) => Particle.at(memory, 64)],
    ["cursor's", (memory: ReturnType<typeof privateMemory>) => Particle.cursor(memory, 64, 1).seek(0)],
  ] as const) {
    test(`a ${kind} view reads and writes the bytes in place`, () => {
      using memory = privateMemory(256);
      Particle.write(memory, 64, written);
      const p = view(memory);
      assert.deepEqual([p.pos.x, p.hp, p.team, p.alive, p.name, p.id, p.target], [1.5, 100, "blue", true, "héro", -7n, 9]);
      assert.equal(p.path.at(1).y, 4);
      p.pos.x += 1;
      p.hp = 65_536 + 5;
      p.team = "red";
      p.alive = false;
      p.name = "x";
      p.id = 2n ** 63n;
      p.path.at(2).y = 6;
      p.target = null;
      assert.deepEqual(Particle.read(memory, 64), {
        pos: { x: 2.5, y: -2 },
        hp: 5,
        team: "red",
        alive: false,
        name: "x",
        id: -(2n ** 63n),
        path: [
          { x: 1, y: 2 },
          { x: 3, y: 4 },
          { x: 5, y: 6 },
        ],
        target: null,
      });
      assert.equal(ptrOf(p), 64);
      assert.equal(ptrOf(p.pos), 64);
      assert.equal(ptrOf(p.path.at(2)), 64 + 32 + 16);
    });

    test(`fields with parts of a ${kind} view are assigned from plain data and from other views`, () => {
      using memory = privateMemory(256);
      const p = view(memory);
      p.pos = { x: 3, y: 4 };
      p.path.assign([{ x: 1 }, { y: 2 }, {}]);
      p.pos = p.path.at(0);
      assert.deepEqual(Particle.copy(p).pos, { x: 1, y: 0 });
      p.path.set(2, p.pos);
      p.path.assign(p.path);
      assert.deepEqual(Vec.copy(p.path.at(2)), { x: 1, y: 0 });
      assert.throws(() => Object.assign(p, { pos: { x: "1" } }), mistake("bad-value", /^Particle\.pos\.x cannot hold "1"/));
      assert.throws(
        () => Object.assign(p, { team: "green" }),
        mistake("bad-value", /^Particle\.team cannot hold "green". Pass one of "red", "blue"/),
      );
      assert.throws(
        () => Object.assign(p, { path: [{}, {}] }),
        mistake("bad-value", /^Particle\.path cannot hold an array of length 2/),
      );
      assert.deepEqual(Particle.copy(p).pos, { x: 1, y: 0 });
    });

    test(`a ${kind} view shows its fields to JSON, the console and for … in, and has no others`, () => {
      using memory = privateMemory(256);
      const p = view(memory);
      p.hp = 3;
      const names: string[] = [];
      for (const name in p) names.push(name);
      assert.deepEqual(names, Object.keys(ZERO));
      assert.deepEqual(Object.keys(p), []);
      const vec = Vec.at(memory, 64);
      vec.x = 0.5;
      assert.equal(JSON.stringify({ vec }), '{"vec":{"x":0.5,"y":0}}');
      assert.deepEqual(Particle.copy(p), { ...ZERO, hp: 3, pos: { x: 0.5, y: 0 } });
    });
  }

  test("a value that does not fit anywhere names the place, and nothing at all is stored", () => {
    using memory = privateMemory(256);
    Particle.write(memory, 64, written);
    const before = memory.u8.slice();
    const loose: Type<unknown, unknown> = Particle;
    for (const [value, message] of [
      [{ ...written, hp: -1 }, /^Particle\.hp cannot hold -1 \(least=0, most=65535\)/],
      [{ ...written, hp: 1.5 }, /^Particle\.hp cannot hold 1\.5/],
      [{ ...written, hp: Number.NaN }, /^Particle\.hp cannot hold NaN/],
      [{ ...written, hp: undefined }, /^Particle\.hp cannot hold undefined\. Pass a value, or leave the field out/],
      [{ ...written, pos: { x: 1, y: null } }, /^Particle\.pos\.y cannot hold null/],
      [{ ...written, pos: { x: 1, z: 1 } }, /^Particle\.pos has no field "z"\. Its fields are x, y/],
      [{ ...written, pos: 3 }, /^Particle\.pos cannot hold 3\. Pass an object/],
      [{ ...written, team: "green" }, /^Particle\.team cannot hold "green"/],
      [{ ...written, alive: 1 }, /^Particle\.alive cannot hold 1/],
      [{ ...written, name: "much too long" }, /^Particle\.name cannot hold "much too long" \(byteLength=13, most=8\)/],
      [{ ...written, name: "\ud800" }, /^Particle\.name .*surrogate/],
      [{ ...written, id: 5 }, /^Particle\.id cannot hold 5/],
      [{ ...written, path: [{}, {}] }, /^Particle\.path cannot hold an array of length 2 \(length=2, needed=3\)/],
      [{ ...written, path: [{}, {}, { y: "2" }] }, /^Particle\.path\[2\]\.y cannot hold "2"/],
      [{ ...written, path: [{}, undefined, {}] }, /^Particle\.path\[1\] cannot hold undefined/],
      [{ ...written, target: "x" }, /^Particle\.target cannot hold "x"/],
      [{ ...written, mana: 1 }, /^Particle has no field "mana"/],
      [null, /^Particle cannot hold null/],
      ["particle", /^Particle cannot hold "particle"/],
    ] as const) {
      assert.throws(() => loose.write(memory, 64, value), mistake("bad-value", message));
      assert.deepEqual(memory.u8, before);
    }
  });

  test("each part of an input is read once, so that it cannot change between the check and the store", () => {
    using memory = privateMemory(256);
    const reads: string[] = [];
    const sly = (value: object): object =>
      new Proxy(value, {
        get(target, key) {
          if (typeof key === "string") reads.push(key);
          const found: unknown = Reflect.get(target, key);
          return typeof found === "object" && found !== null && !Array.isArray(found) ? sly(found) : found;
        },
      });
    const loose: Type<unknown, unknown> = Particle;
    loose.write(memory, 64, sly(written));
    assert.deepEqual(Particle.read(memory, 64), expected);
    const counted = reads.filter((key) => key === "hp" || key === "team" || key === "pos");
    assert.deepEqual(counted, ["pos", "hp", "team"]);
  });

  test("a view of another struct can be the input, field by field", () => {
    using memory = privateMemory(256);
    const Same = way(() => struct("Same", { x: f64, y: f64 }));
    Same.write(memory, 128, { x: 7, y: 8 });
    Vec.write(memory, 0, Same.at(memory, 128));
    assert.deepEqual(Vec.read(memory, 0), { x: 7, y: 8 });
    assert.throws(() => Vec.write(memory, 0, Object.create({ x: "no" })), mistake("bad-value", /^Vec\.x/));
  });

  test("any name can be a field's: also those that every object has, and those of the view's own", () => {
    using memory = privateMemory(512);
    // biome-ignore format: one list
    const names = [
      "at", "set", "length", "constructor", "__proto__", "toString", "valueOf", "hasOwnProperty", "toJSON", "value", "name", "l", "p", "v",
      "r", "k", "i", "c0", "this", "class", "then", "a b", "\"", "\\", "`$" + "{x}`", "ünïcode", "日本", "-1", "1.5", "01", "", "\u2028", "_p",
    ];
    const types: Record<string, Type> = Object.create(null);
    for (const name of names) types[name] = u8;
    const Odd = way(() => struct("Odd one; return 1", types));
    const view: Record<string, unknown> = Odd.view(memory.lease, 8);
    const baked: Record<string, unknown> = Odd.at(memory, 8);
    names.forEach((name, index) => {
      view[name] = index + 1;
    });
    names.forEach((name, index) => {
      assert.equal(view[name], index + 1, name);
      assert.equal(baked[name], index + 1, name);
    });
    const copy: Record<string, unknown> = Odd.read(memory, 8);
    assert.deepEqual(Object.keys(copy), names);
    assert.equal(Object.getPrototypeOf(copy), Object.prototype);
    Odd.write(memory, 64, copy);
    assert.deepEqual(memory.u8.slice(64, 64 + names.length), memory.u8.slice(8, 8 + names.length));
    Odd.write(memory, 64, baked);
    Odd.write(memory, 64, {});
    assert.ok(
      memory.u8.subarray(64, 64 + names.length).every((byte) => byte === 0),
      "what every object inherits is no field's value",
    );
  });

  test("spreading a view gives no fields, and so does not pretend to be a copy", () => {
    using memory = privateMemory(64);
    const copy: object = { ...Vec.at(memory, 0) };
    assert.deepEqual(Object.keys(copy), []);
    assert.throws(() => Vec.copy({ x: 1, y: 2 }), mistake("bad-value", /Pass a view/));
    const Twin = way(() => struct("Vec", { x: f32, y: f32 }));
    assert.throws(() => Vec.copy(Twin.at(memory, 0)), mistake("bad-value", /Pass a view of this type/));
    assert.throws(() => ptrOf({ x: 1 }), mistake("invalid-argument"));
  });

  test("views of different places are never deeply equal, equal values or not", () => {
    using memory = privateMemory(64);
    assert.notDeepEqual(Vec.at(memory, 0), Vec.at(memory, 8));
    assert.deepEqual(Vec.copy(Vec.at(memory, 0)), Vec.copy(Vec.at(memory, 8)));
  });
});

test("definitions that could not mean what they say are refused, and say why", () => {
  const loose: (name: string, fields: unknown) => unknown = (name, fields) => struct(name, fields as { x: typeof f32 });
  assert.throws(() => struct("Empty", {}), mistake("invalid-argument", /^struct Empty has no fields/));
  assert.throws(
    () => struct("Tuple", { 1: f32, a: u8 }),
    mistake("invalid-argument", /name 1, which JavaScript moves before all others/),
  );
  assert.throws(() => loose("Proto", { __proto__: f32, x: f32 }), mistake("invalid-argument", /with a prototype/));
  assert.throws(() => loose("Symbol", { [Symbol("s")]: f32 }), mistake("invalid-argument", /is a symbol/));
  assert.throws(() => loose("Wrong", { x: "f32" }), mistake("invalid-argument", /"x" that is not of a type/));
  assert.throws(() => loose("Wrong", { x: undefined }), mistake("invalid-argument", /not of a type/));
  assert.throws(() => loose("Nothing", undefined), mistake("invalid-argument", /was not given its fields/));
  assert.throws(() => loose("", { x: f32 }), mistake("invalid-argument", /name/));
});
