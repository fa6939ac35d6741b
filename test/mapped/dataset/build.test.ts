import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { MemoryError } from "../../../src/index.ts";
import { type BuildOptions, buildDataset, openDataset } from "../../../src/mapped/index.ts";
import { build, fresh, rowsOf, typesOf } from "./place.ts";

const CITIES = [
  { id: 3, name: "Zürich", height: 408, sea: false, ratio: 0.5 },
  { id: 1, name: "東京", height: null, sea: true, ratio: -2.25 },
  { id: 70000, name: 'a "b", c', height: -3, sea: true, ratio: 1e300 },
];

describe("building a data set", () => {
  it("gives the same rows from every format, gzipped or not", async () => {
    const csv = `id,name,height,sea,ratio\n3,Zürich,408,false,0.5\n1,東京,,true,-2.25\n70000,"a ""b"", c",-3,true,1e300\n`;
    const tsv = `id\tname\theight\tsea\tratio\r\n3\tZürich\t408\tfalse\t0.5\r\n1\t東京\t\ttrue\t-2.25\r\n70000\ta "b", c\t-3\ttrue\t1e300`;
    const ndjson = CITIES.map((city) => JSON.stringify(city)).join("\n");
    const json = JSON.stringify(CITIES, null, 2);
    for (const [name, text] of Object.entries({
      "a.csv": csv,
      "a.tsv": tsv,
      "a.ndjson": ndjson,
      "a.jsonl": ndjson,
      "a.json": json,
    })) {
      assert.deepEqual(await rowsOf(name, text, { key: "id" }), CITIES, name);
      assert.deepEqual(await rowsOf(`${name}.gz`, gzipSync(text), { key: "id" }), CITIES, `${name}.gz`);
    }
  });

  it("takes the narrowest type that holds every row", async () => {
    const column = async (...values: (string | number)[]) =>
      (await typesOf("a.csv", `x,y\n${values.map((v) => `${v},1`).join("\n")}\n`)).x;
    assert.equal(await column(0, 255), "u8");
    assert.equal(await column(-128, 127), "i8");
    assert.equal(await column(0, 256), "u16");
    assert.equal(await column(-1, 255), "i16");
    assert.equal(await column(65536), "u32");
    assert.equal(await column(4294967295), "u32");
    assert.equal(await column(-1, 65535), "i32");
    assert.equal(await column(-1, 2147483648), "f64");
    assert.equal(await column(4294967296), "f64");
    assert.equal(await column("9007199254740991"), "f64");
    assert.equal(await column("1.0", 2), "f64");
    assert.equal(await column("-0", 2), "f64");
    assert.equal(await column("", 7), "u8?");
    assert.equal(await column("true", "false", ""), "bool?");
    assert.equal(await column("007", 7), "text");
    assert.equal(await column("+7", 7), "text");
    assert.equal(await column("true", 1), "text");
    assert.equal(await column("", ""), "text");
    assert.equal(await column("NaN", "x"), "text");
  });

  it("reads a column again as text when its last row turns out to be none, and keeps every spelling", async () => {
    const rows = 30_000;
    const values = Array.from({ length: rows }, (_, i) => (i % 7 === 0 ? `${i}.50` : String(i)));
    values[rows - 1] = "n/a";
    const found = await rowsOf("late.csv", `id,v,w\n${values.map((v, i) => `${i},${v},${i % 3}`).join("\n")}\n`);
    assert.deepEqual(
      found.map(({ v }) => v),
      values,
    );
    assert.equal(found[rows - 1].w, (rows - 1) % 3);
  });

  it("keeps empty text, missing text and missing numbers apart", async () => {
    assert.deepEqual(await rowsOf("a.csv", 'a,b\n,1\n"",\nx,3\n'), [
      { a: "", b: 1 },
      { a: "", b: null },
      { a: "x", b: 3 },
    ]);
    assert.deepEqual(await rowsOf("a.csv", 'a,b\n,1\n"",\nx,3\n', { types: "a:text?" }), [
      { a: null, b: 1 },
      { a: "", b: null },
      { a: "x", b: 3 },
    ]);
    assert.deepEqual(await rowsOf("a.ndjson", '{"a":""}\n{"a":null}\n{}\n{"a":"x"}'), [
      { a: "" },
      { a: null },
      { a: null },
      { a: "x" },
    ]);
  });

  it("meets columns that appear late in NDJSON, in any order, under any name", async () => {
    const text = '{"a":1}\n{"__proto__":"p","a":2}\n{"constructor":true,"toJSON":5}\n';
    const rows = await rowsOf("a.ndjson", text);
    assert.deepEqual(
      rows.map((row) => Object.entries(row)),
      [
        [
          ["a", 1],
          ["__proto__", null],
          ["constructor", null],
          ["toJSON", null],
        ],
        [
          ["a", 2],
          ["__proto__", "p"],
          ["constructor", null],
          ["toJSON", null],
        ],
        [
          ["a", null],
          ["__proto__", null],
          ["constructor", true],
          ["toJSON", 5],
        ],
      ],
    );
  });

  it("keeps nested JSON as its text", async () => {
    assert.deepEqual(await rowsOf("a.json", '[{"a":[1, {"b":2}]},{"a":{}}]'), [{ a: '[1, {"b":2}]' }, { a: "{}" }]);
  });

  it("makes the same bytes from the same input", async () => {
    const text = `id,name\n${Array.from({ length: 500 }, (_, i) => `${i * 7919},n${i % 50}`).join("\n")}`;
    const [a, b] = [fresh("same.csv"), fresh("same.csv")];
    writeFileSync(a, text);
    await buildDataset(a, `${a}.seg`, { key: "id" });
    await buildDataset(a, `${b}.seg`, { key: "id" });
    assert.deepEqual(readFileSync(`${a}.seg`), readFileSync(`${b}.seg`));
  });

  it("takes declared types at their word", async () => {
    const options = { types: { a: "i64", b: "f32?", c: "text", d: "u64?" } };
    const rows = await rowsOf(
      "a.csv",
      "a,b,c,d\n-9223372036854775808,NaN,1,18446744073709551615\n9223372036854775807,,true,\n",
      options,
    );
    assert.deepEqual(rows, [
      { a: -9223372036854775808n, b: Number.NaN, c: "1", d: 18446744073709551615n },
      { a: 9223372036854775807n, b: null, c: "true", d: null },
    ]);
  });

  it("agrees with JSON.parse on random documents", async () => {
    // Beyond 2^53 a number that is spelled as a whole one is refused: see below.
    const decimal = fc
      .double({ noNaN: true, noDefaultInfinity: true })
      .filter((n) => !Number.isInteger(n) || Number.isSafeInteger(n));
    const cell = fc.oneof({ weight: 4, arbitrary: fc.integer() }, decimal);
    const row = fc.record({
      n: cell,
      s: fc.string({ unit: "grapheme" }),
      b: fc.boolean(),
      o: fc.option(fc.integer({ min: -5, max: 5 })),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 30 }), async (rows) => {
        const plain: unknown = JSON.parse(JSON.stringify(rows.map((each) => ({ ...each }))));
        // JSON has one way to write minus zero, and JSON.stringify does not use it.
        assert.deepEqual(await rowsOf("r.json", JSON.stringify(rows)), plain);
        assert.deepEqual(await rowsOf("r.ndjson", rows.map((each) => JSON.stringify(each)).join("\n")), plain);
      }),
      { numRuns: 25 },
    );
  });

  it("exports what it was built from", async () => {
    const path = await build("a.ndjson", CITIES.map((city) => JSON.stringify(city)).join("\n"), { key: "id" });
    using dataset = openDataset(path);
    assert.equal([...dataset.export("ndjson")].join(""), `${CITIES.map((city) => JSON.stringify(city)).join("\n")}\n`);
    assert.deepEqual(JSON.parse([...dataset.export("json")].join("")), CITIES);
    for (const format of ["csv", "tsv"] as const) {
      assert.deepEqual(await rowsOf(`again.${format}`, [...dataset.export(format)].join("")), CITIES, format);
    }
  });
});

