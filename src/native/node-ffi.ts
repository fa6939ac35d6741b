import { createRequire } from "node:module";
import { Worker } from "node:worker_threads";
import type { CFunction, CType, Ended, ForeignFunctions } from "./foreign.ts";

/** What of Node's own module is used here; the type packages of the oldest supported Node do not know it. */
interface NodeFfi {
  dlopen(path: string | null): { readonly lib: NodeLibrary };
  getRawPointer(source: ArrayBufferLike): bigint;
  toArrayBuffer(pointer: bigint, byteLength: number, copy: boolean): ArrayBuffer;
  getInt32(pointer: bigint): number;
}

interface NodeLibrary {
  getFunction(
    name: string,
    signature: { readonly return: string; readonly arguments: readonly string[] },
  ): (...parameters: readonly unknown[]) => number | bigint;
}

const NAMES: { readonly [Name in CType]: string } = {
  i16: "int16",
  i32: "int32",
  u32: "uint32",
  i64: "int64",
  size: "uint64",
  address: "pointer",
  text: "string",
  bytes: "buffer",
};

/** A call for one parameter behind the fixed ones is an ordinary call on x64 and arm64, but for Apple's arm64. */
const VARIADIC_ON_STACK = process.platform === "darwin" && process.arch === "arm64";
const ERRNO_LOCATION = process.platform === "darwin" ? "__error" : "__errno_location";

/** C functions through `node:ffi`, which Node has from 26.9 on. Throws where it is missing, switched off or forbidden. */
export function nodeFunctions(): ForeignFunctions {
  const ffi: NodeFfi = createRequire(import.meta.url)("node:ffi");
  // A library object takes each name with one signature only, and fcntl has two.
  const bindRaw = (name: string, result: CType, parameters: readonly CType[]) =>
    ffi.dlopen(null).lib.getFunction(name, { return: NAMES[result], arguments: parameters.map((type) => NAMES[type]) });
  const errnoAddress = BigInt(bindRaw(ERRNO_LOCATION, "address", [])());

  function bind<const Result extends CType, const Parameters extends readonly CType[]>(
    name: string,
    result: Result,
    parameters: Parameters,
  ): CFunction<Result, Parameters>;
  function bind(name: string, result: CType, parameters: readonly CType[]): (...given: readonly unknown[]) => number | bigint {
    const call = bindRaw(name, result, parameters);
    return result === "i64" || result === "size" ? (...given) => Number(call(...given)) : call;
  }

  return {
    name: "node:ffi",
    bind,
    bindVariadic<const Parameters extends readonly CType[], const Last extends CType>(
      name: string,
      parameters: Parameters,
      last: Last,
    ): CFunction<"i32", readonly [...Parameters, Last]> {
      if (VARIADIC_ON_STACK) throw new Error(`node:ffi cannot call ${name} on this machine`);
      return bind(name, "i32", [...parameters, last] as const);
    },
    msyncAsync: syncInWorker,
    addressOf: (buffer) => ffi.getRawPointer(buffer),
    viewOf: (address, byteLength) => ffi.toArrayBuffer(address, byteLength, false),
    errno: () => ffi.getInt32(errnoAddress),
  };
}

const SYNC_WORKER = `
  const { parentPort, workerData: { address, byteLength, flags, errnoLocation } } = require("node:worker_threads");
  const ffi = require("node:ffi");
  const { functions } = ffi.dlopen(null, {
    msync: { return: "int32", arguments: ["pointer", "uint64", "int32"] },
    [errnoLocation]: { return: "pointer", arguments: [] },
  });
  const errnoAddress = functions[errnoLocation]();
  const result = functions.msync(address, byteLength, flags);
  parentPort.postMessage({ result, errno: ffi.getInt32(errnoAddress) });`;

/** This module has no calls on other threads, so the call gets a thread: some 30 ms, once per flush. */
function syncInWorker(address: bigint, byteLength: number, flags: number): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const workerData = { address, byteLength, flags, errnoLocation: ERRNO_LOCATION };
    const worker = new Worker(SYNC_WORKER, { eval: true, workerData });
    worker.once("message", resolve);
    worker.once("error", reject);
  });
}
