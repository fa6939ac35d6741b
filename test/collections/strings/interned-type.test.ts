import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { KiB } from "../../../src/core/size.ts";
import {
  bump,
  columns,
  fingerprint,
  freezeInterner,
  idOf,
  interned,
  interner,
  NO_STRING,
  privateMemory,
  type StringId,
  struct,
  u16,
} from "../../../src/index.ts";
import { refuses } from "../../conformance/allocators.ts";
import { HOMES } from "../../conformance/homes.ts";

for (const home of HOMES) {
  it(`fields in ${home.title} hold strings by their ids, in as many bytes as those have`, () => {
    using memory = home.create(KiB(64));
    using countries = interner(privateMemory(KiB(64)), { name: "countries", ids: "u8" });
    using notes = interner(privateMemory(KiB(64)), { name: "notes" });
    const Sale = struct("Sale", { amount: u16, country: interned(countries), note: interned(notes, { optional: true }) });
    assert.deepEqual([Sale.byteSize, Sale.fields.country.byteOffset, Sale.fields.note.byteOffset], [8, 2, 4]);
    const sale = Sale.at(memory, 64);
    assert.deepEqual([sale.country, sale.note], ["", null]);
    sale.country = "Andorra";
    sale.note = "paid";
    Sale.write(memory, 72, { amount: 5, country: "Andorra", note: null });
    assert.deepEqual(Sale.read(memory, 72), { amount: 5, country: "Andorra", note: null });
    assert.deepEqual([memory.u8[66], memory.u8[74], memory.u32[17], memory.u32[19]], [1, 1, 1, 0]);
    assert.deepEqual([sale.country, sale.note, [...countries], [...notes]], ["Andorra", "paid", ["Andorra"], ["paid"]]);
    sale.note = null;
    assert.equal(memory.u32[17], 0);
  });
}

describe("a field that holds a string by its id", () => {
  it("refuses what is no string, and strings that there is no room for", () => {
    using memory = privateMemory(64);
    using few = interner(privateMemory(KiB(8)), { name: "few", maxCount: 1 });
    const Row = struct("Row", { name: interned(few), id: idOf(few) });
    const row = Row.at(memory, 8);
    row.name = "a";
    assert.match(
      refuses("bad-value", () => {
        // @ts-expect-error no string
        row.name = 5;
      }).message,
      /Row.name cannot hold 5/,
    );
    refuses("bad-value", () => {
      // @ts-expect-error not optional
      row.name = null;
    });
    assert.match(
      refuses("bad-value", () => {
        row.name = "b";
      }).message,
      /interner few has no room for another string/,
    );
    assert.equal(row.name, "a");
    memory.u32[2] = 7;
    assert.match(refuses("out-of-bounds", () => row.name).message, /interner few has no string with this id \(id=7, size=1\)/);
  });

  it("can hold the id itself, in the same bytes", () => {
    using memory = privateMemory(64);
    using words = interner(privateMemory(KiB(8)), { name: "words", ids: "u16" });
    const ById = struct("ById", { word: idOf(words) });
    const ByText = struct("ByText", { word: interned(words) });
    assert.equal(fingerprint(ById.signature), fingerprint(ByText.signature));
    assert.equal(ById.at(memory, 8).word, NO_STRING);
    ByText.at(memory, 8).word = "alpha";
    const id: StringId<"words"> = ById.at(memory, 8).word;
    assert.equal(words.resolve(id), "alpha");
    ById.at(memory, 10).word = id;
    assert.equal(ByText.at(memory, 10).word, "alpha");
    assert.match(refuses("bad-value", () => ById.write(memory, 8, { word: 9 as StringId<"words"> })).message, /cannot hold 9/);
  });

  it("takes from a dictionary the strings that it has", () => {
    using words = interner(privateMemory(KiB(8)));
    for (const text of ["alpha", "beta"]) words.intern(text);
    const frozen = freezeInterner(words, bump(privateMemory(KiB(8))));
    using memory = privateMemory(64);
    const Row = struct("Row", { word: interned(frozen) });
    const row = Row.at(memory, 8);
    row.word = "beta";
    assert.equal(row.word, "beta");
    assert.match(
      refuses("bad-value", () => {
        row.word = "gamma";
      }).message,
      /not in the dictionary, which takes in no new strings/,
    );
  });

  it("is a column of ids, sorted by the strings", () => {
    using words = interner(privateMemory(KiB(8)), { ids: "u8" });
    const Row = struct("Row", { word: interned(words), other: interned(words, { optional: true }) });
    using rows = columns(Row, { capacity: 8, memory: privateMemory(0, { maxByteLength: KiB(8) }) });
    for (const word of ["pear", "fig", "apple", "fig"]) rows.append({ word, other: word === "fig" ? null : word });
    assert.deepEqual([...rows.column("word")], [1, 2, 3, 2]);
    rows.sort("word");
    assert.deepEqual(
      [...rows].map((row) => row.word),
      ["apple", "fig", "fig", "pear"],
    );
    rows.sort("other", { descending: true });
    assert.deepEqual(
      [...rows].map((row) => row.other),
      ["pear", "apple", null, null],
    );
  });
});
