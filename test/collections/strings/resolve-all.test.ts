import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { bump } from "../../../src/alloc/bump.ts";
import { KiB, MiB } from "../../../src/core/size.ts";
import { interner, type Memory, type StringId, type Strings, sharedInterner } from "../../../src/index.ts";
import { refuses } from "../../conformance/allocators.ts";
import { HOMES } from "../../conformance/homes.ts";

/** Each kind of strings, with these texts under the ids 1, 2, 3, … */
const KINDS: Readonly<Record<string, (memory: Memory, texts: readonly string[]) => Strings & Disposable>> = {
  "an interner"(memory, texts) {
    const strings = interner(memory);
    strings.internAll(texts);
    return strings;
  },
  "a shared interner"(memory, texts) {
    const strings = sharedInterner(memory);
    strings.internAll(texts);
    return strings;
  },
  "a dictionary"(memory, texts) {
    const allocator = bump(memory);
    const strings = interner();
    strings.internAll(texts);
    const frozen = strings.freeze({ allocator });
    return Object.assign(frozen, { [Symbol.dispose]: () => allocator.reset() });
  },
};

const text = fc.oneof(
  { weight: 8, arbitrary: fc.string({ unit: "binary", maxLength: 12 }) },
  { weight: 1, arbitrary: fc.integer({ min: 250, max: 300 }).map((length) => "long ".repeat(length / 5)) },
  { weight: 1, arbitrary: fc.constantFrom("", "\0", "half \ud800", "\udc00") },
);

for (const home of HOMES) {
  describe(`resolving many in ${home.title}`, () => {
    for (const [title, make] of Object.entries(KINDS)) {
      it(`gives the texts of ids in their order, from ${title}`, () => {
        fc.assert(
          fc.property(
            fc.uniqueArray(text, { minLength: 1, maxLength: 60 }),
            fc.array(fc.array(fc.nat(59), { maxLength: 150 }), { maxLength: 4 }),
            (texts, asks) => {
              using memory = home.create(KiB(64), MiB(1));
              using strings = make(memory, texts);
              // Twice, because what was resolved before is found elsewhere.
              for (const places of [...asks, ...asks]) {
                const expected = places.map((place) => texts[place % texts.length]);
                const ids = places.map((place) => 1 + (place % texts.length));
                assert.deepEqual(strings.resolveAll(Uint32Array.from(ids)), expected);
                assert.deepEqual(strings.resolveAll(Uint8Array.from(ids)), expected);
                const into = new Array<string>(places.length + 1).fill("untouched");
                assert.equal(strings.resolveAll(ids as StringId[], into), into);
                assert.deepEqual(into, [...expected, "untouched"]);
              }
            },
          ),
          { numRuns: 15 },
        );
      });

      it(`refuses what is no id, from ${title}`, () => {
        using memory = home.create(KiB(64), MiB(1));
        using strings = make(memory, ["a", "b"]);
        for (const forged of [0, 3, -1, 1.5, 2 ** 31, 2 ** 32, 2 ** 32 + 1, Number.NaN, Number.POSITIVE_INFINITY]) {
          const ids = [1, forged, 2] as StringId[];
          assert.match(refuses("out-of-bounds", () => strings.resolveAll(ids)).message, /has no string with this id/);
        }
        assert.deepEqual(strings.resolveAll([]), []);
        strings[Symbol.dispose]();
        assert.throws(() => strings.resolveAll([1, 2] as StringId[]), { name: "MemoryError" });
      });
    }
  });
}

describe("strings that were resolved lately", () => {
  it("are kept from the second time on, and in spite of what is asked for once", () => {
    using strings = interner();
    for (let n = 1; n <= 5000; n++) strings.intern(`text number ${n}`);
    // Ids 7, 1031, 2055, … share a place.
    for (let round = 0; round < 3; round++) {
      for (const id of [7, 7, 1031, 7, 2055, 2055, 2055, 7, 7]) assert.equal(strings.resolve(id as StringId), `text number ${id}`);
    }
  });
});
