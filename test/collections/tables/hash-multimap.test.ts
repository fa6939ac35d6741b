import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { HashMultimap, hashMultimap } from "../../../src/collections/tables/hash-multimap.ts";
import { sharedHashTable } from "../../../src/collections/tables/shared-hash-table.ts";
import { MiB } from "../../../src/core/size.ts";
import { blob } from "../../../src/layout/blob.ts";
import { u16, u32 } from "../../../src/layout/scalars.ts";
import { struct } from "../../../src/layout/struct.ts";
import { text } from "../../../src/layout/text.ts";
import { HOMES } from "../../conformance/homes.ts";

const PROGRAM = fc.array(
  fc.tuple(
    fc.constantFrom("add", "add", "add", "addMany", "delete", "deleteValue", "clear"),
    fc.constantFrom("a", "b", "c", "long name"),
    fc.integer({ min: 0, max: 5 }),
  ),
  { maxLength: 60, size: "max" },
);

function runProgram(map: HashMultimap<string, number>, program: readonly (readonly [string, string, number])[]): void {
  const model = new Map<string, number[]>();
  for (const [name, key, value] of program) {
    const values = model.get(key) ?? [];
    if (name === "add") {
      map.add(key, value);
      model.set(key, [...values, value]);
    } else if (name === "addMany") {
      map.addMany(key, [value, value + 1]);
      model.set(key, [...values, value, value + 1]);
    } else if (name === "delete") assert.equal(map.delete(key), model.delete(key));
    else if (name === "deleteValue") {
      const at = values.indexOf(value);
      assert.equal(map.deleteValue(key, value), at >= 0);
      const rest = values.filter((_, index) => index !== at);
      if (rest.length === 0) model.delete(key);
      else model.set(key, rest);
    } else if (program.length % 3 === 0) {
      map.clear();
      model.clear();
    }
    assert.equal(map.keyCount, model.size);
    assert.deepEqual(map.get(key), model.get(key) ?? []);
    assert.equal(map.count(key), map.get(key).length);
    assert.equal(map.has(key), model.has(key));
    assert.equal(map.hasValue(key, value), model.get(key)?.includes(value) ?? false);
    assert.deepEqual(map.checkInvariants(), []);
  }
  const pairs = [...model].flatMap(([key, values]) => values.map((value) => `${key} ${value}`));
  assert.deepEqual([...map].map(([key, value]) => `${key} ${value}`).sort(), pairs.sort());
  assert.deepEqual([...map.keys()].sort(), [...model.keys()].sort());
}

for (const home of HOMES) {
  describe(`hashMultimap in ${home.title}`, () => {
    it("does what a Map of arrays does, alone and over a shared table", () => {
      fc.assert(
        fc.property(PROGRAM, (program) => {
          using one = home.create(0, MiB(1));
          using two = home.create(0, MiB(1));
          runProgram(hashMultimap({ key: text, value: u32, memory: one, shards: 1 }), program);
          runProgram(new HashMultimap(sharedHashTable(two, { key: text, value: blob, shards: 1 }), u32), program);
        }),
        { numRuns: 15 },
      );
    });
  });
}

describe("hashMultimap", () => {
  it("has structs as values, and refuses what does not fit with nothing changed", () => {
    const Route = struct("Route", { to: u16, cost: u32 });
    using routes = hashMultimap({ key: u32, value: Route });
    routes.add(1, { to: 2, cost: 3 }).add(1, { to: 4 });
    assert.deepEqual(routes.get(1), [
      { to: 2, cost: 3 },
      { to: 4, cost: 0 },
    ]);
    assert.throws(() => routes.addMany(1, [{ to: 1 }, { to: 70_000 }]), { code: "bad-value" });
    assert.equal(routes.count(1), 2);
    assert.deepEqual(routes.get(9), []);
  });

  it("refuses values without a size of their own", () => {
    assert.throws(() => new HashMultimap(hashMultimap({ key: text, value: u32 }).table, text), {
      code: "invalid-argument",
      message: /hash multimap cannot have values of type text/,
    });
  });
});
