import { join } from "node:path";
import { blob, hashTable, type Memory, text } from "../../src/index.ts";
import { openTable } from "../../src/mapped/index.ts";
import { interleaveAsync, loadCompiledRival, loadRival, scratchFolder, timed, timedAsync } from "../harness.ts";
import { MANY, nameOf, parts, readCharacters, WINDOW, windowed } from "./keys.ts";

export async function files({ count }: { count: number }): Promise<Record<string, number>> {
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
  const cases: Record<string, () => Promise<void>> = {};
  const check = (name: string, get: (key: string) => number, keyAt: (at: number) => string) => {
    cases[name] = windowed(count, async (from, end) => {
      let wrong = 0;
      for (let at = from; at < end; at++) if (get(keyAt(at)) !== 7) wrong += 1;
      if (wrong > 0) throw new Error(`${name}: ${wrong} values are wrong`);
    });
  };
  for (const [name, get] of Object.entries(gets)) check(name, get, (at) => order[at]);
  for (const name of ["get", "lmdb get"]) {
    const get = gets[name];
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
  cases.getMany = windowed(count, async (from, end) => {
    for (let at = from; at < end; at += MANY) checkMany(table.getMany(orderParts[at / MANY]));
  });
  cases["lmdb getMany"] = windowed(count, async (from, end) => {
    for (let at = from; at < end; at += MANY) checkMany(await each.getMany(orderParts[at / MANY]));
  });
  const timings = await interleaveAsync(cases, { operations: WINDOW, rounds: 40, roundMs: 1, warmupRounds: 5 });
  for (const [name, { bestNs }] of Object.entries(timings)) found[name] = bestNs;
  sqlite?.close();
  await each.close();
  await all.close();
  return found;
}

function firstByte(row: unknown): number {
  return typeof row === "object" && row !== null && "value" in row && row.value instanceof Uint8Array ? row.value[0] : 0;
}
