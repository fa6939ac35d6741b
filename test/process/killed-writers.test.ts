import assert from "node:assert/strict";
import { test } from "node:test";
import { killWriters } from "./killed-writers.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

test("writers that are killed at random moments lose nothing that was whole", async (t) => {
  const records = await killWriters(temporaryDirectory(t), 12, 7);
  assert.ok(records > 0);
});
