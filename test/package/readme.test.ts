import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { blocksOf } from "./documents.ts";
import { type Source, sourcesIn } from "./tree.ts";
import { type Document, Workshop } from "./workshop.ts";

const workshop = new Workshop();
after(() => workshop[Symbol.dispose]());

/** Runs what is to be run, in order, and checks what is said to be printed. */
function perform(document: Document, each: (name: string, work: () => void) => void): void {
  let printed = "";
  for (const block of document.blocks) {
    const name = `${document.path}:${block.line}`;
    if (block.role === "module" || block.role === "continuation" || block.role === "shell") {
      each(`${name} runs`, () => {
        printed = workshop.run(document, block);
      });
    } else if (block.role === "output") {
      each(`${name} is what is printed`, () => assert.equal(printed.trim(), block.text.trim()));
    } else if (block.role === "file") {
      writeFileSync(join(workshop.folderOf(document), block.detail), block.text);
    }
  }
}

const PAGES = ["README.md", "docs/choosing.md"];
const own = [...sourcesIn(".", [".md"]).filter(({ path }) => PAGES.includes(path)), ...sourcesIn("docs/guide", [".md"])];

/** Documents whose every code block does something that the tests below expect. */
const sample: Source = {
  path: "sample.md",
  text: [
    "# Sample",
    "<!-- file: rows.txt -->",
    "```text",
    "one",
    "two",
    "```",
    "```ts",
    'import { readFileSync } from "node:fs";',
    'import { privateMemory } from "offheap";',
    'const rows = readFileSync("rows.txt", "utf8").trim().split("\\n");',
    "{",
    "  using memory = privateMemory(16);",
    "  memory.u8[0] = rows.length;",
    "  console.log(memory.u8[0]);",
    "}",
    "```",
    "<!-- output -->",
    "```text",
    "2",
    "```",
    "<!-- continues -->",
    "",
    "```ts",
    'console.log(rows.join(" "));',
    "```",
    "1. In a list:",
    "",
    "   <!-- run -->",
    "   ```sh",
    "   wc -l < rows.txt | tr -d ' '",
    "   command -v offheap > /dev/null",
    "   ```",
    "   <!-- output -->",
    "   ```text",
    "   2",
    "   ```",
    "```sh",
    "false # not marked, not run",
    "```",
    "<!-- not run: it would throw -->",
    "```ts",
    'throw new Error("run");',
    "```",
    "<!-- not compiled: it is a sketch -->",
    "```ts",
    "const x: = ;",
    "```",
  ].join("\n"),
};

const broken: Source = {
  path: "broken.md",
  text: [
    "```ts",
    'import { privateMemory } from "offheap";',
    'const wrong: string = privateMemory("16");',
    "```",
    "```ts",
    'import { nothing } from "offheap/nothing";',
    "```",
    "<!-- not run: types are checked all the same -->",
    "```ts",
    "rows.length;",
    "```",
    "```ts",
    'console.log("a");',
    'throw new TypeError("at run time");',
    "```",
    "<!-- run -->",
    "```sh",
    "echo b; false | true; echo c",
    "```",
    "<!-- output -->",
    "```text",
    "not b",
    "```",
  ].join("\n"),
};

const { documents, complaints } = workshop.compile([...own, sample, broken]);

test("every block of the README and the guide compiles", () => {
  assert.deepEqual(
    complaints.filter((complaint) => !complaint.startsWith("broken.md:")),
    [],
  );
});

for (const document of documents.filter(({ path }) => path !== "broken.md")) perform(document, test);

test("a block that does not compile is told with the document's own line", () => {
  const told = complaints.filter((complaint) => complaint.startsWith("broken.md:"));
  for (const start of [
    "broken.md:3: error TS2322",
    "broken.md:3: error TS2345",
    "broken.md:6: error TS2307",
    "broken.md:10: error TS2304",
  ]) {
    assert.ok(
      told.some((complaint) => complaint.startsWith(start)),
      `${start} in ${told.join("\n")}`,
    );
  }
  assert.equal(told.length, 4);
});

test("a block that throws, a shell that fails in a pipe and an output that differs are told", () => {
  const failures: string[] = [];
  const document = documents.find(({ path }) => path === "broken.md");
  assert.ok(document !== undefined);
  perform(document, (name, work) => {
    try {
      work();
    } catch (error) {
      failures.push(`${name}: ${error instanceof Error ? error.message : error}`);
    }
  });
  assert.ok(failures.some((failure) => failure.startsWith("broken.md:13 runs") && failure.includes("TypeError: at run time")));
  assert.ok(failures.some((failure) => failure.startsWith("broken.md:18 runs") && failure.includes("status 1\nb\n")));
  assert.ok(failures.some((failure) => failure.startsWith("broken.md:22 is what is printed")));
});

test("comments before blocks are understood, or refused with their line", () => {
  const roles = blocksOf(sample.text).map(({ role, line }) => `${role}@${line}`);
  assert.deepEqual(roles, [
    ...["file@4", "module@8", "output@19", "continuation@24", "shell@30", "output@35", "prose@38", "checked@42", "prose@46"],
  ]);
  assert.throws(() => blocksOf("a\n```ts\nx"), { message: "line 2: this code block is never closed" });
  assert.throws(() => blocksOf("<!-- not run: -->\n```ts\n```"), { message: /^line 2: .* must say why/ });
  assert.throws(() => blocksOf("<!-- run -->\n```json\n```"), { message: /^line 2: "run" is not for json blocks/ });
});

test("the documents are found", () => {
  assert.ok(own.length === 0 || own.some(({ path }) => path === "README.md"));
  assert.ok(readFileSync(join(workshop.folder, "node_modules", "offheap", "dist", "index.d.ts"), "utf8").includes("privateMemory"));
});
