import assert from "node:assert/strict";
import { appendFileSync, closeSync, openSync, readFileSync, truncateSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import fc from "fast-check";
import { MemoryError, type MemoryErrorCode } from "../../src/core/errors.ts";
import { GiB } from "../../src/core/size.ts";
import { type MappedWindow, mapWindow } from "../../src/mapped/map-window.ts";
import { notOnWindows } from "../process/platform.ts";
import { temporaryDirectory } from "../process/temporary-directory.ts";

function pattern(byteLength: number): Buffer {
  return Buffer.from(Uint8Array.from({ length: byteLength }, (_, index) => (index * 31 + (index >>> 8)) & 255));
}

const coded =
  (code: MemoryErrorCode, expected = /./) =>
  (error: unknown): boolean =>
    error instanceof MemoryError && error.code === code && expected.test(error.message);

const shown = (window: MappedWindow): Buffer => Buffer.from(window.memory.bytes(window.start, window.end - window.start));

for (const reading of ["mapped", "copied"] as const) {
  describe(`a window that is ${reading}`, () => {
    test("shows every byte of the file once, at any step, through the same typed array", (t) => {
      const path = join(temporaryDirectory(t), "file");
      fc.assert(
        fc.property(fc.integer({ min: 1, max: 30_000 }), fc.integer({ min: 61, max: 9000 }), (fileByteLength, step) => {
          const bytes = pattern(fileByteLength);
          writeFileSync(path, bytes);
          using window = mapWindow(path, { byteLength: 8192, reading });
          assert.equal(window.fileByteLength, fileByteLength);
          const { u8 } = window.memory;
          for (let at = 0; at < fileByteLength; at += step) {
            const byteLength = window.slide(at);
            assert.equal(byteLength, Math.min(window.byteLength, fileByteLength - at));
            assert.equal(window.end - window.start, byteLength);
            assert.equal(window.atEnd, at + byteLength === fileByteLength);
            assert.deepEqual(shown(window), bytes.subarray(at, at + byteLength));
            assert.equal(u8[window.start], bytes[at]);
          }
        }),
        { numRuns: 60 },
      );
    });

    test("slides back as well as forth, and to the very end", (t) => {
      const path = join(temporaryDirectory(t), "file");
      writeFileSync(path, pattern(50_000));
      using window = mapWindow(path, { byteLength: 4096, reading });
      for (const at of [40_000, 0, 49_999, 12_345, 50_000, 7]) {
        window.slide(at);
        assert.deepEqual(shown(window), pattern(50_000).subarray(at, at + 4096));
      }
      assert.equal(window.slide(50_000), 0);
      assert.equal(window.start, window.end);
      assert.throws(() => window.slide(50_001), coded("out-of-bounds", /fileByteLength=50000/));
      assert.throws(() => window.slide(-1), coded("invalid-argument"));
    });

    test("stores stay in the window, never reach the file, and are gone after the next slide", (t) => {
      const path = join(temporaryDirectory(t), "file");
      writeFileSync(path, pattern(10_000));
      using window = mapWindow(path, { byteLength: 4096, reading });
      window.slide(0);
      window.memory.u8.fill(255, window.start, window.end);
      assert.equal(window.memory.u8[100], 255);
      window.slide(0);
      assert.deepEqual(shown(window), pattern(10_000).subarray(0, 4096));
      assert.deepEqual(readFileSync(path), pattern(10_000));
    });

    test("can be enlarged for a record that does not fit, up to its reservation", (t) => {
      const path = join(temporaryDirectory(t), "file");
      writeFileSync(path, pattern(100_000));
      using window = mapWindow(path, { byteLength: 4096, maxByteLength: 65_536, reading });
      const { u8 } = window.memory;
      window.slide(5001);
      assert.equal(window.enlarge(20_000), 20_480);
      assert.deepEqual(shown(window), pattern(100_000).subarray(5001, 5001 + 20_480));
      assert.equal(u8[window.end - 1], pattern(100_000)[5001 + 20_479]);
      assert.equal(window.enlarge(10), 20_480, "it never becomes smaller");
      assert.equal(window.enlarge(65_536), 65_536);
      assert.throws(() => window.enlarge(65_537), coded("out-of-memory", /maxByteLength=65536/));
      assert.deepEqual(shown(window), pattern(100_000).subarray(5001, 5001 + 65_536));
    });

    test("leaves no byte of an earlier part behind the page where the file ends", (t) => {
      const path = join(temporaryDirectory(t), "file");
      writeFileSync(path, Buffer.alloc(16_384 + 10, 7));
      using window = mapWindow(path, { byteLength: 16_384, reading });
      window.slide(0);
      window.slide(16_384);
      assert.equal(window.end - window.start, 10);
      assert.deepEqual(new Set(window.memory.bytes(window.end, 16_384 - window.end)), new Set([0]));
    });

    test("does not see what is appended after it was opened", (t) => {
      const path = join(temporaryDirectory(t), "log");
      writeFileSync(path, "before");
      using window = mapWindow(path, { reading });
      appendFileSync(path, "after");
      assert.equal(window.slide(0), 6);
      assert.ok(window.atEnd);
    });

    test("shows an empty file as nothing", (t) => {
      const path = join(temporaryDirectory(t), "empty");
      writeFileSync(path, "");
      using window = mapWindow(path, { reading });
      assert.equal(window.fileByteLength, 0);
      assert.equal(window.slide(0), 0);
      assert.ok(window.atEnd);
    });

    test("tells of a file that another program has shortened, and then shows nothing", {
      skip: reading === "mapped" && notOnWindows("nobody can shorten a file that is mapped"),
    }, (t) => {
      const path = join(temporaryDirectory(t), "file");
      for (const left of [20_000, 8192, 8191, 1, 0]) {
        writeFileSync(path, pattern(20_001));
        using window = mapWindow(path, { byteLength: 8192, reading });
        window.slide(0);
        truncateSync(path, left);
        for (const at of [0, 9000]) {
          assert.throws(() => window.slide(at), coded("io", new RegExp(`shortened.*fileByteLength=20001, found=${left}`)));
          assert.equal(window.start, 0);
          assert.equal(window.end, 0);
          assert.deepEqual(new Set(window.memory.bytes(0, 12_288)), new Set([0]));
        }
      }
    });

    test("reads a sparse file beyond 4 GiB on every Node", (t) => {
      const path = join(temporaryDirectory(t), "sparse");
      const fd = openSync(path, "w");
      writeSync(fd, "far away", GiB(6) + 5);
      closeSync(fd);
      using window = mapWindow(path, { byteLength: 4096, reading });
      window.slide(GiB(6) + 4);
      assert.equal(shown(window).toString("latin1"), "\0far away");
    });

    test("throws `closed` after close, and a stray typed array reads harmless bytes", (t) => {
      const path = join(temporaryDirectory(t), "file");
      writeFileSync(path, pattern(10_000));
      const window = mapWindow(path, { reading });
      window.slide(0);
      const { u8 } = window.memory;
      window.close();
      window.close();
      assert.throws(() => window.slide(0), coded("closed"));
      assert.throws(() => window.enlarge(100_000_000), coded("closed"));
      u8.fill(1);
      assert.deepEqual(readFileSync(path), pattern(10_000));
    });
  });
}

describe("mapWindow", () => {
  test("refuses what is not a regular file", (t) => {
    assert.throws(() => mapWindow(temporaryDirectory(t)), coded("io", /errno=EISDIR/));
    assert.throws(() => mapWindow("/dev/zero"), coded("io", /a device/));
    assert.throws(() => mapWindow("/no/such/file"), coded("io", /errno=ENOENT/));
  });

  test("refuses lengths that are none", (t) => {
    const path = join(temporaryDirectory(t), "file");
    writeFileSync(path, "x");
    assert.throws(() => mapWindow(path, { byteLength: 0 }), coded("invalid-argument"));
    assert.throws(() => mapWindow(path, { byteLength: 8192, maxByteLength: 4096 }), coded("invalid-argument"));
  });

  test("has no ticket, since every slide shows other bytes", (t) => {
    const path = join(temporaryDirectory(t), "file");
    writeFileSync(path, "x");
    using window = mapWindow(path);
    assert.throws(() => window.memory.ticket(), coded("unsupported", /after each slide/));
  });
});
