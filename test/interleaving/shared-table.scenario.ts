import assert from "node:assert/strict";
import { hashKey } from "../../src/collections/tables/records/check.ts";
import { attachSharedHashTable, type SharedHashTable, sharedHashTable } from "../../src/collections/tables/shared-hash-table.ts";
import { u32 } from "../../src/layout/scalars.ts";
import type { Play, World } from "./run.ts";
import { stageMemory } from "./stage.ts";

type Table = SharedHashTable<number, number>;

const TYPES = { key: u32, value: u32 };
const SEED = 7;
const SLOTS = 16;

/** Keys whose entries want the same slot of the least index. */
const SAME = keysOfOneHome(3);
/** Keys of other slots. */
const OTHERS = Array.from({ length: 200 }, (_, key) => key + 1000).filter((key) => homeOf(key) !== homeOf(SAME[0]));

function homeOf(key: number): number {
  return hashKey(Int32Array.of(key), 4, SEED) & (SLOTS - 1);
}

function keysOfOneHome(count: number): number[] {
  const byHome = new Map<number, number[]>();
  for (let key = 1; ; key++) {
    const keys = byHome.get(homeOf(key)) ?? [];
    byHome.set(homeOf(key), keys);
    if (keys.push(key) === count) return keys;
  }
}

/** A table of one shard that holds `keys`, each with ten times its number, and who uses it. */
function stage(world: World, keys: readonly number[]) {
  const memory = stageMemory(8192);
  const options = { ...TYPES, shards: 1, seats: 4, seed: SEED };
  const isAlive = (identity: number): boolean => identity > 4 || world.isAlive(identity - 1);
  const first = sharedHashTable(memory, { ...options, identity: 9, isAlive });
  for (const key of keys) first.set(key, key * 10);
  const join = (thread: number): Table => attachSharedHashTable(memory, { ...TYPES, identity: thread + 1, isAlive });
  /** What was completed is there, what was begun is there or not; and the table goes on. */
  const look = (expected: ReadonlyMap<number, readonly (number | undefined)[]>): void => {
    // Ends what somebody may have left undone.
    first.set(5000, 1);
    for (const [key, values] of expected)
      assert.ok(values.includes(first.get(key)), `${key} is ${first.get(key)}, not ${values.join(" or ")}`);
    assert.deepEqual(first.checkInvariants(), []);
    assert.equal(first.size, [...first].length);
    for (const key of expected.keys()) first.set(key, key);
    for (const key of expected.keys()) assert.equal(first.get(key), key);
    assert.deepEqual(first.checkInvariants(), []);
  };
  return { first, join, look };
}

function alwaysOneOf(table: Table, key: number, values: readonly (number | undefined)[]): void {
  const found = table.get(key);
  assert.ok(values.includes(found), `${key} was seen as ${found}, not ${values.join(" or ")}`);
}

/** One sets a key twice, so that the second record may take the place of the first; another reads it, and a neighbour. */
export const replacing: Play = (world) => {
  const [a, b, c] = SAME;
  const { join, look } = stage(world, [a, b, c]);
  const [writer, reader] = [join(0), join(1)];
  return {
    threads: [
      () => {
        writer.set(a, 1);
        writer.set(b, 2);
        writer.set(c, 3);
      },
      () => {
        alwaysOneOf(reader, a, [a * 10, 1]);
        alwaysOneOf(reader, b, [b * 10, 2]);
        alwaysOneOf(reader, c, [c * 10, 3]);
      },
    ],
    check: () =>
      look(
        new Map([
          [a, world.isAlive(0) ? [1] : [a * 10, 1]],
          [b, world.isAlive(0) ? [2] : [b * 10, 2]],
          [c, world.isAlive(0) ? [3] : [c * 10, 3]],
        ]),
      ),
  };
};

