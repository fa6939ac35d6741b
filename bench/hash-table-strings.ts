/**
 * Hash tables with strings as keys: ours beside a Map and hashbrown (the HashMap of Rust), in memory and from bytes, to numbers; and to values of 20 bytes beside
 * megahash in memory, and a table in a file beside lmdb and better-sqlite3.
 *
 * What `set` of a table in a file promises is that the entry is there when the process has died, at once. Of lmdb and SQLite that is a transaction for each
 * entry, without a sync: the rows `a transaction each`. `one for all` is lmdb with a transaction around all of them, which is gone with its process. `get` is a
 * copy of the value on both sides, `view` looks at it where it lies. The order of look-ups is random, but of `hot`, which asks for a hundred keys again and again.
 *
 * `fresh`: each lookup is by a string that was just made, as from a file or a socket; a Map hashes it then. `same`: by the very strings that were set, whose
 * hashes V8 remembers: a Map's best case. `from bytes`: the key is in a buffer, and a Map must make a string of it. A process for each size.
 *
 * What bounds it: a look-up by a string that is not in a cache must read the characters (a note says what that takes alone), and then a slot and a record, each a
 * cache miss that the one before it leads to. A Map reads no characters of `same` strings. So of `hot` keys most of the time is code, of others it is memory, for every
 * contender. `getMany` asks for a thousand keys at a time, and has what memory has of them come together: its rows stand beside what others have, one key at a time
 * or `getMany` of lmdb, which is asynchronous. All keys are flat strings, as they come from files and sockets; what a template or `+` puts together is read through one more pointer, for ever.
 */
import { join } from "node:path";
import { blob, hashTable, type Memory, privateMemory, text, u32 } from "../src/index.ts";
import { openTable } from "../src/mapped/index.ts";
import {
  childTasks,
  interleave,
  interleaveAsync,
  loadCompiledRival,
  loadRival,
  option,
  report,
  scratchFolder,
  type Timing,
  timed,
  timedAsync,
} from "./harness.ts";
import { buildRustHashMap, runNative } from "./native/build.ts";

const LOOKUPS = 200_000;
/** Of these so many a round, each round others: short rounds are disturbed less, and what one round brings into the caches is of no use to the next. */
const WINDOW = 10_000;
/** Keys of one `getMany`. */
const MANY = 1000;

type Timings = Record<string, Timing>;

function nameOf(index: number): string {
  const name = `package-${(Math.imul(index, 0x9e37_79b1) >>> 0).toString(36)}-${index}`;
  return Buffer.from(name, "latin1").toString("latin1");
}

let turn = 0;

/** A case that works on the next `WINDOW` of `count` look-ups each time. */
function windowed(count: number, work: (from: number, end: number) => unknown): () => unknown {
  return () => {
    const from = (turn++ * WINDOW) % count;
    return work(from, from + WINDOW);
  };
}

function parts<Item>(of: readonly Item[]): Item[][] {
  return Array.from({ length: Math.ceil(of.length / MANY) }, (_, part) => of.slice(part * MANY, (part + 1) * MANY));
}

