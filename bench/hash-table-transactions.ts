/**
 * Transactions of a table of records: an amount moves from one of 10,000 accounts to another, so two keys are read and two are set, all or nothing. Beside lmdb's
 * `transactionSync` and better-sqlite3's BEGIN IMMEDIATE with the same two reads and writes, and beside two operations of our own that are no transaction.
 *
 * `file`: it is there when its process has died, at once; nobody waits for the disk (lmdb with noSync, SQLite in WAL with synchronous = OFF). `file, on the disk`: each waits until
 * a power failure leaves it (lmdb as it is, SQLite with synchronous = FULL). `shared`: a table in shared memory. At the end the sum of all accounts must be what it was.
 *
 * What bounds it: each key is looked up and its record written anew, as by two calls of `add`; what a transaction adds are its log, its objects, and a second look at each key.
 * On the disk a flush of ours waits twice, for all pages that were written and for the one that says so; that is for whatever was written by whomever since the last one, where
 * lmdb and SQLite wait for each transaction. So many transactions and one `flush()` are the better way.
 */
import { join } from "node:path";
import { type SharedHashTable, sharedHashTable, sharedMemory, text, u32 } from "../src/index.ts";
import { openTable } from "../src/mapped/index.ts";
import { interleave, loadCompiledRival, loadRival, option, report, scratchFolder } from "./harness.ts";

const ACCOUNTS = 10_000;
const FULL = 1_000_000;
const COUNT = option("count", 20_000);
const SYNCED = option("synced", 50);

type Accounts = SharedHashTable<string, number>;

const names = Array.from({ length: ACCOUNTS }, (_, index) => `account ${index}`);
/** Pairs of different accounts. */
const froms = Array.from({ length: COUNT }, () => Math.floor(Math.random() * ACCOUNTS));
const tos = froms.map((from) => (from + 1 + Math.floor(Math.random() * (ACCOUNTS - 1))) % ACCOUNTS);

type Move = (from: string, to: string) => void;

function moves(move: Move, count: number): () => void {
  return () => {
    for (let at = 0; at < count; at++) move(names[froms[at]], names[tos[at]]);
  };
}

const inTransaction =
  (table: Accounts): Move =>
  (from, to) => {
    table.transaction((t) => {
      t.add(from, -1);
      t.add(to, 1);
    });
  };

const byTwoCalls =
  (table: Accounts): Move =>
  (from, to) => {
    table.add(from, -1);
    table.add(to, 1);
  };

function furnished<Table extends Accounts>(table: Table): Table {
  for (const name of names) table.set(name, FULL);
  return table;
}

const folder = scratchFolder();
const file = furnished(openTable(join(folder, "accounts.tbl"), { key: text, value: u32 }));
const synced = furnished(openTable(join(folder, "synced.tbl"), { key: text, value: u32 }));
synced.flush();
const shared = furnished(sharedHashTable(sharedMemory(0, { maxByteLength: 2 ** 24 }), { key: text, value: u32 }));

const { open } = await loadRival("lmdb");
function lmdbMove(path: string, noSync: boolean) {
  const store = open({ path: join(folder, path), noSync, mapSize: 2 ** 28 });
  store.transactionSync(() => {
    for (const name of names) void store.put(name, FULL);
  });
  const move: Move = (from, to) => {
    store.transactionSync(() => {
      const amounts = [Number(store.get(from)), Number(store.get(to))];
      void store.put(from, amounts[0] - 1);
      void store.put(to, amounts[1] + 1);
    });
  };
  const sum = (): number => names.reduce((total, name) => total + Number(store.get(name)), 0);
  return { move, sum, close: () => store.close() };
}

