// npm run bench                       all benchmarks, one after another; writes bench/README.md
// npm run bench -- NAME [options]     one of them; with --json a line of JSON per measurement
// npm run bench -- NAME … --write     those; writes bench/README.md with them alone
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const README = "bench/README.md";
const benches = readdirSync("bench")
  .filter((name) => name.endsWith(".ts") && name !== "harness.ts")
  .map((name) => name.slice(0, -3))
  .sort();

const given = process.argv.slice(2);
const names = given.filter((argument) => !argument.startsWith("-"));
const options = given.filter((argument) => argument.startsWith("-"));
const unknown = names.filter((name) => !benches.includes(name));
if (unknown.length > 0) {
  console.error(`no benchmark ${unknown.join(", ")}; there are: ${benches.join(", ")}`);
  process.exit(1);
}

installRivals();
if (names.length > 0 && !given.includes("--write")) {
  for (const name of names) {
    const { status, signal } = spawnSync(process.execPath, [join(".build", "bench", `${name}.js`), ...options], {
      stdio: "inherit",
    });
    if (status !== 0) fail(name, status, signal);
  }
} else {
  const sections = [];
  for (const name of names.length > 0 ? names : benches) sections.push(section(name, await measure(name)));
  writeFileSync(README, await page(sections));
  console.log(`wrote ${README}`);
}

function installRivals() {
  if (existsSync(join("bench", "rivals", "node_modules", ".package-lock.json"))) return;
  console.error("installing what the benchmarks compare with, in bench/rivals");
  // Some are compiled: with the headers of this very Node where they are beside it.
  const root = dirname(dirname(process.execPath));
  const headers = existsSync(join(root, "include", "node", "node.h")) ? { npm_config_nodedir: root } : {};
  const { status } = spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: join("bench", "rivals"),
    env: { ...process.env, ...headers },
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (status !== 0) console.error("they could not be installed: benchmarks that need them will say so");
}

/** Runs one benchmark, shows its rows and returns them. */
async function measure(name) {
  const child = spawn(process.execPath, [join(".build", "bench", `${name}.js`), "--json", ...options], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise((resolve) => child.on("close", (status, signal) => resolve({ status, signal })));
  const rows = [];
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.startsWith("{")) continue;
    const row = JSON.parse(line);
    rows.push(row);
    console.log(
      `${row.bench.padEnd(18)} ${row.case.padEnd(44)} ${told(row.ours, row.unit).padStart(14)} ${told(row.peer, row.unit).padStart(14)}`,
    );
  }
  const { status, signal } = await ended;
  if (status !== 0) fail(name, status, signal);
  return rows;
}

function fail(name, status, signal) {
  console.error(`the benchmark ${name} failed: ${signal ?? `exit ${status}`}`);
  process.exit(1);
}

function section(name, rows) {
  const lines = [`## ${name}`, "", headComment(name), "", `\`npm run bench -- ${name}\``, ""];
  lines.push("| | offheap | peer | ratio | |", "|---|---:|---:|---:|---|");
  for (const { case: what, unit, ours, peer, peerName, ratio, note } of rows) {
    const remark = [peerName === null ? "" : `peer: ${peerName}`, note ?? ""].filter((part) => part !== "").join("; ");
    lines.push(`| ${what} | ${told(ours, unit)} | ${told(peer, unit)} | ${ratio === null ? "" : `${ratio}x`} | ${remark} |`);
  }
  return lines.join("\n");
}

function told(value, unit) {
  return value === null ? "" : `${Math.abs(value) >= 1000 ? value.toLocaleString("en-US") : value} ${unit}`;
}

/** The comment at the head of the benchmark says what it asks and what to beware of. */
function headComment(name) {
  const text = readFileSync(join("bench", `${name}.ts`), "utf8");
  const comment = /^\/\*\*([\s\S]*?)\*\//.exec(text)?.[1] ?? "";
  return comment
    .split("\n")
    .map((line) => line.replace(/^\s*\* ?/, "").trimEnd())
    .join("\n")
    .trim();
}

async function page(sections) {
  const { environmentLine } = await import(pathToFileURL(join(process.cwd(), ".build", "bench", "harness.js")).href);
  const date = new Date().toISOString().slice(0, 10);
  return `# Benchmarks

Written by \`npm run bench\` on ${date}. ${environmentLine()}.

A ratio over 1 means that offheap is better. Times are those of the fastest round, of rounds in which ours and the peer took turns in
one process; memory and start-up are measured in processes of their own.

Read them with care. They are small programs that do one thing; yours does many. They ran on one machine, whose other tenants are not
ours to stop: the figures move by some percent from run to run, the ratios by less. Where the collector and the parser are not what
your program waits for, no allocator will make it faster. Measure your own program.

${sections.join("\n\n")}
`;
}
