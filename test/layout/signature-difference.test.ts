import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { array } from "../../src/layout/array.ts";
import { enumOf } from "../../src/layout/enum.ts";
import { f32, f64, u8, u16 } from "../../src/layout/scalars.ts";
import { signatureDifference } from "../../src/layout/signature-difference.ts";
import { struct } from "../../src/layout/struct.ts";
import type { Type } from "../../src/layout/type.ts";
import { utf8 } from "../../src/layout/utf8.ts";

const Point = struct("Point", { x: f64, y: f64 });
const Flat = struct("Flat", { x: f64, y: f32 });

describe("the difference of two signatures", () => {
  const cases: readonly (readonly [found: Type<unknown, never>, asked: Type<unknown, never>, told: string | undefined])[] = [
    [Point, Point, undefined],
    [Point, struct("Other", { x: f64, y: f64 }), undefined],
    [Point, Flat, "y is f64 at byte 8 there, and f32 at byte 8 here"],
    [Point, struct("More", { x: f64, y: f64, z: u8 }), "here is z, u8 at byte 16, and not there"],
    [struct("More", { x: f64, y: f64, z: u8 }), Point, "there is z, u8 at byte 16, and not here"],
    [struct("A", { a: u8, b: u16 }), struct("A", { b: u16, a: u8 }), "a is u8 at byte 0 there, and u8 at byte 2 here"],
    [struct("A", { a: u8, p: Point }), struct("A", { a: u8, p: Flat }), "p.y is f64 at byte 8 there, and f32 at byte 8 here"],
    [
      struct("A", { a: array(Point, 3) }),
      struct("A", { a: array(Point, 4) }),
      `a is ${array(Point, 3).signature} at byte 0 there, and ${array(Point, 4).signature} at byte 0 here`,
    ],
    [struct("A", { "a:b,}": u8 }), struct("A", { "a:b,}": u16 }), '"a:b,}" is u8 at byte 0 there, and u16 at byte 0 here'],
    [
      struct("A", { e: enumOf("a,b", "}") }),
      struct("A", { e: enumOf("a,b", "c") }),
      'e is enum8("a,b"|"}") at byte 0 there, and enum8("a,b"|"c") at byte 0 here',
    ],
    [u8, utf8(8), "it is u8 there, and utf8(8) here"],
    [Point, u8, "it is {x:f64@0,y:f64@8}#16/8 there, and u8 here"],
  ];
  for (const [found, asked, told] of cases) {
    it(told ?? `is none for ${found.name} and ${asked.name}`, () => {
      assert.equal(signatureDifference(found.signature, asked.signature), told);
    });
  }

  it("tells keys from values", () => {
    const told = (found: string, asked: string): string | undefined => signatureDifference(found, asked);
    assert.equal(told("text=>f64", "u32=>f64"), "the key is text there, and u32 here");
    assert.equal(
      told(`text=>${Point.signature}`, `text=>${Flat.signature}`),
      "the value.y is f64 at byte 8 there, and f32 at byte 8 here",
    );
  });

  it("tells something of whatever texts there are", () => {
    for (const text of ["", "{", "}#", "{a:@", '{"', "=>", "a=>", "{x:f64@0}#", "[((", '{x:"@0}#1/1']) {
      for (const other of ["", "{", '"', "{x:f64@0}#8/8", "a=>b"]) {
        if (text !== other) assert.equal(typeof signatureDifference(text, other), "string", JSON.stringify([text, other]));
      }
    }
  });
});
