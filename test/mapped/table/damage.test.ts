import assert from "node:assert/strict";
import { test } from "node:test";
import { privateMemory } from "../../../src/core/homes.ts";
import { KiB } from "../../../src/core/size.ts";
import { u32 } from "../../../src/layout/scalars.ts";
import { text } from "../../../src/layout/text.ts";
import { durableTable } from "./durable-memory.ts";

const OPTIONS = { key: text, value: u32, shards: 1, seats: 1 } as const;
const ENTRIES = Array.from({ length: 6 }, (_, key) => [`key ${key}`, key * 7] as const);

test("every bit that is flipped in a table that was closed is found, or has no effect", () => {
  const whole = closedTable();
  const outcomes = { refused: 0, mended: 0, untouched: 0 };
  for (let bit = 0; bit < whole.length * 8; bit++) outcomes[outcomeOf(whole, bit)] += 1;
  assert.ok(outcomes.refused > 100 && outcomes.mended > 100 && outcomes.untouched > 100, JSON.stringify(outcomes));
});

/** The bytes of a table of some entries, with records that were replaced and deleted, up to the last one that is not zero. */
function closedTable(): Uint8Array {
  using memory = privateMemory(0, { maxByteLength: KiB(64) });
  const { table, flush, close } = durableTable(memory, OPTIONS, { isNew: true });
  table.setMany(ENTRIES);
  flush();
  table.set("key 1", 8).set("key 9", 9);
  flush();
  table.set("key 1", 7).delete("key 9");
  close();
  return memory.u8.slice(0, memory.u8.findLastIndex((byte) => byte !== 0) + 1);
}

function outcomeOf(whole: Uint8Array, bit: number): "refused" | "mended" | "untouched" {
  using memory = privateMemory(KiB(64));
  memory.u8.set(whole);
  memory.u8[bit >> 3] ^= 1 << (bit & 7);
  try {
    const { table, recovery, damaged } = durableTable(memory, OPTIONS, {});
    let found = 0;
    for (const [key, value] of ENTRIES) {
      const got = table.get(key);
      if (got === undefined) continue;
      assert.equal(got, value, `bit ${bit} gave a wrong value`);
      found += 1;
    }
    assert.equal(table.get("key 9"), undefined, `bit ${bit} brought back what was deleted`);
    const isTold = damaged.length > 0 || recovery.after === "power";
    assert.ok(found === ENTRIES.length || isTold, `after flipping bit ${bit} entries are missing, and nobody has said so`);
    // It goes on as a table does.
    for (let key = 0; key < 40; key++) table.set(`new ${key}`, key);
    for (let key = 0; key < 40; key++) assert.equal(table.get(`new ${key}`), key);
    return isTold ? "mended" : "untouched";
  } catch (error) {
    assert.match(String(error), /MemoryError/);
    return "refused";
  }
}