/** What nobody can do without who has a string. */
function readCharacters(name: string): number {
  let sum = 0;
  for (let at = 0; at < name.length; at++) sum = (sum + name.charCodeAt(at)) | 0;
  return sum;
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
    const sum = (get: (name: string) => number | undefined, nameAt: (at: number) => string) =>
      windowed(LOOKUPS, (from, end) => {
        let total = 0;
        for (let at = from; at < end; at++) total += get(nameAt(at)) ?? -1;
        return total;
      });
    const sameName = (at: number) => names[order[at]];
    const sameParts = parts(Array.from(order, (index) => names[index]));
    const endParts = parts(ends).map((part) => Uint32Array.from(part));
    const startOf = (at: number): number => (at === 0 ? 0 : ends[at - 1]);
    const freshName = (at: number) => bytes.toString("latin1", startOf(at), ends[at]);
    return interleave(
      {
        characters: sum(readCharacters, sameName),
        same: sum((name) => table.get(name), sameName),
        "Map, same": sum((name) => map.get(name), sameName),
        fresh: sum((name) => table.get(name), freshName),
        "Map, fresh": sum((name) => map.get(name), freshName),
        bytes: windowed(LOOKUPS, (from, last) => {
          let [total, start] = [0, startOf(from)];
          for (let at = from; at < last; start = ends[at++]) total += table.getFromBytes(bytes, start, ends[at]) ?? -1;
          return total;
        }),
        "same, getMany": windowed(LOOKUPS, (from, last) => {
          let total = 0;
          for (let at = from; at < last; at += MANY) for (const value of table.getMany(sameParts[at / MANY])) total += value ?? -1;
          return total;
        }),
        "bytes, getMany": windowed(LOOKUPS, (from, last) => {
          let total = 0;
          for (let at = from; at < last; at += MANY)
            for (const value of table.getManyFromBytes(bytes, endParts[at / MANY], startOf(at))) total += value ?? -1;
          return total;
        }),
        "Map, bytes": sum(
          (name) => map.get(name),
          (at) => bytes.toString("utf8", startOf(at), ends[at]),
        ),
      },
      { operations: WINDOW, rounds: 60, roundMs: 1, warmupRounds: 10 },
    );
  },
  inserting: ({ count }: { count: number }): Record<string, number> => {
    const names = Array.from({ length: count }, (_, index) => nameOf(index));
    let [longest, bytes] = [0, 0];
    const ours = () => {
      using table = hashTable({ key: text, value: u32, memory: privateMemory(0, { maxByteLength: 1024 ** 2 + count * 200 }) });
      longest = 0;
      const ms = timed(() => {
        for (let from = 0; from < count; from += 256) {
          const started = performance.now();
          for (let index = from; index < Math.min(count, from + 256); index++) table.set(names[index], index);
          longest = Math.max(longest, performance.now() - started);
        }
      });
      bytes = table.stats().byteLength / count;
      return (ms * 1e6) / count;
    };
    const theirs = () => {
      const map = new Map<string, number>();
      const ms = timed(() => {
        for (let index = 0; index < count; index++) map.set(names[index], index);
      });
      return (ms * 1e6) / count;
    };
    const [first, mapFirst] = [ours(), theirs()];
    let [best, mapBest] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
    for (let round = 0; round < Math.max(2, Math.min(20, 1_000_000 / count)); round++) {
      best = Math.min(best, ours());
      mapBest = Math.min(mapBest, theirs());
    }
    return { ours: best, map: mapBest, first, mapFirst, longest, bytes };
  },
  files: async ({ count }: { count: number }): Promise<Record<string, number>> => {
    const folder = scratchFolder();
    const names = Array.from({ length: count }, (_, index) => nameOf(index));
    const order = Array.from(names, () => names[Math.floor(Math.random() * count)]);
    const hundred = order.slice(0, 100);
    const bytes = Buffer.from(order.join(""), "latin1");
    const ends = new Uint32Array(count);
    for (let at = 0, end = 0; at < count; at++) ends[at] = end += order[at].length;
    const value = new Uint8Array(20).fill(7);
    const found: Record<string, number> = {};
    const note = (name: string, ms: number) => {
      found[name] = (ms * 1e6) / count;
    };
    const setAll = (name: string, set: (key: string) => unknown) => {
      note(
        name,
        timed(() => {
          for (const key of names) set(key);
        }),
      );
    };
    // Values are all the same: the first byte tells.
    const gets: Record<string, (key: string) => number> = {};
    const store = (name: string) => open({ path: join(folder, name), encoding: "binary", noSync: true, mapSize: 2 ** 31 });
    const { open } = await loadRival("lmdb");
    // Both sides in code that has been compiled.
    using warm = openTable(join(folder, "warm.tbl"), { key: text, value: blob });
    const warmStore = store("warm.mdb");
    for (const key of names.slice(0, 10_000)) {
      warm.set(key, value);
      warmStore.putSync(key, value);
    }
    await warmStore.close();
    using table = openTable(join(folder, "strings.tbl"), { key: text, value: blob });
    setAll("set", (key) => table.set(key, value));
    const look = (_: Uint8Array, { u8 }: Memory, byteOffset: number) => u8[byteOffset];
    gets.get = (key) => table.get(key)?.[0] ?? 0;
    gets.view = (key) => table.view(key, look) ?? 0;
    const each = store("each.mdb");
    setAll("lmdb set, each", (key) => each.putSync(key, value));
    const all = store("all.mdb");
    note(
      "lmdb set, all",
      await timedAsync(async () => {
        all.transactionSync(() => names.forEach((name) => void all.put(name, value)));
      }),
    );
    gets["lmdb get"] = (key) => each.getBinary(key)?.[0] ?? 0;
    gets["lmdb view"] = (key) => each.getBinaryFast(key)?.[0] ?? 0;
    const Sqlite = loadCompiledRival("better-sqlite3");
    const sqlite = Sqlite === undefined ? undefined : new Sqlite(join(folder, "strings.sqlite"));
    if (sqlite !== undefined) {
      sqlite.pragma("journal_mode = WAL");
      sqlite.pragma("synchronous = OFF");
      sqlite.exec("CREATE TABLE entries (key TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID");
      const put = sqlite.prepare("INSERT OR REPLACE INTO entries VALUES (?, ?)");
      setAll("sqlite set, each", (key) => put.run(key, value));
      const one = sqlite.prepare("SELECT value FROM entries WHERE key = ?");
      gets["sqlite get"] = (key) => firstByte(one.get(key));
    }
    const own = hashTable({ key: text, value: blob });
    setAll("memory set", (key) => own.set(key, value));
    gets["memory get"] = (key) => own.get(key)?.[0] ?? 0;
    const MegaHash = loadCompiledRival("megahash");
    if (MegaHash !== undefined) {
      const mega = new MegaHash();
      const bytes = Buffer.from(value);
      setAll("megahash set", (key) => mega.set(key, bytes));
      gets["megahash get"] = (key) => mega.get(key)?.[0] ?? 0;
    }
    const cases: Record<string, () => unknown> = {};
    const check = (name: string, get: (key: string) => number, keyAt: (at: number) => string) => {
      cases[name] = windowed(count, (from, end) => {
        let wrong = 0;
        for (let at = from; at < end; at++) if (get(keyAt(at)) !== 7) wrong += 1;
        if (wrong > 0) throw new Error(`${name}: ${wrong} values are wrong`);
      });
    };
    for (const [name, get] of Object.entries(gets)) {
      check(name, get, (at) => order[at]);
      check(`${name}, fresh`, get, (at) => bytes.toString("latin1", at === 0 ? 0 : ends[at - 1], ends[at]));
      check(`${name}, hot`, get, (at) => hundred[at % 100]);
    }
    check(
      "characters",
      (name) => (readCharacters(name) > 0 ? 7 : 0),
      (at) => order[at],
    );
    const orderParts = parts(order);
    const checkMany = (values: Iterable<Uint8Array | undefined>): void => {
      for (const value of values) if (value?.[0] !== 7) throw new Error("getMany: a value is wrong");
    };
    cases.getMany = windowed(count, (from, end) => {
      for (let at = from; at < end; at += MANY) checkMany(table.getMany(orderParts[at / MANY]));
    });
    const rounds = { operations: WINDOW, rounds: 40, roundMs: 1, warmupRounds: 5 };
    for (const [name, { bestNs }] of Object.entries(interleave(cases, rounds))) found[name] = bestNs;
    const lmdbMany = windowed(count, async (from, end) => {
      for (let at = from; at < end; at += MANY) checkMany(await each.getMany(orderParts[at / MANY]));
    });
    const { many } = await interleaveAsync({ many: async () => lmdbMany() }, rounds);
    found["lmdb getMany"] = many.bestNs;
    sqlite?.close();
    await each.close();
    await all.close();
    return found;
  },
});

