import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { bundlePath } from "./bundle.ts";

/** The compiled file of a module of the library, for scripts that run in a process of their own. */
export function moduleUrl(path: string): string {
  return new URL(`../../src/${path}`, import.meta.url).href;
}

const MAPPED = [
  "atomic-file",
  "attach",
  "load-file",
  "map-anonymous",
  "map-file",
  "map-mirrored",
  "map-scratch",
  "map-window",
  "participants",
  "supported",
];

/** Every script of a child begins with these names. The modules of mapping come one by one: all of the door would take each child longer. */
const PRELUDE = `
  import assert from "node:assert/strict";
  import fs from "node:fs";
  import { Worker } from "node:worker_threads";
  ${MAPPED.map((name, index) => `import * as mapped${index} from ${JSON.stringify(moduleUrl(`mapped/${name}.js`))};`).join("\n")}
  const mapped = { ${MAPPED.map((_, index) => `...mapped${index}`).join(", ")} };
  const [directory, ...args] = process.argv.slice(2);
`;

export interface ChildOptions {
  /** Starts in a third of the time: the script is the body of an async function, without imports, and has `load("mapped/map-file")` instead. See bundle.ts. */
  readonly bundled?: boolean;
  /** Handed to the script as `directory`; the script itself is put there. */
  readonly directory: string;
  readonly args?: readonly string[];
  readonly nodeOptions?: readonly string[];
  /** The user that the process belongs to; root alone can choose. */
  readonly uid?: number;
}

export interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `script` in a Node process of its own and waits for its end. */
export function runChild(script: string, options: ChildOptions): Ended {
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, commandLine(script, options), {
    encoding: "utf8",
    timeout: 60_000,
    ...(options.uid === undefined ? {} : { uid: options.uid }),
  });
  return { status, signal, stdout, stderr };
}

const running = new Set<ChildProcess>();
// A child that loops never sees that its parent has gone; a test that fails would leave it behind.
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** Starts `script` in a Node process of its own, with a channel for messages. It ends with this process at the latest. */
export function startChild(script: string, options: ChildOptions): ChildProcess {
  const child = spawn(process.execPath, commandLine(script, options), { stdio: ["ignore", "pipe", "inherit", "ipc"] });
  running.add(child);
  child.once("exit", () => running.delete(child));
  return child;
}

/** A worker thread that starts as a bundled child does: see `ChildOptions`. The script also has `workerData` and `parentPort`. */
export function startWorker(script: string, workerData: unknown): Worker {
  return new Worker(
    `const { parentPort, workerData } = require("node:worker_threads");
     const load = require(${JSON.stringify(bundlePath())});
     ${script}`,
    { eval: true, workerData },
  );
}

/** The next message of a child. Rejects when it ends without one. */
export function messageOf(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    child.once("message", resolve);
    child.once("exit", (status, signal) => reject(new Error(`the child ended with ${status ?? signal} and without a message`)));
  });
}

/** Status and signal with which a child ends, or the status of a worker. To be asked for before it can have ended. */
export function endOf(started: ChildProcess | Worker): Promise<readonly unknown[]> {
  return new Promise((resolve, reject) => {
    started.once("error", reject);
    started.once("exit", (...end: readonly unknown[]) => resolve(end));
  });
}

let scripts = 0;

function commandLine(script: string, { directory, args = [], nodeOptions = [], bundled = false }: ChildOptions): string[] {
  scripts += 1;
  const path = join(directory, `child-${process.pid}-${scripts}.${bundled ? "cjs" : "mjs"}`);
  writeFileSync(path, bundled ? bundledScript(script) : PRELUDE + script);
  return [...nodeOptions, path, directory, ...args];
}

/** The whole of a script whose options would say `bundled`. */
export function bundledScript(script: string): string {
  return `const assert = require("node:assert/strict"), fs = require("node:fs");
const load = require(${JSON.stringify(bundlePath())});
const [directory, ...args] = process.argv.slice(2);
(async () => {${script}
})().catch((error) => { console.error(error); process.exit(1); });`;
}

/** Whether this Node can call C by itself. */
export function hasNodeFfi(): boolean {
  const [major, minor] = process.versions.node.split(".").map(Number);
  return major > 26 || (major === 26 && minor >= 9);
}

/** The options of a process in which nothing can call C: koffi is not installed, and Node's own way is switched off. */
export function withoutKoffi(directory: string): string[] {
  return [...(hasNodeFfi() ? ["--no-experimental-ffi"] : []), ...onlyNodeFfi(directory)];
}

/** The options of a process whose engine seems to keep its buffers in an arena, so that files are mapped over ranges of the system's: see native/ranges.ts. */
export function withSystemRanges(directory: string): string[] {
  const path = join(directory, "with-arena.cjs");
  writeFileSync(
    path,
    `const fs = require("node:fs");
     const { readFileSync } = fs;
     fs.readFileSync = (path, ...rest) => path === "/proc/self/maps" ? "1000-7fffffffffff rw-p 00000000 00:00 0\\n" : readFileSync(path, ...rest);
     require("node:module").syncBuiltinESMExports();`,
  );
  return ["--require", path];
}

/** The options of a process in which koffi is not installed. */
export function onlyNodeFfi(directory: string): string[] {
  const path = join(directory, "without-koffi.cjs");
  writeFileSync(
    path,
    `const Module = require("node:module");
     const load = Module._load;
     Module._load = function (request, ...rest) {
       if (request === "koffi") throw Object.assign(new Error("Cannot find module 'koffi'"), { code: "MODULE_NOT_FOUND" });
       return load.call(this, request, ...rest);
     };`,
  );
  return ["--require", path];
}
