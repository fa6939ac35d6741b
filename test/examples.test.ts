import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { ROOT } from "./package/tree.ts";

const run = promisify(execFile);
const folder = fileURLToPath(new URL("../examples/", import.meta.url));

/** What makes an example short, and what it prints at its end when all went well. */
const EXAMPLES: Readonly<Record<string, { readonly parameters: readonly string[]; readonly prints: RegExp }>> = {
  cities: { parameters: [], prints: /all equal/ },
  particles: { parameters: ["3"], prints: /pool\(Particle\)/ },
  codec: { parameters: [], prints: /order 7 of 1970 has 3 parts/ },
  cache: { parameters: ["600"], prints: /200 of 200 pages.* are there, 0 were wrong/ },
};

// Examples import the package by its name, as a program of a user does: what is built.
before(() => run(process.execPath, [join("node_modules", "typescript", "bin", "tsc"), "-p", "tsconfig.build.json"], { cwd: ROOT }));

for (const [name, { parameters, prints }] of Object.entries(EXAMPLES)) {
  test(`the example ${name} runs`, async () => {
    const { stdout, stderr } = await run(process.execPath, [`${folder}${name}.js`, ...parameters], { timeout: 900_000 });
    assert.equal(stderr, "");
    assert.match(stdout, prints);
  });
}

test("every example is run", () => {
  const names = readdirSync(folder)
    .filter((name) => name.endsWith(".js"))
    .map((name) => name.slice(0, -3));
  assert.deepEqual(names.sort(), Object.keys(EXAMPLES).sort());
});
