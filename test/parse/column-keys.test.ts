import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { privateMemory } from "../../src/core/homes.ts";
import { ColumnKeys } from "../../src/parse/column-keys.ts";

const name = fc.oneof(
  fc.string({ minLength: 1, maxLength: 12 }),
  fc.string({ unit: fc.constantFrom("a", "b", '"', ":", "\\", "é", "\n"), minLength: 1, maxLength: 4 }),
);

/** The text in a memory of its own, from `start` on. */
function place(text: string, start: number) {
  const bytes = new TextEncoder().encode(text);
  const memory = privateMemory((start + bytes.length + 12) & ~3);
  memory.u8.fill(0x22);
  memory.u8.set(bytes, start);
  return { memory, end: start + bytes.length };
}

describe("ColumnKeys", () => {
  it("finds every key it was given by its bytes, and no other, while it grows", () => {
    fc.assert(
      fc.property(fc.uniqueArray(name, { maxLength: 150 }), fc.nat(3), (names, start) => {
        const keys = new ColumnKeys();
        names.forEach((one, column) => {
          const { memory, end } = place(one, start);
          assert.equal(keys.find(memory.u8, start, end), -1);
          keys.add(one);
          assert.equal(keys.find(memory.u8, start, end), column);
          assert.equal(keys.findText(one), column);
        });
        assert.deepEqual(keys.checkInvariants(), []);
        assert.deepEqual(keys.names, names);
      }),
      { numRuns: 60 },
    );
  });

  it("matches a key that stands in the input, quote and colon behind it, at any alignment, and nothing else", () => {
    fc.assert(
      fc.property(name, name, fc.nat(7), fc.constantFrom('":', '"', '" :', "", '"x'), (one, other, start, behind) => {
        const keys = new ColumnKeys();
        keys.add(other);
        keys.add(one);
        // Spelled as it stands in JSON; a key with a backslash in its spelling is left to `findText`.
        const spelled = JSON.stringify(one).slice(1, -1);
        const { memory } = place(`${spelled}${behind}1}`, start);
        const isThere = behind === '":' && spelled === one;
        const length = new TextEncoder().encode(spelled).length;
        assert.equal(keys.match(memory.i32, start, 1), isThere ? start + length + 2 : -1);
        if (other !== one) assert.equal(keys.match(memory.i32, start, 0) >= 0 && other !== spelled, false);
        assert.equal(keys.match(memory.i32, start, 2), -1);
      }),
      { numRuns: 2000 },
    );
  });
});
