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
  const library = join(folder, "libbumpalo.rlib");
  const kind = ["--crate-type", "rlib", "--crate-name", "bumpalo"];
  const bumpalo = builtByRustc(library, [...kind, join(CRATES, crate, "src", "lib.rs")]);
  if ("missing" in bumpalo) return bumpalo;
  const source = join(projectRoot(), "bench", "native", "binary-trees.rs");
  return builtByRustc(join(folder, "binary-trees"), ["--extern", `bumpalo=${library}`, source]);
}

/** `spsc-ring.cpp`. */
export function buildRing(): Native {
  const path = join(folder, "spsc-ring");
  const source = join(projectRoot(), "bench", "native", "spsc-ring.cpp");
  return built(path, "c++", ["-O3", "-march=native", "-pthread", source, "-o", path], "a C++ compiler: apt install g++");
}

/** `crossbeam-queue.rs` with crossbeam's bounded queue (Debian: librust-crossbeam-queue-dev and rustc). */
export function buildCrossbeamQueue(): Native {
  const names = existsSync(CRATES) ? readdirSync(CRATES) : [];
  const externs: string[] = [];
  // Each needs those before it.
  for (const name of ["cfg-if", "crossbeam-utils", "crossbeam-queue"]) {
    const crate = names.find((found) => new RegExp(`^${name}-[0-9]`).test(found));
    if (crate === undefined) return { missing: `${name}: apt install librust-crossbeam-queue-dev` };
    const identifier = name.replaceAll("-", "_");
    const library = join(folder, `lib${identifier}.rlib`);
    const kind = ["--crate-type", "rlib", "--crate-name", identifier, "--cap-lints", "allow", "--cfg", 'feature="std"'];
    const source = join(CRATES, crate, "src", "lib.rs");
    const compiled = builtByRustc(library, [...kind, "--cfg", 'feature="alloc"', ...externs, source]);
    if ("missing" in compiled) return compiled;
    externs.push("--extern", `${identifier}=${library}`, "-L", folder);
  }
  return builtByRustc(join(folder, "crossbeam-queue"), [...externs, join(projectRoot(), "bench", "native", "crossbeam-queue.rs")]);
}

/** `futex-ping.c`. */
export function buildFutexPing(): Native {
  const path = join(folder, "futex-ping");
  const source = join(projectRoot(), "bench", "native", "futex-ping.c");
  return built(path, "cc", ["-O3", "-march=native", "-pthread", source, "-o", path], "a C compiler: apt install gcc");
}

/** `hash-table.cpp`: open addressing and std::unordered_map. */
export function buildHashTable(): Native {
  const path = join(folder, "hash-table");
  const source = join(projectRoot(), "bench", "native", "hash-table.cpp");
  return built(path, "c++", ["-O3", "-march=native", "-std=c++17", source, "-o", path], "a C++ compiler: apt install g++");
}

/** `hash-table.rs`: the HashMap of Rust, which is hashbrown. */
export function buildRustHashMap(): Native {
  return builtByRustc(join(folder, "hash-table-rust"), [join(projectRoot(), "bench", "native", "hash-table.rs")]);
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

/** Debian's compiler where it is there: another may find Debian's crates too old or too new. */
function builtByRustc(path: string, args: readonly string[]): Native {
  const rustc = existsSync("/usr/bin/rustc") ? "/usr/bin/rustc" : "rustc";
  const flags = ["--edition", "2021", "-C", "opt-level=3", "-C", "target-cpu=native"];
  return built(path, rustc, [...flags, ...args, "-o", path], "a Rust compiler: apt install rustc");
}

function built(path: string, compiler: string, args: readonly string[], missing: string): Native {
  const { status, stderr, error } = spawnSync(compiler, args, { encoding: "utf8" });
  if (error !== undefined) return { missing };
  if (status !== 0) return { missing: `${compiler} refused: ${stderr.split("\n")[0]}` };
  return { path };
}
