import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";

/** What has no part in the life of accessors, or needs what this engine has just been told not to do, is left out. */
const SUITES = [
  "scalars",
  "struct",
  "array",
  "enum",
  "optional",
  "text-and-bytes",
  "views",
  "cursor",
  "kernel",
  "fingerprint",
  "model",
];

test("everything works in an engine that must not generate code", () => {
  const imports = SUITES.map((name) => `await import(${JSON.stringify(new URL(`${name}.test.js`, import.meta.url).href)});`);
  const forbidden = "try { new Function('return 1'); process.exitCode = 77; } catch {}";
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [
      "--disallow-code-generation-from-strings",
      "--test-reporter=tap",
      "--input-type=module",
      "-e",
      `${forbidden}\n${imports.join("\n")}`,
    ],
    { encoding: "utf8", env },
  );
  const failed = stdout.split("\n").filter((line) => /^\s*not ok/.test(line));
  assert.equal(status, 0, `${failed.join("\n")}\n${stderr}`);
  const passed = Number(/^# pass (\d+)$/m.exec(stdout)?.[1]);
  assert.ok(passed > 100, `${passed} tests ran`);
});