function firstByte(row: unknown): number {
  return typeof row === "object" && row !== null && "value" in row && row.value instanceof Uint8Array ? row.value[0] : 0;
}

const rust = buildRustHashMap();
if ("missing" in rust) console.error(`no native peer: ${rust.missing}`);

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
      ...(how === "same" ? { note: `to read the characters of the keys takes ${result.characters.bestNs.toFixed(0)} ns` } : {}),
    });
  }
  for (const how of ["same", "bytes"]) {
    report({
      bench: "hash-table-strings",
      case: `hit ${count.toExponential()}, ${how === "bytes" ? "from bytes" : how}, getMany`,
      unit: "ns",
      ours: result[`${how}, getMany`].bestNs,
      peer: result[`Map, ${how}`].bestNs,
      peerName: "Map, one by one",
    });
  }
  const native = "path" in rust ? runNative<{ sip: Record<"insert" | "hit", number> }>(rust, ["strings", count]).sip : undefined;
  if (native !== undefined) {
    const ours = result.same.bestNs;
    report({
      bench: "hash-table-strings",
      case: `hit ${count.toExponential()}, hashbrown`,
      unit: "ns",
      ours,
      peer: native.hit,
      peerName: "hashbrown",
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
  report({
    bench: "hash-table-strings",
    case: `insert ${count.toExponential()}, very first`,
    unit: "ns",
    ours: made.first,
    peer: made.mapFirst,
    peerName: "Map",
  });
}
const { result: files } = await child.run("files", { count: option("files", 200_000) });
const FILE_ROWS = [
  ["get 2e+5, file", "get", "lmdb get", "lmdb"],
  ["get 2e+5, file, fresh", "get, fresh", "lmdb get, fresh", "lmdb"],
  ["get 2e+5, file, hot", "get, hot", "lmdb get, hot", "lmdb"],
  ["getMany 2e+5, file", "getMany", "lmdb get", "lmdb, one by one"],
  ["getMany 2e+5, file, lmdb getMany", "getMany", "lmdb getMany", "lmdb, getMany"],
  ["view 2e+5, file", "view", "lmdb view", "lmdb, getBinaryFast"],
  ["get 2e+5, file, SQLite", "get", "sqlite get", "better-sqlite3"],
  ["set 2e+5, file, a transaction each", "set", "lmdb set, each", "lmdb"],
  ["set 2e+5, file, one for all", "set", "lmdb set, all", "lmdb, one transaction"],
  ["set 2e+5, file, SQLite", "set", "sqlite set, each", "better-sqlite3, WAL, a transaction each"],
  ["get 2e+5, megahash", "memory get", "megahash get", "megahash"],
  ["set 2e+5, megahash", "memory set", "megahash set", "megahash"],
];
for (const [title, ours, peer, peerName] of FILE_ROWS) {
  if (files[peer] === undefined) continue;
  const note =
    title === "get 2e+5, file" ? `to read the characters of the keys takes ${files.characters.toFixed(0)} ns` : undefined;
  report({
    bench: "hash-table-strings",
    case: title,
    unit: "ns",
    ours: files[ours],
    peer: files[peer],
    peerName,
    ...(note && { note }),
  });
}
