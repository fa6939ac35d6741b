import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { alignUp, checkAlign, checkByteLength, isPowerOfTwo, MAX_BYTE_LENGTH } from "../../src/core/align.ts";
import { GiB, KiB, MiB } from "../../src/core/size.ts";

const powerOfTwo = fc.integer({ min: 0, max: 31 }).map((exponent) => 2 ** exponent);

test("alignUp gives the least multiple that is not below, also beyond 32 bits", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: MAX_BYTE_LENGTH - 2 ** 31 }), powerOfTwo, (byteOffset, align) => {
      const up = alignUp(byteOffset, align);
      assert.equal(up % align, 0);
      assert.ok(up >= byteOffset && up - byteOffset < align);
    }),
  );
  assert.equal(alignUp(0, 8), 0);
  assert.equal(alignUp(2 ** 40 + 1, 4096), 2 ** 40 + 4096);
});

test("isPowerOfTwo knows exactly the 32 powers from 2^0 to 2^31", () => {
  for (let exponent = 0; exponent <= 31; exponent++) {
    assert.equal(isPowerOfTwo(2 ** exponent), true);
    assert.equal(isPowerOfTwo(2 ** exponent + 1), exponent === 0);
  }
  for (const value of [0, -1, -2, 0.5, 2.5, 2 ** 32, 2 ** 40, Number.NaN, Number.POSITIVE_INFINITY, -(2 ** 31)]) {
    assert.equal(isPowerOfTwo(value), false, String(value));
  }
});

test("checkByteLength takes whole numbers in range and refuses everything else, with the numbers", () => {
  for (const value of [0, 1, MAX_BYTE_LENGTH]) checkByteLength("arena", "byteSize", value);
  checkByteLength("arena", "byteSize", 8, 8, 8);
  for (const value of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
    assert.throws(
      () => checkByteLength("arena", "byteSize", value),
      { name: "MemoryError", code: "invalid-argument" },
      String(value),
    );
  }
  assert.throws(() => checkByteLength("arena", "byteSize", 9, 0, 8), {
    message: "arena needs a whole number of bytes as byteSize (byteSize=9, least=0, most=8). Pass a whole number in that range.",
  });
});

test("checkAlign refuses what is no power of two", () => {
  checkAlign("arena", 1);
  checkAlign("arena", 2 ** 31);
  for (const value of [0, 3, -8, 1.5, 2 ** 32, Number.NaN]) {
    assert.throws(() => checkAlign("arena", value), { name: "MemoryError", code: "invalid-argument" }, String(value));
  }
});

test("KiB, MiB and GiB are powers of 1024", () => {
  assert.deepEqual([KiB(4), MiB(1.5), GiB(6)], [4096, 1_572_864, 6_442_450_944]);
});
