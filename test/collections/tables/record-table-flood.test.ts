import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { hashTable } from "../../../src/collections/tables/make-hash-table.ts";
import type { RecordTable } from "../../../src/collections/tables/record-table.ts";
import { hashKey } from "../../../src/collections/tables/records/check.ts";
import { sharedHashTable } from "../../../src/collections/tables/shared-hash-table.ts";
import { sharedMemory } from "../../../src/core/homes.ts";
import { MiB } from "../../../src/core/size.ts";
import { u32 } from "../../../src/layout/scalars.ts";
import { text } from "../../../src/layout/text.ts";

const SEED = 11;

/** Keys whose hashes under `SEED` agree in shard and home, of an index of so many slots. */
function chosen(count: number): number[] {
  const keys: number[] = [];
  for (let key = 1; keys.length < count; key++) if ((hashKey(Int32Array.of(key), 4, SEED) & 0x8000_03ff) === 0) keys.push(key);
  return keys;
}

function filled(seed: number | undefined, keys: readonly number[]): RecordTable<number, number> {
  const table = hashTable({ key: u32, value: u32, shards: 2, ...(seed === undefined ? {} : { seed }) });
  for (const key of keys) table.set(key, key);
  return table;
}

describe("a table of records under keys that are not random", () => {
  const keys = chosen(700);

  it("the keys that these tests choose do collide", () => {
    using flooded = filled(SEED, keys);
    assert.ok(flooded.stats().averageProbeLength > 100);
    for (const key of keys) assert.equal(flooded.get(key), key);
    assert.deepEqual(flooded.checkInvariants(), []);
  });

  it("keys chosen against one seed do no harm under others, and every table draws its own", () => {
    for (const seed of [12, 13, undefined, undefined, undefined]) {
      using table = filled(seed, keys);
      assert.ok(table.stats().averageProbeLength < 4, `seed ${seed}`);
    }
  });

  it("copying a table in its order into a growing one is linear, even with the same seed", () => {
    using memory = sharedMemory(0, { maxByteLength: MiB(64) });
    const options = { key: text, value: u32, shards: 4, seed: SEED };
    using source = sharedHashTable(memory, options);
    for (let key = 0; key < 40_000; key++) source.set(`key ${key}`, key);
    using copy = hashTable({ ...options });
    for (const [key, value] of source) {
      copy.set(key, value);
      if (copy.size % 5000 === 0) assert.ok(copy.stats().averageProbeLength < 4);
    }
    assert.ok(copy.stats().longestProbeLength < 200);
    assert.equal(copy.size, 40_000);
  });

  it("ids, strides and names that count are spread under any seed", () => {
    for (let seed = 0; seed < 20; seed++) {
      for (const stride of [1, 10, 64, 1024, 65_536, 1 << 20]) {
        using table = filled(
          seed,
          Array.from({ length: 2000 }, (_, index) => (index * stride) >>> 0),
        );
        assert.ok(table.stats().averageProbeLength < 4, `seed ${seed}, stride ${stride}`);
      }
    }
  });
});
