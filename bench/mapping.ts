/**
 * Mapping and closing a file of 1 GiB, and what a hundred thousand of those leave behind.
 *
 * A mapping takes the same time whatever its length; what it costs is system calls and one buffer of the engine. The file is sparse: nothing is
 * read. The peer is what a program would do otherwise: open the file, and read 1 MiB into a buffer that it reuses. What is left behind is counted after
 * collection, in a process of its own that has done a quarter as many before: descriptors, ranges of addresses, ranges that show the file, resident bytes.
 * `--maps=N` says how many.
 */
import { closeSync, openSync, readdirSync, readFileSync, readSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { GiB, MiB } from "offheap";
import { mapAnonymous, mapFile, mapMirrored, mirroredByteLength } from "offheap/mapped";
import { childTasks, interleave, option, report, scratchFolder } from "./harness.ts";

const MAPS = option("maps", 100_000);

const child = await childTasks(import.meta.url, {
  /** What is there after so many maps and closes, less what was there before. */
  leaks: async ({ path, maps }: { path: string; maps: number }) => {
    const settle = async () => {
      for (let round = 0; round < 5; round++) {
        globalThis.gc?.();
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    };
    const count = () => {
      const ranges = readFileSync("/proc/self/maps", "latin1").split("\n");
      const shown = ranges.filter((line) => line.includes(path)).length;
      return { descriptors: readdirSync("/proc/self/fd").length, ranges: ranges.length, shown, rss: process.memoryUsage.rss() };
    };
    const mapAndClose = async (times: number) => {
      for (let n = 0; n < times; n++) {
        mapFile(path).close();
        if (n % 1000 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
    };
    // Until the heap has the size that it needs for this.
    await mapAndClose(maps / 4);
    await settle();
    const before = count();
    const started = performance.now();
    await mapAndClose(maps);
    const micros = ((performance.now() - started) * 1000) / maps;
    await settle();
    const after = count();
    return {
      micros,
      descriptors: after.descriptors - before.descriptors,
      ranges: after.ranges - before.ranges,
      shown: after.shown,
      rssMiB: (after.rss - before.rss) / MiB(1),
    };
  },
});

const folder = scratchFolder();
const path = join(folder, "large");
writeFileSync(path, "");
truncateSync(path, GiB(1));
const buffer = Buffer.alloc(MiB(1));

const times = interleave(
  {
    map: () => mapFile(path).close(),
    mapToWrite: () => mapFile(path, { mode: "readWrite" }).close(),
    mapToGrow: () => mapFile(path, { mode: "readWrite", maxByteLength: GiB(2) }).close(),
    mapLocked: () => mapFile(path, { mode: "readWrite", lock: "exclusive" }).close(),
    anonymous: () => mapAnonymous(MiB(1)).close(),
    mirrored: () => mapMirrored(mirroredByteLength(MiB(1))).close(),
    read: () => {
      const fd = openSync(path, "r");
      readSync(fd, buffer, 0, buffer.length, 0);
      closeSync(fd);
    },
  },
  // Short rounds, many of them: on a machine that others use too, some are undisturbed.
  { rounds: 31, roundMs: 3 },
);
const micros = (name: keyof typeof times): number => times[name].bestNs / 1000;
for (const [name, title] of [
  ["map", "map and close 1 GiB"],
  ["mapToWrite", "map and close 1 GiB to write"],
  ["mapToGrow", "map and close 1 GiB to write and grow"],
  ["mapLocked", "map and close 1 GiB with a lock"],
  ["anonymous", "map and close anonymous memory"],
  ["mirrored", "map and close mirrored memory"],
] as const) {
  const bar = name === "map" ? { note: `the bar is 50 µs; median ${(times[name].medianNs / 1000).toFixed(1)}` } : {};
  report({
    bench: "mapping",
    case: title,
    unit: "us",
    ours: micros(name),
    peer: micros("read"),
    peerName: "open, read 1 MiB",
    ...bar,
  });
}

const { result } = await child.run("leaks", { path, maps: MAPS }, { nodeOptions: ["--expose-gc"] });
const left = `after ${MAPS.toLocaleString("en")} maps and closes`;
report({ bench: "mapping", case: `file mappings ${left}`, unit: "count", ours: result.shown, note: "the bar is 0" });
report({ bench: "mapping", case: `descriptors ${left}`, unit: "count", ours: result.descriptors, note: "the bar is 0" });
report({
  bench: "mapping",
  case: `address ranges ${left}`,
  unit: "count",
  ours: result.ranges,
  note: "of the engine's heap",
});
report({
  bench: "mapping",
  case: `resident memory ${left}`,
  unit: "MiB",
  ours: result.rssMiB,
  note: "of the engine's heap",
});
report({
  bench: "mapping",
  case: `map and close, ${left.slice(6)} in a row`,
  unit: "us",
  ours: result.micros,
  peer: 50,
  peerName: "bar",
});
