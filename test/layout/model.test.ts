import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Ptr } from "../../src/core/brand.ts";
import type { Memory } from "../../src/core/memory.ts";
import type { BaseType } from "../../src/layout/base-type.ts";
import { composed } from "../../src/layout/generation.ts";
import type { Type } from "../../src/layout/type.ts";
import { HOMES } from "../conformance/homes.ts";
import { type Specimen, structs } from "./random-types.ts";

const ROWS = 3;
const BYTES = 65_536;

type AnyType = BaseType<unknown, unknown, object>;

function complete(type: Type): AnyType {
  assert.ok("cursor" in type && "copy" in type);
  return type as AnyType;
}

/** Reads a value through views alone, part by part. */
function seen(shown: unknown, like: unknown): unknown {
  if (Array.isArray(like)) {
    const view = shown as { readonly length: number; at(index: number): unknown };
    assert.equal(view.length, like.length);
    return like.map((part, index) => seen(view.at(index), part));
  }
  if (typeof like !== "object" || like === null || like instanceof Uint8Array) return shown;
  return Object.fromEntries(Object.entries(like).map(([name, part]) => [name, seen(Reflect.get(Object(shown), name), part)]));
}

/** Stores a value through assignments alone: elements and numbers one by one where `deep`, else field by field. */
function assignThrough(view: object, input: object, deep: boolean): void {
  for (const [name, part] of Object.entries(input)) {
    const shown: unknown = Reflect.get(view, name);
    if (deep && Array.isArray(part) && shown !== null) {
      const elements = shown as { set(index: number, value: unknown): void };
      for (const [index, element] of part.entries()) elements.set(index, element);
    } else if (
      deep &&
      typeof part === "object" &&
      part !== null &&
      !(part instanceof Uint8Array) &&
      typeof shown === "object" &&
      shown !== null
    ) {
      assignThrough(shown, part, true);
    } else {
      assert.ok(Reflect.set(view, name, part));
    }
  }
}

function checkAll(type: AnyType, memory: Memory, byteOffset: number, model: readonly unknown[]): void {
  const rows = type.cursor(memory, byteOffset, ROWS);
  const bound = type.in(memory);
  model.forEach((value, index) => {
    const at = byteOffset + index * type.byteSize;
    assert.deepEqual(type.read(memory, at), value);
    for (const view of [rows.at(index), rows.seek(index), bound.at(at), type.view(memory.lease, at)]) {
      assert.deepEqual(seen(view, value), value);
      assert.deepEqual(type.copy(view), value);
    }
  });
}

const programs = structs.chain((specimen) =>
  fc.record({
    specimen: fc.constant(specimen),
    steps: fc.array(
      fc.record({
        row: fc.integer({ min: 0, max: ROWS - 1 }),
        how: fc.constantFrom("write", "fields", "parts", "copy"),
        through: fc.constantFrom("leased", "baked", "cursor"),
        pair: specimen.values,
      }),
      { minLength: 1, maxLength: 6 },
    ),
  }),
);

function run(memory: Memory, { specimen, steps }: { specimen: Specimen; steps: readonly Step[] }): Uint8Array {
  const type = complete(specimen.type);
  const first = Math.ceil(64 / type.align) * type.align;
  memory.u8.fill(0, 0, first + (ROWS + 1) * type.byteSize);
  for (let index = 0; index < ROWS; index++) type.write(memory, first + index * type.byteSize, {});
  const model = Array.from({ length: ROWS }, (_, index) => type.read(memory, first + index * type.byteSize));
  for (const { row, how, through, pair } of steps) {
    const at = first + row * type.byteSize;
    const view =
      through === "leased"
        ? type.view(memory.lease, at)
        : through === "baked"
          ? type.at(memory, at)
          : type.cursor(memory, first, ROWS).seek(row);
    const [input, value] = pair;
    assert.ok(typeof input === "object" && input !== null);
    if (how === "write") type.write(memory, at, input);
    else if (how === "copy") type.write(memory, at, type.at(memory, first));
    else assignThrough(view, input, how === "parts");
    model[row] = how === "copy" ? model[0] : value;
    checkAll(type, memory, first, model);
  }
  const end = first + ROWS * type.byteSize;
  assert.ok(
    memory.u8.subarray(0, first).every((byte) => byte === 0),
    "nothing before",
  );
  assert.ok(
    memory.u8.subarray(end, end + type.byteSize).every((byte) => byte === 0),
    "nothing behind",
  );
  return memory.u8.slice(first, end);
}

interface Step {
  readonly row: number;
  readonly how: "write" | "fields" | "parts" | "copy";
  readonly through: "leased" | "baked" | "cursor";
  readonly pair: readonly [unknown, unknown];
}

for (const { title, create } of HOMES) {
  test(`${title}: random structs hold what is written to them, however it is written and read`, () => {
    using memory = create(BYTES);
    fc.assert(
      fc.property(programs, (program) => {
        run(memory, program);
      }),
      { numRuns: 15 },
    );
  });
}

test("generated and composed accessors make the same bytes of the same program", () => {
  using memory = HOMES[0].create(BYTES);
  fc.assert(
    fc.property(fc.noShrink(programs), (program) => {
      const generated = run(memory, program);
      const again = composed(() => rebuilt(program.specimen));
      assert.equal(again.signature, program.specimen.type.signature);
      assert.deepEqual(run(memory, { specimen: { ...program.specimen, type: again }, steps: program.steps }), generated);
    }),
    { numRuns: 25 },
  );
});

/** The same type, made anew: its fields keep their types, which are generated, and itself is composed. */
function rebuilt({ type }: Specimen): Type {
  const made: unknown = type.constructor;
  assert.ok(typeof made === "function" && "fields" in type);
  const fields = Object.entries(type.fields as Record<string, { type: Type }>).map(([name, field]) => [name, field.type] as const);
  return Reflect.construct(made, [type.name, Object.fromEntries(fields)]) as Type;
}

test("what is created in a place has no byte of what was there before, between and behind its fields neither", () => {
  using memory = HOMES[0].create(BYTES);
  const specimens = structs.chain((specimen) => fc.record({ specimen: fc.constant(specimen), pair: specimen.values }));
  fc.assert(
    fc.property(specimens, ({ specimen, pair: [input, value] }) => {
      const type = complete(specimen.type);
      const at = Math.ceil(64 / type.align) * type.align;
      const bytes = memory.u8.subarray(at, at + type.byteSize);
      for (const init of [undefined, {}, input]) {
        bytes.fill(0);
        type.write(memory, at, init ?? {});
        const expected = bytes.slice();
        memory.u8.fill(0xff);
        const placer = { memory, rawAlloc: () => at as Ptr, rawLeaseOf: () => memory.lease };
        const view = type.rawView(memory.lease, type.rawPlace(placer, init));
        assert.deepEqual(bytes, expected);
        assert.equal(memory.u8[at - 1], 0xff);
        assert.equal(memory.u8[at + type.byteSize], 0xff);
        if (init === input) assert.deepEqual(type.copy(view), value);
      }
    }),
    { numRuns: 100 },
  );
});
