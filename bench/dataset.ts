/**
 * Opening and reading a data set, beside a Map of parsed objects and lmdb.
 *
 * Lookups are by keys in random order, all of which are there; both sides read one field of the row. The first opening in a process
 * includes loading koffi and proving that mapping is safe on this engine; it is measured in fresh processes. `--rows=N` sets the large size.
 */
import { existsSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { f64, text, u32 } from "offheap";
import { buildDataset, openDataset } from "offheap/mapped";
import { CITIES, CITY_COLUMNS } from "./dataset/cities-input.ts";
import { childTasks, interleave, loadRival, option, report, scratchFolder, sink } from "./harness.ts";

const Row = { id: u32, name: text, population: u32, latitude: f64 };
const LOOKUPS = 200_000;

const child = await childTasks(import.meta.url, {
  /** Milliseconds of the first and of later openings, each with one lookup. */
  open: ({ path, key }: { path: string; key: number }) => {
    const rounds = Array.from({ length: 30 }, () => {
      const started = performance.now();
      const dataset = openDataset(path);
      const opened = performance.now();
      sink(dataset.get(key));
      dataset.close();
      return opened - started;
    });
    return { first: rounds[0], later: rounds.slice(1).sort((a, b) => a - b)[14] };
  },
  lookups: (argument: { path: string; rows: number; folder: string }) => lookups(argument),
});

const folder = scratchFolder();
const cities = join(folder, "cities.seg");
await buildDataset(CITIES, cities, { format: "tsv", columns: CITY_COLUMNS, key: "id" });
const largeRows = option("rows", 10_000_000);
const large = await numbered(largeRows);
const wide = await wideDataset();

for (const [name, path, key] of [
  [tell(cities), cities, 2643743],
  [tell(wide), wide, 1],
] as const) {
  const { result } = await child.run("open", { path, key });
  report({ bench: "dataset", case: `open ${name}, first in a process`, unit: "ms", ours: result.first, peer: 30, peerName: "bar" });
  report({ bench: "dataset", case: `open ${name}`, unit: "ms", ours: result.later, peer: 1, peerName: "bar" });
}

for (const [path, rows] of [
  [cities, 135_000],
  [large, largeRows],
] as const) {
  const { result } = await child.run("lookups", { path, rows, folder }, { nodeOptions: ["--max-old-space-size=12000"] });
  for (const measurement of result) report(measurement);
}

/** Lookups in one dataset, in a process of its own. */
async function lookups({ path, rows, folder }: { path: string; rows: number; folder: string }) {
  const dataset = openDataset(path, { row: Row });
  const keys = shuffledKeys(dataset.column("id"));
  const map = new Map<number, { id: number; name: string; population: number; latitude: number }>();
  for (const row of dataset) map.set(row.id, { id: row.id, name: row.name, population: row.population, latitude: row.latitude });
  const byKey = `${rows.toLocaleString("en")} rows`;
  const { open } = await loadRival("lmdb");
  const store = open({ path: join(folder, `lmdb-${rows}`), mapSize: 16 * 1024 ** 3, noSync: true });
  // A tenth of the rows keeps lmdb's set-up short; a smaller tree only helps it.
  const stored = keys.subarray(0, Math.min(keys.length, 1_000_000));
  store.transactionSync(() => {
    for (const key of stored) store.putSync(key, map.get(key));
  });
  let at = 0;
  const next = () => keys[at++ % keys.length];
  const sum = (take: (key: number) => number) => () => {
    let total = 0;
    for (let i = 0; i < LOOKUPS; i++) total += take(next());
    return total;
  };
  const timings = interleave(
    {
      number: sum((key) => dataset.get(key)?.population ?? 0),
      mapNumber: sum((key) => map.get(key)?.population ?? 0),
      text: sum((key) => dataset.get(key)?.name.length ?? 0),
      mapText: sum((key) => map.get(key)?.name.length ?? 0),
      column: sum((key) => dataset.rowIndexOf(key)),
    },
    { operations: LOOKUPS, rounds: 9, roundMs: 60 },
  );
  let storedAt = 0;
  const rival = interleave(
    {
      ours: () => {
        let total = 0;
        for (let i = 0; i < 20_000; i++) total += dataset.get(stored[storedAt++ % stored.length])?.population ?? 0;
        return total;
      },
      lmdb: () => {
        let total = 0;
        for (let i = 0; i < 20_000; i++) total += populationOf(store.get(stored[storedAt++ % stored.length]));
        return total;
      },
    },
    { operations: 20_000, rounds: 7, roundMs: 60 },
  );
  await store.close();
  rmSync(join(folder, `lmdb-${rows}`), { recursive: true, force: true });
  const bench = "dataset";
  return [
    {
      bench,
      case: `get a number, ${byKey}`,
      unit: "ns",
      ours: timings.number.bestNs,
      peer: timings.mapNumber.bestNs,
      peerName: "Map of objects",
    },
    {
      bench,
      case: `get a text, ${byKey}`,
      unit: "ns",
      ours: timings.text.bestNs,
      peer: timings.mapText.bestNs,
      peerName: "Map of objects",
    },
    {
      bench,
      case: `row of a key, ${byKey}`,
      unit: "ns",
      ours: timings.column.bestNs,
      peer: timings.mapNumber.bestNs,
      peerName: "Map of objects",
    },
    { bench, case: `get a number, ${byKey}`, unit: "ns", ours: rival.ours.bestNs, peer: rival.lmdb.bestNs, peerName: "lmdb" },
  ];
}

function populationOf(value: unknown): number {
  return typeof value === "object" && value !== null && "population" in value ? Number(value.population) : 0;
}

function shuffledKeys(column: ArrayLike<number | bigint>): Uint32Array {
  const keys = Uint32Array.from({ length: column.length }, (_, i) => Number(column[i]));
  for (let i = keys.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    [keys[i], keys[j]] = [keys[j], keys[i]];
  }
  return keys;
}

/** A data set of `rows` rows with keys all over the range of u32. */
async function numbered(rows: number): Promise<string> {
  const path = join(folder, `numbered-${rows}.seg`);
  if (existsSync(path)) return path;
  const input = join(folder, `numbered-${rows}.csv`);
  writeFileSync(input, "id,name,population,latitude\n");
  for (let row = 0; row < rows; ) {
    const lines: string[] = [];
    for (const end = Math.min(rows, row + 100_000); row < end; row++) {
      lines.push(
        `${Math.imul(row + 1, 0x9e3779b1) >>> 0},name ${row % 50_021},${(row * 7919) % 1_000_003},${(row % 180_000) / 1000 - 90.5}`,
      );
    }
    writeFileSync(input, `${lines.join("\n")}\n`, { flag: "a" });
  }
  await buildDataset(input, path, { key: "id" });
  rmSync(input);
  return path;
}

/** A data set of about 2 GB: many decimals, few rows' worth of text. */
async function wideDataset(): Promise<string> {
  const path = join(folder, "wide.seg");
  if (existsSync(path)) return path;
  const input = join(folder, "wide.csv");
  const columns = 64;
  writeFileSync(input, `id,${Array.from({ length: columns }, (_, i) => `c${i}`).join(",")}\n`);
  const fields = Array.from({ length: columns }, (_, i) => `${i}.5`).join(",");
  const rows = 3_900_000;
  for (let row = 0; row < rows; ) {
    const lines: string[] = [];
    for (const end = Math.min(rows, row + 20_000); row < end; row++) lines.push(`${row + 1},${fields}`);
    writeFileSync(input, `${lines.join("\n")}\n`, { flag: "a" });
  }
  await buildDataset(input, path, { key: "id" });
  rmSync(input);
  return path;
}

function tell(path: string): string {
  const { size } = statSync(path);
  return size < 1e9 ? `${Math.round(size / 1e6)} MB` : `${(size / 1e9).toFixed(1)} GB`;
}
