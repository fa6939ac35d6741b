import assert from "node:assert/strict";
import fc from "fast-check";
import type { RecordTable } from "../../../src/collections/tables/record-table.ts";

const NAMES = ["set", "get", "delete", "getOrInsert", "update", "compareAndSet", "clear", "reserve", "shrink", "iterate"] as const;

/** One call of a random program on a table. */
export interface Step<Key, Value> {
  readonly name: (typeof NAMES)[number];
  readonly key: Key;
  readonly value: Value;
  readonly other: Value;
}

/** Random programs with these keys and values, most of whose steps set. */
export function programs<Key, Value>(
  keys: fc.Arbitrary<Key>,
  values: fc.Arbitrary<Value>,
  maxLength = 80,
): fc.Arbitrary<Step<Key, Value>[]> {
  const name = fc.oneof(
    { weight: 10, arbitrary: fc.constant("set" as const) },
    { weight: 6, arbitrary: fc.constantFrom("delete", "get", "getOrInsert", "update", "compareAndSet") },
    { weight: 1, arbitrary: fc.constantFrom("clear", "reserve", "shrink", "iterate") },
  );
  return fc.array(fc.record({ name, key: keys, value: values, other: values }), { maxLength, size: "max" });
}

/** What a table is, as a Map from a name of each key. Keys that are bytes or objects are named by what they hold. */
export type Model<Key, Value> = Map<string, readonly [Key, Value]>;

export function nameOf(key: unknown): string {
  if (typeof key === "bigint") return `${key}n`;
  if (typeof key === "number") return Object.is(key, -0) ? "0" : String(key);
  return JSON.stringify(key instanceof Uint8Array ? [...key] : key);
}

/** Runs a program on a table and a model, and compares after every step. */
export function runProgram<Key, Value>(
  table: RecordTable<Key, Value>,
  program: readonly Step<Key, Value>[],
  model: Model<Key, Value> = new Map(),
): Model<Key, Value> {
  for (const step of program) {
    runStep(table, step, model);
    assert.deepEqual(table.checkInvariants(), []);
    assert.equal(table.size, model.size);
  }
  compare(table, model);
  return model;
}

export function compare<Key, Value>(table: RecordTable<Key, Value>, model: Model<Key, Value>): void {
  const found = new Map([...table].map(([key, value]) => [nameOf(key), value]));
  assert.equal(found.size, model.size);
  for (const [name, [key, value]] of model) {
    assert.deepEqual(found.get(name), value);
    assert.deepEqual(table.get(key), value);
    assert.ok(table.has(key));
  }
  const entries = [...model.values()];
  const keys = entries.map(([key]) => key);
  assert.deepEqual(
    table.getMany(keys),
    entries.map(([, value]) => value),
  );
  assert.ok(table.hasMany(keys).every((isThere) => isThere));
}

export function runStep<Key, Value>(
  table: RecordTable<Key, Value>,
  { name, key, value, other }: Step<Key, Value>,
  model: Model<Key, Value>,
): void {
  const id = nameOf(key);
  const current = model.get(id)?.[1];
  switch (name) {
    case "set":
      assert.equal(table.set(key, value), table);
      model.set(id, [key, value]);
      break;
    case "get":
      assert.deepEqual(table.get(key), current);
      assert.equal(table.has(key), current !== undefined);
      break;
    case "delete":
      assert.equal(table.delete(key), model.delete(id));
      break;
    case "getOrInsert":
      assert.deepEqual(table.getOrInsert(key, value), current ?? value);
      model.set(id, [key, current ?? value]);
      break;
    case "update":
      assert.deepEqual(
        table.update(key, (before) => {
          assert.deepEqual(before, current);
          return before === undefined ? undefined : value;
        }),
        current === undefined ? undefined : value,
      );
      if (current !== undefined) model.set(id, [key, value]);
      break;
    case "compareAndSet": {
      const isSame = current !== undefined && nameOf(current) === nameOf(other);
      assert.equal(table.compareAndSet(key, other, value), isSame);
      if (isSame) model.set(id, [key, value]);
      assert.equal(table.compareAndSet(key, undefined, value), current === undefined);
      if (current === undefined) model.set(id, [key, value]);
      break;
    }
    case "clear":
      table.clear();
      model.clear();
      break;
    case "reserve":
      table.reserve(model.size * 3);
      break;
    case "shrink":
      table.shrink();
      break;
    case "iterate":
      compare(table, model);
      break;
  }
}
