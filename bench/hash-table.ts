/**
 * The hash table beside a Map, from u32 keys to row numbers: keys as a database gives them (31 bits, scattered), looked up in random order.
 *
 * `find` and `get` are the methods, `finder` a function made once for a finished table, `findMany` and `getMany` a whole array of keys at once, `setMany` a column
 * of keys and one of values, into a growing table and into reserved room. A process for each size, so that no size lives on what V8 learnt from another. Keys of 31 bits
 * are a Map's best case; of larger ones (`keys from 2^31 on`) it keeps objects. `insert` starts from an empty, growing table, both sides in code that has been compiled;
 * `very first` is the first of its process, compiling included, where short programs are, the best of three processes. `longest wait` is that of 256 inserts, the least
 * of as many tables or processes: what the machine does meanwhile only adds to it. To move the cells of the first pages takes the interpreter some milliseconds, compiled
 * code 0.1. One insert, or look-up by a method, is more instructions than the processor runs ahead, so that in large tables each waits for memory alone; C++ has a fifth as
 * many instructions, and several of its look-ups wait together, as those of `findMany` do. hashbrown is the HashMap of Rust, with a multiplicative hash. Beyond 2^24 entries
 * a Map ends, and the native tables are the only peers. `--most=1000000` leaves out what is larger, `--largest=0` what is beyond a Map.
 */
import { hashTable, privateMemory, u32 } from "../src/index.ts";
import { childTasks, interleave, option, report, type Timing, timed } from "./harness.ts";
import { type Inserted, inserting, least, roomFor, scattered } from "./hash-table/inserting.ts";
import { NATIVE_PEERS, nativeNs } from "./hash-table/natives.ts";

const LOOKUPS = 500_000;
const SIZES = [10_000, 135_000, 1_000_000, 10_000_000].filter((count) => count <= option("most", 10_000_000));

type Timings = Record<string, Timing>;

interface Grown {
  readonly ours: Inserted;
  readonly theirs: Inserted;
  readonly bulkMs: number;
  readonly reservedMs: number;
  readonly iterateNs: number;
  readonly mapIterateNs: number;
  readonly bytes: number;
  readonly mapBytes: number;
  readonly sum: number;
}

interface Beyond {
  readonly ns: number;
  readonly longestMs: number;
  readonly bytes: number;
  readonly hitNs: number;
  readonly manyNs: number;
}

