import assert from "node:assert/strict";
import { test } from "node:test";
import { checkChoice } from "../../src/core/check-choice.ts";

test("a choice is one of those that there are, and else the error names them", () => {
  checkChoice("file", "a mode", "mode", "read", ["read", "write"]);
  for (const given of ["rea", "READ", "", "toString", undefined, null, 0, Symbol("read"), ["read"]]) {
    assert.throws(() => checkChoice("file", "a mode", "mode", given, ["read", "write", "both"]), {
      name: "MemoryError",
      code: "invalid-argument",
      message: `file was given a mode that does not exist (mode=${String(given)}). Pass "read", "write" or "both".`,
    });
  }
  assert.throws(() => checkChoice("file", "a mode", "mode", "both", ["read", "write"]), { cure: 'Pass "read" or "write".' });
});
