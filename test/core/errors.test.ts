import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryError } from "../../src/core/errors.ts";

const cause = new Error("below");
const error = new MemoryError("out-of-memory", {
  subject: "arena",
  event: "has no room for the block",
  numbers: { byteSize: 64, ptr: 2n ** 60n, path: "a.seg", unknown: undefined },
  cure: "Reserve more.",
  cause,
});

test("the message says subject, event, numbers as name=value, and cure; numbers that are not known are left out", () => {
  assert.equal(error.message, "arena has no room for the block (byteSize=64, ptr=1152921504606846976, path=a.seg). Reserve more.");
});

test("without numbers there are no empty parentheses", () => {
  const { message } = new MemoryError("closed", { subject: "arena", event: "was closed", cure: "Keep it open." });
  assert.equal(message, "arena was closed. Keep it open.");
});

test("code, subject, numbers, cure and cause can be read by a program", () => {
  assert.equal(error.code, "out-of-memory");
  assert.equal(error.subject, "arena");
  assert.equal(error.numbers.byteSize, 64);
  assert.equal(error.cure, "Reserve more.");
  assert.equal(error.cause, cause);
});

test("it is an Error with a name and a stack, and has no cause where none was given", () => {
  assert.ok(error instanceof Error);
  assert.equal(error.name, "MemoryError");
  assert.match(String(error.stack), /errors\.test/);
  assert.equal("cause" in new MemoryError("io", { subject: "a", event: "b", cure: "c" }), false);
  assert.deepEqual(new MemoryError("io", { subject: "a", event: "b", cure: "c" }).numbers, {});
});
