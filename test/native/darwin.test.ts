import assert from "node:assert/strict";
import { test } from "node:test";
import { darwinSystem } from "../../src/native/darwin.ts";
import type { CFunction, CType, ForeignFunctions } from "../../src/native/foreign.ts";

// macOS is not here. What can be told without it: that the bytes of the structures lie where Apple's headers have them.

const PAGE = 16_384;
const ADDRESS = 0x1_4000_0000n;

interface Call {
  readonly name: string;
  readonly given: readonly unknown[];
}

/** A machine that does nothing, writes down what it is asked, and has regions as V8 makes them. */
function fake(calls: Call[], inArena = false): ForeignFunctions {
  const answer = (name: string, given: readonly unknown[]): number | bigint => {
    calls.push({ name, given: given.map((one) => (one instanceof Uint8Array ? Buffer.from(one) : one)) });
    if (name === "getpagesize") return PAGE;
    if (name === "task_self_trap") return 259;
    if (name === "mmap") return ADDRESS;
    if (name === "mach_vm_region") describeRegion(given, inArena);
    return 0;
  };
  function bind<const Result extends CType, const Parameters extends readonly CType[]>(
    name: string,
    result: Result,
    parameters: Parameters,
  ): CFunction<Result, Parameters>;
  function bind(name: string): (...given: readonly unknown[]) => number | bigint {
    return (...given) => answer(name, given);
  }
  return {
    name: "koffi",
    bind,
    bindVariadic: (name, parameters, last) => bind(name, "i32", [...parameters, last]),
    msyncAsync: async () => ({ result: 0, errno: 0 }),
    addressOf: () => ADDRESS,
    viewOf: () => {
      throw new Error("this engine takes no views of other memory");
    },
    errno: () => 35,
  };
}

function describeRegion([, at, size, , info]: readonly unknown[], inArena: boolean): void {
  assert.ok(at instanceof Uint8Array && size instanceof Uint8Array && info instanceof Uint8Array);
  const [address, length, words] = [
    Buffer.from(at.buffer, at.byteOffset),
    Buffer.from(size.buffer, size.byteOffset),
    Buffer.from(info.buffer, info.byteOffset),
  ];
  const isHead = address.readBigUInt64LE() < ADDRESS + BigInt(PAGE);
  if (!isHead) address.writeBigUInt64LE(ADDRESS + BigInt(PAGE));
  length.writeBigUInt64LE(BigInt(isHead && !inArena ? PAGE : 15 * PAGE));
  words.writeInt32LE(isHead || inArena ? 3 : 0);
}

test("macOS: the engine is checked by its regions", () => {
  darwinSystem(fake([]));
  assert.throws(() => darwinSystem(fake([], true)), { code: "unsupported", message: /arena/ });
});

test("macOS: a lock is a struct flock of 24 bytes, its type behind the process", () => {
  const calls: Call[] = [];
  const system = darwinSystem(fake(calls));
  assert.equal(system.lockByte(7, 2n ** 61n + 5n, "exclusive"), 0);
  const { given } = calls[calls.length - 1];
  const [fd, command, flock] = given;
  assert.deepEqual([fd, command], [7, 90]);
  assert.ok(Buffer.isBuffer(flock));
  assert.deepEqual(
    [
      flock.length,
      flock.readBigInt64LE(0),
      flock.readBigInt64LE(8),
      flock.readInt32LE(16),
      flock.readInt16LE(20),
      flock.readInt16LE(22),
    ],
    [24, 2n ** 61n + 5n, 1n, 0, 3, 0],
  );
});

test("macOS: blocks are allocated from the end of the file's, then the file is made longer", () => {
  const calls: Call[] = [];
  const system = darwinSystem(fake(calls));
  assert.equal(system.allocate(7, 1000, 5000), 0);
  const [preallocate, ftruncate] = calls.slice(-2);
  const store = preallocate.given[2];
  assert.ok(Buffer.isBuffer(store));
  assert.deepEqual(
    [preallocate.given[1], store.readUInt32LE(0), store.readInt32LE(4), store.readBigInt64LE(8), store.readBigInt64LE(16)],
    [42, 4, 3, 0n, 5000n],
  );
  assert.deepEqual([ftruncate.name, ...ftruncate.given], ["ftruncate", 7, 6000]);
});

test("macOS: what it has not is ENOSYS", () => {
  const system = darwinSystem(fake([]));
  assert.deepEqual(
    [system.seal(7, ["shrink"]), system.createMemoryFile("x"), system.advise(ADDRESS, PAGE, "populateRead")],
    [78, -78, 78],
  );
});
