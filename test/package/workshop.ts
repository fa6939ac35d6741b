import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { type Block, blocksOf, moduleAt } from "./documents.ts";
import { ROOT, type Source } from "./tree.ts";

const TSC = join(ROOT, "node_modules", "typescript", "bin", "tsc");

const OPTIONS = {
  target: "ES2022",
  lib: ["ES2023", "ESNext.Disposable"],
  module: "NodeNext",
  strict: true,
  exactOptionalPropertyTypes: true,
  types: ["node"],
  rootDir: "source",
  outDir: "compiled",
};

/** A document that is ready to be run. */
export interface Document {
  readonly path: string;
  readonly blocks: readonly Block[];
}

/**
 * A project outside the repository that has the package installed as its users have it: built, with its exports, its types, its
 * command on the path and its dependencies.
 */
export class Workshop implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "offheap-documents-"));
  readonly #environment: NodeJS.ProcessEnv;

  constructor() {
    const installed = join(this.folder, "node_modules", "offheap");
    mkdirSync(installed, { recursive: true });
    cpSync(join(ROOT, "package.json"), join(installed, "package.json"));
    // Type errors of the sources are for the compiler's own check to tell; what it emits is enough here.
    spawnSync(process.execPath, [TSC, "-p", join(ROOT, "tsconfig.build.json"), "--outDir", join(installed, "dist")]);
    const own: { dependencies: object; optionalDependencies: object; bin: { offheap: string } } = JSON.parse(
      readFileSync(join(ROOT, "package.json"), "utf8"),
    );
    for (const name of [...Object.keys(own.dependencies), ...Object.keys(own.optionalDependencies), "@types/node"])
      this.#link(name);
    const command = join(this.folder, "bin", "offheap");
    mkdirSync(dirname(command));
    writeFileSync(command, `#!/bin/sh\nexec "${process.execPath}" "${join(installed, own.bin.offheap)}" "$@"\n`);
    chmodSync(command, 0o755);
    writeFileSync(join(this.folder, "package.json"), '{ "type": "module", "private": true }\n');
    writeFileSync(join(this.folder, "tsconfig.json"), JSON.stringify({ compilerOptions: OPTIONS, include: ["source"] }));
    this.#environment = { ...process.env, PATH: [dirname(command), dirname(process.execPath), process.env.PATH].join(delimiter) };
  }

  /** Reads the documents and compiles their modules. Returns the compiler's complaints, in terms of the documents' lines. */
  compile(sources: readonly Source[]): { readonly documents: readonly Document[]; readonly complaints: string[] } {
    const documents = sources.map(({ path, text }) => ({ path, blocks: blocksOf(text) }));
    for (const { path, blocks } of documents) {
      mkdirSync(join(this.folder, "source", path), { recursive: true });
      for (const [place, { language, role }] of blocks.entries()) {
        if (language !== "ts" || role === "prose" || role === "file") continue;
        const { line, text } = moduleAt(blocks, place);
        // Even a block without imports is a module, so that blocks do not see each other's names.
        writeFileSync(join(this.folder, "source", path, `${line}.ts`), `${text}export {};\n`);
      }
    }
    const { stdout } = spawnSync(process.execPath, [TSC, "-p", this.folder, "--pretty", "false"], {
      cwd: this.folder,
      encoding: "utf8",
    });
    const complaints = stdout.split("\n").filter((line) => /error TS\d+/.test(line) && !line.includes("TS18003"));
    return { documents, complaints: complaints.map((line) => line.replace(/^source\/(.*?)\/\d+\.ts\((\d+),\d+\)/, "$1:$2")) };
  }

  /** The folder in which the blocks of a document run. */
  folderOf({ path }: Document): string {
    const folder = join(this.folder, "work", path);
    mkdirSync(folder, { recursive: true });
    return folder;
  }

  /** Runs a block that is to be run. Returns what it printed; throws what went wrong. */
  run(document: Document, block: Block): string {
    const cwd = this.folderOf(document);
    const [command, ...given] =
      block.role === "shell"
        ? ["bash", "-euo", "pipefail", "-c", block.text]
        : [process.execPath, join(this.folder, "compiled", document.path, `${block.line}.js`)];
    const { status, signal, stdout, stderr } = spawnSync(command, given, {
      cwd,
      env: this.#environment,
      encoding: "utf8",
      timeout: 60_000,
    });
    if (status === 0) return stdout;
    throw new Error(`${document.path}:${block.line} ended with ${signal ?? `status ${status}`}\n${stdout}${stderr}`);
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  #link(name: string): void {
    const path = join(this.folder, "node_modules", name);
    mkdirSync(dirname(path), { recursive: true });
    symlinkSync(join(ROOT, "node_modules", name), path, "dir");
  }
}
