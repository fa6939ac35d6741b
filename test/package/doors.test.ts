import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import * as streams from "../../src/adapters/streams.ts";
import * as concurrent from "../../src/concurrent/index.ts";
import * as debug from "../../src/debug/index.ts";
import * as core from "../../src/index.ts";
import * as mapped from "../../src/mapped/index.ts";

/*
 * What programs get who call the functions that everything begins with in the wrong way, as plain JavaScript does whom no compiler has told: always the one error, which
 * says what was wrong. Every exported function is called, so that a new one is not left out.
 */
const { interner, pool, sharedMemory, slab, struct, u32 } = core;

/** For implementers, who get what the compiler lets through. */
const FOR_IMPLEMENTERS = ["fingerprint", "storyOf", "watchUnclosed"];

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

/** The doors, and how many of the calls each refuses at least. */
const DOORS = [
  { door: "core", functions: core, least: 500 },
  { door: "concurrent", functions: concurrent, least: 500 },
  { door: "mapped", functions: mapped, least: 500 },
  { door: "debug", functions: debug, least: 100 },
  { door: "streams", functions: streams, least: 100 },
];

for (const { door, functions, least } of DOORS) {
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
    assert.ok(refused > least, `${refused} calls were refused`);
  });
}

test("a segment says so too, of every structure that it keeps", () => {
  using segment = mapped.openSegment("doors.seg", { reserve: 2 ** 22 });
  const names = Object.getOwnPropertyNames(Object.getPrototypeOf(Object.getPrototypeOf(segment)));
  let refused = 0;
  for (const name of names.filter((each) => each !== "constructor" && each !== "open")) {
    const make: unknown = Reflect.get(segment, name);
    assert.ok(typeof make === "function");
    for (const given of [
      [],
      ["x"],
      ["x", 5],
      ["x", "u32"],
      ["x", core.text],
      ["x", core.text, {}],
      [5, u32],
      [u32, 5],
      [core.text],
      [null, null],
    ]) {
      try {
        Reflect.apply(make, segment, given);
      } catch (error) {
        assert.ok(error instanceof core.MemoryError, `${name}(${given.map(shown).join(", ")}): ${error}`);
        refused += 1;
      }
    }
    for (const given of [[5], ["x", Symbol("x")]]) {
      assert.throws(() => Reflect.apply(make, segment, given), { message: new RegExp(`^segment.${name} was given`) });
    }
  }
  assert.ok(refused > 150, `${refused} calls were refused`);
});

test("what has no size of its own is refused where each value has a place of one length", () => {
  const { text } = core;
  const memory = sharedMemory(2 ** 16);
  const makes: (() => unknown)[] = [
    () => Reflect.apply(pool, undefined, [text]),
    () => Reflect.apply(concurrent.sharedPool, undefined, [memory, text, { capacity: 4 }]),
    () => Reflect.apply(concurrent.ring, undefined, [memory, text, { capacity: 4 }]),
    () => Reflect.apply(concurrent.queue, undefined, [memory, text, { capacity: 4 }]),
    () => Reflect.apply(concurrent.pipeline, undefined, [memory, text, { capacity: 4, stages: { parse: [] } }]),
    () => Reflect.apply(core.emplace, undefined, [core.arena(), text]),
    () => Reflect.apply(core.share, undefined, [slab(memory), text]),
  ];
  for (const make of makes) {
    assert.throws(make, { code: "invalid-argument", message: /was given a TextType instead of a type of fixed size/ });
  }
});

test("strings are not made of other values", () => {
  for (const names of [interner(), core.sharedInterner(sharedMemory(2 ** 16))]) {
    for (const wrong of [5, true, null, undefined, {}]) {
      assert.throws(() => Reflect.apply(names.intern, names, [wrong]), {
        code: "bad-value",
        message: /keeps strings, and was given/,
      });
      assert.equal(Reflect.apply(names.lookup, names, [wrong]), undefined);
    }
    assert.equal(names.size, 0);
  }
});

test("the error says what was given, what is wanted, and how the call goes", () => {
  const ring: (...given: unknown[]) => unknown = (...given) => Reflect.apply(concurrent.ring, undefined, given);
  const told = (expected: RegExp) => ({ code: "invalid-argument", message: expected });
  const cure = "Call it so: ring\\(memory, Tick, \\{ capacity: 1024 \\}\\)\\.";
  assert.throws(
    () => ring(),
    told(
      /^ring was given undefined instead of a type of fixed size, as structs, u32 or utf8\(32\) are\. Call it so: ring\(Tick, \{ capacity: 1024 \}\)\./,
    ),
  );
  assert.throws(() => ring(undefined, u32, {}), told(new RegExp(`^ring was given undefined instead of a memory\\. ${cure}`)));
  const memory = sharedMemory(1024);
  assert.throws(() => ring(memory, { x: u32 }, {}), told(/^ring was given an object of \{x\} instead of a type of fixed size/));
  assert.throws(() => ring(memory, "u32", {}), told(/^ring was given a string instead of a type of fixed size/));
  assert.throws(() => ring(memory, u32), told(/^ring was given undefined instead of options\./));
  assert.throws(() => ring(new ArrayBuffer(8), u32, {}), told(/^ring was given an ArrayBuffer instead of a memory\./));
});

function shown(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  return `${value.constructor?.name}{${Object.entries(value)
    .map(([name, of]) => `${name}: ${typeof of}`)
    .slice(0, 5)}}`;
}
