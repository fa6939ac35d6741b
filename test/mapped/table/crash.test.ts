import assert from "node:assert/strict";
import { test } from "node:test";
import { runCrashProgram } from "./crash-program.ts";

test("after a power failure between any two stores everything up to the last flush is there", () => {
  let failures = 0;
  for (let seed = 1; seed <= 60; seed++) failures += runCrashProgram(seed);
  assert.ok(failures > 100);
});
