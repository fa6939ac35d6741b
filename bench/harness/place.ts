import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** The folder of the project, wherever this code was compiled to. */
export function projectRoot(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, "bench", "rivals", "package.json"))) {
    if (dirname(folder) === folder) throw new Error(`no project above ${import.meta.dirname}`);
    folder = dirname(folder);
  }
  return folder;
}

/** A new folder for the files of one run, removed when the process ends. On disk: `OFFHEAP_BENCH_DIR` says where, if not in the temporary folder. */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(process.env.OFFHEAP_BENCH_DIR ?? tmpdir(), "offheap-bench-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
