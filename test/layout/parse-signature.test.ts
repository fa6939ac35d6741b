import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  array,
  blob,
  bool,
  bytes,
  enumOf,
  f32,
  f64,
  handleTo,
  i8,
  i16,
  i32,
  i64,
  interned,
  interner,
  optional,
  privateMemory,
  struct,
  type Type,
  text,
  u8,
  u16,
  u32,
  u64,
  utf8,
} from "../../src/index.ts";
import { typeOfSignature } from "../../src/layout/parse-signature.ts";

const words: Type[] = [u8, u16, u32, i8, i16, i32, f32, f64, i64, u64, bool];
const leaf = fc.oneof(
  fc.constantFrom(...words),
  fc.integer({ min: 1, max: 40 }).map((n): Type => utf8(n)),
  fc.integer({ min: 1, max: 40 }).map((n): Type => bytes(n)),
  fc
    .uniqueArray(fc.string({ unit: "grapheme", maxLength: 6 }), { minLength: 1, maxLength: 5 })
    .map(([first = "", ...others]): Type => enumOf(first, ...others)),
);
const types = fc.letrec<{ type: Type }>((tie) => ({
  type: fc.oneof(
    { maxDepth: 3 },
    leaf,
    fc.tuple(tie("type"), fc.integer({ min: 1, max: 5 })).map(([element, length]): Type => array(element, length)),
    tie("type").map((inner): Type => (inner.kind === "optional" ? inner : optional(inner))),
    fc
      .dictionary(
        fc.string({ unit: "grapheme", minLength: 1, maxLength: 6 }).filter((name) => !/^\d+$/.test(name)),
        tie("type"),
        { minKeys: 1, maxKeys: 4, noNullPrototype: true },
      )
      .map((fields): Type => struct("S", fields)),
  ),
}));

const unsized = fc.constantFrom<Type>(text, blob, optional(text), optional(blob));

describe("typeOfSignature", () => {
  it("gives back a type of the same layout, for every type that can be spelled", () => {
    fc.assert(
      fc.property(fc.oneof({ weight: 9, arbitrary: types.type }, unsized), (type) => {
        const read = typeOfSignature(type.signature);
        assert.equal(read?.signature, type.signature);
        assert.equal(read?.byteSize, type.byteSize);
        assert.equal(read?.align, type.align);
      }),
      { numRuns: 500 },
    );
  });

  it("reads values as the type that it stands for does", () => {
    const Monster = struct("Monster", {
      name: utf8(12),
      hp: optional(u16),
      at: array(f32, 3),
      kind: enumOf("orc", "elf|x"),
      "odd name": struct("Part", { id: i64 }),
    });
    const monster = { name: "Grom", hp: null, at: [1, 2, 3], kind: "elf|x", "odd name": { id: -5n } } as const;
    const memory = privateMemory(128);
    Monster.write(memory, 64, monster);
    assert.deepEqual(typeOfSignature(Monster.signature)?.read(memory, 64), monster);
  });

  it("shows interned strings as their ids, and handles as handles", () => {
    const names = interner();
    const Item = struct("Item", { name: interned(names), owner: handleTo(u32), short: handleTo(u32, "narrow") });
    const memory = privateMemory(64);
    Item.write(memory, 0, { name: "sword" });
    assert.deepEqual(typeOfSignature(Item.signature)?.read(memory, 0), { name: 1, owner: 0, short: 0 });
  });

  it("is undefined for whatever is no signature, and for one whose sizes are not those of its parts", () => {
    for (const damaged of [
      "",
      "u33",
      "{x:f32@0",
      "{x:f32@0}#8/4",
      "{x:f32@4}#4/4",
      "[u8;]#3/1",
      "[u8;3]#4/1",
      "optional(u8",
      "enum8(",
      "enum8(a)",
      "utf8(0)",
      "utf8(4",
      "u8 ",
      "optional(".repeat(10_000),
    ]) {
      assert.equal(typeOfSignature(damaged), undefined, damaged.slice(0, 40));
    }
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'{}[]()#/@:;,|"u8fenumoptional0123'.split("")), maxLength: 40 }),
        (noise) => {
          const type = typeOfSignature(noise);
          assert.ok(type === undefined || type.signature === noise);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