/** Bytes of the heap, what is garbage not counted. */
function usedHeap(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
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
      getMany: () => table.getMany(hits).length,
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
  first: ({ count }: { count: number }): { readonly ours: Inserted; readonly theirs: Inserted } => {
    using table = hashTable({ key: u32, value: u32, memory: roomFor(count) });
    const map = new Map<number, number>();
    const ours = inserting(count, (key, value) => void table.set(key, value));
    globalThis.gc?.();
    return { ours, theirs: inserting(count, (key, value) => void map.set(key, value)) };
  },
  growing: ({ count }: { count: number }): Grown => {
    const table = hashTable({ key: u32, value: u32, memory: roomFor(count) });
    const setOurs = (into: typeof table) => inserting(count, (key, value) => void into.set(key, value));
    const setTheirs = (into: Map<number, number>) => inserting(count, (key, value) => void into.set(key, value));
    setOurs(table);
    const before = usedHeap();
    const map = new Map<number, number>();
    setTheirs(map);
    const mapBytes = usedHeap() - before;
    let sum = 0;
    const add = (value: number): void => {
      sum += value;
    };
    const { iterate, mapIterate } = interleave(
      { iterate: () => table.forEach(add), mapIterate: () => map.forEach(add) },
      { operations: count, rounds: 5, roundMs: 5, warmupRounds: 5 },
    );
    const bytes = table.byteLength / count;
    table[Symbol.dispose]();
    map.clear();
    const keys = Uint32Array.from({ length: count }, (_, index) => scattered(index) & 0x7fff_ffff);
    const values = Uint32Array.from(keys.keys());
    const setColumns = (capacity: number): number => {
      using another = hashTable({ key: u32, value: u32, memory: roomFor(count), capacity });
      return timed(() => another.setMany(keys, values));
    };
    let [bulk, reserved] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
    const ours: Inserted[] = [];
    const theirs: Inserted[] = [];
    for (let round = 0; round < Math.max(3, Math.min(20, 3_000_000 / count)); round++) {
      using another = hashTable({ key: u32, value: u32, memory: roomFor(count) });
      ours.push(setOurs(another));
      bulk = Math.min(bulk, setColumns(0));
      reserved = Math.min(reserved, setColumns(count));
      theirs.push(setTheirs(new Map()));
      globalThis.gc?.();
    }
    return {
      ours: least(ours),
      theirs: least(theirs),
      bulkMs: bulk,
      reservedMs: reserved,
      iterateNs: iterate.bestNs,
      mapIterateNs: mapIterate.bestNs,
      bytes,
      mapBytes: mapBytes / count,
      sum,
    };
  },
  beyond: ({ count }: { count: number }): Beyond => {
    const memory = privateMemory(0, { maxByteLength: 1024 + count * 16 });
    const table = hashTable({ key: u32, value: u32, memory });
    const { ms, longestMs } = inserting(count, (key, value) => void table.set(key, value));
    const asked = Uint32Array.from({ length: LOOKUPS }, () => Math.floor(Math.random() * count));
    const keys = asked.map((index) => scattered(index) & 0x7fff_ffff);
    const out = new Int32Array(LOOKUPS);
    const { get, findMany } = interleave(
      {
        get: () => {
          let wrong = 0;
          for (let index = 0; index < LOOKUPS; index++) if (table.get(keys[index]) === undefined) wrong += 1;
          if (wrong > 0) throw new Error(`${wrong} keys are missing`);
        },
        findMany: () => table.findMany(keys, out, -1),
      },
      { operations: LOOKUPS, rounds: 5, roundMs: 1, warmupRounds: 1 },
    );
    return { ns: (ms * 1e6) / count, longestMs, bytes: table.byteLength / table.size, hitNs: get.bestNs, manyNs: findMany.bestNs };
  },
  refusal: ({ count }: { count: number }): boolean => {
    const map = new Map<number, number>();
    try {
      for (let index = 0; index < count; index++) map.set(index, index);
    } catch (error) {
      return error instanceof RangeError;
    }
    return false;
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

function row(what: string, ours: number, peer: number, peerName = "Map", noted: { readonly note?: string } = {}): void {
  report({ bench: "hash-table", case: what, unit: "ns", ours, peer, peerName, ...noted });
}

function compare(what: string, timings: Timings, ours: string, peer: string): void {
  row(what, timings[ours].bestNs, timings[peer].bestNs);
}

function waits(what: string, { ours, theirs }: Pick<Grown, "ours" | "theirs">): void {
  report({ bench: "hash-table", case: what, unit: "ms", ours: ours.longestMs, peer: theirs.longestMs, peerName: "Map" });
}

for (const count of SIZES) {
  const size = count.toExponential().replace("+", "");
  const { result: small } = await child.run("lookups", { count, large: false });
  for (const how of ["get", "find", "finder", "findMany", "getMany"])
    compare(how === "get" ? `hit ${size}` : `hit ${size}, ${how}`, small, how, "Map");
  for (const how of ["get", "finder", "findMany"]) {
    compare(how === "get" ? `miss ${size}` : `miss ${size}, ${how}`, small, `${how}, misses`, "Map, misses");
  }
  const peers = nativeNs(count);
  for (const [kind, title] of NATIVE_PEERS) {
    const peer = peers[kind]?.hit;
    if (peer === undefined) continue;
    row(`hit ${size}, ${title}`, small.finder.bestNs, peer, title);
  }
  const firsts = [];
  for (let turn = 0; turn < 3; turn++) firsts.push((await child.run("first", { count }, { nodeOptions: ["--expose-gc"] })).result);
  const first = { ours: least(firsts.map(({ ours }) => ours)), theirs: least(firsts.map(({ theirs }) => theirs)) };
  const { result: grown } = await child.run("growing", { count }, { nodeOptions: ["--expose-gc"] });
  const note = `${grown.bytes.toFixed(1)} bytes an entry, Map ${grown.mapBytes.toFixed(1)}`;
  const each = (ms: number) => (ms * 1e6) / count;
  row(`insert ${size}`, each(grown.ours.ms), each(grown.theirs.ms), "Map", { note });
  row(`insert ${size}, setMany`, each(grown.bulkMs), each(grown.theirs.ms));
  row(`insert ${size}, setMany, reserved`, each(grown.reservedMs), each(grown.theirs.ms));
  row(`insert ${size}, very first`, each(first.ours.ms), each(first.theirs.ms));
  waits(`longest wait ${size}`, grown);
  waits(`longest wait ${size}, very first`, first);
  for (const [kind, title] of NATIVE_PEERS) {
    const peer = peers[kind]?.insert;
    if (peer === undefined) continue;
    row(`insert ${size}, ${title}`, each(grown.ours.ms), peer, title);
  }
  row(`iterate ${size}`, grown.iterateNs, grown.mapIterateNs);
  if (count > 1_000_000) continue;
  const { result: large } = await child.run("lookups", { count, large: true });
  compare(`hit ${size}, keys from 2^31 on`, large, "get", "Map");
  const { result: changes } = await child.run("changes", { count });
  compare(`churn ${size}`, changes, "churn", "Map, churn");
}
for (const count of [20_000_000, 50_000_000].filter((each) => each <= option("largest", 50_000_000))) {
  const size = count.toExponential().replace("+", "");
  const { result: beyond } = await child.run("beyond", { count });
  const found = nativeNs(count);
  const mapEnds =
    count === 20_000_000
      ? (await child.run("refusal", { count })).result
        ? "; a Map throws RangeError"
        : "; a Map takes them"
      : "";
  const note = `longest wait ${beyond.longestMs.toFixed(1)} ms; ${beyond.bytes.toFixed(1)} bytes an entry${mapEnds}`;
  if (found.open === undefined) report({ bench: "hash-table", case: `insert ${size}`, unit: "ns", ours: beyond.ns, note });
  for (const [kind, title] of NATIVE_PEERS) {
    const peer = found[kind];
    if (peer === undefined) continue;
    row(`hit ${size}, ${title}`, beyond.hitNs, peer.hit, title);
    row(`hit ${size}, findMany, ${title}`, beyond.manyNs, peer.hit, title);
    row(`insert ${size}, ${title}`, beyond.ns, peer.insert, title, kind === "open" ? { note } : {});
  }
}
