import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { ROOT } from "../package/tree.ts";

/** Modules that use `Atomics` and have no defect of their own in an exploration, and why. Those that they serve have. */
const WITHOUT: Readonly<Record<string, string>> = {
  "concurrent/pools/guards": "part of the shared pool: shared-pool.test.ts",
  "concurrent/head-words": "one store of a magic number, behind a sum of all that it tells of",
  "concurrent/messages/message-ring": "looks only",
  "concurrent/pools/shared-pool": "shared-pool.test.ts",
  "concurrent/pools/shared-pool-layout": "looks only",
  "concurrent/pools/shared-slots": "shared-pool.test.ts",
  "core/committed": "one word that grows: core/memory.test.ts, on real threads",
  "core/lock-word": "core/lock-word.test.ts and the structures that use it",
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
  for (const room of ROOMS) {
    for (const name of readdirSync(join(ROOT, "src", room))) {
      const module = `${room}/${name.replace(".ts", "")}`;
      const isShared = name.endsWith(".ts") && readFileSync(join(ROOT, "src", room, name), "utf8").includes("Atomics.");
      const isExplored = tests.includes(`"${module}"`);
      assert.ok(
        !isShared || isExplored || module in WITHOUT,
        `${module} uses Atomics and has no seeded defect in test/interleaving`,
      );
      assert.ok(!(module in WITHOUT && !isShared), `${module} is excused and needs no excuse`);
    }
  }
});
