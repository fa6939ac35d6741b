import assert from "node:assert/strict";
import { hashTable } from "../../../src/collections/tables/make-hash-table.ts";
import type { RecordTable } from "../../../src/collections/tables/record-table.ts";
import { sharedHashTable } from "../../../src/collections/tables/shared-hash-table.ts";
import type { Memory } from "../../../src/core/memory.ts";
import { MiB } from "../../../src/core/size.ts";
import { f64, u32 } from "../../../src/layout/scalars.ts";
import { text } from "../../../src/layout/text.ts";
import type { Home } from "../../conformance/homes.ts";

/** A kind of table, as a map from numbers to numbers, whatever its keys are. */
export interface TableKind {
  readonly name: string;
  make(memory: Memory): Numbers;
}

/** What is asked of a table and of a Map alike. */
interface Numbers {
  set(key: number, value: number): void;
  get(key: number): number | undefined;
  has(key: number): boolean;
  delete(key: number): boolean;
  getOrInsert(key: number, value: number): number;
  add(key: number, amount: number): number;
  keys(): Iterable<number>;
  readonly size: number;
  clear(): void;
  shrink(): void;
  checkInvariants(): string[];
}

export const TABLE_KINDS: readonly TableKind[] = [
  { name: "numbers", make: (memory) => hashTable({ key: u32, value: f64, memory }) },
  { name: "doubles, one block", make: (memory) => hashTable({ key: f64, value: f64, memory, oneBlock: true }) },
  { name: "texts", make: (memory) => named(hashTable({ key: text, value: f64, memory })) },
  { name: "shared", make: (memory) => sharedHashTable(memory, { key: u32, value: f64, shards: 8 }) },
];

/** A table whose keys are the names of numbers. */
function named(table: RecordTable<string, number>): Numbers {
  const name = (key: number): string => (key % 3 === 0 ? `a longer name, of number ${key}` : `${key}`);
  return {
    set: (key, value) => void table.set(name(key), value),
    get: (key) => table.get(name(key)),
    has: (key) => table.has(name(key)),
    delete: (key) => table.delete(name(key)),
    getOrInsert: (key, value) => table.getOrInsert(name(key), value),
    add: (key, amount) => table.add(name(key), amount),
    keys: () => [...table.keys()].map((each) => Number(each.slice(each.lastIndexOf(" ") + 1))),
    get size() {
      return table.size;
    },
    clear: () => table.clear(),
    shrink: () => table.shrink(),
    checkInvariants: () => table.checkInvariants(),
  };
}

/** So many operations on a table and on a Map, whose answers are compared; now and then everything is. Returns the size, and how many answers there were. */
export function runDifferential(
  home: Home,
  kind: TableKind,
  operations: number,
  seed: number,
): { readonly size: number; readonly sum: number } {
  using memory = home.create(0, MiB(96));
  const table = kind.make(memory);
  const model = new Map<number, number>();
  const random = randomFrom(seed);
  let range = 100;
  let sum = 0;
  for (let turn = 0; turn < operations; turn++) {
    // Times of few keys and of many, of growth and of decline.
    if (turn % 20_000 === 0) range = 10 ** (1 + (random() % 40) / 10);
    const isGrowing = turn % 50_000 < 30_000;
    const key = random() % Math.ceil(range);
    const story = `seed ${seed}, turn ${turn}, key ${key}`;
    switch (random() % 16) {
      case 0:
      case 1:
      case 2:
      case 3:
      case 4:
        if (isGrowing) {
          table.set(key, turn);
          model.set(key, turn);
          break;
        }
        assert.equal(table.delete(key), model.delete(key), story);
        break;
      case 5:
      case 6:
        assert.equal(table.delete(key), model.delete(key), story);
        break;
      case 7: {
        const before = model.get(key) ?? turn;
        assert.equal(table.getOrInsert(key, turn), before, story);
        model.set(key, before);
        break;
      }
      case 8: {
        const after = (model.get(key) ?? 0) + 3;
        assert.equal(table.add(key, 3), after, story);
        model.set(key, after);
        break;
      }
      case 9:
        assert.equal(table.has(key), model.has(key), story);
        break;
      default:
        assert.equal(table.get(key), model.get(key), story);
    }
    sum += 1;
    if (turn % 100_000 === 99_999 || turn === operations - 1) {
      compare(table, model, story);
      if (random() % 4 === 0) table.shrink();
      if (random() % 8 !== 0) continue;
      table.clear();
      model.clear();
    }
  }
  return { size: table.size, sum };
}

function compare(table: Numbers, model: ReadonlyMap<number, number>, story: string): void {
  assert.equal(table.size, model.size, story);
  assert.deepEqual(table.checkInvariants(), [], story);
  let count = 0;
  for (const key of table.keys()) {
    assert.equal(table.get(key), model.get(key), `${story}: ${key}`);
    assert.ok(model.has(key), `${story}: ${key}`);
    count += 1;
  }
  assert.equal(count, model.size, story);
}

/** Whole numbers of 30 bits that a seed decides (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b_79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 2;
  };
}
