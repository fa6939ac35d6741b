import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { ROOT, sourcesIn } from "../package/tree.ts";

/** Modules that use `Atomics` and have no defect of their own in an exploration, and why. Those that they serve have. */
const WITHOUT: Readonly<Record<string, string>> = {
  "concurrent/pools/guards": "part of the shared pool: shared-pool.test.ts",
  "concurrent/fence": "a store to a word of one's own: the explored machine makes loads in their order",
  "concurrent/head-words": "one store of a magic number, behind a sum of all that it tells of",
  "concurrent/messages/message-ring": "looks only",
  "concurrent/pools/shared-pool": "shared-pool.test.ts",
  "concurrent/pools/shared-slots": "shared-pool.test.ts",
  "concurrent/rings/queue-check": "looks only, how many values there are: queue.test.ts",
  "core/committed": "one word that grows: core/memory.test.ts, on real threads",
  "core/parking": "simulated there; on real threads in concurrent/signal.test.ts",
  "core/patience": "looks only",
};

const ROOMS = ["concurrent", "core"];

it("every module that changes words which others see has a defect that an exploration finds, or a reason to have none", () => {
  const explorations = join(ROOT, "test", "interleaving");
  const tests = readdirSync(explorations)
    .filter((name) => name.endsWith(".test.ts") && name !== "coverage.test.ts")
    .map((name) => readFileSync(join(explorations, name), "utf8"))
    .join("\n");
  const modules = ROOMS.flatMap((room) => sourcesIn(`src/${room}`, [".ts"]));
  const named = new Set(modules.map(({ path }) => moduleOf(path)));
  for (const excused of Object.keys(WITHOUT)) assert.ok(named.has(excused), `${excused} is excused and is no module`);
  for (const { path, text } of modules) {
    const module = moduleOf(path);
    const isShared = text.includes("Atomics.");
    const isExplored = tests.includes(`"${module}"`);
    assert.ok(!isShared || isExplored || module in WITHOUT, `${module} uses Atomics and has no seeded defect in test/interleaving`);
    assert.ok(!(module in WITHOUT && !isShared), `${module} is excused and needs no excuse`);
  }
});

/** `src/core/seats.ts` as explorations call it: `core/seats`. */
function moduleOf(path: string): string {
  return path.replace(/^src\//, "").replace(/\.ts$/, "");
}
