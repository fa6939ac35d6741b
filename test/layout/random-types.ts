import fc from "fast-check";
import { array } from "../../src/layout/array.ts";
import { bool } from "../../src/layout/bool.ts";
import { bytes } from "../../src/layout/bytes.ts";
import { enumOf } from "../../src/layout/enum.ts";
import { optional } from "../../src/layout/optional.ts";
import { f32, f64, i8, i16, i32, i64, u8, u16, u32, u64 } from "../../src/layout/scalars.ts";
import { struct } from "../../src/layout/struct.ts";
import type { Type } from "../../src/layout/type.ts";
import { utf8 } from "../../src/layout/utf8.ts";

/** A type with what is needed to test it: values that fit it, what they read as, and how C declares it. */
export interface Specimen {
  readonly type: Type;
  /** Inputs with the value that reading gives back. */
  readonly values: fc.Arbitrary<readonly [input: unknown, value: unknown]>;
  /** C declarations that come before, and the declaration of a member `name` of the type. */
  readonly c: { readonly before: string; member(name: string): string };
}

const same = <Value>(values: fc.Arbitrary<Value>): Specimen["values"] => values.map((value) => [value, value] as const);
const plain = (cType: string): Specimen["c"] => ({ before: "", member: (name) => `${cType} ${name};` });
const float = fc.float().map((value) => [value, Math.fround(value)] as const);

const LEAVES: readonly Specimen[] = [
  { type: u8, values: same(fc.integer({ min: 0, max: 255 })), c: plain("uint8_t") },
  { type: i8, values: same(fc.integer({ min: -128, max: 127 })), c: plain("int8_t") },
  { type: u16, values: same(fc.integer({ min: 0, max: 65_535 })), c: plain("uint16_t") },
  { type: i16, values: same(fc.integer({ min: -32_768, max: 32_767 })), c: plain("int16_t") },
  { type: u32, values: same(fc.integer({ min: 0, max: 2 ** 32 - 1 })), c: plain("uint32_t") },
  { type: i32, values: same(fc.integer()), c: plain("int32_t") },
  { type: f32, values: float, c: plain("float") },
  { type: f64, values: same(fc.double()), c: plain("double") },
  { type: i64, values: same(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })), c: plain("int64_t") },
  { type: u64, values: same(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })), c: plain("uint64_t") },
  { type: bool, values: same(fc.boolean()), c: plain("_Bool") },
  { type: enumOf("a", "b", "c"), values: same(fc.constantFrom("a", "b", "c")), c: plain("uint8_t") },
  {
    type: utf8(7),
    values: same(
      fc
        .string({ unit: "binary", maxLength: 7 })
        .filter((text) => new TextEncoder().encode(text).length <= 7 && !text.endsWith("\0")),
    ),
    c: { before: "", member: (name) => `char ${name}[7];` },
  },
  {
    type: bytes(5),
    values: fc.uint8Array({ minLength: 5, maxLength: 5 }).map((value) => [value, value] as const),
    c: { before: "", member: (name) => `uint8_t ${name}[5];` },
  },
];

let serial = 0;

function arrayOf(element: Specimen, length: number): Specimen {
  return {
    type: array(element.type, length),
    values: fc
      .array(element.values, { minLength: length, maxLength: length })
      .map((pairs) => [pairs.map(([input]) => input), pairs.map(([, value]) => value)] as const),
    c: { before: element.c.before, member: (name) => element.c.member(`${name}[${length}]`) },
  };
}

function optionalOf(inner: Specimen): Specimen {
  const name = `optional_${++serial}`;
  return {
    type: optional(inner.type),
    values: fc.option(inner.values, { nil: null }).map((pair) => pair ?? ([null, null] as const)),
    c: {
      before: `${inner.c.before}struct ${name} { ${inner.c.member("value")} uint8_t present; };\n`,
      member: (field) => `struct ${name} ${field};`,
    },
  };
}

/** A struct of these fields, called `f0`, `f1`, … as in C. */
export function structOf(fields: readonly Specimen[]): Specimen {
  const name = `struct_${++serial}`;
  const members = fields.map(({ c }, index) => c.member(`f${index}`)).join(" ");
  return {
    type: struct(name, Object.fromEntries(fields.map(({ type }, index) => [`f${index}`, type]))),
    values: fc.tuple(...fields.map(({ values }) => values)).map((pairs) => {
      const part = (which: 0 | 1) => Object.fromEntries(pairs.map((pair, index) => [`f${index}`, pair[which]]));
      return [part(0), part(1)] as const;
    }),
    c: {
      before: `${fields.map(({ c }) => c.before).join("")}struct ${name} { ${members} };\n`,
      member: (field) => `struct ${name} ${field};`,
    },
  };
}

/** Structs of up to eight fields of any types, nested three deep. */
export const structs: fc.Arbitrary<Specimen> = fc.letrec<{ leaf: Specimen; whole: Specimen; struct: Specimen }>((tie) => ({
  leaf: fc.constantFrom(...LEAVES),
  whole: fc.oneof(
    { maxDepth: 3, depthIdentifier: "type" },
    { arbitrary: tie("leaf"), weight: 4 },
    {
      arbitrary: fc.tuple(tie("whole"), fc.integer({ min: 1, max: 4 })).map(([element, length]) => arrayOf(element, length)),
      weight: 1,
    },
    { arbitrary: tie("whole").map(optionalOf), weight: 1 },
    { arbitrary: tie("struct"), weight: 1 },
  ),
  struct: fc.array(tie("whole"), { minLength: 1, maxLength: 8, depthIdentifier: "type" }).map(structOf),
})).struct;
