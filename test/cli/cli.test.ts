import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { blob, bytes, enumOf, f64, i32, i64, optional, struct, text, u32, u64 } from "../../src/index.ts";
import { openInterner, openSegment, openTable, writeDictionary } from "../../src/mapped/index.ts";

const main = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "offheap-cli-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the command as a user would, in a folder of its own. */
function offheap(...args: string[]) {
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [main, ...args], { cwd: folder, encoding: "utf8" });
  return { status, signal, stdout, stderr };
}

const TSV = "id\tname\tpopulation\tcode\n2643743\tLondon\t8961989\t007\n1850147\t東京\t\t1\n";
writeFileSync(join(folder, "cities.tsv"), TSV);

describe("the offheap command", () => {
  it("builds, gets, heads, inspects, verifies, exports and prints types", () => {
    const built = offheap("build", "cities.tsv", "cities.seg", "--key", "id");
    assert.equal(built.status, 0, built.stderr);
    assert.match(built.stdout, /cities\.seg: 2 rows × 4 columns/);
    assert.equal(
      offheap("get", "cities.seg", "2643743").stdout,
      '{"id":2643743,"name":"London","population":8961989,"code":"007"}\n',
    );
    assert.equal(
      offheap("head", "cities.seg", "-n", "1", "--format", "csv").stdout,
      "id,name,population,code\n2643743,London,8961989,007\n",
    );
    assert.match(offheap("inspect", "cities.seg").stdout, /population\s+u32\?/);
    assert.match(offheap("verify", "cities.seg").stdout, /sound: 2 rows/);
    assert.equal(offheap("export", "cities.seg", "--format", "tsv").stdout, TSV);
    const types = offheap("types", "cities.seg").stdout;
    assert.match(types, /export const Cities = \{/);
    assert.match(types, /population: optional\(u32\),/);
  });

  it("shows what is in a segment, without its types, while others use it", () => {
    const Order = struct("Order", { id: u32, price: f64, side: enumOf("buy", "sell") });
    using segment = openSegment(join(folder, "market.seg"), { reserve: 1 << 22 });
    segment.table("orders", { key: text, value: Order }).set("AAPL", { id: 1, price: 2, side: "sell" });
    segment.columns("rows", Order, { capacity: 4 }).append({ id: 3, price: 4, side: "buy" });
    segment.interner("names").intern("Andorra");
    segment.root(Order, "last").id = 5;
    segment.arena("scratch", { byteLength: 5000 });
    offheap("build", "cities.tsv", "inside.seg", "--key", "id", "--quiet");
    segment.dataset("cities", { from: join(folder, "inside.seg") });
    const order = '{"id":1,"price":2,"side":"sell"}';
    assert.match(offheap("inspect", "market.seg").stdout, /orders +table of text to Order/);
    assert.match(offheap("verify", "market.seg").stdout, /is sound: 6 structures/);
    assert.equal(offheap("get", "market.seg", "AAPL", "--in", "orders").stdout, `${order}\n`);
    assert.equal(offheap("head", "market.seg", "--in", "orders").stdout, `{"key":"AAPL","value":${order}}\n`);
    assert.equal(offheap("export", "market.seg", "--in", "rows").stdout, '{"id":3,"price":4,"side":"buy"}\n');
    assert.equal(offheap("get", "market.seg", "1", "-i", "rows").stderr, "market.seg has no row with the number 1\n");
    assert.equal(offheap("get", "market.seg", "1", "-i", "names").stdout, '"Andorra"\n');
    assert.match(offheap("head", "market.seg", "-i", "last").stdout, /^\{"id":5,/);
    assert.match(offheap("get", "market.seg", "2643743", "-i", "cities").stdout, /London/);
    for (const [args, told] of [
      [["head", "market.seg"], /holds many things. Pass --in with one of: orders, rows, /],
      [["head", "market.seg", "-i", "nothing"], /has nothing called "nothing". Pass --in/],
      [["head", "market.seg", "-i", "scratch"], /cannot be read without taking part in the segment: arena/],
      [["head", "inside.seg", "-i", "rows"], /is a data set, in which nothing has a name/],
    ] as const) {
      const { status, stderr } = offheap(...args);
      assert.equal(status, 1);
      assert.match(stderr, told);
    }
    const bytes = readFileSync(join(folder, "market.seg"));
    bytes[3 * 4096 + 60] ^= 1;
    writeFileSync(join(folder, "bad-market.seg"), bytes);
    for (const verb of ["verify", "inspect"]) {
      const { stdout, stderr } = offheap(verb, "bad-market.seg");
      assert.match(stdout + stderr, /structure 0 does not fit its check\n$/);
    }
    assert.deepEqual(segment.verify(), []);
  });

  it("looks rows of a data set without a key up by their number", () => {
    offheap("build", "cities.tsv", "numbered.seg", "--quiet");
    assert.match(offheap("get", "numbered.seg", "1").stdout, /^\{"id":1850147,/);
    assert.equal(offheap("get", "numbered.seg", "2").stderr, "numbered.seg has no row with the number 2\n");
    assert.match(offheap("get", "numbered.seg", "one").stderr, /is not a number, and rows are looked up by their number/);
  });

  it("answers a missing key and a damaged file with status 1 and one line", () => {
    offheap("build", "cities.tsv", "answers.seg", "--key", "id", "--quiet");
    const missing = offheap("get", "answers.seg", "5");
    assert.deepEqual([missing.status, missing.stdout, missing.stderr], [1, "", "answers.seg has no row with the id 5\n"]);
    const bytes = readFileSync(join(folder, "answers.seg"));
    bytes[64] ^= 1;
    writeFileSync(join(folder, "damaged.seg"), bytes);
    const damaged = offheap("verify", "damaged.seg");
    assert.equal(damaged.status, 1);
    assert.match(damaged.stderr, /damaged\.seg is damaged:\n {2}.*checksum/);
  });

  it("gets, heads, exports, inspects and verifies hash tables", () => {
    const path = join(folder, "quotes.tbl");
    const Quote = struct("Quote", { bid: f64, size: u64, tag: bytes(2), side: optional(enumOf("buy", "sell")) });
    {
      using quotes = openTable(path, { key: text, value: Quote });
      quotes.set("AAPL", { bid: 189.5, size: 2n ** 60n, tag: Uint8Array.of(1, 2), side: "sell" });
    }
    const apple = '{"bid":189.5,"size":1152921504606846976,"tag":"AQI=","side":"sell"}';
    assert.equal(offheap("get", "quotes.tbl", "AAPL").stdout, `${apple}\n`);
    assert.equal(offheap("head", "quotes.tbl").stdout, `{"key":"AAPL","value":${apple}}\n`);
    assert.equal(offheap("export", "quotes.tbl").stdout, `{"key":"AAPL","value":${apple}}\n`);
    assert.match(offheap("inspect", "quotes.tbl").stdout, /hash table, 1 entries.*\nkey +text\nvalue +\{bid:f64@0/);
    assert.match(offheap("verify", "quotes.tbl").stdout, /sound: 1 entries/);
    const missing = offheap("get", "quotes.tbl", "MSFT");
    assert.deepEqual([missing.status, missing.stderr], [1, "quotes.tbl has no entry with the key MSFT\n"]);
    assert.match(offheap("head", "quotes.tbl", "--format", "csv").stderr, /cannot be written as csv.*--format ndjson/);
  });

  it("reads keys of a hash table as their type has it", () => {
    const Pair = struct("Pair", { a: i32, b: i32 });
    for (const [name, key, first, spelled] of [
      ["numbers.tbl", u32, 7, "7"],
      ["longs.tbl", i64, -(2n ** 60n), "-1152921504606846976"],
      ["structs.tbl", Pair, { a: 1, b: -2 }, '{"a":1,"b":-2}'],
      ["bytes.tbl", blob, Uint8Array.of(1, 2), "AQI="],
    ] as const) {
      using table = openTable<unknown, number>(join(folder, name), { key, value: u32 });
      table.set(first, 42);
      assert.equal(offheap("get", name, "--", spelled).stdout, "42\n", name);
    }
    assert.match(offheap("get", "numbers.tbl", "seven").stderr, /the key "seven" is not a number/);
    assert.match(offheap("get", "structs.tbl", "{").stderr, /is no JSON/);
  });

  it("gets, heads, inspects and verifies interners and dictionaries", () => {
    using names = openInterner(join(folder, "names.intern"));
    names.intern("Andorra");
    names.intern('"Benin"\n');
    writeDictionary(join(folder, "names.dict"), names);
    for (const file of ["names.intern", "names.dict"]) {
      assert.equal(offheap("get", file, "1").stdout, '"Andorra"\n');
      assert.equal(offheap("get", file, "3").stderr, `${file} has no string with the id 3\n`);
      assert.equal(offheap("head", file, "-n", "1").stdout, '{"id":1,"string":"Andorra"}\n');
      assert.match(offheap("export", file).stdout, /\{"id":2,"string":"\\"Benin\\"\\n"\}/);
      assert.match(offheap("inspect", file).stdout, /(interner|dictionary), 2 strings/);
      assert.match(offheap("verify", file).stdout, /sound: 2 strings/);
    }
  });

  const mistakes: [string, string[], RegExp][] = [
    ["no command", [], /Usage/],
    ["an unknown command", ["bild"], /unknown command 'bild'/],
    ["an unknown option", ["build", "cities.tsv", "x.seg", "--kee", "id"], /unknown option '--kee'/],
    ["a missing argument", ["build", "cities.tsv"], /missing required argument 'output'/],
    ["an unknown format", ["export", "cities.seg", "--format", "xml"], /csv/],
    ["a count that is none", ["head", "cities.seg", "-n", "ten"], /whole number/],
    ["a missing input", ["build", "none.tsv", "x.seg"], /error: file none\.tsv could not be opened \(errno=ENOENT/],
    ["a directory", ["build", ".", "x.seg", "--format", "csv"], /directory/],
    ["a file that is not ours", ["get", "cities.tsv", "1"], /does not begin as an offheap file/],
    ["a key that is no number", ["get", "cities.seg", "London"], /not a number/],
    ["malformed input", ["build", "bad.csv", "x.seg"], /bad\.csv line 2/],
  ];
  writeFileSync(join(folder, "bad.csv"), 'a,b\n"x,1\n');
  for (const [what, args, message] of mistakes) {
    it(`tells of ${what}, with a status that is not 0 and no stack`, () => {
      offheap("build", "cities.tsv", "cities.seg", "--key", "id", "--quiet");
      const { status, signal, stderr, stdout } = offheap(...args);
      assert.equal(signal, null);
      assert.notEqual(status, 0);
      assert.match(stderr + stdout, message);
      assert.doesNotMatch(stderr, /\n\s+at /);
    });
  }

  it("ends quietly when its reader has seen enough", () => {
    const { status, stderr } = spawnSync("sh", ["-c", `"${process.execPath}" "${main}" export cities.seg | head -c 5`], {
      cwd: folder,
      encoding: "utf8",
    });
    assert.deepEqual([status, stderr], [0, ""]);
  });
});
