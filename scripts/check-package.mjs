// Checks what would be published: packs it, looks at the contents, lints package.json and types, installs it in a project of its own,
// opens every door there, with and without the optional dependencies, compiles against it and starts the command. `dist` must be built.
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";

const LARGEST_TARBALL_BYTES = 1_000_000;
const ALLOWED = /^(?:dist\/.+\.(?:js|d\.ts)|package\.json|README\.md|CHANGELOG\.md|LICENSE)$/;
const REQUIRED = ["package.json", "README.md", "CHANGELOG.md", "LICENSE", "dist/index.js", "dist/index.d.ts"];

const own = JSON.parse(readFileSync("package.json", "utf8"));
const doors = Object.keys(own.exports)
  .filter((door) => !door.endsWith(".json"))
  .map((door) => door.replace(/^\./, own.name));
/** Doors that must open, and whose types must compile, where there is no Node: all but those that say in their own way what they need. */
const browserDoors = doors.filter((door) => !/\/(?:mapped|adapters)/.test(door));

const folder = mkdtempSync(join(tmpdir(), "offheap-package-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
const problems = [];
const steps = [];

function step(name, work) {
  const before = problems.length;
  const started = Date.now();
  work();
  steps.push(`${problems.length === before ? "ok     " : "FAILED "} ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
}

/** Runs a program; a status other than 0 is a problem, told with what it printed. */
function expectSuccess(what, command, given, cwd) {
  const { status, signal, stdout, stderr } = spawnSync(command, given, { cwd, encoding: "utf8", timeout: 60_000 });
  if (status !== 0) problems.push(`${what}: ${signal ?? `exit ${status}`}\n${stdout}${stderr}`.trimEnd());
  return stdout;
}

const { stdout: packed } = spawnSync(
  "npm",
  ["pack", "--ignore-scripts", "--json", "--loglevel=error", "--pack-destination", folder],
  {
    encoding: "utf8",
  },
);
const { filename, files, size } = [JSON.parse(packed)].flat(2)[0];
const tarball = join(folder, filename);
const project = join(folder, "project");
const installed = join(project, "node_modules", own.name);
mkdirSync(installed, { recursive: true });
expectSuccess("tar", "tar", ["-xzf", tarball, "--strip-components=1", "-C", installed]);

step(`contents: ${files.length} files, ${Math.round(size / 1000)} kB packed`, () => {
  const paths = files.map(({ path }) => path);
  for (const path of paths) if (!ALLOWED.test(path)) problems.push(`the package should not hold ${path}`);
  for (const path of REQUIRED) if (!paths.includes(path)) problems.push(`the package lacks ${path}`);
  if (size > LARGEST_TARBALL_BYTES) problems.push(`the package has ${size} bytes, more than ${LARGEST_TARBALL_BYTES}`);
  for (const target of targets(own.exports))
    if (!existsSync(join(installed, target))) problems.push(`exports names ${target}, which is not there`);
  const newestSource = newest("src");
  if (existsSync("dist/index.js") && statSync("dist/index.js").mtimeMs < newestSource)
    problems.push("dist is older than src: npm run build");
});

const { messages, pkg } = await publint({ pkgDir: installed, pack: false, strict: true });
step("publint", () => {
  for (const message of messages) problems.push(`publint: ${formatMessage(message, pkg, { color: false })}`);
});

step("are the types wrong", () => {
  const attw = resolve("node_modules", "@arethetypeswrong", "cli", "dist", "index.js");
  expectSuccess("attw", process.execPath, [
    attw,
    tarball,
    "--profile",
    "esm-only",
    "--no-definitely-typed",
    "--format",
    "ascii",
    "--no-color",
  ]);
});

writeFileSync(join(project, "package.json"), '{ "type": "module", "private": true }\n');
for (const name of Object.keys(own.dependencies)) link(name);

// They are kept away by name as well: Node also looks in the folders above the project, and on some machines finds them there.
const without = join(folder, "without.cjs");
writeFileSync(
  without,
  `const Module = require("node:module");
const load = Module._load;
Module._load = function (request, ...rest) {
  if (${JSON.stringify(Object.keys(own.optionalDependencies))}.includes(request))
    throw Object.assign(new Error("Cannot find module '" + request + "'"), { code: "MODULE_NOT_FOUND" });
  return load.call(this, request, ...rest);
};
`,
);
step("every door opens without the optional dependencies, and what needs them says so", () => {
  openDoors("--require", without);
  const code = `
    import { isMappingSupported, mapAnonymous } from "${own.name}/mapped";
    import { MemoryError } from "${own.name}";
    if (isMappingSupported()) throw new Error("mapping is said to be supported");
    try {
      mapAnonymous(65536);
    } catch (error) {
      if (!(error instanceof MemoryError) || error.code !== "unsupported") throw error;
      if (process.platform === "linux" && !error.message.includes("koffi")) throw error;
      process.exit(0);
    }
    throw new Error("nothing was thrown");`;
  expectSuccess("without koffi", process.execPath, ["--require", without, "--input-type=module", "--eval", code], project);
});
for (const name of Object.keys(own.optionalDependencies)) if (existsSync(join("node_modules", name))) link(name);
step("every door opens", () => openDoors());

step("a program compiles against the types, with and without those of Node", () => {
  link("@types/node");
  compile("node", doors, ["node"]);
  compile("browser", browserDoors, []);
});

step("the command starts", () => {
  const main = join(installed, own.bin[own.name]);
  if (!readFileSync(main, "utf8").startsWith("#!/usr/bin/env node\n"))
    problems.push("the command does not begin with #!/usr/bin/env node");
  const version = expectSuccess("offheap --version", process.execPath, [main, "--version"], project).trim();
  if (version !== own.version) problems.push(`offheap --version prints ${version}, but this is ${own.version}`);
  if (!expectSuccess("offheap --help", process.execPath, [main, "--help"], project).includes("Usage"))
    problems.push("offheap --help shows no usage");
});

console.log(steps.join("\n"));
if (problems.length > 0) {
  console.error(`\n${problems.join("\n\n")}`);
  process.exit(1);
}

function openDoors(...options) {
  const opening = doors.map(
    (door) => `const d = await import(${JSON.stringify(door)}); if (Object.keys(d).length === 0) throw new Error("no exports");`,
  );
  for (const [place, code] of opening.entries()) {
    expectSuccess(`import "${doors[place]}"`, process.execPath, [...options, "--input-type=module", "--eval", code], project);
  }
}

function compile(name, opened, types) {
  const source = join(project, name);
  mkdirSync(source);
  const imports = opened.map((door, place) => `import * as door${place} from ${JSON.stringify(door)};\nexport { door${place} };\n`);
  writeFileSync(
    join(source, "main.ts"),
    `${imports.join("")}export function work(): void {\n  using memory = door0.privateMemory(8);\n  memory.u8[0] = 1;\n}\n`,
  );
  const compilerOptions = {
    target: "ES2022",
    // What the types need beyond it, they ask for themselves.
    lib: ["ES2022", "DOM"],
    module: "NodeNext",
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    noEmit: true,
    types,
  };
  writeFileSync(join(source, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["main.ts"] }));
  expectSuccess(`types (${name})`, process.execPath, [resolve("node_modules/typescript/bin/tsc"), "-p", source]);
}

function link(name) {
  const path = join(project, "node_modules", name);
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(resolve("node_modules", name), path, "dir");
}

function targets(entry) {
  return typeof entry === "string" ? [entry] : Object.values(entry).flatMap(targets);
}

function newest(path) {
  const { mtimeMs } = statSync(path);
  return path.endsWith(".ts") ? mtimeMs : Math.max(0, ...readdirSync(path).map((name) => newest(join(path, name))));
}
