import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import type { Browser, BrowserContext } from "playwright-core";
import type { Outcome } from "./node-test.ts";
import { candidates } from "./runnable.ts";
import { type Site, serve } from "./serve.ts";

const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const executablePath = [process.env.CHROMIUM ?? "", ...PLACES].find((path) => existsSync(path));
const skip =
  executablePath === undefined ? "no Chromium is installed (Debian: apt-get install chromium; elsewhere set CHROMIUM)" : false;

/** A suite takes some seconds in a page, on a busy machine a minute. */
const MOST_MS = 300_000;

const PAGE_MODULE = 'import("/.build/test/browser/page.js")';

let opened: { readonly site: Site; readonly browser: Browser; readonly context: BrowserContext } | undefined;

async function open() {
  if (opened === undefined) {
    const { chromium } = await import("playwright-core");
    const site = await serve();
    const browser = await chromium.launch({ executablePath: executablePath ?? "", args: ARGUMENTS });
    opened = { site, browser, context: await browser.newContext() };
  }
  return opened;
}

after(async () => {
  await opened?.browser.close();
  await opened?.site.close();
});

/** Runs an expression in a fresh page. */
async function inPage<Result>(path: "page" | "strict-page", expression: string): Promise<Result> {
  const { site, context } = await open();
  const page = await context.newPage();
  try {
    await page.goto(`${site.origin}/${path}`);
    return await page.evaluate<Result>(expression);
  } finally {
    await page.close();
  }
}

/** A page that never answers must not keep the others from running. */
async function tooLate(name: string): Promise<never> {
  await setTimeout(MOST_MS, undefined, { ref: false });
  throw new Error(`${name} has not ended in the browser after ${MOST_MS / 1000} s`);
}

async function runSuite(path: "page" | "strict-page", name: string): Promise<void> {
  const url = JSON.stringify(`/.build/test/${name}.js`);
  const run = inPage<Outcome[]>(path, `${PAGE_MODULE}.then((page) => page.runFile(${url}))`);
  const outcomes = await Promise.race([run, tooLate(name)]);
  const failures = outcomes.filter(({ result }) => result === "failed").map((outcome) => `${outcome.name}\n${outcome.error}`);
  if (failures.length > 0) throw new Error(`${failures.length} tests of ${name} fail in the browser\n\n${failures.join("\n\n")}`);
  assert.ok(outcomes.length > 0, `${name} has declared tests`);
}

const all = candidates();
const runnable = all.filter(({ needs }) => needs === undefined);

test("the tests of the core can run in a browser", (t) => {
  const names = runnable.map(({ name }) => name);
  for (const name of ["core/memory", "core/homes", "core/lease", "core/ticket"]) assert.ok(names.includes(name), name);
  const others = all.filter(({ needs }) => needs !== undefined).map(({ name, needs }) => `${name} (${needs})`);
  t.diagnostic(`browser: ${runnable.length} test files can run in Chromium; in Node alone: ${others.join(", ")}`);
});

test("the page has SharedArrayBuffer, and one of the two pages cannot generate code", { skip }, async () => {
  const abilities = `${PAGE_MODULE}.then((page) => page.abilities())`;
  assert.deepEqual(await inPage("page", abilities), { sharedMemory: true, codeGeneration: true });
  assert.deepEqual(await inPage("strict-page", abilities), { sharedMemory: true, codeGeneration: false });
});

test("a failing test in the page fails here", { skip }, async () => {
  await assert.rejects(runSuite("page", "browser/failing"), (error) => {
    assert.ok(error instanceof Error);
    const failed = [
      "equal",
      "deepEqual",
      "throws the wrong",
      "throws nothing",
      "rejects",
      "parent > child",
      "parent",
      "a hook's suite > match",
    ];
    assert.ok(error.message.startsWith(`${failed.length} tests`), error.message);
    for (const name of failed) assert.ok(error.message.includes(`\n\n${name}\n`), name);
    return true;
  });
});

test("tickets of shared memories go to a web worker, and both threads see the bytes and the growth", { skip }, async () => {
  const told = await inPage("strict-page", 'import("/.build/test/browser/threads.js").then((page) => page.throughWorkers())');
  const expected = { awake: true, sum: 42, byteLength: 131_072, filled: true };
  assert.deepEqual(
    told,
    ["shared memory", "shared WebAssembly memory"].map((title) => ({ title, ...expected })),
  );
});

test("a page's own files (OPFS) are loaded and saved whole", { skip }, async () => {
  const told = await inPage("strict-page", 'import("/.build/test/browser/stored.js").then((page) => page.throughFiles())');
  const byteLength = 9_000_000;
  assert.deepEqual(told, { size: byteLength, byteLength, sum: 254, records: 3, name: "Malta", missing: "NotFoundError" });
});

for (const { name, generatesCode } of runnable) {
  test(`${name} in Chromium`, { skip }, () => runSuite("page", `${name}.test`));
  if (generatesCode) {
    test(`${name} in Chromium without code generation`, { skip }, () => runSuite("strict-page", `${name}.test`));
  }
}
