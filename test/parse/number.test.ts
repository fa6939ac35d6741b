import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { NumberKind, NumberReader, parseBigInteger } from "../../src/parse/number.ts";

const { EMPTY, INTEGER, BIG_INTEGER, DECIMAL, WORD, TRUE, FALSE, TEXT } = NumberKind;
const reader = new NumberReader();
const encode = (text: string) => new TextEncoder().encode(`,,${text},,`);

/** The rules, slow and obvious. */
function expected(text: string): { kind: NumberKind; value?: number } {
  if (text === "") return { kind: EMPTY };
  if (text === "true") return { kind: TRUE };
  if (text === "false") return { kind: FALSE };
  if (/^(nan|-?infinity)$/i.test(text)) return { kind: WORD, value: Number(text.toLowerCase().replace("i", "I")) };
  if (!/^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(text)) return { kind: TEXT };
  const value = Number(text);
  if (/^-?\d+$/.test(text) && text !== "-0") return { kind: Number.isSafeInteger(value) ? INTEGER : BIG_INTEGER, value };
  return Number.isFinite(value) ? { kind: DECIMAL, value } : { kind: TEXT };
}

function check(text: string): void {
  const bytes = encode(text);
  reader.value = 12.25;
  const kind = reader.read(bytes, 2, bytes.length - 2);
  const { kind: expectedKind, value = 12.25 } = expected(text);
  assert.equal(kind, expectedKind, text);
  assert.ok(Object.is(reader.value, value), `${text} was read as ${reader.value}, not ${value}`);
}

describe("NumberReader", () => {
  it("tells what a text can be read as", () => {
    const cases = {
      INTEGER: ["0", "7", "-7", "123456789", "1234567890", "-999999999999999", "9007199254740991", "-9007199254740991"],
      BIG_INTEGER: ["9007199254740992", "-9007199254740992", "18446744073709551615", "9".repeat(400)],
      DECIMAL: ["-0", "0.5", "-0.0", "1.50", "42.50729", "1e5", "1E+5", "0e0", "6.02e23", "1e-400", "0.30000000000000004"],
      WORD: ["NaN", "nan", "Infinity", "-Infinity", "INFINITY", "-infinity"],
      TRUE: ["true"],
      FALSE: ["false"],
      TEXT: [
        "007",
        "+5",
        "-",
        "--1",
        ".5",
        "5.",
        "-.5",
        "1e",
        "1e+",
        "1.e5",
        "1e999",
        "-1e999",
        "0x10",
        "1 ",
        " 1",
        "1,5",
        "TRUE",
        "False",
        "abc",
        "+Infinity",
        "1.2.3",
        "00",
        "-00",
        "٣",
        "1e5.0",
        "Infinit",
        "N\xaeN",
      ],
      EMPTY: [""],
    } as const;
    for (const [kind, list] of Object.entries(cases)) {
      for (const text of list) {
        const bytes = encode(text);
        assert.equal(
          Object.entries(NumberKind).find(([, one]) => one === reader.read(bytes, 2, bytes.length - 2))?.[0],
          kind,
          text,
        );
        check(text);
      }
    }
  });

  it("follows its rules for any text of digits and signs, and reads what Number reads", () => {
    const char = fc.constantFrom("0", "1", "2", "9", "9", "-", "+", ".", "e", "E", "5", "7");
    fc.assert(fc.property(fc.string({ unit: char, maxLength: 22 }), check), { numRuns: 20_000 });
    fc.assert(
      fc.property(fc.oneof(fc.double(), fc.integer(), fc.maxSafeInteger(), fc.bigInt(), fc.string()), (value) =>
        check(String(value)),
      ),
      { numRuns: 20_000 },
    );
  });
});

describe("parseBigInteger", () => {
  const read = (text: string, type: "i64" | "u64") => {
    const bytes = encode(text);
    return parseBigInteger(bytes, 2, bytes.length - 2, type);
  };

  it("reads whole numbers of 64 bits and nothing else", () => {
    const range = { i64: [-(2n ** 63n), 2n ** 63n - 1n], u64: [0n, 2n ** 64n - 1n] } as const;
    const any = fc.oneof(fc.bigInt({ min: -(2n ** 65n), max: 2n ** 65n }), fc.bigInt(), fc.bigInt({ min: -10n, max: 10n }));
    fc.assert(
      fc.property(any, fc.constantFrom("i64", "u64"), (value, type) => {
        const fits = value >= range[type][0] && value <= range[type][1];
        assert.equal(read(String(value), type), fits ? value : undefined);
      }),
      { numRuns: 5000 },
    );
    for (const type of ["i64", "u64"] as const) {
      for (const edge of range[type]) {
        assert.equal(read(String(edge), type), edge);
        const beyond = edge === range[type][0] ? edge - 1n : edge + 1n;
        assert.equal(read(String(beyond), type), undefined);
      }
    }
  });

  it("refuses other spellings", () => {
    for (const text of [
      "",
      "-",
      "+1",
      "01",
      "-0",
      "1.0",
      "1e3",
      " 1",
      "1 ",
      "0x1",
      "1n",
      "١",
      "99999999999999999999",
      "100000000000000000000",
    ]) {
      assert.equal(read(text, "i64"), undefined, text);
      assert.equal(read(text, "u64"), undefined, text);
    }
    assert.equal(read("-1", "u64"), undefined);
    assert.equal(read("0", "u64"), 0n);
  });
});
