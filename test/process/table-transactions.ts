import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { text } from "../../src/layout/text.ts";
import type { MappedHashTable } from "../../src/mapped/table/mapped-hash-table.ts";
import { openTable } from "../../src/mapped/table/open-table.ts";
import { dieAtStep } from "./stepping.ts";
import type { TransactionSteps } from "./table-kills.ts";

const KEYS = 30;

/**
 * Lets copies of this process change many keys of a table in one transaction, and be killed, each a step further. Each time all keys are as before, or all as they were to
 * be; and once they are, they are so after all later steps.
 */
export function killTransacting(directory: string): TransactionSteps {
  const path = join(directory, "transactions");
  const image = furnished(path);
  let [before, after] = [0, 0];
  for (let last = 0; ; last++) {
    fs.rmSync(path);
    fs.writeFileSync(path, image);
    const through = dieAtStep(path, last, (begin) => {
      const table = open(path);
      begin();
      change(table);
    });
    const isDone = look(path, `killed at step ${last}`);
    assert.ok(isDone || after === 0, `killed at step ${last}: all was undone, and was not at the step before`);
    if (through !== undefined) {
      assert.ok(isDone);
      return { killed: before + after, before, after, ...through };
    }
    if (isDone) after += 1;
    else before += 1;
  }
}

function open(path: string): MappedHashTable<string, string> {
  return openTable(path, { key: text, value: text, shards: 4, seats: 4 });
}

function furnished(path: string): Buffer {
  const table = open(path);
  for (let key = 0; key < KEYS; key++) table.set(`key ${key}`, `before ${key}`.padEnd(key * 20));
  table.close();
  return fs.readFileSync(path);
}

/** A third of the keys is set, a third deleted, a third stays; and as many as are deleted are new. */
function change(table: MappedHashTable<string, string>): void {
  table.transaction((t) => {
    for (let key = 0; key < KEYS; key += 3) {
      t.set(`key ${key}`, `after ${key}`);
      t.delete(`key ${key + 1}`);
      t.set(`new ${key}`, "y".repeat(key * 30));
    }
  });
}

/** Whether all has changed. Throws if a part has. */
function look(path: string, story: string): boolean {
  using table = open(path);
  assert.equal(table.recovery.rebuiltShards, 0, story);
  const isDone = table.get("key 0") === "after 0";
  for (let key = 0; key < KEYS; key += 3) {
    assert.equal(table.get(`key ${key}`), isDone ? `after ${key}` : `before ${key}`.padEnd(key * 20), story);
    assert.equal(table.has(`key ${key + 1}`), !isDone, story);
    assert.ok(table.has(`key ${key + 2}`), story);
    assert.equal(table.has(`new ${key}`), isDone, story);
  }
  assert.equal(table.size, KEYS, story);
  assert.deepEqual(table.verify(), [], story);
  // It goes on.
  change(table);
  assert.deepEqual(table.verify(), [], story);
  return isDone;
}
