import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { delimitedTokenizer } from "../../src/parse/delimited.ts";
import { jsonTokenizer } from "../../src/parse/json.ts";
import { ndjsonTokenizer } from "../../src/parse/ndjson.ts";
import type { Tokenizer } from "../../src/parse/tokenizer.ts";
import { checkWindows } from "./read-all.ts";

const subject = "input";
const formats: Readonly<Record<string, () => Tokenizer>> = {
  csv: () => delimitedTokenizer({ subject, format: "csv" }),
  "csv with named columns": () => delimitedTokenizer({ subject, format: "csv", columns: ["a", "b"] }),
  tsv: () => delimitedTokenizer({ subject, format: "tsv" }),
  json: () => jsonTokenizer({ subject }),
  ndjson: () => ndjsonTokenizer({ subject }),
};

const samples: Readonly<Record<string, string>> = {
  csv: 'id,name,note\n1,"a ""b""\nc",x\r\n2,é,\n\n3,北京,"\u{1f600}"\n',
  "csv with named columns": 'x,"a ""b""\nc"\r\n2,é\n\n3,"\u{1f600}"\n',
  tsv: 'id\tname\n1\t"a\r\n2\té\n\n3\t\u{1f600}\n',
  json: ' [ {"id": 1, "name": "a\\u00e9\\ud83d\\ude00\\n"},\n {"name":"北", "x":[1,{"]":"}"}], "id":-0.5e+3},{},{"t":true,"f":false,"n":null} ] ',
  ndjson: '{"id": 1, "name": "a\\u00e9\\ud83d\\ude00\\n"}\r\n{"name":"北", "x":[1,{"]":"}"}], "id":-0.5e+3}\n\n{}\n',
};

/** A change of one place: some bytes are taken out and others put in. */
const change = fc.record({
  at: fc.nat(200),
  takes: fc.nat(4),
  puts: fc.oneof(
    fc.uint8Array({ maxLength: 3 }),
    fc.constantFrom(
      ...['"', '""', "\\", "\n", "\r", "\t", ",", "{", "}", "[", "]", ":", "\\u", "\\ud800", "0", "é"].map((text) =>
        new TextEncoder().encode(text),
      ),
    ),
  ),
});

function changed(bytes: Uint8Array, { at, takes, puts }: { at: number; takes: number; puts: Uint8Array }): Uint8Array {
  const from = at % (bytes.length + 1);
  return Uint8Array.from([...bytes.subarray(0, from), ...puts, ...bytes.subarray(from + takes)]);
}

describe("any input at all", () => {
  for (const [format, make] of Object.entries(formats)) {
    it(`gives records or one error with its place, the same for all windows: ${format}`, () => {
      const sample = new TextEncoder().encode(samples[format]);
      assert.ok(typeof checkWindows(make, sample, [1, 2, 3, 7]) !== "string");
      let [refused, read] = [0, 0];
      const size = fc.integer({ min: 1, max: 120 });
      const damaged = fc.array(change, { minLength: 1, maxLength: 4 }).map((changes) => changes.reduce(changed, sample));
      const random = fc.uint8Array({ maxLength: 40 });
      fc.assert(
        fc.property(fc.oneof({ arbitrary: damaged, weight: 5 }, { arbitrary: random, weight: 1 }), size, (bytes, byteLength) => {
          if (typeof checkWindows(make, bytes, [byteLength]) === "string") refused += 1;
          else read += 1;
        }),
        { numRuns: 1200 },
      );
      assert.ok(refused > 100 && read > 20, `${refused} refused, ${read} read`);
    });
  }
});
