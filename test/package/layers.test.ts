import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { circles, LAYERS, layerViolations } from "./layers.ts";
import { codeOf, importsOf } from "./scan.ts";
import { ROOT, sourcesIn } from "./tree.ts";

const packageJson: { dependencies: Record<string, string> } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
const dependencies = Object.keys(packageJson.dependencies);

test("no source imports what its room must not", () => {
  const sources = sourcesIn("src", [".ts"]);
  assert.ok(sources.length > 5, "the sources were found");
  assert.deepEqual(layerViolations(sources, dependencies), []);
});

test("the layers have no circles, and a table with one is noticed", () => {
  assert.deepEqual(circles(), []);
  assert.deepEqual(
    circles({ ...LAYERS, core: { rooms: ["debug"] } }),
    Object.keys(LAYERS).filter((room) => circleMembers.has(room)),
  );
});

const circleMembers = new Set(["core", "layout", "alloc", "debug"]);

test("each kind of wrong import is found, with file, line and reason", () => {
  const wrong: [string, string, string][] = [
    ["src/core/a.ts", 'import { x } from "../layout/type.ts";', "src/core/a.ts:1: core must not import layout (../layout/type.ts)"],
    ["src/core/a.ts", '\n\nimport type { X } from "../alloc/x.ts";', "src/core/a.ts:3: core must not import alloc (../alloc/x.ts)"],
    ["src/alloc/a.ts", 'export * from "../debug/x.ts";', "src/alloc/a.ts:1: alloc must not import debug (../debug/x.ts)"],
    ["src/alloc/a.ts", 'export { x } from "../mapped/x.ts";', "src/alloc/a.ts:1: alloc must not import mapped (../mapped/x.ts)"],
    [
      "src/layout/a.ts",
      'const x = await import("../mapped/x.ts");',
      "src/layout/a.ts:1: layout must not import mapped (../mapped/x.ts)",
    ],
    ["src/layout/a.ts", 'let x: import("../alloc/x.ts").X;', "src/layout/a.ts:1: layout must not import alloc (../alloc/x.ts)"],
    ["src/native/a.ts", 'import "../core/memory.ts";', "src/native/a.ts:1: native must not import core (../core/memory.ts)"],
    ["src/mapped/a.ts", 'import koffi from "koffi";', "src/mapped/a.ts:1: koffi is for native alone"],
    ["src/cli/a.ts", 'const k = require("koffi");', "src/cli/a.ts:1: koffi is for native alone"],
    ["src/cli/a.ts", 'import x from "left-pad";', "src/cli/a.ts:1: cli must not import the package left-pad"],
    ["src/cli/a.ts", 'import x from "../native/linux.ts";', "src/cli/a.ts:1: cli must not import native (../native/linux.ts)"],
    ["src/parse/a.ts", "import fs from 'node:fs';", "src/parse/a.ts:1: node: is for mapped, native, adapters, cli (node:fs)"],
    ["src/parse/a.ts", "import fs from 'fs';", "src/parse/a.ts:1: parse must not import the package fs"],
    ["src/core/a.ts", 'import x from "./b.js";', "src/core/a.ts:1: imports ./b.js without its ending .ts"],
    ["src/core/a.ts", 'import x from "../../test/b.ts";', "src/core/a.ts:1: imports ../../test/b.ts, which lies outside src"],
    ["src/index.ts", 'export { x } from "./mapped/index.ts";', "src/index.ts:1: . must not import mapped (./mapped/index.ts)"],
    ["src/attic/a.ts", "", "src/attic/a.ts: src/attic is no room of the layer rule"],
  ];
  for (const [path, text, expected] of wrong) assert.deepEqual(layerViolations([{ path, text }], ["commander"]), [expected]);
});

test("right imports pass", () => {
  const right: [string, string][] = [
    ["src/core/a.ts", 'import { x } from "./b.ts";'],
    ["src/alloc/a.ts", 'import { x } from "../core/b.ts"; import type { T } from "../layout/type.ts";'],
    ["src/native/a.ts", 'import koffi from "koffi"; import { MemoryError } from "../core/errors.ts"; import fs from "node:fs";'],
    ["src/mapped/dataset/a.ts", 'import { x } from "../../parse/b.ts"; import { y } from "../map-file.ts"; import "node:os";'],
    ["src/cli/a.ts", 'import { Command } from "commander"; import { openDataset } from "../mapped/index.ts";'],
    ["src/index.ts", 'export { x } from "./core/b.ts";'],
    ["src/core/a.ts", '// import x from "../mapped/x.ts"\nconst s = `import y from "../debug/y.ts"`;'],
  ];
  for (const [path, text] of right) assert.deepEqual(layerViolations([{ path, text }], ["commander"]), [], text);
});

test("imports are found in code only, however it is written", () => {
  const text = [
    "import a, {",
    '  b, // from "c1"',
    '} from "x1"; /* import "c2" */',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source text
    'const t = `import "c3" ${ await import("x2") } ${ { a: `}` } } import "c4"`;',
    'const r = /[/"\']import "c5"/; const q = 4 / 2; const s = \'it\\\'s from "c6"\';',
    'import "x3"',
    'export type { X } from "x4"; const from = "c7"; f("c8");',
  ].join("\n");
  assert.deepEqual(
    importsOf(text).map(({ specifier, line }) => `${specifier}@${line}`),
    ["x1@3", "x2@4", "x3@6", "x4@7"],
  );
  assert.equal(codeOf(text).length, text.length);
  assert.equal(codeOf(["f('a', `b$", "{c}d`) // e"].join("")), ["f(' ', ` $", "{c} `)     "].join(""));
});
