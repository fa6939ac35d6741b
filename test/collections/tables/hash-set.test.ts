import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { HashSet, hashSet } from "../../../src/collections/tables/hash-set.ts";
import { hashTable } from "../../../src/collections/tables/make-hash-table.ts";
import { present } from "../../../src/collections/tables/present.ts";
import { sharedHashTable } from "../../../src/collections/tables/shared-hash-table.ts";
import { MiB } from "../../../src/core/size.ts";
import { f64, u32 } from "../../../src/layout/scalars.ts";
import { text } from "../../../src/layout/text.ts";
import { HOMES } from "../../conformance/homes.ts";

type Step<Key> = readonly ["add" | "delete" | "has" | "clear" | "shrink", Key];

function steps<Key>(keys: fc.Arbitrary<Key>): fc.Arbitrary<Step<Key>[]> {
  const name = fc.oneof(
    { weight: 10, arbitrary: fc.constantFrom("add" as const, "delete" as const, "has" as const) },
    { weight: 1, arbitrary: fc.constantFrom("clear" as const, "shrink" as const) },
  );
  return fc.array(fc.tuple(name, keys), { maxLength: 80, size: "max" });
}

function runProgram<Key>(set: HashSet<Key>, program: readonly Step<Key>[]): void {
  const model = new Set<Key>();
  for (const [name, key] of program) {
    if (name === "add") {
      assert.equal(set.add(key), set);
      model.add(key);
    } else if (name === "delete") assert.equal(set.delete(key), model.delete(key));
    else if (name === "has") assert.equal(set.has(key), model.has(key));
    else if (name === "shrink") set.shrink();
    else {
      set.clear();
      model.clear();
    }
    assert.equal(set.size, model.size);
    assert.deepEqual(set.checkInvariants(), []);
  }
  assert.deepEqual(new Set(set), model);
}

const NUMBERS = steps(fc.oneof(fc.integer({ min: 0, max: 30 }), fc.constantFrom(0.5, Number.NaN, -0, 2 ** 40)));
const NAMES = steps(fc.oneof(fc.constantFrom("a", "b", ""), fc.string({ maxLength: 6 })));

for (const home of HOMES) {
  describe(`hashSet in ${home.title}`, () => {
    it("does what a Set does, with numbers and with texts", () => {
      fc.assert(
        fc.property(NUMBERS, NAMES, (numbers, names) => {
          using one = home.create(0, MiB(1));
          using two = home.create(0, MiB(1));
          runProgram(hashSet({ key: f64, memory: one }), numbers);
          runProgram(hashSet({ key: text, memory: two, shards: 2 }), names);
        }),
        { numRuns: 20 },
      );
    });

    it("may lie over a shared table", () => {
      using memory = home.create(0, MiB(2));
      using set = new HashSet(sharedHashTable(memory, { key: text, value: present, shards: 4 }));
      set.addMany(Array.from({ length: 1000 }, (_, number) => `name ${number % 700}`));
      assert.equal(set.size, 700);
      assert.deepEqual(set.checkInvariants(), []);
    });
  });
}

describe("hashSet", () => {
  it("takes 4 bytes a slot for keys of 32 bits, and pages as a table does", () => {
    using set = hashSet({ key: u32 });
    set.reserve(10);
    for (let key = 0; key < 100_000; key++) set.add(key * 7);
    assert.equal(set.size, 100_000);
    for (let key = 0; key < 100_000; key++) assert.ok(set.has(key * 7) && !set.has(key * 7 + 1));
    using table = hashTable({ key: u32, value: present });
    for (const key of set) table.set(key, true);
    assert.ok(table.byteLength < 100_000 * 7);
    assert.deepEqual(set.checkInvariants(), []);
  });

  it("iterates as a Set does", () => {
    using set = hashSet({ key: u32 });
    assert.equal(set.sample(), undefined);
    set.add(1).add(2).add(1);
    assert.deepEqual([...set.entries()].sort(), [
      [1, 1],
      [2, 2],
    ]);
    assert.deepEqual([...set.values()].sort(), [...set.keys()].sort());
    const seen: unknown[] = [];
    set.forEach((key, again, whole) => {
      seen.push([key, again, whole === set]);
    });
    assert.deepEqual(seen.sort(), [
      [1, 1, true],
      [2, 2, true],
    ]);
    assert.throws(() => Reflect.apply(set.forEach, set, [5]), TypeError);
    assert.ok([1, 2].includes(set.sample() ?? 0));
  });

  it("refuses other values in a table of its kind", () => {
    using table = hashTable({ key: u32, value: present });
    assert.throws(() => Reflect.apply(table.set, table, [1, 5]), { code: "bad-value" });
    assert.equal(table.size, 0);
  });
});
