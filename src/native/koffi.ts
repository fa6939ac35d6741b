import { createRequire } from "node:module";
import type { CFunction, CType, CTypes, Ended, ForeignFunctions } from "./foreign.ts";

const NAMES: { readonly [Name in CType]: string } = {
  i16: "int16_t",
  i32: "int",
  u32: "uint32_t",
  i64: "int64_t",
  size: "size_t",
  address: "void *",
  text: "const char *",
  bytes: "void *",
};

/** C functions through the package koffi. Throws what loading it throws. */
export function koffiFunctions(): ForeignFunctions {
  const koffi: typeof import("koffi") = createRequire(import.meta.url)("koffi");
  const libraries = new Map<string, ReturnType<typeof koffi.load>>();
  const load = (name = ""): ReturnType<typeof koffi.load> => {
    const found = libraries.get(name) ?? koffi.load(name === "" ? null : name);
    libraries.set(name, found);
    return found;
  };
  const names = (types: readonly CType[]): string[] => types.map((type) => NAMES[type]);
  function bindAsync<const Parameters extends readonly CType[]>(
    name: string,
    result: "i32" | "i64",
    parameters: Parameters,
    library?: string,
  ): (...parameters: { [Index in keyof Parameters]: CTypes[Parameters[Index]] }) => Promise<Ended> {
    const call = load(library).func(name, NAMES[result], names(parameters));
    return (...given) =>
      new Promise((resolve, reject) => {
        call.async(...given, (error: Error | null, found: number) => {
          const errno = koffi.errno();
          if (error === null) resolve({ result: found, errno });
          else reject(error);
        });
      });
  }
  let msync: ((address: bigint, byteLength: number, flags: number) => Promise<Ended>) | undefined;
  return {
    name: "koffi",
    bind<const Result extends CType, const Parameters extends readonly CType[]>(
      name: string,
      result: Result,
      parameters: Parameters,
      library?: string,
    ): CFunction<Result, Parameters> {
      const call = load(library).func(name, NAMES[result], names(parameters));
      return result === "address" ? (...given) => call(...given) ?? 0n : call;
    },
    bindVariadic<const Parameters extends readonly CType[], const Last extends CType>(
      name: string,
      parameters: Parameters,
      last: Last,
    ): CFunction<"i32", readonly [...Parameters, Last]> {
      const call = load().func(name, NAMES.i32, [...names(parameters), "..."]);
      return (...given) => call(...given.slice(0, -1), NAMES[last], given.at(-1));
    },
    bindAsync,
    msyncAsync(address, byteLength, flags) {
      msync ??= bindAsync("msync", "i32", ["address", "size", "i32"]);
      return msync(address, byteLength, flags);
    },
    addressOf: (buffer) => koffi.address(new DataView(buffer, 0, 1)),
    viewOf: (address, byteLength) => koffi.view(address, byteLength),
    errno: () => koffi.errno(),
  };
}
