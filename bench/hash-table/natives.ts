import { buildHashTable, buildRustHashMap, runNative } from "../native/build.ts";

type Native = Record<"open" | "std" | "multiply", Record<"insert" | "hit", number>>;

/** What the programs call their tables, and what we do. */
export const NATIVE_PEERS = [
  ["open", "C++ open addressing"],
  ["std", "std::unordered_map"],
  ["multiply", "hashbrown"],
] as const;

let built: ReturnType<typeof build> | undefined;

function build() {
  const [native, rust] = [buildHashTable(), buildRustHashMap()];
  for (const missing of [native, rust]) if ("missing" in missing) console.error(`no native peer: ${missing.missing}`);
  return { native, rust };
}

/** What the native tables take, those that could be built. */
export function nativeNs(count: number): Partial<Native> {
  built ??= build();
  const { native, rust } = built;
  return {
    ...("path" in native ? runNative<Native>(native, [count]) : {}),
    ...("path" in rust ? runNative<Native>(rust, ["numbers", count]) : {}),
  };
}
