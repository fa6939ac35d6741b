import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

const HEAD = `
import {
  array, bool, bytes, type Cursor, enumOf, f32, i64, interned, interner, kernel, optional, privateMemory, type ReadonlyViewOf, struct, text, u16,
  u32, utf8,
} from "../../src/index.ts";
const memory = privateMemory(1024);
const Vec = struct("Vec", { x: f32, y: f32 });
const Thing = struct("Thing", {
  pos: Vec, hp: u16, id: i64, team: enumOf("red", "blue"), alive: bool, name: utf8(8), digest: bytes(2), target: optional(u32), path: array(Vec, 3),
});
const thing = Thing.at(memory, 0);
const rows: Cursor<typeof thing> = Thing.cursor(memory, 0, 2);
const frozen: ReadonlyViewOf<typeof Thing> = thing;
const countries = interner(memory, { name: "countries" });
const cities = interner(memory, { name: "cities" });
const andorra = countries.intern("Andorra");
const Sale = struct("Sale", { country: interned(countries), note: interned(cities, { optional: true }) });
export const used = [countries, cities, andorra, Sale, memory, Vec, thing, rows, frozen, kernel, array, bool, bytes, enumOf, f32, i64, optional, struct, text, u16, u32, utf8];
`;

/** What must not compile, each with what the compiler must say. */
const MISTAKES: readonly (readonly [title: string, source: string, message: RegExp])[] = [
  ["a field that is not there", "thing.mana;", /Property 'mana' does not exist/],
  ["a string for a number", 'thing.hp = "5";', /'string' is not assignable to type 'number'/],
  ["a number for a 64-bit integer", "thing.id = 5;", /'number' is not assignable to type 'bigint'/],
  ["a string that is no member", 'thing.team = "green";', /"green"' is not assignable/],
  ["a number for a bool", "thing.alive = 1;", /'number' is not assignable to type 'boolean'/],
  ["null where nothing is optional", "thing.hp = null;", /'null' is not assignable/],
  ["a use of an optional value without asking", "thing.target + 1;", /possibly 'null'/],
  ["an array for bytes", "thing.digest = [1, 2];", /'number\[\]' is missing the following properties from type 'Uint8Array/],
  ["a field missing in a struct that is assigned", "thing.pos = { x: 1 };", /Property 'y' is missing/],
  ["an unknown field in an input", "Thing.write(memory, 0, { mana: 1 });", /'mana' does not exist/],
  ["an unknown field in a nested input", "Thing.write(memory, 0, { pos: { z: 1 } });", /'z' does not exist/],
  ["undefined for a field", "Thing.write(memory, 0, { hp: undefined });", /exactOptionalPropertyTypes/],
  ["a wrong element", 'thing.path.set(0, { x: "1" });', /'string' is not assignable to type 'number'/],
  ["an index into an array view", "thing.path[0];", /implicitly has an 'any' type/],
  ["a wrong member of an enum in an input", 'Thing.write(memory, 0, { team: "green" });', /"green"' is not assignable/],
  ["writing through a read-only view", "frozen.hp = 1;", /Cannot assign to 'hp' because it is a read-only property/],
  ["writing deeply through a read-only view", "frozen.pos.x = 1;", /Cannot assign to 'x' because it is a read-only property/],
  ["setting an element of a read-only view", "frozen.path.set(0, { x: 1 });", /Property 'set' does not exist/],
  ["writing to an element of a read-only view", "frozen.path.at(0).x = 1;", /Cannot assign to 'x'/],
  ["another length for a cursor", "rows.length = 5;", /Cannot assign to 'length'/],
  ["a struct of things that are no types", 'struct("Wrong", { x: "f32" });', /'string' is not assignable to type 'Type/],
  ["an array of what is no type", "array(32, 4);", /'number' is not assignable to parameter of type 'SizedType/],
  [
    "a field of a struct without a size of its own",
    'struct("City", { name: text });',
    /'TextType' is not assignable to type 'SizedType'/,
  ],
  ["an array of what has no size of its own", "array(text, 4);", /'TextType' is not assignable to parameter of type 'SizedType'/],
  ["an enum without members", "enumOf();", /at least 1|Expected 1/],
  ["a kernel over the wrong rows", "kernel((from: Cursor<{ mana: number }>) => from.length)(rows);", /'mana' is missing/],
  [
    "an id of another interner",
    "cities.resolve(andorra);",
    /'StringId<"countries">' is not assignable to parameter of type 'StringId<"cities">'/,
  ],
  [
    "a comparison of ids of two interners",
    'cities.compare(cities.intern("x"), andorra);',
    /'StringId<"countries">' is not assignable/,
  ],
  [
    "an id of one interner kept as one of another",
    "const id: ReturnType<typeof cities.intern> = andorra;",
    /'StringId<"countries">' is not assignable/,
  ],
  ["a number for an id", "countries.resolve(1);", /'number' is not assignable to parameter of type 'StringId/],
  ["a number for an interned string", "Sale.write(memory, 0, { country: 1 });", /'number' is not assignable to type 'string'/],
  ["null for an interned string that is not optional", "Sale.write(memory, 0, { country: null });", /'null' is not assignable/],
  [
    "a kernel without its arguments",
    "kernel((from: Cursor<{ hp: number }>, by: number) => by + from.length)(rows);",
    /Expected 2 arguments/,
  ],
  [
    "a box for a struct with a field called value",
    'const Odd = struct("Odd", { value: u16 }); const n: number = struct("O", { odd: Odd }).at(memory, 0).odd;',
    /not assignable to type 'number'/,
  ],
];

let folder = "";
let diagnostics = new Map<string, string>();

/** One run of the compiler for all of them: a file each. */
before(() => {
  folder = mkdtempSync(join(ROOT, "test", "types-"));
  const files = ["fine", ...MISTAKES.map((_, index) => `mistake${index}`)];
  writeFileSync(join(folder, "fine.ts"), HEAD);
  MISTAKES.forEach(([, source], index) => {
    writeFileSync(join(folder, `mistake${index}.ts`), `${HEAD}${source}\n`);
  });
  writeFileSync(
    join(folder, "tsconfig.json"),
    JSON.stringify({
      extends: "../../tsconfig.base.json",
      compilerOptions: { noEmit: true, noUnusedLocals: false },
      files: files.map((name) => `${name}.ts`),
    }),
  );
  const compiler = join(ROOT, "node_modules", "typescript", "bin", "tsc");
  const { stdout, stderr } = spawnSync(process.execPath, [compiler, "-p", folder, "--pretty", "false"], {
    encoding: "utf8",
    cwd: ROOT,
  });
  assert.equal(stderr, "");
  diagnostics = new Map(files.map((name) => [name, ""]));
  let current: string | undefined;
  for (const line of stdout.split("\n")) {
    // What follows an error on lines of its own belongs to it.
    current = /^\s/.test(line) ? current : /(?:^|[\\/])(\w+)\.ts\(\d+,\d+\): error/.exec(line)?.[1];
    if (current !== undefined) diagnostics.set(current, `${diagnostics.get(current) ?? ""}${line}\n`);
  }
});

after(() => rmSync(folder, { recursive: true, force: true }));

test("the ground on which the mistakes are made compiles", () => {
  assert.equal(diagnostics.get("fine"), "");
  assert.deepEqual(
    [...diagnostics.keys()].sort(),
    ["fine", ...MISTAKES.map((_, index) => `mistake${index}`)].sort(),
    "and so do our sources",
  );
});

for (const [index, [title, , message]] of MISTAKES.entries()) {
  test(`does not compile: ${title}`, () => {
    const told = diagnostics.get(`mistake${index}`) ?? "";
    assert.match(told, message);
    assert.equal(told.match(/: error TS/g)?.length, 1, told);
  });
}
