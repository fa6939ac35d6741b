import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { text } from "../../src/layout/text.ts";
import type { MappedHashTable } from "../../src/mapped/table/mapped-hash-table.ts";
import { openTable } from "../../src/mapped/table/open-table.ts";
import { dieAtStep } from "./stepping.ts";
import type { TableSteps } from "./table-kills.ts";

const KEYS = 400;
/** Of them so many are left. */
const LEFT = 20;

/**
 * Lets copies of this process compact a table and close it, and be killed, each `every` steps further; looks at what is left each time. In every other file the one
 * who looks next compacts too.
 */
export function killCompacting(directory: string, every: number): TableSteps {
  const path = join(directory, "compact");
  const image = furnished(path);
  for (let last = 0, killed = 0; ; last += every, killed += 1) {
    fs.rmSync(path);
    fs.writeFileSync(path, image);
    const through = dieAtStep(path, last, (begin) => {
      const table = open(path);
      begin();
      table.compact();
      table.close();
    });
    const story = `killed at step ${last}`;
    check(path, story);
    compactAgain(path, story);
    if (through !== undefined) return { killed, before: image.length, after: fs.statSync(path).size, ...through };
  }
}

function open(path: string): MappedHashTable<string, string> {
  return openTable(path, { key: text, value: text, shards: 2, seats: 4 });
}

function furnished(path: string): Buffer {
  const table = open(path);
  for (let key = 0; key < KEYS; key++) table.set(`key ${key}`, "x".repeat((key * 37) % 1200));
  table.flush();
  for (let key = LEFT; key < KEYS; key++) table.delete(`key ${key}`);
  // Those in use lie in the last extents.
  for (let key = 0; key < LEFT; key++) table.set(`key ${key}`, `value of ${key}`.padEnd(key * 50));
  table.close();
  return fs.readFileSync(path);
}

function check(path: string, story: string): void {
  using table = open(path);
  assert.equal(table.recovery.rebuiltShards, 0, story);
  assert.deepEqual(table.verify(), [], story);
  assert.equal(table.size, LEFT, story);
  for (let key = 0; key < LEFT; key++) assert.equal(table.get(`key ${key}`), `value of ${key}`.padEnd(key * 50), story);
}

function compactAgain(path: string, story: string): void {
  const table = open(path);
  table.compact();
  table.set("one more", "y".repeat(3000));
  assert.equal(table.delete("one more"), true, story);
  table.close();
  check(path, story);
}
