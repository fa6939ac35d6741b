import { readFileSync } from "node:fs";
import { PerformanceObserver } from "node:perf_hooks";
import { openDataset } from "offheap/mapped";
import { City } from "./city.ts";
import { COLUMNS, type PlainCity, plainCities } from "./source.ts";

/** What a worker or a process has seen. */
export interface Seen {
  readonly rowsChecked: number;
  readonly differences: string[];
  readonly openMilliseconds: number;
  readonly nanosecondsPerLookup: number;
  readonly longestPauseMilliseconds: number;
}

type OpenSource = Parameters<typeof openDataset>[0];

const LOOKUPS = 400_000;

/** Opens the data set, looks up `LOOKUPS` populations in random order, and, if asked, checks rows against the source. */
export async function useDataset(source: OpenSource, rowsToCheck: number): Promise<Seen> {
  const pauses = observePauses();
  const started = performance.now();
  const cities = openDataset(source, { row: City });
  const openMilliseconds = performance.now() - started;
  const ids = shuffled(cities.column("id"));
  const nanosecondsPerLookup = timeLookups(ids, (id) => cities.get(id)?.population ?? 0);
  const differences: string[] = [];
  const step = rowsToCheck === 0 ? 0 : Math.max(1, Math.floor(cities.size / rowsToCheck));
  let rowsChecked = 0;
  if (step > 0) {
    const plain = plainCities();
    for (let i = Math.floor(Math.random() * step); i < plain.length; i += step) {
      const [wanted, found] = [plain[i], cities.get(Number(plain[i].id))];
      for (const name of COLUMNS) {
        const value = found === undefined ? undefined : Reflect.get(found, name);
        if (value !== wanted[name]) differences.push(`${wanted.id} ${name}: ${String(value)} instead of ${String(wanted[name])}`);
      }
      rowsChecked += 1;
    }
  }
  return { rowsChecked, differences, openMilliseconds, nanosecondsPerLookup, longestPauseMilliseconds: await pauses() };
}

/** The same with what JavaScript has: JSON.parse and a Map. */
export async function useJson(path: string): Promise<Seen> {
  const pauses = observePauses();
  const started = performance.now();
  const rows: PlainCity[] = JSON.parse(readFileSync(path, "utf8"));
  const cities = new Map(rows.map((row) => [Number(row.id), row]));
  const openMilliseconds = performance.now() - started;
  const ids = shuffled(Uint32Array.from(cities.keys()));
  const nanosecondsPerLookup = timeLookups(ids, (id) => Number(cities.get(id)?.population ?? 0));
  held = cities;
  return { rowsChecked: 0, differences: [], openMilliseconds, nanosecondsPerLookup, longestPauseMilliseconds: await pauses() };
}

/** Keeps the Map alive while memory is measured. */
export let held: unknown;

function timeLookups(ids: ArrayLike<number>, population: (id: number) => number): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 4; round++) {
    let sum = 0;
    const started = performance.now();
    for (let i = 0; i < LOOKUPS; i++) sum += population(ids[i % ids.length]);
    const took = performance.now() - started;
    if (sum === 0) throw new Error("nobody lives anywhere");
    best = Math.min(best, took);
  }
  return (best * 1e6) / LOOKUPS;
}

function shuffled(keys: ArrayLike<number | bigint>): Uint32Array {
  const ids = Uint32Array.from({ length: keys.length }, (_, i) => Number(keys[i]));
  for (let i = ids.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    [ids[i], ids[j]] = [ids[j], ids[i]];
  }
  return ids;
}

/** The longest pause of the garbage collector from now on, in this thread. */
function observePauses(): () => Promise<number> {
  let longest = 0;
  const observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) longest = Math.max(longest, duration);
  });
  observer.observe({ entryTypes: ["gc"] });
  return async () => {
    await new Promise((resolve) => setTimeout(resolve, 50));
    observer.disconnect();
    return longest;
  };
}