describe("building from bad input", () => {
  const cases: [string, string, string | Uint8Array, BuildOptions, string, RegExp][] = [
    ["unterminated quote", "a.csv", 'id,n\n1,"x\n2,y\n', {}, "malformed-input", /line 2.*column 2.*quote/i],
    ["wrong column count", "a.csv", "id,n\n1,x\n2\n", {}, "malformed-input", /line 3.*1 field where the header has 2/],
    ["invalid UTF-8", "a.csv", new Uint8Array([0x61, 0x0a, 0x62, 0xff, 0x0a]), {}, "malformed-input", /line 2.*UTF-8/],
    ["lone surrogate", "a.ndjson", '{"a":"\\ud800"}\n', {}, "malformed-input", /line 1.*surrogate/i],
    ["NaN in JSON", "a.ndjson", '{"a":NaN}\n', {}, "malformed-input", /line 1/],
    ["NaN among numbers", "a.csv", "a\n1\nNaN\n", {}, "malformed-input", /line 3.*"a".*NaN.*not a finite number/],
    ["number beyond 2^53", "a.csv", "a\n1\n9007199254740993\n", {}, "malformed-input", /line 3.*9007199254740993.*2\^53.*i64/],
    ["duplicate number key", "a.csv", "id,n\n5,x\n6,y\n5,z\n", { key: "id" }, "duplicate-key", /line 4.*earlierLine=2/],
    ["duplicate text key", "a.csv", "id,n\na,x\nb,y\na,z\n", { key: "id" }, "duplicate-key", /line 4.*earlierLine=2/],
    ["missing key value", "a.csv", "id,n\n5,x\n,y\n", { key: "id" }, "bad-value", /line 3.*key/],
    ["missing text key", "a.csv", 'id,n\na,x\n"",y\n', { key: "id" }, "bad-value", /line 3.*key/],
    ["no such key", "a.csv", "id,n\n5,x\n", { key: "idd" }, "invalid-argument", /no column "idd".*id, n/],
    ["no such declared column", "a.csv", "id,n\n5,x\n", { types: "m:u8" }, "invalid-argument", /no column "m"/],
    ["unknown type", "a.csv", "id,n\n5,x\n", { types: "id:int" }, "invalid-argument", /"int".*u8/],
    ["declared type too narrow", "a.csv", "id,n\n5,x\n256,y\n", { types: "id:u8" }, "bad-value", /line 3.*256.*u8/],
    ["declared without gaps", "a.csv", "id,n\n5,x\n,y\n", { types: "id:u8" }, "bad-value", /line 3.*u8\?/],
    ["empty file", "a.csv", "", {}, "malformed-input", /without a header line/],
    ["mixed JSON types", "a.ndjson", '{"a":1}\n{"a":"x"}\n', {}, "malformed-input", /line 2.*string.*number/],
    ["JSON that is no array", "a.json", '{"a":1}', {}, "malformed-input", /array/],
    ["no format", "a.dat", "x", {}, "invalid-argument", /csv, tsv, ndjson, json/],
    ["not gzip", "a.csv.gz", "id\n1\n", {}, "malformed-input", /gzip/],
    ["cut gzip", "a.csv.gz", gzipSync("id\n1\n2\n3\n").subarray(0, 20), {}, "malformed-input", /gzip/],
  ];
  for (const [what, name, content, options, code, message] of cases) {
    it(`tells of ${what}, and leaves what was there`, async () => {
      const input = fresh(name);
      writeFileSync(input, content);
      const output = `${input}.seg`;
      writeFileSync(output, "what was there");
      await assert.rejects(buildDataset(input, output, options), (error: unknown) => {
        assert.ok(error instanceof MemoryError, String(error));
        assert.equal(error.code, code, error.message);
        assert.match(error.message, message);
        return true;
      });
      assert.equal(readFileSync(output, "utf8"), "what was there");
      assert.deepEqual(
        readdirSync(dirname(output)).filter((file) => file.endsWith(".tmp")),
        [],
      );
    });
  }

  it("takes a 1-byte file as a header without rows", async () => {
    assert.deepEqual(await rowsOf("one.csv", "x"), []);
  });

  it("takes a line that is longer than the window", async () => {
    const long = "x".repeat(40_000_000);
    using dataset = openDataset(await build("long.csv", `id,t\n1,a\n2,${long}\n3,c\n`, { key: "id" }));
    assert.equal(String(dataset.get(2)?.t).length, long.length);
    assert.equal(dataset.get(3)?.t, "c");
  });

  it("refuses an input that is missing, a directory, or may not be read", async () => {
    for (const input of [fresh("none.csv"), dirname(fresh("x.csv"))]) {
      await assert.rejects(buildDataset(input, fresh("out.seg"), { format: "csv" }), { name: "MemoryError", code: "io" });
    }
    await assert.rejects(
      buildDataset(await build("ok.csv", "a\n1\n"), `${dirname(fresh("x"))}/no/such/folder.seg`, { format: "csv" }),
      {
        name: "MemoryError",
        code: "io",
      },
    );
  });
});
