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
import { childTasks, option, report } from "./harness.ts";
import { buildRustHashMap, runNative } from "./native/build.ts";
import { files } from "./string-tables/in-files.ts";
import { hits, inserting } from "./string-tables/in-memory.ts";

const child = await childTasks(import.meta.url, { hits, inserting, files });

const rust = buildRustHashMap();
if ("missing" in rust) console.error(`no native peer: ${rust.missing}`);

for (const count of [10_000, 100_000, option("count", 1_000_000)]) {
  const { result } = await child.run("hits", { count });
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
const { result: found } = await child.run("files", { count: option("files", 200_000) });
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
  if (found[peer] === undefined) continue;
  const note =
    title === "get 2e+5, file" ? `to read the characters of the keys takes ${found.characters.toFixed(0)} ns` : undefined;
  report({
    bench: "hash-table-strings",
    case: title,
    unit: "ns",
    ours: found[ours],
    peer: found[peer],
    peerName,
    ...(note && { note }),
  });
}
