import assert from "node:assert/strict";
import { readdirSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import fc from "fast-check";
import { MemoryError } from "../../src/core/errors.ts";
import { MiB } from "../../src/core/size.ts";
import { mapScratch } from "../../src/mapped/map-scratch.ts";
import { notOnWindows, ON_WINDOWS } from "../process/platform.ts";
import { temporaryDirectory } from "../process/temporary-directory.ts";

describe("scratch memory", () => {
  test("grows in place to exactly what is asked, and keeps its bytes", (t) => {
    const directory = temporaryDirectory(t);
    fc.assert(
      fc.property(fc.array(fc.nat(MiB(3)), { maxLength: 12 }), (wishes) => {
        using memory = mapScratch(directory, { maxByteLength: MiB(8) });
        const { u8 } = memory;
        let byteLength = 0;
        for (const wish of wishes) {
          const wanted = Math.min(byteLength + wish, MiB(8));
          memory.grow(wanted);
          if (wanted > byteLength) {
            assert.equal(u8[wanted - 1], 0);
            u8[byteLength] = 1 + (byteLength % 251);
          }
          assert.equal(memory.byteLength, wanted);
          if (wanted > byteLength) assert.equal(memory.u8[byteLength], 1 + (byteLength % 251));
          byteLength = wanted;
        }
        assert.equal(memory.tryGrow(MiB(8) + 1), false);
      }),
      { numRuns: 20 },
    );
  });

  test("may be any odd length, up to the last byte of the reservation", (t) => {
    using memory = mapScratch(temporaryDirectory(t), { byteLength: 1, maxByteLength: 100_001 });
    memory.u8[0] = 1;
    memory.grow(100_001);
    memory.u8[100_000] = 2;
    assert.deepEqual([memory.byteLength, memory.u8[0], memory.u8[100_000]], [100_001, 1, 2]);
  });

  test("has no name in its directory, from the first byte on", { skip: notOnWindows("the file has a hidden name") }, (t) => {
    const directory = temporaryDirectory(t);
    using memory = mapScratch(directory, { byteLength: 100, maxByteLength: MiB(1) });
    memory.grow(MiB(1));
    memory.u8.fill(1);
    assert.deepEqual(readdirSync(directory), []);
    const open = readdirSync("/proc/self/fd").map((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`);
      } catch {
        return "";
      }
    });
    assert.ok(open.some((path) => path.startsWith(directory) && path.endsWith("(deleted)")));
  });

  test("needs a directory that is there, and a length within the reservation", (t) => {
    const directory = temporaryDirectory(t);
    writeFileSync(join(directory, "file"), "");
    const coded = (code: string, errno?: string) => (error: unknown) =>
      error instanceof MemoryError && error.code === code && (errno === undefined || error.numbers.errno === errno);
    assert.throws(() => mapScratch(join(directory, "none"), { maxByteLength: 10 }), coded("io", "ENOENT"));
    assert.throws(() => mapScratch(join(directory, "file"), { maxByteLength: 10 }), coded("io", ON_WINDOWS ? "ENOENT" : "ENOTDIR"));
    assert.throws(() => mapScratch(directory, { byteLength: 11, maxByteLength: 10 }), coded("invalid-argument"));
  });
});
