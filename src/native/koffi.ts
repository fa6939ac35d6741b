import { createRequire } from "node:module";
import type { CFunction, CType, ForeignFunctions } from "./foreign.ts";

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
  let msync: ReturnType<ReturnType<typeof koffi.load>["func"]> | undefined;
  return {
    name: "koffi",
    bind<const Result extends CType, const Parameters extends readonly CType[]>(
      name: string,
      result: Result,
      parameters: Parameters,
      library?: string,
    ): CFunction<Result, Parameters> {
      return load(library).func(name, NAMES[result], names(parameters));
    },
    bindVariadic<const Parameters extends readonly CType[], const Last extends CType>(
      name: string,
      parameters: Parameters,
      last: Last,
    ): CFunction<"i32", readonly [...Parameters, Last]> {
      const call = load().func(name, NAMES.i32, [...names(parameters), "..."]);
      return (...given) => call(...given.slice(0, -1), NAMES[last], given.at(-1));
    },
    bindAsync<const Parameters extends readonly CType[]>(name: string, parameters: Parameters) {
      const call = load().func(name, NAMES.i64, names(parameters));
      return (...given) =>
        new Promise((resolve, reject) => {
          call.async(...given, (error: Error | null) => {
            if (error === null) resolve();
            else reject(error);
          });
        });
    },
    msyncAsync(address, byteLength, flags) {
      msync ??= load().func("msync", NAMES.i32, names(["address", "size", "i32"]));
      const call = msync;
      return new Promise((resolve, reject) => {
        call.async(address, byteLength, flags, (error: Error | null, result: number) => {
          const errno = koffi.errno();
          if (error === null) resolve({ result, errno });
          else reject(error);
        });
      });
    },
    addressOf: (buffer) => koffi.address(new DataView(buffer, 0, 1)),
    viewOf: (address, byteLength) => koffi.view(address, byteLength),
    errno: () => koffi.errno(),
  };
}
