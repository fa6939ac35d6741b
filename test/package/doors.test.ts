import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import * as concurrent from "../../src/concurrent/index.ts";
import * as core from "../../src/index.ts";
import * as mapped from "../../src/mapped/index.ts";

/*
 * What programs get who call the functions that everything begins with in the wrong way, as plain JavaScript does whom no compiler has told: always the one error, which
 * says what was wrong. Every exported function is called, so that a new one is not left out.
 */
const { interner, pool, sharedMemory, slab, struct, u32 } = core;

/** For implementers, who get what the compiler lets through. */
const FOR_IMPLEMENTERS = ["fingerprint"];

const WRONG: readonly unknown[] = [undefined, null, 5, -1, "", "x", {}, [], () => {}];
const WRONG_OPTIONS: readonly unknown[] = [5, "x", {}, [], () => {}];
const OPTION_NAMES = [
  "allocator",
  "byteCapacity",
  "byteLength",
  "byteOffset",
  "capacity",
  "memory",
  "participants",
  "seed",
  "shards",
];

const directory = mkdtempSync(join(tmpdir(), "offheap-doors-"));
const home = process.cwd();
before(() => process.chdir(directory));
after(() => {
  process.chdir(home);
  rmSync(directory, { recursive: true });
});

function wrongCalls(): unknown[][] {
  const Point = struct("Point", { x: u32 });
  const memory = sharedMemory(2 ** 20);
  const heap = slab(sharedMemory(2 ** 16, { maxByteLength: 2 ** 24 }));
  const types = { key: u32, value: u32 };
  const names = interner();
  const points = pool(Point);
  const here = concurrent.roster(sharedMemory(2 ** 16));
  const calls: unknown[][] = [[], [{}, {}], [memory, Point, {}], ["x", "y"], [5, 5]];
  for (const wrong of WRONG) calls.push([wrong]);
  const beginnings = [
    [memory],
    [Point],
    [memory, Point],
    [heap],
    [heap, Point],
    [names],
    [names, heap],
    [points],
    [points, Point],
    [here],
    [types],
    [memory, types],
  ];
  for (const beginning of beginnings) for (const wrong of WRONG_OPTIONS) calls.push([...beginning, wrong]);
  for (const name of OPTION_NAMES) {
    for (const wrong of WRONG) {
      const option = { [name]: wrong };
      calls.push([option], [memory, option], [{ ...types, ...option }], [Point, { capacity: 4, ...option }]);
      calls.push([memory, Point, { capacity: 4, ...option }], [memory, { ...types, byteCapacity: 1024, ...option }]);
    }
  }
  return calls;
}

for (const [door, functions] of Object.entries({ core, concurrent, mapped })) {
  test(`${door}: a function that is called in the wrong way says so with a MemoryError`, async () => {
    const calls = wrongCalls();
    let refused = 0;
    for (const [name, make] of Object.entries(functions)) {
      if (typeof make !== "function" || /^[A-Z]/.test(name) || FOR_IMPLEMENTERS.includes(name)) continue;
      const call: (...given: unknown[]) => unknown = make;
      for (const given of calls) {
        try {
          await call(...given);
        } catch (error) {
          assert.ok(error instanceof core.MemoryError, `${name}(${given.map(shown).join(", ")}): ${error}`);
          refused += 1;
        }
      }
    }
    assert.ok(refused > 500, `${refused} calls were refused`);
  });
}

test("the error says what was given, what is wanted, and how the call goes", () => {
  const ring: (...given: unknown[]) => unknown = (...given) => Reflect.apply(concurrent.ring, undefined, given);
  const told = (expected: RegExp) => ({ code: "invalid-argument", message: expected });
  const cure = "Call it so: ring\\(memory, Tick, \\{ capacity: 1024 \\}\\)\\.";
  assert.throws(() => ring(), told(new RegExp(`^ring was given undefined instead of a memory\\. ${cure}`)));
  const memory = sharedMemory(1024);
  assert.throws(() => ring(memory, { x: u32 }, {}), told(/^ring was given an object of \{x\} instead of a type\./));
  assert.throws(() => ring(memory, "u32", {}), told(/^ring was given a string instead of a type\./));
  assert.throws(() => ring(memory, u32), told(/^ring was given undefined instead of options\./));
  assert.throws(() => ring(new ArrayBuffer(8), u32, {}), told(/^ring was given an ArrayBuffer instead of a memory\./));
});

function shown(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  return `${value.constructor?.name}{${Object.entries(value)
    .map(([name, of]) => `${name}: ${typeof of}`)
    .slice(0, 5)}}`;
}
