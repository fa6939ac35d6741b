import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MemoryError } from "../../src/core/errors.ts";
import { checkEngine } from "../../src/native/guard.ts";
import { system } from "../../src/native/system.ts";

describe("the check of the engine", () => {
  const { pageByteLength, addressOf } = system();
  const refused = (error: unknown): boolean =>
    error instanceof MemoryError &&
    error.code === "unsupported" &&
    /arena of its own/.test(error.message) &&
    /Node\.js/.test(error.cure);

  test("accepts this engine, whose buffers have address space of their own", () => {
    checkEngine(pageByteLength, addressOf);
  });

  test("refuses buffers that do not begin at a page, as from malloc", () => {
    const plain = new SharedArrayBuffer(64);
    assert.notEqual(addressOf(plain) % BigInt(pageByteLength), 0n);
    assert.throws(() => checkEngine(pageByteLength, () => addressOf(plain)), refused);
  });

  test("refuses buffers that lie inside a larger writable arena", () => {
    const byteLength = 64 * pageByteLength;
    const arena = new SharedArrayBuffer(byteLength, { maxByteLength: byteLength });
    const inside = addressOf(arena) + BigInt(8 * pageByteLength);
    assert.throws(() => checkEngine(pageByteLength, () => inside), refused);
    assert.equal(arena.byteLength, byteLength);
  });

  test("costs less than 4 ms", () => {
    const costs = Array.from({ length: 10 }, () => {
      const started = performance.now();
      checkEngine(pageByteLength, addressOf);
      return performance.now() - started;
    });
    assert.ok(Math.min(...costs) < 4, `${Math.min(...costs)} ms`);
  });
});
