import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { projectRoot, scratchFolder } from "../harness.ts";

const REGISTRY = "/usr/share/cargo/registry";

/** Compiles and runs the same loops with Rust's slotmap, from Debian's package. A string says why it could not. */
export function rustSlotmap(): { readonly pairNs: number; readonly getNs: number } | string {
  const source = existsSync(REGISTRY) ? readdirSync(REGISTRY).find((name) => name.startsWith("slotmap-")) : undefined;
  if (source === undefined) return "skipped: librust-slotmap-dev is not installed";
  const folder = scratchFolder();
  const crate = [
    "--crate-name",
    "slotmap",
    "--crate-type",
    "rlib",
    "--edition",
    "2018",
    "--cap-lints",
    "allow",
    "-O",
    "--cfg",
    'feature="std"',
  ];
  const library = join(folder, "libslotmap.rlib");
  const program = join(folder, "slotmap");
  const built =
    run("rustc", [...crate, join(REGISTRY, source, "src", "lib.rs"), "-o", library]) ??
    run("rustc", [
      "--edition",
      "2018",
      "-O",
      "-C",
      "target-cpu=native",
      "--extern",
      `slotmap=${library}`,
      join(projectRoot(), "bench", "native", "slotmap.rs"),
      "-o",
      program,
    ]);
  if (built !== undefined) return `skipped: it did not compile: ${built}`;
  const { stdout, status } = spawnSync(program, { encoding: "utf8" });
  if (status !== 0) return "skipped: it did not run";
  const [pairNs, getNs] = stdout.trim().split(" ").map(Number);
  return { pairNs, getNs };
}

function run(command: string, given: readonly string[]): string | undefined {
  const { status, stderr, error } = spawnSync(command, given, { encoding: "utf8" });
  if (error !== undefined) return error.message;
  return status === 0 ? undefined : stderr.split("\n")[0];
}
