// Runs the compiled tests on the machine's Node and on the newest 22, 24 and 26, which npm carries as packages. Arguments as for test.mjs.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join, resolve } from "node:path";

const MAJORS = [22, 24, 26];
const PACKAGE = `node-${process.platform}-${process.arch}`;

function install(major) {
  const folder = join(".nodes", String(major));
  const binary = resolve(folder, "node_modules", PACKAGE, "bin", "node");
  if (!existsSync(binary)) {
    console.log(`installing ${PACKAGE}@${major} in ${folder}`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "package.json"), '{ "private": true }\n');
    const flags = ["--no-save", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
    spawnSync("npm", ["install", ...flags, `${PACKAGE}@${major}`], { cwd: folder, stdio: "inherit" });
  }
  return existsSync(binary) ? binary : undefined;
}

function run(binary) {
  const started = Date.now();
  // Tests that start `node` or `npm` themselves get the same version.
  const env = { ...process.env, PATH: `${dirname(binary)}${delimiter}${process.env.PATH}` };
  const { status, stdout } = spawnSync(binary, ["scripts/test.mjs", ...process.argv.slice(2)], {
    encoding: "utf8",
    env,
    maxBuffer: 1 << 28,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const count = (name) => Number(new RegExp(`^# ${name} (\\d+)`, "m").exec(stdout)?.[1] ?? 0);
  if (status !== 0) console.log(stdout);
  return {
    passed: count("pass"),
    failed: count("fail") + count("cancelled"),
    skipped: count("skipped"),
    status,
    seconds: (Date.now() - started) / 1000,
  };
}

const wanted = [["this machine's", process.execPath]];
if (process.platform === "linux" && (process.arch === "x64" || process.arch === "arm64")) {
  for (const major of MAJORS) wanted.push([String(major), install(major)]);
} else {
  console.log(`npm has no Node for ${process.platform} ${process.arch} that this script knows: only this machine's Node is tested`);
}

const table = [];
let allPassed = true;
for (const [name, binary] of wanted) {
  if (binary === undefined) {
    table.push({ node: name, result: "NOT INSTALLED" });
    allPassed = false;
    continue;
  }
  const version = spawnSync(binary, ["--version"], { encoding: "utf8" }).stdout.trim();
  console.log(`testing on Node ${version}`);
  const { status, passed, failed, skipped, seconds } = run(binary);
  allPassed &&= status === 0;
  table.push({
    node: version,
    result: status === 0 ? "passed" : "FAILED",
    passed,
    failed,
    skipped,
    seconds: Number(seconds.toFixed(1)),
  });
}
console.table(table);
process.exit(allPassed ? 0 : 1);
