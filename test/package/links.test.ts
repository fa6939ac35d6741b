import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { test } from "node:test";
import { ROOT, type Source, sourcesIn } from "./tree.ts";

const documents = sourcesIn(".", [".md"]);

/** A document without its blocks of code, in which nothing is a heading or a link. */
function withoutBlocks(text: string): string {
  return text.replace(/^(`{3,})[\s\S]*?^\1/gm, "");
}

/** As GitHub names the heading of a section: `In a file` is `in-a-file`. */
function anchorsOf(text: string): Set<string> {
  const headings = withoutBlocks(text).match(/^#+ .*$/gm) ?? [];
  return new Set(
    headings.map((heading) =>
      heading
        .replace(/^#+ /, "")
        .toLowerCase()
        .replace(/[^\p{L}\p{N}_ -]/gu, "")
        .replaceAll(" ", "-"),
    ),
  );
}

/** Links of a document that lead nowhere: to no file, or to no section of one. */
function brokenLinks({ path, text }: Source, all: readonly Source[]): string[] {
  const prose = withoutBlocks(text).replace(/`[^`\n]*`/g, "");
  const broken: string[] = [];
  for (const [, target] of prose.matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^[a-z]+:/.test(target)) continue;
    const [file, anchor] = target.split("#");
    const to = file === "" ? path : normalize(join(dirname(path), file));
    const found = all.find((document) => document.path === to);
    if (found === undefined && !existsSync(join(ROOT, to))) broken.push(`${path}: there is no ${target}`);
    else if (anchor !== undefined && found !== undefined && !anchorsOf(found.text).has(anchor)) {
      broken.push(`${path}: ${file || path} has no section ${anchor}`);
    }
  }
  return broken;
}

test("links within the documents lead to files and sections that are there", () => {
  assert.ok(documents.length > 50);
  assert.deepEqual(
    documents.flatMap((document) => brokenLinks(document, documents)),
    [],
  );
  const sample = {
    path: "docs/sample.md",
    text: "# A b\n```sh\n# c\n```\n[x](#a-b) [x](#c) [x](none.md) [x](choosing.md#which-home) [x](choosing.md#why)\n",
  };
  assert.deepEqual(brokenLinks(sample, [sample, ...documents]), [
    "docs/sample.md: docs/sample.md has no section c",
    "docs/sample.md: there is no none.md",
    "docs/sample.md: choosing.md has no section why",
  ]);
});

test("every decision is in the list of decisions, under its own title and number", () => {
  const folder = "docs/decisions/";
  const pages = documents.filter(({ path }) => path.startsWith(`${folder}0`));
  const list = documents.find(({ path }) => path === `${folder}README.md`)?.text ?? "";
  const lines = pages.map(({ path, text }) => {
    const name = path.slice(folder.length);
    const [, number, title] = /^# (\d+): (.*)$/m.exec(text.split("\n", 1)[0]) ?? [];
    assert.equal(number, name.slice(0, 4), `${path} begins with its number: "# ${name.slice(0, 4)}: …"`);
    return `- [${number}: ${title}](${name})`;
  });
  const missing = lines.filter((line) => !list.split("\n").includes(line));
  assert.deepEqual(missing, [], `add to ${folder}README.md`);
  assert.ok(lines.length > 50);
});
