import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { recordTable } from "../../../src/collections/tables/make-record-table.ts";
import type { RecordTable } from "../../../src/collections/tables/record-table.ts";
import { attachSharedHashTable, sharedHashTable } from "../../../src/collections/tables/shared-hash-table.ts";
import type { Transaction } from "../../../src/collections/tables/transaction.ts";
import { privateMemory } from "../../../src/core/homes.ts";
import { KiB, MiB } from "../../../src/core/size.ts";
import { u32 } from "../../../src/layout/scalars.ts";
import { text } from "../../../src/layout/text.ts";
import { HOMES } from "../../conformance/homes.ts";
import { TestAllocator } from "../../conformance/test-allocator.ts";
import { compare, type Model, nameOf } from "./record-model.ts";

const STEPS = ["set", "get", "delete", "getOrInsert", "update"] as const;
const ENDS = ["commit", "commit", "throw", "rollback", "refused"] as const;

/** What one transaction of a random program does. */
interface Plan {
  readonly steps: readonly { readonly name: (typeof STEPS)[number]; readonly key: string; readonly value: string }[];
  readonly end: (typeof ENDS)[number];
  readonly turn: boolean;
}

const plans: fc.Arbitrary<Plan[]> = fc.array(
  fc.record({
    steps: fc.array(
      fc.record({
        name: fc.constantFrom(...STEPS),
        key: fc.oneof(fc.string({ maxLength: 2 }), fc.constantFrom("a", "b", "c", "d")),
        value: fc.string({ maxLength: 120 }),
      }),
      { maxLength: 12 },
    ),
    end: fc.constantFrom(...ENDS),
    turn: fc.boolean(),
  }),
  { maxLength: 25 },
);

class Wanted extends Error {}

/** Does what a plan says, to a table in a transaction and to a copy of the model, which is the model afterwards if the transaction is to count. */
function runPlan(table: RecordTable<string, string>, { steps, end }: Plan, model: Model<string, string>): void {
  const copy = new Map(model);
  const work = (t: Transaction<string, string>): boolean => {
    for (const { name, key, value } of steps) runStep(t, name, key, value, copy);
    if (end === "throw") throw new Wanted();
    // Half of a surrogate pair is no text.
    if (end === "refused") t.set("x", "\ud800");
    return end === "rollback" ? t.rollback() : true;
  };
  if (end === "throw") assert.throws(() => table.transaction(work), Wanted);
  else if (end === "refused") assert.throws(() => table.transaction(work), { code: "bad-value" });
  else assert.equal(table.transaction(work), end === "commit");
  if (end !== "commit") return;
  model.clear();
  for (const [name, entry] of copy) model.set(name, entry);
}

function runStep(
  t: Transaction<string, string>,
  name: (typeof STEPS)[number],
  key: string,
  value: string,
  model: Model<string, string>,
): void {
  const id = nameOf(key);
  const current = model.get(id)?.[1];
  if (name === "get") {
    assert.equal(t.get(key), current);
    assert.equal(t.has(key), current !== undefined);
  } else if (name === "set") {
    assert.equal(t.set(key, value), t);
    model.set(id, [key, value]);
  } else if (name === "delete") {
    assert.equal(t.delete(key), model.delete(id));
  } else if (name === "getOrInsert") {
    assert.equal(t.getOrInsert(key, value), current ?? value);
    model.set(id, [key, current ?? value]);
  } else {
    const next = current === undefined ? undefined : `${current}!`;
    assert.equal(
      t.update(key, () => next),
      next,
    );
    if (next !== undefined) model.set(id, [key, next]);
  }
}

