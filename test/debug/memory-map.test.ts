import assert from "node:assert/strict";
import { test } from "node:test";
import { Arena } from "../../src/alloc/arenas/arena.ts";
import { Bump } from "../../src/alloc/bump.ts";
import { privateMemory } from "../../src/core/homes.ts";
import { memoryMap } from "../../src/debug/memory-map.ts";
import { track } from "../../src/debug/track.ts";

test("regions are drawn to scale", () => {
  const regions = [
    { byteOffset: 0x40, byteLength: 64, kind: "used" },
    { byteOffset: 0x80, byteLength: 2, kind: "used" },
    { byteOffset: 0x82, byteLength: 30, kind: "free" },
    { byteOffset: 0xc0, byteLength: 24, kind: "quarantined" },
    { byteOffset: 0xd8, byteLength: 4, kind: "used" },
  ] as const;
  assert.equal(
    memoryMap([...regions].reverse(), { columns: 16, lines: 4 }),
    [
      "0x000040 … 0x0000dc, 8 B a character: 70 B used, 24 B quarantined, 30 B free",
      "0x000040 ████████▂   ····",
      "0x0000c0 ░░░▄",
    ].join("\n"),
  );
});

test("a larger memory is drawn coarser, within the lines that are wanted", () => {
  const [head, ...rows] = memoryMap([{ byteOffset: 0, byteLength: 1 << 20, kind: "used" }], { columns: 32, lines: 4 }).split("\n");
  assert.match(head, /8192 B a character: 1\.0 MiB used/);
  assert.deepEqual(
    rows.map((row) => row.slice(9)),
    Array.from({ length: 4 }, () => "█".repeat(32)),
  );
});

test("of a tracker it shows blocks and quarantine, of an arena its chunks", () => {
  using memory = privateMemory(4096);
  using heap = track(new Bump(memory), { leaks: false, stackDepth: 0 });
  const first = heap.alloc(64);
  heap.alloc(64);
  heap.free(first, 64);
  assert.equal(memoryMap(heap).split("\n")[1], `0x000008 ${"░".repeat(12)}${"█".repeat(12)}`);
  using scratch = new Arena({ upstream: new Bump(memory, { start: 1024 }), chunkByteLength: 128 });
  scratch.alloc(96);
  assert.equal(memoryMap(scratch).split("\n")[1], `0x000400 ${"█".repeat(12)}`);
});

test("where nothing is, it says so", () => {
  assert.equal(memoryMap([]), "nothing is allocated");
});
