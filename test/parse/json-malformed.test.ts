import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { jsonTokenizer } from "../../src/parse/json.ts";
import { ndjsonTokenizer } from "../../src/parse/ndjson.ts";
import { checkWindows, outcome } from "./read-all.ts";

const json = () => jsonTokenizer({ subject: "cities.json" });
const ndjson = () => ndjsonTokenizer({ subject: "cities.ndjson" });

describe("JSON that is malformed", () => {
  const cases: readonly (readonly [source: string, message: RegExp])[] = [
    ["", /^cities\.json line 1 \(byte 0\): the input ends too soon\. /],
    [" \n", /^cities\.json line 2 \(byte 2\): the input ends too soon\. /],
    ["x", /line 1 \(byte 0\): the opening bracket of an array is missing\. /],
    ['{"a":1}', /line 1 \(byte 0\): the opening bracket of an array is missing\. /],
    ["[1]", /line 1 \(byte 1\): an object or the closing bracket is missing\. /],
    ["[,]", /line 1 \(byte 1\): an object or the closing bracket is missing\. /],
    ['[{"a":1},]', /line 1 \(byte 9\): an object is missing\. /],
    ['[{"a":1} {"a":2}]', /line 1 \(byte 9\): a comma or the closing bracket is missing behind the object\. /],
    ['[{"a":1}]\n[]', /line 2 \(byte 10\): something stands behind the array\. /],
    ['[{"a":1}', /line 1 \(byte 8\): the input ends too soon\. /],
    ['[{"a":1', /line 1, column 1 "a" \(byte 7\): the input ends too soon\. /],
    ['[{"a":"x', /line 1, column 1 "a" \(byte 8\): the input ends too soon\. /],
    ['[{"a":"\\', /column 1 "a" \(byte 8\): the input ends too soon\. /],
    ['[{"a":"\\ud8', /column 1 "a" \(byte 11\): the input ends too soon\. /],
    ['[{"a":tru', /column 1 "a" \(byte 9\): the input ends too soon\. /],
    ['[{"a', /line 1 \(byte 4\): the input ends too soon\. /],
    ["[{a:1}]", /line 1 \(byte 2\): a key in double quotes is missing\. /],
    ['[{"a":1,}]', /line 1 \(byte 8\): a key in double quotes is missing\. /],
    ['[{"a" 1}]', /line 1 \(byte 6\): a colon is missing behind the key\. /],
    ['[{"a":1 "b":2}]', /column 1 "a" \(byte 8\): a comma or a closing brace is missing\. /],
    ['[{"a":1]', /column 1 "a" \(byte 7\): a comma or a closing brace is missing\. /],
    ['[{"a":1,\n "a":2}]', /line 2, column 1 "a" \(byte 10\): the object has this key twice\. /],
    ['[{"a":1,"\\u0061":2}]', /column 1 "a" \(byte 8\): the object has this key twice\. /],
    ['[{"a":1,"b":2,"b":3,"a":4,"c":01}]', /column 2 "b" \(byte 14\): the object has this key twice\. /],
    ['[{"":1}]', /line 1 \(byte 2\): a key is empty\. /],
    ...["NaN", "Infinity", "-Infinity", ".5", "+1", "undefined", "'x'", "True", "nan"].map((value): readonly [string, RegExp] => [
      `[{"a":${value}}]`,
      /column 1 "a" \(byte [67]\): (no value of JSON begins here|a number lacks a digit|null is misspelled)/,
    ]),
    ['[{"a":01}]', /column 1 "a" \(byte 7\): a number has a leading zero\. /],
    ['[{"a":-01}]', /column 1 "a" \(byte 8\): a number has a leading zero\. /],
    ['[{"a":1.}]', /column 1 "a" \(byte 8\): a number lacks a digit\. /],
    ['[{"a":1e+}]', /column 1 "a" \(byte 9\): a number lacks a digit\. /],
    ['[{"a":-}]', /column 1 "a" \(byte 7\): a number lacks a digit\. /],
    ['[{"a":0x10}]', /column 1 "a" \(byte 7\): a comma or a closing brace is missing\. /],
    ['[{"a":nul}]', /column 1 "a" \(byte 9\): null is misspelled\. /],
    ['[{"a":"x\ny"}]', /line 1, column 1 "a" \(byte 8\): a control character stands in a string unescaped: the line ends\. /],
    ['[{"a":"\t"}]', /column 1 "a" \(byte 7\): a control character stands in a string unescaped\. /],
    ['[{"a":"\\x41"}]', /column 1 "a" \(byte 8\): a backslash stands before what needs none\. /],
    ['[{"a":"\\u12g4"}]', /column 1 "a" \(byte 11\): \\u lacks a hexadecimal digit\. /],
    ['[{"a":"\\udc00"}]', /column 1 "a" \(byte 7\): a low surrogate is escaped without the high one before it\. /],
    ['[{"a":"\\ud800"}]', /column 1 "a" \(byte 13\): a high surrogate is escaped without the low one behind it\. /],
    ['[{"a":"\\ud800\\n"}]', /column 1 "a" \(byte 14\): a high surrogate is escaped without the low one behind it\. /],
    ['[{"a":"\\ud800\\ud800"}]', /column 1 "a" \(byte 13\): a high surrogate is escaped without the low one behind it\. /],
    ['[{"a":[1,]}]', /column 1 "a" \(byte 9\): no value of JSON begins here/],
    ['[{"a":[1}]', /column 1 "a" \(byte 8\): a comma or a closing bracket is missing\. /],
    ['[{"a":{"b" 1}}]', /column 1 "a" \(byte 11\): a colon is missing behind the key\. /],
    ['[{"a":{"b":1,}}]', /column 1 "a" \(byte 13\): a key in double quotes is missing\. /],
    ['[{"a":["\\ud800"]}]', /column 1 "a" \(byte 14\): a high surrogate is escaped without/],
    ["[{\x00}]", /line 1 \(byte 2\): a key in double quotes is missing\. /],
    ['[{"a":1}\x00]', /line 1 \(byte 8\): a comma or the closing bracket is missing behind the object\. /],
  ];
  for (const [source, message] of cases) {
    it(`tells where: ${JSON.stringify(source)}`, () => {
      assert.match(String(checkWindows(json, source, [1, 2, 3, 5, 8, 13])), message);
    });
  }

  const lines: readonly (readonly [source: string, message: RegExp])[] = [
    ['{"a":1}\n[{"a":1}]', /^cities\.ndjson line 2 \(byte 8\): an object is missing on this line\. /],
    ['{"a":1}\n\n1\n', /line 3 \(byte 9\): an object is missing on this line\. /],
    ['{"a":1}{"a":2}\n', /line 1 \(byte 7\): something stands behind the object on its line\. /],
    ['{"a":1},\n{"a":2}\n', /line 1 \(byte 7\): something stands behind the object on its line\. /],
    ['{"a":1}\n{"a":\n2}\n', /line 2, column 1 "a" \(byte 13\): no value of JSON begins here.*: the line ends\. /],
    ['{"a":1}\n{"a":"x\n', /line 2, column 1 "a" \(byte 15\): a control character stands in a string unescaped: the line ends\. /],
    ['{"a":1}\n{"a":2', /line 2, column 1 "a" \(byte 14\): the input ends too soon\. /],
    ['{"a":1}\n{"a":2,"b":3,"a":4}', /line 2, column 1 "a" \(byte 21\): the object has this key twice\. /],
  ];
  for (const [source, message] of lines) {
    it(`tells where in NDJSON: ${JSON.stringify(source)}`, () => {
      assert.match(String(checkWindows(ndjson, source, [1, 2, 3, 5, 8, 13])), message);
    });
  }

  it("tells where text is not UTF-8, in values, keys and between", () => {
    const damaged = (source: string) => {
      const bytes = new TextEncoder().encode(source);
      bytes[bytes.indexOf(0x3f)] = 0xff;
      return bytes;
    };
    const tell = (source: string) => String(checkWindows(json, damaged(source), [1, 2, 3, 5, 8, 13]));
    assert.match(tell('[{"a":1,"b":"x?"}]'), /line 1, column 2 "b" \(byte 14\): the text is not UTF-8 \(byte=0xff\)\. /);
    assert.match(tell('[{"a":1},\n{"a?":1}]'), /line 2 \(byte 13\): the text is not UTF-8 /);
    assert.match(tell('[{"a":1}?]'), /line 1 \(byte 8\): the text is not UTF-8 /);
    assert.match(tell('[{"a":["?"]}]'), /line 1, column 1 "a" \(byte 8\): the text is not UTF-8 /);
    assert.match(tell('[{"a":"?","b":01}]'), /\(byte 7\): the text is not UTF-8 /);
    assert.match(tell('[{"a":01,"b":"?"}]'), /\(byte 7\): a number has a leading zero/);
  });

  it("refuses more different keys than there can be columns", () => {
    const names = Array.from({ length: 16_385 }, (_, column) => `"${column}":1`);
    assert.match(String(outcome(ndjson, `{${names.join(",")}}`)), /there are more than 16384 different keys\. /);
    assert.ok(typeof outcome(ndjson, `{${names.slice(1).join(",")}}`) !== "string");
  });
});
