/**
 * Building a data set from 1 GB of tab-separated text (the GeoNames rows under new ids, all 19 columns), beside duckdb, with two
 * threads, loading the same file into a table file with a primary-key-less table.
 *
 * Both in a process of their own, in turn. Memory is the peak of anonymous pages: those that a process cannot give back by writing
 * files out. `--bytes=N` sets the input's size.
 */
import { rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { buildDataset } from "offheap/mapped";
import { CITY_COLUMNS, repeatedCities } from "./dataset/cities-input.ts";
import { childTasks, loadRival, option, report, scratchFolder } from "./harness.ts";

const ROUNDS = option("rounds", 3);

const child = await childTasks(import.meta.url, {
  ours: async ({ input, output }: { input: string; output: string }) => {
    const started = performance.now();
    const { rowCount } = await buildDataset(input, output, { columns: CITY_COLUMNS, key: "id" });
    return { seconds: (performance.now() - started) / 1000, rowCount };
  },
  duckdb: async ({ input, output }: { input: string; output: string }) => {
    const { DuckDBInstance } = await loadRival("@duckdb/node-api");
    const started = performance.now();
    const instance = await DuckDBInstance.create(output, { threads: "2" });
    const connection = await instance.connect();
    const names = CITY_COLUMNS.map((name) => `'${name}'`).join(",");
    await connection.run(
      `create table cities as select * from read_csv('${input}', delim='\t', header=false, quote='', escape='', names=[${names}])`,
    );
    await connection.run("checkpoint");
    const [[rows]] = (await connection.runAndReadAll("select count(*) from cities")).getRows();
    connection.closeSync();
    instance.closeSync();
    return { seconds: (performance.now() - started) / 1000, rowCount: Number(rows) };
  },
});

const input = repeatedCities(option("bytes", 1_000_000_000));
const folder = scratchFolder();
const [oursPath, duckPath] = [join(folder, "build.seg"), join(folder, "build.duckdb")];
const best = { ours: Number.POSITIVE_INFINITY, duckdb: Number.POSITIVE_INFINITY };
const peak = { ours: 0, duckdb: 0 };
for (let round = 0; round < ROUNDS; round++) {
  rmSync(duckPath, { force: true });
  rmSync(oursPath, { force: true });
  const ours = await child.run("ours", { input, output: oursPath });
  const duckdb = await child.run("duckdb", { input, output: duckPath });
  if (ours.result.rowCount !== duckdb.result.rowCount)
    throw new Error(`${ours.result.rowCount} rows are not ${duckdb.result.rowCount}`);
  best.ours = Math.min(best.ours, ours.result.seconds);
  best.duckdb = Math.min(best.duckdb, duckdb.result.seconds);
  peak.ours = Math.max(peak.ours, ours.peak.rssAnon);
  peak.duckdb = Math.max(peak.duckdb, duckdb.peak.rssAnon);
}
const bench = "dataset-build";
const size = `${(statSync(input).size / 1e9).toFixed(2)} GB`;
const peerName = "duckdb, 2 threads";
report({ bench, case: `build from ${size}`, unit: "s", ours: best.ours, peer: best.duckdb, peerName });
report({
  bench,
  case: "size of the file",
  unit: "MB",
  ours: statSync(oursPath).size / 1e6,
  peer: statSync(duckPath).size / 1e6,
  peerName,
});
report({ bench, case: "peak private memory", unit: "MB", ours: peak.ours / 1e6, peer: peak.duckdb / 1e6, peerName });
rmSync(duckPath);
rmSync(oursPath);
