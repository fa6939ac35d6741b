import assert from "node:assert/strict";
import { test } from "node:test";
import { Bump } from "../../src/alloc/bump.ts";
import { privateMemory } from "../../src/core/homes.ts";
import { formatReport, tellBytes } from "../../src/debug/report.ts";
import { track } from "../../src/debug/track.ts";

const memory = privateMemory(1 << 20);

function loads(heap: { alloc(byteSize: number): number }): void {
  heap.alloc(60_000);
}

function indexes(heap: { alloc(byteSize: number): number }): void {
  for (let left = 3; left > 0; left--) heap.alloc(5000);
}

test("the report groups what is live by the place that allocated it, most bytes first, and is plain data", () => {
  using heap = track(new Bump(memory), { leaks: false, stackDepth: 3 });
  indexes(heap);
  loads(heap);
  heap.free(heap.alloc(8), 8);
  const report = heap.report();
  assert.deepEqual(
    report.groups.map(({ place, blocks, bytes }) => [/^\w+/.exec(place)?.[0], blocks, bytes]),
    [
      ["loads", 1, 60_000],
      ["indexes", 3, 15_000],
    ],
  );
  assert.deepEqual([report.liveBytes, report.peakBytes, report.blocks, report.subject], [75_000, 75_008, 5, "bump allocator"]);
  assert.equal(report.overheadBytes, 4 * 32 + 40);
  assert.deepEqual(JSON.parse(JSON.stringify(report)), report);
});

test("the text has a bar for each place, as long as its share", () => {
  using heap = track(new Bump(memory), { leaks: false, stackDepth: 0 });
  heap.alloc(4096);
  heap.alloc(1024);
  heap.alloc(1);
  assert.equal(
    formatReport(heap.report()),
    [
      "bump allocator: 5.0 KiB live in 3 blocks; at most 5.0 KiB in 3 blocks; 3 allocated",
      "████████████████████████    4.0 KiB      1 block  blocks of 4.0 KiB",
      "██████                      1.0 KiB      1 block  blocks of 1.0 KiB",
      "▏                               1 B      1 block  blocks of 1 B",
    ].join("\n"),
  );
  assert.match(formatReport(heap.report(), { places: 1 }), /\n +1\.0 KiB +2 blocks {2}2 other places$/);
});

test("mistakes stand below with their stories, and long lines are cut to the width", () => {
  using heap = track(new Bump(memory), { leaks: false, onMistake: "collect" });
  const ptr = heap.alloc(8);
  heap.free(ptr, 8);
  heap.free(ptr, 8);
  loads(heap);
  const text = formatReport(heap.report(), { width: 70 });
  assert.match(text, /\n\ndouble-free: bump allocator had a block freed after it was freed/);
  const row = text.split("\n")[1];
  assert.equal(row.length, 70);
  assert.ok(row.endsWith("…"));
});

test("bytes are told in the unit that fits", () => {
  assert.deepEqual([0, 1023, 1024, 1536, 3 * 1024 ** 2, 5 * 1024 ** 4].map(tellBytes), [
    "0 B",
    "1023 B",
    "1.0 KiB",
    "1.5 KiB",
    "3.0 MiB",
    "5.0 TiB",
  ]);
});
