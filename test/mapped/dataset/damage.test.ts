import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { describe, it } from "node:test";
import { MemoryError } from "../../../src/index.ts";
import { openDataset } from "../../../src/mapped/index.ts";
import { build, fresh } from "./place.ts";

const NDJSON = [
  { id: 5, name: "eins", height: 7, sea: true },
  { id: 900, name: "zwei", height: null, sea: false },
  { id: 3, name: "eins", height: -1, sea: true },
]
  .map((row) => JSON.stringify(row))
  .join("\n");

/** Opens, reads all, looks everything up and verifies: every outcome but these three is a failure. */
function tryAll(path: string): "sound" | "reported" | "refused" {
  try {
    using dataset = openDataset(path);
    let reported = false;
    try {
      reported = dataset.verify().length > 0;
      for (const key of [5, 900, 3, 4, 0]) JSON.stringify(dataset.get(key));
      for (const row of dataset) JSON.stringify(row);
      [...dataset.export("csv")].join("");
    } catch (error) {
      if (!(error instanceof MemoryError)) throw error;
    }
    return reported ? "reported" : "sound";
  } catch (error) {
    if (error instanceof MemoryError) return "refused";
    throw error;
  }
}

describe("a damaged data set", () => {
  it("is refused or reported wherever a bit is flipped, and never crashes its reader", async () => {
    const path = await build("small.ndjson", NDJSON, { key: "id" });
    assert.equal(tryAll(path), "sound");
    const bytes = readFileSync(path);
    const damaged = fresh("flipped.seg");
    const counts = { sound: 0, reported: 0, refused: 0 };
    const unseen: string[] = [];
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      // All bits of the header; behind it one of each byte, every one of the eight in its turn.
      const at = bit >> 3;
      if (at >= 64 && (bit & 7) !== at % 8) continue;
      bytes[bit >> 3] ^= 1 << (bit & 7);
      writeFileSync(damaged, bytes);
      const outcome = tryAll(damaged);
      counts[outcome] += 1;
      if (outcome === "sound") unseen.push(`byte ${bit >> 3} bit ${bit & 7}`);
      bytes[bit >> 3] ^= 1 << (bit & 7);
    }
    assert.deepEqual(unseen, []);
    assert.ok(counts.reported > 0 && counts.refused > 0);
  });

  it("is refused whatever its length is cut or stretched to", async () => {
    const bytes = readFileSync(await build("small.ndjson", NDJSON, { key: "id" }));
    const cut = fresh("cut.seg");
    for (let byteLength = 0; byteLength < bytes.length; byteLength++) {
      writeFileSync(cut, bytes.subarray(0, byteLength));
      assert.throws(() => openDataset(cut), { name: "MemoryError" }, `cut to ${byteLength} bytes`);
    }
    writeFileSync(cut, Buffer.concat([bytes, Buffer.alloc(1)]));
    assert.throws(() => openDataset(cut), { code: "corrupt", message: /longer/ });
  });

  it("of a later version or with features that must be known is refused as such", async () => {
    const bytes = readFileSync(await build("small.ndjson", NDJSON));
    for (const at of [8, 12]) {
      const later = Buffer.from(bytes);
      later[at] += 2;
      const path = fresh("later.seg");
      writeFileSync(path, later);
      assert.throws(() => openDataset(path), { code: "unsupported-format" });
    }
  });
});
