import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CsvError, parse } from "csv-parse/sync";
import fc from "fast-check";
import { MemoryError } from "../../src/core/errors.ts";
import { delimitedTokenizer } from "../../src/parse/delimited.ts";
import { FieldKind } from "../../src/parse/field-kind.ts";
import { checkWindows, outcome, readAll, texts } from "./read-all.ts";

const csv = (columns?: readonly string[], delimiter = ",") => {
  const options = { subject: "cities.csv", format: "csv", delimiter } as const;
  return () => delimitedTokenizer(columns === undefined ? options : { ...options, columns });
};

const text = fc.oneof(
  fc.string({ unit: fc.constantFrom("a", "b", '"', ",", ";", "\n", "\r", " ", "é", "北", "\u{1f600}"), maxLength: 8 }),
  fc.string({ unit: "binary", maxLength: 12 }),
);

/** A document, and what it says. */
const document = fc
  .record({
    columns: fc.integer({ min: 1, max: 6 }),
    rows: fc.array(fc.array(text, { minLength: 6, maxLength: 6 }), { maxLength: 12 }),
    quoteAll: fc.boolean(),
    lineEnd: fc.constantFrom("\n", "\r\n"),
    endsWithLine: fc.boolean(),
    bom: fc.boolean(),
    blankLines: fc.boolean(),
  })
  .map(({ columns, rows, quoteAll, lineEnd, endsWithLine, bom, blankLines }) => {
    const cut = rows.map((fields) => fields.slice(0, columns));
    const names = Array.from({ length: columns }, (_, column) => `column ${column}`);
    const spell = (field: string) =>
      quoteAll || field === "" || /[",\r\n\ufeff]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
    const lines = [names, ...cut].map((fields) => fields.map(spell).join(","));
    const between = blankLines && columns > 1 ? lineEnd + lineEnd : lineEnd;
    const source = `${bom ? "\ufeff" : ""}${lines.join(between)}${endsWithLine ? lineEnd : ""}`;
    return { names, rows: cut, source };
  });

describe("CSV", () => {
  it("reads what was written, as csv-parse does, through windows of any size", () => {
    fc.assert(
      fc.property(document, fc.array(fc.integer({ min: 1, max: 90 }), { maxLength: 3 }), ({ names, rows, source }, sizes) => {
        const reading = checkWindows(csv(), source, sizes);
        assert.ok(typeof reading !== "string", String(reading));
        assert.deepEqual(reading.names, names);
        assert.deepEqual(texts(reading), rows);
        const oracle = parse(source, { bom: true, skip_empty_lines: names.length > 1, record_delimiter: ["\r\n", "\n"] });
        assert.deepEqual(oracle.slice(1), rows);
      }),
      { numRuns: 400 },
    );
  });

  it("accepts and refuses any text of delimiters, quotes and line ends exactly as csv-parse does", () => {
    const chars = fc.constantFrom("a", "b", ",", ",", '"', '"', "\n", "\n", "\r\n", " ");
    let accepted = 0;
    fc.assert(
      fc.property(fc.string({ unit: chars, maxLength: 24 }), fc.integer({ min: 1, max: 3 }), (source, columns) => {
        const names = ["x", "y", "z"].slice(0, columns);
        const reading = checkWindows(csv(names), source, [1, 2, 5]);
        let oracle: string[][] | undefined;
        try {
          oracle = parse(source, { columns: false, skip_empty_lines: columns > 1, record_delimiter: ["\r\n", "\n"] });
        } catch (error) {
          assert.ok(error instanceof CsvError);
        }
        if (oracle?.some((fields) => fields.length !== columns)) oracle = undefined;
        assert.deepEqual(typeof reading === "string" ? undefined : texts(reading), oracle, JSON.stringify({ source, reading }));
        if (oracle !== undefined) accepted += 1;
      }),
      { numRuns: 1500 },
    );
    assert.ok(accepted > 150, `only ${accepted} of the texts were CSV`);
  });

  it("gives the same for windows of every size, one byte and up", () => {
    const source = '\ufeffid,"na""me",note\r\n1,"a ""b""\r\nc",\r\n\r\n2,"",é"北"\n'.replace('é"北"', "é北");
    const sizes = Array.from({ length: 70 }, (_, index) => index + 1);
    const reading = checkWindows(csv(), source, sizes);
    assert.ok(typeof reading !== "string", String(reading));
    assert.deepEqual(reading.names, ["id", 'na"me', "note"]);
    assert.deepEqual(texts(reading), [
      ["1", 'a "b"\r\nc', ""],
      ["2", "", "é北"],
    ]);
    assert.deepEqual(reading.lines, [2, 5]);
  });

  it("tells quoted fields from unquoted ones", () => {
    const { records } = readAll(csv()(), 'a,b,c\n1,"1",""\n,"x""y",\n');
    const { TEXT, QUOTED } = FieldKind;
    assert.deepEqual(
      records.map((fields) => fields.map(({ kind }) => kind)),
      [
        [TEXT, QUOTED, QUOTED],
        [TEXT, QUOTED, TEXT],
      ],
    );
  });

  it("takes names instead of a header line, and then reads the first line as a record", () => {
    const reading = readAll(csv(["__proto__", "constructor"])(), "1,2\n3,4");
    assert.deepEqual(reading.names, ["__proto__", "constructor"]);
    assert.deepEqual(texts(reading), [
      ["1", "2"],
      ["3", "4"],
    ]);
  });

  it("takes an empty line for a record when there is one column only", () => {
    assert.deepEqual(texts(readAll(csv()(), "a\nx\n\ny\n\n")), [["x"], [""], ["y"], [""]]);
    assert.deepEqual(texts(readAll(csv()(), "a,b\n\n\n1,2\n\n")), [["1", "2"]]);
  });

  it("keeps a lone CR within a field, and drops one at the end of the input", () => {
    assert.deepEqual(texts(readAll(csv()(), 'a,b\nx\ry,"p\rq"\r\n1,2\r')), [
      ["x\ry", "p\rq"],
      ["1", "2"],
    ]);
  });

  it("splits at another delimiter", () => {
    for (const delimiter of [";", "|", "\t", "*", "\x02", "x"]) {
      const source = ['a"b', "2", "c"].map((field) => `"${field.replaceAll('"', '""')}"`).join(delimiter);
      assert.deepEqual(texts(readAll(csv(["p", "q", "r"], delimiter)(), `${source}\n1${delimiter},${delimiter}3`)), [
        ['a"b', "2", "c"],
        ["1", ",", "3"],
      ]);
    }
  });

  it("refuses a delimiter that cannot be one, and names that cannot be", () => {
    const refused = (error: unknown) => error instanceof MemoryError && error.code === "invalid-argument";
    for (const delimiter of ["", '"', "\n", "\r", "é", ";;"]) assert.throws(csv(["a"], delimiter), refused);
    assert.throws(csv(["a", "a"]), refused);
    assert.throws(csv(["a", ""]), refused);
    assert.throws(csv([]), refused);
  });

  it("reads no records from an empty input whose columns are named", () => {
    for (const source of ["", "\ufeff", "\n\n", "\r\n"]) assert.deepEqual(readAll(csv(["a", "b"])(), source).records, []);
  });

  it("reads a line much longer than the window, and one with many columns", () => {
    const long = "x".repeat(300_000);
    assert.deepEqual(texts(readAll(csv()(), `a,b\n"${long}""",1\n`, { byteLength: 64 })), [[`${long}"`, "1"]]);
    const names = Array.from({ length: 16_384 }, (_, column) => `c${column}`);
    const reading = readAll(csv()(), `${names.join(",")}\n${names.join(",")}`);
    assert.deepEqual(reading.names, names);
    assert.deepEqual(texts(reading), [names]);
  });
});

describe("CSV that is malformed", () => {
  const cases: readonly (readonly [name: string, source: string | Uint8Array, message: RegExp])[] = [
    ["an empty input", "", /^cities\.csv line 1 \(byte 0\): the input ends without a header line\. /],
    ["nothing but blank lines", "\n\r\n", /^cities\.csv line 3 \(byte 3\): the input ends without a header line\. /],
    ["a name twice", "a,b,a\n", /^cities\.csv line 1, column 3 \(byte 4\): the header has the name "a" twice\. /],
    ["a column without a name", "\na,,b\n", /^cities\.csv line 2, column 2 \(byte 3\): the header has a column without a name\. /],
    [
      "too many fields",
      'a,b\n"x\ny",2\n1,"2\n",3,4\n',
      /^cities\.csv line 4 \(byte 12\): the record has 4 fields where the header has 2 \(expected=2, found=4\)\. /,
    ],
    [
      "too few fields",
      "a,b,c\n1,2,3\n1\n",
      /^cities\.csv line 3 \(byte 12\): the record has 1 field where the header has 3 \(expected=3, found=1\)\. /,
    ],
    [
      "a quote that is never closed",
      'a,b\n1,2\n"x\n",y\n3,"z\n\n',
      /^cities\.csv line 5, column 2 "b" \(byte 17\): the quote that opens here is never closed\. /,
    ],
    [
      "text behind a closing quote",
      'a,b\n"1\n" ,2\n',
      /^cities\.csv line 3, column 1 "a" \(byte 8\): text stands behind the closing quote\. /,
    ],
    [
      "a quote within an unquoted field",
      'a,b\n1,5" disk\n',
      /^cities\.csv line 2, column 2 "b" \(byte 7\): a quote stands within a field that does not begin with one\. /,
    ],
    [
      "a byte that is not UTF-8",
      Uint8Array.of(0x61, 0x2c, 0x62, 0x0a, 0x31, 0x2c, 0x78, 0xff, 0x0a),
      /^cities\.csv line 2, column 2 "b" \(byte 7\): the text is not UTF-8 \(byte=0xff\)\. /,
    ],
    [
      "a surrogate encoded as UTF-8",
      Uint8Array.of(0x61, 0x0a, 0xed, 0xa0, 0x80, 0x0a),
      /^cities\.csv line 2, column 1 "a" \(byte 2\): the text is not UTF-8 \(byte=0xed\)\. /,
    ],
    [
      "a header that is not UTF-8",
      Uint8Array.of(0x61, 0x2c, 0xff, 0x0a),
      /^cities\.csv line 1, column 2 \(byte 2\): the text is not UTF-8 \(byte=0xff\)\. /,
    ],
    [
      "a character that the end cuts off",
      Uint8Array.of(0x61, 0x0a, 0xe2, 0x82),
      /^cities\.csv line 2, column 1 "a" \(byte 2\): the text is not UTF-8 \(byte=0xe2\)\. /,
    ],
    [
      "too many columns",
      `${"a,".repeat(16_384)}b\n`,
      /^cities\.csv line 1 \(byte 0\): the header has 16385 fields, and there can be at most 16384 columns /,
    ],
  ];
  for (const [name, source, message] of cases) {
    it(`tells where: ${name}`, () => {
      assert.match(String(outcome(csv(), source)), message);
      if (source.length < 100) checkWindows(csv(), source, [1, 2, 3, 4, 5, 7, 9, 11, 13, 17, 19]);
    });
  }

  it("counts the columns that were named when there is no header", () => {
    assert.match(
      String(outcome(csv(["a", "b"]), "1,2,3\n")),
      /line 1 \(byte 0\): the record has 3 fields where 2 columns are named /,
    );
  });

  it("tells of two mistakes the first, however the windows are cut", () => {
    const late = new TextEncoder().encode('a,b\n1,"x"y,\n1,?\n');
    late[late.indexOf(0x3f)] = 0xff;
    assert.match(String(checkWindows(csv(), late, [1, 3, 8])), /byte 9\): text stands behind/);
    const early = new TextEncoder().encode('a,b\n?,"x"y\n');
    early[early.indexOf(0x3f)] = 0xff;
    assert.match(String(checkWindows(csv(), early, [1, 3, 8])), /byte 4\): the text is not UTF-8/);
  });

  it("refuses a window without a byte to spare", async () => {
    const { privateMemory } = await import("../../src/core/homes.ts");
    const { FieldBatch } = await import("../../src/parse/field-batch.ts");
    using window = privateMemory(8);
    assert.throws(
      () => csv()().read(window, 0, 8, false, new FieldBatch()),
      (error) => error instanceof MemoryError && error.code === "invalid-argument",
    );
  });
});
