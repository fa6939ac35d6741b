import assert from "node:assert/strict";
import { test } from "node:test";
import { escapeViolations, foreignWordViolations, lengthViolations, OWN_BUFFERS, typedArrayViolations } from "./conventions.ts";
import { sourcesIn } from "./tree.ts";

const at = (path: string, text: string) => ({ path, text });

test("typed arrays over buffers are made in one place", () => {
  const sources = sourcesIn("src", [".ts"]);
  const isExcepted = ({ path }: { path: string }) => path in OWN_BUFFERS;
  assert.deepEqual(sources.filter((source) => !isExcepted(source)).flatMap(typedArrayViolations), []);
  const needed = sources.filter((source) => isExcepted(source) && typedArrayViolations(source).length > 0);
  assert.deepEqual(
    needed.map(({ path }) => path),
    Object.keys(OWN_BUFFERS),
    "an exception that is no longer needed is taken out",
  );
});

test("a typed array over a buffer is noticed, an array of its own bytes is not", () => {
  for (const text of [
    "new Uint8Array(memory.buffer)",
    "new Float64Array(buffer, 8, 2)",
    "new BigInt64Array(committedBuffer)",
    "new Int32Array(new SharedArrayBuffer(8))",
    "new DataView(bytes)",
    "new Uint8Array<ArrayBuffer>(this.#buffer)",
    "new  Uint16Array(\n  sab,\n)",
    "new Uint8Array(bytes.buffer, f(1, 2))",
  ]) {
    assert.equal(typedArrayViolations(at("src/alloc/a.ts", text)).length, 1, text);
  }
  for (const text of [
    "new Uint32Array(16)",
    "new Uint8Array(byteLength)",
    "new Uint8Array(buffer.byteLength)",
    "new Float64Array([1, 2, 3])",
    "new Uint8Array(max(a, b))",
    "// new Uint8Array(memory.buffer)",
  ]) {
    assert.deepEqual(typedArrayViolations(at("src/alloc/a.ts", text)), [], text);
  }
  assert.deepEqual(typedArrayViolations(at("src/core/views.ts", "new Uint8Array(buffer, 0, 1)")), []);
  assert.match(typedArrayViolations(at("src/a/b.ts", "\nnew DataView(x)"))[0], /^src\/a\/b\.ts:2: DataView/);
});

test("nothing goes round the type checker", () => {
  const sources = ["src", "bench", "examples", "test"].flatMap((folder) => sourcesIn(folder, [".ts"]));
  const checked = sources.filter(({ path }) => !path.startsWith("test/package/"));
  assert.deepEqual(checked.flatMap(escapeViolations), []);
});

test("each way round the type checker is noticed", () => {
  for (const text of [
    "// @ts-ignore",
    "/* @ts-nocheck */",
    "// @ts-expect-error: reason",
    "x as unknown as Y",
    "x as any",
    "x as never",
    "let x: any;",
    "let x: Map<string, any>;",
    "let x: any[];",
    "f<any>()",
  ]) {
    assert.ok(escapeViolations(at("src/core/a.ts", text)).length > 0, text);
  }
  for (const text of ["// any as any", "const company = many;", "x as Ptr", 'say("as any")', "x.any()", "anything: anyOf(x)"]) {
    assert.deepEqual(escapeViolations(at("src/core/a.ts", text)), [], text);
  }
  assert.deepEqual(escapeViolations(at("test/core/a.ts", "// @ts-expect-error: a program without types can pass anything")), []);
});

test("no source is longer than 300 lines, and one that is would be noticed", () => {
  const sources = ["src", "bench", "examples", "scripts"].flatMap((folder) => sourcesIn(folder, [".ts", ".mjs"]));
  assert.deepEqual(sources.flatMap(lengthViolations), []);
  assert.deepEqual(lengthViolations(at("a.ts", "\n".repeat(299))).length, 0);
  assert.deepEqual(lengthViolations(at("a.ts", `${"x\n".repeat(301)}`)), ["a.ts: 301 lines, at most 300: one noun a file"]);
});

test("no file speaks of the place where it was written", () => {
  const sources = sourcesIn(".", [".ts", ".mjs", ".md", ".json", ".html", "run", ".gitignore", ".npmrc"]);
  assert.ok(sources.length > 20);
  assert.deepEqual(sources.flatMap(foreignWordViolations), []);
  assert.deepEqual(foreignWordViolations(at("a.md", `one\nsee Issue${" #"}5`)), [`a.md:2: mentions issue${" #"}`]);
});

test("lock files name no registry, and are complete for every platform: else `npm ci` refuses them", () => {
  const locks = sourcesIn(".", ["package-lock.json"]);
  assert.deepEqual(
    locks.map(({ path }) => path),
    ["bench/rivals/package-lock.json", "package-lock.json"],
  );
  for (const { path, text } of locks) {
    assert.doesNotMatch(text, /"resolved"/, path);
    const { packages }: { packages: Record<string, { optionalDependencies?: Record<string, string> }> } = JSON.parse(text);
    const wanted = Object.values(packages).flatMap(({ optionalDependencies = {} }) => Object.keys(optionalDependencies));
    assert.deepEqual(
      wanted.filter((name) => packages[`node_modules/${name}`] === undefined),
      [],
      `${path}: node scripts/complete-lock.mjs`,
    );
  }
});
