import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { f32, type Handle, MiB, pool, secondaryMap, slotMap, sparseSet, struct, u8, u16, utf8 } from "../../../src/index.ts";
import { HOMES } from "../../conformance/homes.ts";

const Enemy = struct("Enemy", { x: f32, hp: u16 });
type EnemyHandle = Handle<typeof Enemy>;

const STEPS = fc.array(fc.record({ kind: fc.nat(9), pick: fc.nat(1000), hp: fc.nat(65_535) }), { maxLength: 60 });

function any<T>(all: Iterable<T>, pick: number): T | undefined {
  const list = [...all];
  return list[pick % Math.max(1, list.length)];
}

for (const home of HOMES) {
  describe(`in ${home.title}`, () => {
    it("random programs do to a slot map what they do to a map", () => {
      fc.assert(
        fc.property(STEPS, (steps) => {
          using memory = home.create(65_536, MiB(1));
          using enemies = slotMap(Enemy, { memory, capacity: 2 });
          const model = new Map<EnemyHandle, number>();
          const gone: EnemyHandle[] = [];
          for (const { kind, pick, hp } of steps) {
            const one = any(model.keys(), pick);
            if (kind <= 5) model.set(enemies.add({ hp, x: 1 }), hp);
            else if (kind <= 7 && one !== undefined) {
              enemies.remove(one);
              model.delete(one);
              gone.push(one);
            } else if (kind === 8 && one !== undefined) {
              enemies.get(one).hp = hp;
              model.set(one, hp);
            } else if (kind === 9 && pick % 4 === 0) {
              enemies.clear();
              gone.push(...model.keys());
              model.clear();
            }
            assert.deepEqual(enemies.checkInvariants(), []);
            assert.equal(enemies.size, model.size);
          }
          for (const [handle, hp] of model) assert.equal(enemies.read(handle).hp, hp);
          for (const handle of gone) {
            assert.equal(enemies.tryGet(handle), undefined);
            assert.equal(enemies.tryRemove(handle), false);
            assert.throws(() => enemies.remove(handle), { code: "stale-handle", message: /slot map of Enemy/ });
          }
          assert.deepEqual([...enemies.column("hp")].sort(), [...model.values()].sort());
        }),
        { numRuns: 15 },
      );
    });

    it("random programs do to a sparse set what they do to a set", () => {
      fc.assert(
        fc.property(STEPS, (steps) => {
          using memory = home.create(65_536);
          using numbers = sparseSet(50, { memory });
          const model = new Set<number>();
          for (const { kind, pick } of steps) {
            const value = pick % 50;
            if (kind <= 5) {
              assert.equal(numbers.add(value), !model.has(value));
              model.add(value);
            } else if (kind <= 8) {
              assert.equal(numbers.delete(value), model.delete(value));
            } else if (pick % 4 === 0) {
              numbers.clear();
              model.clear();
            }
            assert.deepEqual(numbers.checkInvariants(), []);
            assert.equal(numbers.has(value), model.has(value));
            assert.deepEqual(new Set(numbers), model);
          }
        }),
        { numRuns: 15 },
      );
    });
  });
}

describe("a slot map", () => {
  it("is as it was when a record does not fit, and ends when it is disposed of", () => {
    const enemies = slotMap(Enemy);
    const first = enemies.add({ hp: 1 });
    assert.throws(() => enemies.add({ hp: -1 }), { code: "bad-value" });
    assert.equal(enemies.size, 1);
    assert.deepEqual(enemies.checkInvariants(), []);
    assert.throws(() => enemies.handleAt(1), { code: "out-of-bounds" });
    assert.equal(enemies.handleAt(0), first);
    enemies[Symbol.dispose]();
    enemies[Symbol.dispose]();
    assert.throws(() => enemies.get(first), { code: "closed" });
  });

  it("lets records be removed while it is walked through", () => {
    using enemies = slotMap(Enemy);
    for (let hp = 0; hp < 10; hp++) enemies.add({ hp });
    for (const [handle, row] of enemies) if (row.hp % 2 === 0) enemies.remove(handle);
    assert.deepEqual([...enemies.column("hp")].sort(), [1, 3, 5, 7, 9]);
    assert.deepEqual(enemies.checkInvariants(), []);
  });
});

describe("a sparse set", () => {
  it("refuses what is no number below its capacity, and use after its end", () => {
    using memory = HOMES[0].create(4096);
    const numbers = sparseSet(10, { memory });
    for (const wrong of [-1, 10, 1.5, Number.NaN]) {
      assert.equal(numbers.has(wrong), false);
      assert.throws(() => numbers.add(wrong), { code: "out-of-bounds" });
    }
    assert.throws(() => sparseSet(0, { memory }), { code: "invalid-argument" });
    assert.throws(() => sparseSet(10_000, { memory }), { code: "out-of-memory" });
    numbers[Symbol.dispose]();
    assert.throws(() => numbers.add(1), { code: "closed" });
  });
});

describe("a secondary map", () => {
  const Name = struct("Name", { text: utf8(8), length: u8 });

  it("has values for some records, and a value goes with its record", () => {
    using enemies = pool(Enemy, { blockLength: 3 });
    using names = secondaryMap(enemies, Name);
    const all = Array.from({ length: 10 }, (_, hp) => enemies.add({ hp }));
    for (const place of [1, 5, 9]) names.set(all[place], { text: `e${place}`, length: 2 });
    assert.deepEqual([...names.handles()], [all[1], all[5], all[9]]);
    assert.equal(names.get(all[5])?.text, "e5");
    assert.equal(names.get(all[0]), undefined);
    enemies.remove(all[5]);
    assert.equal(names.tryGet(all[5]), undefined);
    assert.throws(() => names.get(all[5]), { code: "stale-handle" });
    assert.throws(() => names.set(all[5], { text: "" }), { code: "stale-handle" });
    const next = enemies.add();
    assert.equal(names.get(next), undefined, "the value of the record before is gone");
    assert.throws(() => names.set(next, { text: "far too long for it" }), { code: "bad-value" });
    assert.equal(names.has(next), false);
    assert.equal(names.delete(all[1]), true);
    assert.equal(names.delete(all[1]), false);
    assert.deepEqual(names.checkInvariants(), []);
    names[Symbol.dispose]();
    assert.throws(() => names.has(next), { code: "closed" });
  });
});
