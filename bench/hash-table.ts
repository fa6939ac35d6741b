/**
 * The hash table beside a Map, from u32 keys to row numbers: keys as a database gives them (31 bits, scattered), looked up in random order.
 *
 * `find` and `get` are the methods, `finder` a function made once for a finished table, `findMany` a whole array of keys at once. A process
 * for each size, so that no size lives on what V8 learnt from another. Keys of 31 bits are a Map's best case; of larger ones (`keys from
 * 2^31 on`) it keeps objects. `inserting` starts from an empty, growing table.
 */
import { hashTable, privateMemory, u32 } from "../src/index.ts";
import { childTasks, interleave, report, type Timing } from "./harness.ts";

const LOOKUPS = 500_000;
const SIZES = [10_000, 135_000, 1_000_000, 10_000_000];

type Timings = Record<string, Timing>;

/** A bijection of 32-bit integers, so that keys are scattered and differ. */
function scattered(index: number): number {
  let word = Math.imul(index ^ (index >>> 16), 0x85eb_ca6b);
  word = Math.imul(word ^ (word >>> 13), 0xc2b2_ae35);
  return (word ^ (word >>> 16)) >>> 0;
}

const child = await childTasks(import.meta.url, {
  lookups: ({ count, large }: { count: number; large: boolean }): Timings => {
    // Every key exists once in half of the 32 bits: bit 31 tells the ranges apart.
    const keyOf = (index: number) => (large ? (scattered(index) | 0x8000_0000) >>> 0 : scattered(index) & 0x7fff_ffff);
    const keys = Uint32Array.from({ length: count }, (_, index) => keyOf(index));
    const absent = Uint32Array.from({ length: count }, (_, index) => keyOf(index + count));
    const memory = privateMemory(0, { maxByteLength: 1024 + count * 40 });
    const table = hashTable({ key: u32, value: u32, memory, capacity: count });
    const map = new Map<number, number>();
    keys.forEach((key, index) => {
      table.set(key, index);
      map.set(key, index);
    });
    const hits = Uint32Array.from({ length: LOOKUPS }, () => keys[Math.floor(Math.random() * count)]);
    const misses = Uint32Array.from({ length: LOOKUPS }, () => absent[Math.floor(Math.random() * count)]);
    const out = new Int32Array(LOOKUPS);
    const finder = table.finder(-1);
    const many = (asked: Uint32Array) => () => {
      table.findMany(asked, out, -1);
      return out[0];
    };
    const cases = {
      get: () => sumGet(hits),
      find: () => sumFind(hits),
      finder: () => sumFinder(hits),
      findMany: many(hits),
      Map: () => sumMap(hits),
      "get, misses": () => sumGet(misses),
      "finder, misses": () => sumFinder(misses),
      "findMany, misses": many(misses),
      "Map, misses": () => sumMap(misses),
    };
    function sumGet(asked: Uint32Array): number {
      let sum = 0;
      for (let index = 0; index < asked.length; index++) sum += table.get(asked[index]) ?? -1;
      return sum;
    }
    function sumFind(asked: Uint32Array): number {
      let sum = 0;
      for (let index = 0; index < asked.length; index++) sum += table.find(asked[index], -1);
      return sum;
    }
    function sumFinder(asked: Uint32Array): number {
      let sum = 0;
      for (let index = 0; index < asked.length; index++) sum += finder(asked[index]);
      return sum;
    }
    function sumMap(asked: Uint32Array): number {
      let sum = 0;
      for (let index = 0; index < asked.length; index++) sum += map.get(asked[index]) ?? -1;
      return sum;
    }
    return interleave(cases, { operations: LOOKUPS, rounds: 7, roundMs: 1, warmupRounds: 2 });
  },
  changes: ({ count }: { count: number }): Timings => {
    const keys = Uint32Array.from({ length: count }, (_, index) => scattered(index) & 0x7fff_ffff);
    const memory = privateMemory(0, { maxByteLength: 1024 + count * 80 });
    memory.grow(memory.maxByteLength);
    memory.u8.fill(0);
    const fill = () => {
      const table = hashTable({ key: u32, value: u32, memory });
      for (let index = 0; index < count; index++) table.set(keys[index], index);
      return table;
    };
    const fillMap = () => {
      const map = new Map<number, number>();
      for (let index = 0; index < count; index++) map.set(keys[index], index);
      return map;
    };
    const table = fill();
    const map = fillMap();
    // Deletes half and puts it back, so that every round finds the same.
    const churn = (set: (key: number, value: number) => unknown, remove: (key: number) => unknown) => () => {
      for (let index = 0; index < count; index += 2) remove(keys[index]);
      for (let index = 0; index < count; index += 2) set(keys[index], index);
    };
    const own = privateMemory(0, { maxByteLength: 1024 + count * 80 });
    const grown = hashTable({ key: u32, value: u32, memory: own });
    for (const [key, value] of table) grown.set(key, value);
    const cases = {
      inserting: fill,
      "Map, inserting": fillMap,
      churn: churn(
        (key, value) => grown.set(key, value),
        (key) => grown.delete(key),
      ),
      "Map, churn": churn(
        (key, value) => map.set(key, value),
        (key) => map.delete(key),
      ),
    };
    return interleave(cases, { operations: count, rounds: 5, roundMs: 1, warmupRounds: 2 });
  },
});

function compare(what: string, timings: Timings, ours: string, peer: string): void {
  report({ bench: "hash-table", case: what, unit: "ns", ours: timings[ours].bestNs, peer: timings[peer].bestNs, peerName: "Map" });
}

for (const count of SIZES) {
  const keys = `${count.toLocaleString("en")} keys`;
  const { result: small } = await child.run("lookups", { count, large: false });
  for (const how of ["get", "find", "finder", "findMany"]) compare(`${keys}, hits, ${how}`, small, how, "Map");
  for (const how of ["get", "finder", "findMany"]) compare(`${keys}, misses, ${how}`, small, `${how}, misses`, "Map, misses");
  if (count > 1_000_000) continue;
  const { result: large } = await child.run("lookups", { count, large: true });
  compare(`${keys} from 2^31 on, hits, get`, large, "get", "Map");
  const { result: changes } = await child.run("changes", { count });
  compare(`${keys}, inserting`, changes, "inserting", "Map, inserting");
  compare(`${keys}, deleting half and putting it back`, changes, "churn", "Map, churn");
}
