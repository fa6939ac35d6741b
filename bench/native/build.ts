import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { projectRoot, scratchFolder } from "../harness.ts";

/** A program built from a source of this folder, or why it cannot be here. */
export type Native = { readonly path: string } | { readonly missing: string };

/** What each program is built of: a compiler, and files of Debian's packages that must be there. */
const CRATES = "/usr/share/cargo/registry";

const folder = scratchFolder();

/** `allocator-trace.c` with glibc's malloc, or with mimalloc (Debian: libmimalloc-dev). */
export function buildTrace(library: "glibc" | "mimalloc"): Native {
  if (library === "mimalloc" && !existsSync("/usr/include/mimalloc.h")) return { missing: "mimalloc: apt install libmimalloc-dev" };
  const path = join(folder, `trace-${library}`);
  const flags = library === "mimalloc" ? ["-DUSE_MIMALLOC", "-lmimalloc"] : [];
  const source = join(projectRoot(), "bench", "native", "allocator-trace.c");
  return built(path, "cc", ["-O3", "-march=native", source, "-o", path, ...flags], "a C compiler: apt install gcc");
}

/** `binary-trees.rs` with bumpalo (Debian: librust-bumpalo-dev and rustc). */
export function buildTrees(): Native {
  const crate = existsSync(CRATES) ? readdirSync(CRATES).find((name) => name.startsWith("bumpalo-")) : undefined;
  if (crate === undefined) return { missing: "bumpalo: apt install librust-bumpalo-dev" };
  // Debian's compiler where it is there: another may find the crate too old or too new.
  const rustc = existsSync("/usr/bin/rustc") ? "/usr/bin/rustc" : "rustc";
  const missing = "a Rust compiler: apt install rustc";
  const library = join(folder, "libbumpalo.rlib");
  const flags = ["--edition", "2021", "-C", "opt-level=3", "-C", "target-cpu=native"];
  const crateSource = join(CRATES, crate, "src", "lib.rs");
  const bumpalo = built(
    library,
    rustc,
    [...flags, "--crate-type", "rlib", "--crate-name", "bumpalo", crateSource, "-o", library],
    missing,
  );
  if ("missing" in bumpalo) return bumpalo;
  const path = join(folder, "binary-trees");
  const source = join(projectRoot(), "bench", "native", "binary-trees.rs");
  return built(path, rustc, [...flags, "--extern", `bumpalo=${library}`, source, "-o", path], missing);
}

/** `spsc-ring.cpp`. */
export function buildRing(): Native {
  const path = join(folder, "spsc-ring");
  const source = join(projectRoot(), "bench", "native", "spsc-ring.cpp");
  return built(path, "c++", ["-O3", "-march=native", "-pthread", source, "-o", path], "a C++ compiler: apt install g++");
}

/** `hash-table.cpp`: open addressing and std::unordered_map. */
export function buildHashTable(): Native {
  const path = join(folder, "hash-table");
  const source = join(projectRoot(), "bench", "native", "hash-table.cpp");
  return built(path, "c++", ["-O3", "-march=native", "-std=c++17", source, "-o", path], "a C++ compiler: apt install g++");
}

/** What `bench/intern.ts` compares with, and what to run it as: `intern.cpp` in one of its two modes, or `intern.rs`. */
export function buildIntern(mode: "hand" | "string" | "rust"): Native & { readonly mode: string } {
  const path = join(folder, mode === "rust" ? "intern-rust" : "intern-cpp");
  const source = join(projectRoot(), "bench", "native", mode === "rust" ? "intern.rs" : "intern.cpp");
  const rust = ["--edition", "2021", "-C", "opt-level=3", "-C", "target-cpu=native", source, "-o", path];
  const cpp = ["-O3", "-march=native", "-std=c++17", source, "-o", path];
  const native =
    mode === "rust"
      ? built(path, "rustc", rust, "a Rust compiler: apt install rustc")
      : built(path, "c++", cpp, "a C++ compiler: apt install g++");
  return { ...native, mode };
}

/** Runs a program and returns the JSON that it prints. */
export function runNative<Result>(native: { readonly path: string }, args: readonly (number | string)[]): Result {
  const { status, stdout, stderr } = spawnSync(native.path, args.map(String), { encoding: "utf8" });
  if (status !== 0) throw new Error(`${native.path} ended with ${status}: ${stderr}`);
  return JSON.parse(stdout);
}

function built(path: string, compiler: string, args: readonly string[], missing: string): Native {
  const { status, stderr, error } = spawnSync(compiler, args, { encoding: "utf8" });
  if (error !== undefined) return { missing };
  if (status !== 0) return { missing: `${compiler} refused: ${stderr.split("\n")[0]}` };
  return { path };
}
