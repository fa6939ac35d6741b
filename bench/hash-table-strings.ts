/**
 * Hash tables with strings as keys and numbers as values: ours beside a Map, in memory and from bytes; and a table in a file beside lmdb and better-sqlite3, without
 * waiting for the disk and with one flush for all.
 *
 * `fresh`: each lookup is by a string that was just made, as from a file or a socket; a Map hashes it then. `same`: by the very strings that were set, whose
 * hashes V8 remembers: a Map's best case. `from bytes`: the key is in a buffer, and a Map must make a string of it. A process for each size.
 */
import { join } from "node:path";
import { blob, hashTable, privateMemory, text, u32 } from "../src/index.ts";
import { openTable } from "../src/mapped/index.ts";
import { childTasks, interleave, loadRival, option, report, scratchFolder, type Timing, timed, timedAsync } from "./harness.ts";

const LOOKUPS = 200_000;

type Timings = Record<string, Timing>;

function nameOf(index: number): string {
  return `package-${(Math.imul(index, 0x9e37_79b1) >>> 0).toString(36)}-${index}`;
}

const child = await childTasks(import.meta.url, {
  memory: ({ count }: { count: number }): Timings => {
    const names = Array.from({ length: count }, (_, index) => nameOf(index));
    const memory = privateMemory(0, { maxByteLength: 1024 ** 2 + count * 200 });
    const table = hashTable({ key: text, value: u32, memory });
    const map = new Map<string, number>();
    names.forEach((name, index) => {
      table.set(name, index);
      map.set(name, index);
    });
    const order = Uint32Array.from({ length: LOOKUPS }, () => Math.floor(Math.random() * count));
    const encoder = new TextEncoder();
    const encoded = Array.from(order, (index) => encoder.encode(names[index]));
    const latin1 = encoded.map((bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    const bytes = Buffer.concat(latin1);
    const ends: number[] = [];
    for (const part of encoded) ends.push((ends.at(-1) ?? 0) + part.length);
    const sum = (get: (name: string) => number | undefined, nameAt: (at: number) => string) => () => {
      let total = 0;
      for (let at = 0; at < LOOKUPS; at++) total += get(nameAt(at)) ?? -1;
      return total;
    };
    const sameName = (at: number) => names[order[at]];
    const freshName = (at: number) => bytes.toString("latin1", at === 0 ? 0 : ends[at - 1], ends[at]);
    return interleave(
      {
        same: sum((name) => table.get(name), sameName),
        "Map, same": sum((name) => map.get(name), sameName),
        fresh: sum((name) => table.get(name), freshName),
        "Map, fresh": sum((name) => map.get(name), freshName),
        bytes: () => {
          let total = 0;
          for (let at = 0, start = 0; at < LOOKUPS; start = ends[at++]) total += table.getFromBytes(bytes, start, ends[at]) ?? -1;
          return total;
        },
        "Map, bytes": sum(
          (name) => map.get(name),
          (at) => bytes.toString("utf8", at === 0 ? 0 : ends[at - 1], ends[at]),
        ),
      },
      { operations: LOOKUPS, rounds: 5, roundMs: 1, warmupRounds: 1 },
    );
  },
  inserting: ({ count }: { count: number }): Record<string, number> => {
    const names = Array.from({ length: count }, (_, index) => nameOf(index));
    const memory = privateMemory(0, { maxByteLength: 1024 ** 2 + count * 200 });
    const table = hashTable({ key: text, value: u32, memory });
    const map = new Map<string, number>();
    let longest = 0;
    const ours = timed(() => {
      for (let from = 0; from < count; from += 256) {
        const started = performance.now();
        for (let index = from; index < Math.min(count, from + 256); index++) table.set(names[index], index);
        longest = Math.max(longest, performance.now() - started);
      }
    });
    const theirs = timed(() => {
      for (let index = 0; index < count; index++) map.set(names[index], index);
    });
    return { ours: (ours * 1e6) / count, map: (theirs * 1e6) / count, longest, bytes: table.stats().byteLength / count };
  },
  files: async ({ count }: { count: number }): Promise<Record<string, number>> => {
    const folder = scratchFolder();
    const names = Array.from({ length: count }, (_, index) => nameOf(index));
    const value = new Uint8Array(20).fill(7);
    const found: Record<string, number> = {};
    const note = (name: string, ms: number) => {
      found[name] = (ms * 1e6) / count;
    };
    using table = openTable(join(folder, "strings.tbl"), { key: text, value: blob, capacity: count });
    note(
      "set",
      timed(() => names.forEach((name) => void table.set(name, value))),
    );
    note(
      "get",
      timed(() => names.forEach((name) => void table.get(name))),
    );
    note(
      "flush",
      timed(() => table.flush()),
    );
    const { open } = await loadRival("lmdb");
    const store = open({ path: join(folder, "strings.mdb"), encoding: "binary", noSync: true, mapSize: 2 ** 31 });
    note(
      "lmdb set",
      await timedAsync(async () => {
        store.transactionSync(() => names.forEach((name) => void store.put(name, value)));
      }),
    );
    note(
      "lmdb get",
      timed(() => names.forEach((name) => void store.getBinaryFast(name))),
    );
    await store.close();
    return found;
  },
});

for (const count of [10_000, 100_000, option("count", 1_000_000)]) {
  const { result } = await child.run("memory", { count });
  for (const how of ["same", "fresh", "bytes"]) {
    report({
      bench: "hash-table-strings",
      case: `hit ${count.toExponential()}, ${how === "bytes" ? "from bytes" : how}`,
      unit: "ns",
      ours: result[how].bestNs,
      peer: result[`Map, ${how}`].bestNs,
      peerName: "Map",
    });
  }
  const { result: made } = await child.run("inserting", { count });
  const note = `longest wait of 256 sets ${made.longest.toFixed(1)} ms, ${made.bytes.toFixed(0)} bytes an entry`;
  report({
    bench: "hash-table-strings",
    case: `insert ${count.toExponential()}`,
    unit: "ns",
    ours: made.ours,
    peer: made.map,
    peerName: "Map",
    note,
  });
}
const { result: files } = await child.run("files", { count: 200_000 });
report({
  bench: "hash-table-strings",
  case: "get 2e+5, file",
  unit: "ns",
  ours: files.get,
  peer: files["lmdb get"],
  peerName: "lmdb",
});
report({
  bench: "hash-table-strings",
  case: "set 2e+5, file, no sync",
  unit: "ns",
  ours: files.set,
  peer: files["lmdb set"],
  peerName: "lmdb, one transaction",
});
