import assert from "node:assert/strict";
import { hashKey } from "../../src/collections/tables/records/check.ts";
import { attachSharedHashTable, type SharedHashTable, sharedHashTable } from "../../src/collections/tables/shared-hash-table.ts";
import { u32 } from "../../src/layout/scalars.ts";
import type { Play, World } from "./run.ts";
import { stageMemory } from "./stage.ts";

type Table = SharedHashTable<number, number>;

const TYPES = { key: u32, value: u32 };
const SEED = 7;
const FULL = 100;

/** Two keys of the first of two shards, and two of the second. */
const [LEFT, BELOW, RIGHT, ABOVE] = [...keysOf(0, 2), ...keysOf(1, 2)];

function keysOf(shard: number, count: number): number[] {
  const keys: number[] = [];
  for (let key = 1; keys.length < count; key++) if (hashKey(Int32Array.of(key), 4, SEED) >>> 31 === shard) keys.push(key);
  return keys;
}

/** A table of two shards in which two keys share a sum. */
function stage(world: World) {
  const memory = stageMemory(8192);
  const options = { ...TYPES, shards: 2, seats: 4, seed: SEED };
  const isAlive = (identity: number): boolean => identity > 4 || world.isAlive(identity - 1);
  const first = sharedHashTable(memory, { ...options, identity: 9, isAlive });
  first.set(LEFT, FULL).set(RIGHT, FULL).set(BELOW, 1);
  const join = (thread: number): Table => attachSharedHashTable(memory, { ...TYPES, identity: thread + 1, isAlive });
  /** What somebody may have left is ended by whoever comes next; then the sum is what it was, and the table goes on. */
  const look = (): void => {
    assert.equal(sumOf(first), 2 * FULL);
    assert.deepEqual(first.checkInvariants(), []);
    first.transaction((t) => t.set(LEFT, 1).set(RIGHT, 2).set(BELOW, 3).set(ABOVE, 4));
    assert.deepEqual(
      [LEFT, RIGHT, BELOW, ABOVE].map((key) => first.get(key)),
      [1, 2, 3, 4],
    );
    assert.deepEqual(first.checkInvariants(), []);
  };
  return { first, join, look };
}

function sumOf(table: Table): number {
  return table.transaction((t) => (t.get(RIGHT) ?? 0) + (t.get(LEFT) ?? 0));
}

function move(table: Table, from: number, to: number, amount: number): void {
  table.transaction((t) => {
    t.add(from, -amount);
    t.add(to, amount);
  });
}

/** Two move amounts, each in the other's direction. */
export const moving: Play = (world) => {
  const { first, join, look } = stage(world);
  const [one, two] = [join(0), join(1)];
  return {
    threads: [() => move(one, LEFT, RIGHT, 1), () => move(two, RIGHT, LEFT, 10)],
    check: () => {
      assert.equal(sumOf(first), 2 * FULL);
      const moved = (first.get(LEFT) ?? 0) - FULL;
      const [ofOne, ofTwo] = [[-1], [10]].map((by, thread) => (world.isAlive(thread) ? by : [0, ...by]));
      assert.ok(
        ofOne.some((a) => ofTwo.some((b) => a + b === moved)),
        `${moved} were moved`,
      );
      look();
    },
  };
};

/** One moves an amount; another sees the same sum before and after it, and each key alone as it was or is to be. */
export const looking: Play = (world) => {
  const { join, look } = stage(world);
  const [one, two] = [join(0), join(1)];
  return {
    threads: [
      () => move(one, LEFT, RIGHT, 1),
      () => {
        assert.ok([FULL, FULL + 1].includes(two.get(RIGHT) ?? 0));
        assert.equal(sumOf(two), 2 * FULL);
      },
    ],
    check: look,
  };
};

/** One sets a new key, replaces one and deletes one, all or none of which is there when it has died; another sets what it has replaced. */
export const changing: Play = (world) => {
  const { first, join } = stage(world);
  const one = join(0);
  return {
    threads: [
      () => {
        one.transaction((t) => {
          t.set(ABOVE, 5);
          t.delete(BELOW);
          t.set(RIGHT, 6);
        });
      },
    ],
    check: () => {
      // As a reader that comes before anybody has ended it: each key is whole.
      for (const key of [ABOVE, BELOW, RIGHT]) assert.ok([undefined, 1, 5, 6, FULL].includes(first.get(key)));
      const found = first.transaction((t) => [t.get(ABOVE), t.get(BELOW), t.get(RIGHT), t.get(LEFT)]);
      const [before, after] = [
        [undefined, 1, FULL, FULL],
        [5, undefined, 6, FULL],
      ];
      const isDone = found[0] !== undefined;
      assert.deepEqual(found, isDone ? after : before);
      if (world.isAlive(0)) assert.ok(isDone);
      assert.deepEqual(first.checkInvariants(), []);
      assert.equal(first.size, [...first].length);
    },
  };
};

/** One moves an amount and dies; another, which needs one of the shards only, comes to it, and may die there too; a third takes the seat of the first. */
export const inheriting: Play = (world) => {
  const { first, join, look } = stage(world);
  const [one, two] = [join(0), join(1)];
  return {
    threads: [
      () => move(one, LEFT, RIGHT, 1),
      () => {
        two.set(ABOVE, 4);
        move(two, RIGHT, ABOVE, 0);
      },
    ],
    check: () => {
      first.recover();
      const third = join(2);
      third.transaction((t) => t.set(BELOW, 2).set(ABOVE, 3));
      look();
    },
  };
};