for (const home of HOMES) {
  describe(`transactions in ${home.title}`, () => {
    it("do all that a Map does at once, or nothing, whoever of two does them", () => {
      fc.assert(
        fc.property(plans, fc.constantFrom(1, 4), (program, shards) => {
          using memory = home.create(0, MiB(2));
          using one = sharedHashTable(memory, { key: text, value: text, shards, seats: 2 });
          using two = attachSharedHashTable(memory, { key: text, value: text });
          const model: Model<string, string> = new Map();
          for (const plan of program) {
            runPlan(plan.turn ? one : two, plan, model);
            assert.deepEqual((plan.turn ? two : one).checkInvariants(), []);
          }
          compare(one, model);
        }),
        { numRuns: 15 },
      );
    });

    it("do so in a table of one's own", () => {
      fc.assert(
        fc.property(plans, (program) => {
          using memory = home.create(0, MiB(2));
          const allocator = new TestAllocator(memory);
          {
            using table = recordTable({ key: text, value: text, allocator, shards: 2 });
            const model: Model<string, string> = new Map();
            for (const plan of program) {
              runPlan(table, plan, model);
              assert.deepEqual(table.checkInvariants(), []);
            }
            compare(table, model);
          }
          assert.equal(allocator.liveBlocks, 0);
        }),
        { numRuns: 15 },
      );
    });
  });
}

function accounts(maxByteLength = MiB(1), shards = 4) {
  const memory = privateMemory(0, { maxByteLength });
  const table = sharedHashTable(memory, { key: text, value: u32, shards, seats: 4 });
  table.set("alice", 100).set("bob", 50);
  return { memory, table };
}