const Sqlite = loadCompiledRival("better-sqlite3");
function sqliteMove(path: string, synchronous: "OFF" | "FULL") {
  if (Sqlite === undefined) return undefined;
  const database = new Sqlite(join(folder, path));
  database.pragma("journal_mode = WAL");
  database.pragma(`synchronous = ${synchronous}`);
  database.exec("CREATE TABLE accounts (name TEXT PRIMARY KEY, amount INTEGER) WITHOUT ROWID");
  const put = database.prepare("INSERT INTO accounts VALUES (?, ?)");
  const [begin, commit] = [database.prepare("BEGIN IMMEDIATE"), database.prepare("COMMIT")];
  begin.run();
  for (const name of names) put.run(name, FULL);
  commit.run();
  const get = database.prepare("SELECT amount FROM accounts WHERE name = ?");
  const set = database.prepare("UPDATE accounts SET amount = ? WHERE name = ?");
  const amountOf = (name: string): number => {
    const row = get.get(name);
    return typeof row === "object" && row !== null && "amount" in row ? Number(row.amount) : Number.NaN;
  };
  const move: Move = (from, to) => {
    begin.run();
    set.run(amountOf(from) - 1, from);
    set.run(amountOf(to) + 1, to);
    commit.run();
  };
  const sum = (): number => names.reduce((total, name) => total + amountOf(name), 0);
  return { move, sum, close: () => database.close() };
}

const [lmdb, lmdbSynced] = [lmdbMove("accounts.mdb", true), lmdbMove("synced.mdb", false)];
const [sqlite, sqliteSynced] = [sqliteMove("accounts.sqlite", "OFF"), sqliteMove("synced.sqlite", "FULL")];
const move = inTransaction(synced);

const cases: Record<string, () => void> = {
  file: moves(inTransaction(file), COUNT),
  "file, two calls": moves(byTwoCalls(file), COUNT),
  shared: moves(inTransaction(shared), COUNT),
  "shared, two calls": moves(byTwoCalls(shared), COUNT),
  lmdb: moves(lmdb.move, COUNT),
  ...(sqlite && { sqlite: moves(sqlite.move, COUNT) }),
};
const quick = interleave(cases, { operations: COUNT, rounds: 5, roundMs: 1, warmupRounds: 1 });
const flushedMove: Move = (from, to) => {
  move(from, to);
  synced.flush();
};
const slowCases: Record<string, () => void> = {
  file: moves(flushedMove, SYNCED),
  lmdb: moves(lmdbSynced.move, SYNCED),
  ...(sqliteSynced && { sqlite: moves(sqliteSynced.move, SYNCED) }),
};
const slow = interleave(slowCases, { operations: SYNCED, rounds: 3, roundMs: 1, warmupRounds: 1 });

for (const table of [file, synced, shared]) {
  const sum = table.transaction((t) => names.reduce((total, name) => total + (t.get(name) ?? 0), 0));
  if (sum !== ACCOUNTS * FULL) throw new Error(`the sum has become ${sum}`);
}
for (const rival of [lmdb, lmdbSynced, sqlite, sqliteSynced]) {
  if (rival !== undefined && rival.sum() !== ACCOUNTS * FULL) throw new Error(`the sum of a rival has become ${rival.sum()}`);
}

const bench = "hash-table-transactions";
const row = (title: string, ours: number, peer: number | undefined, peerName: string): void => {
  if (peer !== undefined) report({ bench, case: title, unit: "ns", ours, peer, peerName });
};
row("move, file", quick.file.bestNs, quick.lmdb.bestNs, "lmdb, transactionSync");
row("move, file, SQLite", quick.file.bestNs, quick.sqlite?.bestNs, "better-sqlite3, WAL");
row("move, file, two calls", quick.file.bestNs, quick["file, two calls"].bestNs, "add twice, no transaction");
row("move, shared, two calls", quick.shared.bestNs, quick["shared, two calls"].bestNs, "add twice, no transaction");
row("move, file, on the disk", slow.file.bestNs, slow.lmdb.bestNs, "lmdb, transactionSync");
row("move, file, on the disk, SQLite", slow.file.bestNs, slow.sqlite?.bestNs, "better-sqlite3, WAL");

for (const table of [file, synced]) table.close();
for (const rival of [lmdb, lmdbSynced, sqlite, sqliteSynced]) await rival?.close();
