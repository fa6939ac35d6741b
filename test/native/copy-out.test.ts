import assert from "node:assert/strict";
import { closeSync, ftruncateSync, openSync, readdirSync, writeSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { copyingOut } from "../../src/native/copy-out.ts";
import type { CFunction, CType, CTypes, ForeignFunctions } from "../../src/native/foreign.ts";
import { loadForeignFunctions } from "../../src/native/load-foreign.ts";
import { system } from "../../src/native/system.ts";
import { temporaryDirectory } from "../process/temporary-directory.ts";

const { EFAULT, EPERM, ENOSYS } = constants.errno;

/** The calls of this system in a sandbox where `process_vm_readv` ends with an errno. */
function sandboxed(errno: number): { readonly foreign: ForeignFunctions; tries(): number } {
  const foreign = loadForeignFunctions();
  let [tries, isRefused] = [0, false];
  function bind<const Result extends CType, const Parameters extends readonly CType[]>(
    name: string,
    result: Result,
    parameters: Parameters,
  ): CFunction<Result, Parameters>;
  function bind(name: string, result: CType, parameters: readonly CType[]): (...given: readonly CTypes[CType][]) => CTypes[CType] {
    if (name !== "process_vm_readv") return foreign.bind(name, result, parameters);
    return () => {
      [tries, isRefused] = [tries + 1, true];
      return -1;
    };
  }
  const told = (): number => {
    const found = isRefused ? errno : foreign.errno();
    isRefused = false;
    return found;
  };
  return { foreign: { ...foreign, bind, errno: told }, tries: () => tries };
}

for (const [way, errno] of [
  ["the call for it", 0],
  ["a file, where a sandbox forbids the call", EPERM],
  ["a file, where the kernel has no such call", ENOSYS],
] as const) {
  test(`bytes are copied out by ${way}, as far as their file has them`, (t) => {
    const { pageByteLength: page, addressOf, mapFile, mapZeros, createMemoryFile, close } = system();
    const sandbox = sandboxed(errno);
    const copyOut = copyingOut(errno === 0 ? loadForeignFunctions() : sandbox.foreign, { createMemoryFile, close });
    const fd = openSync(join(temporaryDirectory(t), "file"), "w+");
    writeSync(fd, Buffer.alloc(3 * page, 7));
    const buffer = new SharedArrayBuffer(3 * page, { maxByteLength: 3 * page });
    const address = addressOf(buffer);
    assert.equal(mapFile(address, 3 * page, "shared", fd, 0), 0);
    const descriptors = readdirSync("/proc/self/fd").length;
    const into = new Uint8Array(3 * page);
    assert.equal(copyOut(address, into), 3 * page);
    assert.deepEqual(new Set(into), new Set([7]));
    ftruncateSync(fd, page);
    into.fill(1);
    assert.equal(copyOut(address + 5n, into), page - 5, "what is there before the lost page");
    assert.deepEqual([into[page - 6], into[page - 5]], [7, 1]);
    assert.equal(copyOut(address + BigInt(page), into), -EFAULT);
    assert.equal(readdirSync("/proc/self/fd").length, descriptors);
    assert.equal(sandbox.tries(), errno === 0 ? 0 : 1, "it is not tried again");
    mapZeros(address, buffer.byteLength);
    closeSync(fd);
  });
}