describe("a transaction", () => {
  it("moves from one key to another, and returns what its work returns", () => {
    const { table } = accounts();
    const left = table.transaction((t) => {
      t.add("bob", 30);
      return t.update("alice", (amount = 0) => amount - 30);
    });
    assert.equal(left, 70);
    assert.deepEqual([table.get("alice"), table.get("bob"), table.size], [70, 80, 2]);
  });

  it("sees what it has done, and others do not until it ends", () => {
    const { memory, table } = accounts();
    using other = attachSharedHashTable(memory, { key: text, value: u32 });
    table.transaction((t) => {
      t.set("alice", 1).set("carol", 2).delete("bob");
      assert.deepEqual(
        [t.get("alice"), t.get("carol"), t.get("bob"), t.has("carol"), t.has("bob")],
        [1, 2, undefined, true, false],
      );
      assert.equal(t.delete("bob"), false);
      assert.equal(
        t.getOrInsertWith("dave", (key) => key.length),
        4,
      );
      assert.equal(
        t.getOrInsertWith("dave", () => assert.fail()),
        4,
      );
      assert.deepEqual([other.get("alice"), other.get("bob"), other.get("carol"), other.size], [100, 50, undefined, 2]);
    });
    assert.deepEqual([other.get("alice"), other.get("bob"), other.get("carol"), other.get("dave")], [1, undefined, 2, 4]);
    assert.deepEqual(other.checkInvariants(), []);
  });

  it("leaves all as it was when a value is refused, and goes on where that is caught", () => {
    const { table } = accounts();
    assert.throws(() => table.transaction((t) => t.set("alice", 1).add("bob", -51)), { code: "bad-value" });
    assert.deepEqual([table.get("alice"), table.get("bob")], [100, 50]);
    table.transaction((t) => {
      t.set("alice", 1);
      assert.throws(() => t.add("bob", -51), { code: "bad-value" });
    });
    assert.deepEqual([table.get("alice"), table.get("bob")], [1, 50]);
  });

  it("leaves all as it was when there is no room, at whichever of its steps", () => {
    const memory = privateMemory(0, { maxByteLength: KiB(24) });
    const table = sharedHashTable(memory, { key: text, value: text, shards: 2, seats: 2 });
    for (let key = 0; key < 20; key++) table.set(`key ${key}`, `value ${key}`);
    const before = new Map(table);
    let full = 0;
    // Values of all lengths, so that it is the room for a record, for the index or for the log that is missing.
    for (let length = 1; length < 700; length += 7) {
      try {
        table.transaction((t) => {
          for (let key = 0; key < 30; key++) t.set(`key ${key}`, "x".repeat(length));
          for (let key = 0; key < 20; key += 3) t.delete(`key ${key}`);
          if (length < 200) t.rollback();
        });
        table.clear();
        for (const [key, value] of before) table.set(key, value);
      } catch (error) {
        assert.equal((error as { code?: string }).code, "out-of-memory");
        full += 1;
      }
      assert.deepEqual(new Map(table), before);
      assert.deepEqual(table.checkInvariants(), []);
    }
    assert.ok(full > 10 && full < 100, `${full} were full`);
  });

  it("refuses another transaction, other methods of its table, and its end, in its work", () => {
    const { table } = accounts();
    const uses: (() => unknown)[] = [
      () => table.get("alice"),
      () => table.set("alice", 1),
      () => table.delete("alice"),
      () => table.add("bob", 1),
      () => table.clear(),
      () => table.size,
      () => [...table],
      () => table.transaction(() => 1),
      () => table.recover(),
      () => table[Symbol.dispose](),
    ];
    for (const use of uses) {
      assert.throws(
        () =>
          table.transaction((t) => {
            t.set("alice", 1);
            use();
          }),
        { code: "invalid-argument", message: /work of a transaction/ },
      );
    }
    assert.deepEqual([table.get("alice"), table.get("bob")], [100, 50]);
    table.transaction((t) => t.set("alice", 2));
    assert.equal(table.get("alice"), 2);
  });

  it("refuses a promise, and to be used when it has ended", async () => {
    const { table } = accounts();
    let kept: Transaction<string, number> | undefined;
    const late = { code: "closed" };
    assert.throws(() => table.transaction(async (t) => t.set("alice", 1)), { code: "invalid-argument", message: /promise/ });
    assert.equal(table.get("alice"), 100);
    table.transaction((t) => {
      kept = t;
    });
    assert.throws(() => kept?.get("alice"), late);
    assert.throws(() => kept?.set("alice", 1), late);
    assert.throws(() => kept?.delete("alice"), late);
    assert.throws(() => kept?.rollback(), late);
    table.transaction((t) => {
      t.set("alice", 7);
      assert.equal(t.rollback(), false);
      assert.throws(() => t.get("alice"), late);
    });
    assert.equal(table.get("alice"), 100);
  });

  it("does not find keys that cannot be, and refuses to set them", () => {
    const { table } = accounts();
    table.transaction((t) => {
      assert.equal(t.get("\ud800"), undefined);
      assert.equal(t.delete("\ud800"), false);
      assert.throws(() => t.set("\ud800", 1), { code: "bad-value" });
    });
  });

  it("is not for a table that was disposed of, and needs a function", () => {
    const { table } = accounts();
    table[Symbol.dispose]();
    assert.throws(() => table.transaction(() => 1), { code: "closed" });
    // @ts-expect-error A function is needed.
    assert.throws(() => accounts().table.transaction("alice"), { code: "invalid-argument" });
  });

  it("sets entries that end, and makes room for others as sets do", () => {
    using memory = privateMemory(0, { maxByteLength: MiB(1) });
    using table = sharedHashTable(memory, { key: text, value: u32, shards: 1, seats: 2, expiring: true, maxEntries: 10 });
    table.transaction((t) => {
      for (let key = 0; key < 30; key++) t.set(`key ${key}`, key, { ttlMs: 60_000 });
      assert.throws(() => t.set("never", 1, { ttlMs: 0 }), { code: "invalid-argument" });
    });
    assert.equal(table.size, 10);
    assert.deepEqual(table.checkInvariants(), []);
    table.set("short", 1, { ttlMs: 1e-6 });
    table.transaction((t) => {
      assert.equal(t.get("short"), undefined);
      assert.equal(t.delete("short"), false);
      assert.equal(t.add("short", 5), 5);
    });
    assert.equal(table.get("short"), 5);
  });

  it("is not waited for by another of its thread, which is told so and does nothing", () => {
    const { memory, table } = accounts(MiB(1), 64);
    using other = attachSharedHashTable(memory, { key: text, value: u32, timeoutMs: 50 });
    let [begun, waits] = [0, 0];
    table.transaction((t) => {
      begun += 1;
      t.add("alice", 1);
      try {
        other.transaction((u) => {
          for (let key = 0; key < 200; key++) u.set(`of another ${key}`, key);
          u.add("alice", 1);
        });
      } catch (error) {
        assert.equal((error as { code?: string }).code, "locked");
        waits += 1;
      }
      t.add("bob", 1);
    });
    assert.deepEqual([begun, waits], [1, 1]);
    assert.deepEqual([table.get("alice"), table.get("bob"), table.size], [101, 51, 2]);
    other.transaction((u) => u.add("alice", 1));
    assert.equal(table.get("alice"), 102);
    assert.deepEqual(table.checkInvariants(), []);
  });
});