/** One deletes the first of three that share a home, which moves the others; another looks for all. */
export const moving: Play = (world) => {
  const [a, b, c] = SAME;
  const { join, look } = stage(world, [a, b, c]);
  const [reader, writer] = [join(0), join(1)];
  return {
    threads: [
      () => {
        alwaysOneOf(reader, c, [c * 10]);
        alwaysOneOf(reader, b, [b * 10]);
        alwaysOneOf(reader, a, [a * 10, undefined]);
      },
      () => assert.ok(writer.delete(a)),
    ],
    check: () =>
      look(
        new Map([
          [a, world.isAlive(1) ? [undefined] : [a * 10, undefined]],
          [b, [b * 10]],
          [c, [c * 10]],
        ]),
      ),
  };
};

/** One more than the index holds comes, so that it is made anew; another reads, and a third writes what is there. */
export const growing: Play = (world) => {
  const full = OTHERS.slice(0, 12);
  const { join, look } = stage(world, full);
  const [grows, reads] = [join(0), join(1)];
  return {
    threads: [
      () => {
        grows.set(SAME[0], 1);
        grows.set(full[3], 2);
      },
      () => {
        alwaysOneOf(reads, full[11], [full[11] * 10]);
        alwaysOneOf(reads, SAME[0], [undefined, 1]);
        alwaysOneOf(reads, full[3], [full[3] * 10, 2]);
      },
    ],
    check: () => {
      const alive = world.isAlive(0);
      look(
        new Map<number, readonly (number | undefined)[]>([
          [SAME[0], alive ? [1] : [undefined, 1]],
          [full[3], alive ? [2] : [full[3] * 10, 2]],
          [full[11], [full[11] * 10]],
        ]),
      );
    },
  };
};

/** Two count in one entry, and each sets one of its own. */
export const counting: Play = (world) => {
  const [shared, mine, yours] = SAME;
  const { join, look } = stage(world, [shared]);
  const [one, two] = [join(0), join(1)];
  let [begun, done] = [0, 0];
  const count = (table: Table, own: number): void => {
    begun += 1;
    table.add(shared, 1);
    done += 1;
    table.set(own, own);
  };
  return {
    threads: [() => count(one, mine), () => count(two, yours)],
    check: () => {
      const sums = Array.from({ length: begun - done + 1 }, (_, more) => shared * 10 + done + more);
      look(
        new Map<number, readonly (number | undefined)[]>([
          [shared, sums],
          [mine, world.isAlive(0) ? [mine] : [undefined, mine]],
          [yours, world.isAlive(1) ? [yours] : [undefined, yours]],
        ]),
      );
    },
  };
};

/** One deletes, and what it gave up serves another's new entry, while a third still looks at it. */
export const reusing: Play = (world) => {
  const [a, b, c] = SAME;
  const { join, look } = stage(world, [a, b]);
  const [deletes, inserts, reads] = [join(0), join(1), join(2)];
  return {
    threads: [
      () => deletes.delete(a),
      () => inserts.set(c, 3),
      () => {
        alwaysOneOf(reads, a, [a * 10, undefined]);
        alwaysOneOf(reads, b, [b * 10]);
      },
    ],
    check: () =>
      look(
        new Map<number, readonly (number | undefined)[]>([
          [a, world.isAlive(0) ? [undefined] : [a * 10, undefined]],
          [b, [b * 10]],
          [c, world.isAlive(1) ? [3] : [undefined, 3]],
        ]),
      ),
  };
};

/** One deletes the first of three that share a home and sets another; another looks for all three at once. */
export const locating: Play = (world) => {
  const [a, b, c] = SAME;
  const { join, look } = stage(world, [a, b, c]);
  const [reader, writer] = [join(0), join(1)];
  const expected = new Map<number, readonly (number | undefined)[]>([
    [c, [c * 10]],
    [b, [b * 10, 2]],
    [a, [a * 10, undefined]],
  ]);
  return {
    threads: [
      () => {
        const found = reader.getMany(expected.keys());
        for (const [at, [key, values]] of [...expected].entries())
          assert.ok(values.includes(found[at]), `${key} was seen as ${found[at]}, not ${values.join(" or ")}`);
      },
      () => {
        writer.delete(a);
        writer.set(b, 2);
      },
    ],
    check: () => look(expected),
  };
};
