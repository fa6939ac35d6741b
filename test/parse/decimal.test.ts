import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseNumber } from "../../src/parse/decimal.ts";

const bytes = new Uint8Array(1200);

/** Asserts that the number is read as `Number` reads it, -0 included. */
function check(text: string): void {
  const end = 3 + text.length;
  for (let index = 0; index < text.length; index++) bytes[3 + index] = text.charCodeAt(index);
  const read = parseNumber(bytes, 3, end);
  if (!Object.is(read, Number(text))) assert.fail(`${text} was read as ${read}, not ${Number(text)}`);
}

/** Random numbers that are the same in each run: xorshift (G. Marsaglia, 2003). */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

describe("parseNumber", () => {
  const random = randomNumbers(20_250_101);
  const f64 = new Float64Array(1);
  const u32 = new Uint32Array(f64.buffer);

  it("reads the shortest spelling of any double back to its very bits", () => {
    for (let run = 0; run < 300_000; run++) {
      u32[0] = random();
      u32[1] = random();
      if (Number.isFinite(f64[0])) check(String(f64[0]));
    }
  });

  it("reads everyday decimals as Number does", () => {
    for (let run = 0; run < 300_000; run++) {
      const value = (random() / 2 ** 32 - 0.5) * 10 ** (random() % 24);
      check(String(value));
      check(value.toFixed(random() % 8));
    }
  });

  it("reads digits of any number, with a point or an exponent anywhere, as Number does", () => {
    for (let run = 0; run < 200_000; run++) {
      const digits = `${1 + (random() % 9)}${random()}${random()}`.slice(0, 1 + (random() % 21));
      const point = 1 + (random() % digits.length);
      check(digits);
      check(`-${digits.slice(0, point)}.${digits.slice(point)}0`);
      check(`0.000${digits}`);
      check(`${digits}e${(random() % 70) - 35}`);
    }
  });

  it("rounds half to even: numbers exactly between two doubles, and next to that", () => {
    for (let run = 0; run < 50_000; run++) {
      const mantissa = (BigInt(random()) << 21n) | BigInt(random() & 0x1f_ffff) | (1n << 52n);
      const half = 2n * mantissa + 1n;
      const quarter = String(25n * half);
      check(String(half));
      check(String(4n * half));
      check(`${half}.0`);
      check(`${half}e1`);
      check(`${quarter.slice(0, -2)}.${quarter.slice(-2)}`);
      check(`${half - 1n}.5`);
    }
  });

  it("reads the extremes", () => {
    const extremes = [
      "0",
      "-0",
      "0.0",
      "-0e5",
      "0e999",
      "1e400",
      "-1e400",
      "1e-400",
      "1e99999999999999999999",
      "1e-99999999999999999999",
    ];
    const edges = [
      "5e-324",
      "2.5e-324",
      "2e-324",
      "1.7976931348623157e308",
      "1.7976931348623159e308",
      "9007199254740993",
      "1e22",
      "1e23",
      "1E+2",
    ];
    for (const text of [...extremes, ...edges, "0.30000000000000004", `0.${"0".repeat(500)}1`, "9".repeat(1000)]) check(text);
  });
});
