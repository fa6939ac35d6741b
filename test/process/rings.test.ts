import assert from "node:assert/strict";
import { test } from "node:test";
import { isMappingSupported } from "../../src/mapped/index.ts";
import { passItems, strainByKill, strainByTerminate } from "./ring-strain.ts";
import { whyNoForks } from "./single-threaded.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

test("rings, message rings and queues go on when threads are terminated in the middle", { timeout: 120_000 }, async () => {
  assert.ok((await strainByTerminate(4)).messages > 0);
});

test("rings, message rings and queues in a file go on when processes are killed in the middle", {
  skip: whyNoForks() ?? false,
  timeout: 120_000,
}, (context) => {
  assert.ok(strainByKill(20, temporaryDirectory(context)).messages > 0);
});

test("two processes pass numbers through a ring in a file", { skip: !isMappingSupported(), timeout: 120_000 }, async (context) => {
  assert.ok((await passItems(1_000_000, temporaryDirectory(context))) > 0);
});
