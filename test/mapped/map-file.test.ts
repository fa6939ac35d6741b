import assert from "node:assert/strict";
import { constants } from "node:buffer";
import { execFileSync } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import fc from "fast-check";
import { MemoryError, type MemoryErrorCode } from "../../src/core/errors.ts";
import { GiB } from "../../src/core/size.ts";
import { type MapFileOptions, mapFile } from "../../src/mapped/map-file.ts";
import { notOnWindows, ON_WINDOWS } from "../process/platform.ts";
import { temporaryDirectory } from "../process/temporary-directory.ts";

/** Bytes that tell where they come from. */
function pattern(byteLength: number): Buffer {
  return Buffer.from(Uint8Array.from({ length: byteLength }, (_, index) => (index * 31 + (index >>> 8)) & 255));
}

function fails(code: MemoryErrorCode, ...patterns: readonly RegExp[]): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof MemoryError, String(error));
    assert.equal(error.code, code, error.message);
    for (const expected of patterns) assert.match(error.message, expected);
    return true;
  };
}

describe("mapFile", () => {
  for (const byteLength of [1, 100, 4095, 4096, 4097, 65_537]) {
    test(`shows all ${byteLength} bytes of a file`, (t) => {
      const path = join(temporaryDirectory(t), "file");
      const bytes = pattern(byteLength);
      writeFileSync(path, bytes);
      using memory = mapFile(path);
      assert.equal(memory.byteLength, byteLength);
      assert.equal(memory.home, "mapped");
      assert.equal(memory.readOnly, true);
      assert.equal(memory.subject, `mapped file ${path}`);
      assert.deepEqual(Buffer.from(memory.bytes(0, byteLength)), bytes);
      assert.throws(() => memory.bytes(0, byteLength + 1), fails("out-of-bounds"));
    });
  }

  test("shows an empty file as an empty memory", (t) => {
    const path = join(temporaryDirectory(t), "empty");
    writeFileSync(path, "");
    for (const mode of ["read", "readWrite", "copyOnWrite"] as const) {
      using memory = mapFile(path, { mode });
      assert.equal(memory.byteLength, 0);
      assert.equal(memory.u8.length, 0);
      memory.flush();
    }
  });

  test("reading: a stray store reaches neither the file nor another mapping", (t) => {
    const path = join(temporaryDirectory(t), "file");
    writeFileSync(path, pattern(5000));
    using memory = mapFile(path);
    using other = mapFile(path);
    memory.u8.fill(255);
    assert.deepEqual(readFileSync(path), pattern(5000));
    assert.deepEqual(Buffer.from(other.bytes(0, 5000)), pattern(5000));
  });

  test("reading and writing: stores are the file's at once, and others' are seen", (t) => {
    const path = join(temporaryDirectory(t), "file");
    writeFileSync(path, pattern(5000));
    using memory = mapFile(path, { mode: "readWrite" });
    using other = mapFile(path);
    memory.u8[4999] = 77;
    assert.equal(readFileSync(path)[4999], 77);
    assert.equal(other.u8[4999], 77);
    writeFileSync(path, "first", { flag: "r+" });
    assert.equal(Buffer.from(memory.bytes(0, 5)).toString(), "first");
  });

  test("copy on write: stores stay in the mapping, and dropping them is refused", (t) => {
    const path = join(temporaryDirectory(t), "file");
    writeFileSync(path, pattern(5000));
    using memory = mapFile(path, { mode: "copyOnWrite" });
    assert.equal(memory.readOnly, false);
    memory.u8[4500] = 99;
    memory.flush();
    assert.equal(memory.u8[4500], 99);
    assert.deepEqual(readFileSync(path), pattern(5000));
    assert.throws(() => memory.advise("drop"), fails("invalid-argument", /copy-on-write/));
    assert.equal(memory.u8[4500], 99);
  });

  test("any part of a file, wherever it begins and ends", (t) => {
    const path = join(temporaryDirectory(t), "file");
    const bytes = pattern(20_000);
    writeFileSync(path, bytes);
    const part = fc.tuple(fc.nat(20_000), fc.nat(20_000)).map(([a, b]) => [Math.min(a, b), Math.abs(a - b)] as const);
    fc.assert(
      fc.property(part, fc.constantFrom("read", "readWrite", "copyOnWrite"), ([byteOffset, byteLength], mode) => {
        using memory = mapFile(path, { byteOffset, byteLength, mode });
        assert.equal(memory.start, byteOffset % 8);
        assert.equal(memory.byteLength, memory.start + byteLength);
        assert.deepEqual(Buffer.from(memory.bytes(memory.start, byteLength)), bytes.subarray(byteOffset, byteOffset + byteLength));
        for (let index = 0; index < byteLength; index += 997)
          assert.equal(memory.u8[memory.start + index], bytes[byteOffset + index]);
      }),
      { numRuns: 150 },
    );
  });

  test("a part that begins at a multiple of 8 begins at byte 0 of the memory, for views of every width", (t) => {
    const path = join(temporaryDirectory(t), "file");
    writeFileSync(path, pattern(9000));
    using whole = mapFile(path);
    using part = mapFile(path, { byteOffset: 4104, mode: "readWrite" });
    assert.equal(part.start, 0);
    assert.equal(part.byteLength, 9000 - 4104);
    assert.equal(part.u8[0], whole.u8[4104]);
    assert.equal(part.u32[1], whole.u32[4108 / 4]);
    assert.equal(part.f64[3], whole.f64[4128 / 8]);
    assert.deepEqual(part.slice("u16", 2, 3), whole.slice("u16", 4106, 3));
    part.f64[0] = Math.PI;
    assert.equal(readFileSync(path).readDoubleLE(4104), Math.PI);
  });

  describe("creates", () => {
    test("a file of zeros with real blocks, and opens it as it is the next time", (t) => {
      const path = join(temporaryDirectory(t), "new");
      {
        using memory = mapFile(path, { mode: "readWrite", create: true, byteLength: 10_001 });
        assert.equal(memory.byteLength, 10_001);
        assert.deepEqual(new Set(memory.bytes(0, 10_001)), new Set([0]));
        memory.u8[10_000] = 5;
        memory.flush();
      }
      assert.equal(statSync(path).size, 10_001);
      if (!ON_WINDOWS) assert.ok(statSync(path).blocks * 512 >= 10_001);
      using again = mapFile(path, { mode: "readWrite", create: true, byteLength: 10_001 });
      assert.equal(again.u8[10_000], 5);
    });

    test("the rest of a file that is too short, and never cuts one that is longer", (t) => {
      const path = join(temporaryDirectory(t), "short");
      writeFileSync(path, pattern(100));
      using memory = mapFile(path, { mode: "readWrite", create: true, byteLength: 5000 });
      assert.deepEqual(Buffer.from(memory.bytes(0, 100)), pattern(100));
      assert.equal(memory.u8[4999], 0);
      using less = mapFile(path, { mode: "readWrite", create: true, byteLength: 10 });
      assert.equal(less.byteLength, 10);
      assert.equal(statSync(path).size, 5000);
    });

    test("nothing when the mapping fails", (t) => {
      const path = join(temporaryDirectory(t), "new");
      const maxByteLength = 2 ** 50;
      assert.throws(() => mapFile(path, { mode: "readWrite", create: true, byteLength: 10, maxByteLength }), MemoryError);
      assert.equal(existsSync(path), false);
    });
  });

  describe("grows", () => {
    test("in place, to the byte, together with its file", (t) => {
      const path = join(temporaryDirectory(t), "file");
      writeFileSync(path, "seed");
      using memory = mapFile(path, { mode: "readWrite", maxByteLength: 100_000 });
      const { u8 } = memory;
      for (const byteLength of [5, 4096, 4097, 50_001, 100_000]) {
        memory.grow(byteLength);
        assert.equal(memory.byteLength, byteLength);
        assert.equal(statSync(path).size, byteLength);
        memory.u8[byteLength - 1] = byteLength & 255;
        assert.equal(u8[byteLength - 1], byteLength & 255, "typed arrays taken before stay valid");
        assert.equal(readFileSync(path)[byteLength - 1], byteLength & 255);
      }
      assert.equal(Buffer.from(memory.bytes(0, 4)).toString(), "seed");
      assert.equal(memory.tryGrow(100_001), false);
      assert.throws(() => memory.grow(100_001), fails("out-of-memory", /reservation/));
      memory.grow(1);
      assert.equal(memory.byteLength, 100_000);
    });

    test("from inside a page of the file", (t) => {
      const path = join(temporaryDirectory(t), "file");
      writeFileSync(path, pattern(5000));
      using memory = mapFile(path, { mode: "readWrite", byteOffset: 4600, maxByteLength: 9000 });
      assert.equal(memory.byteLength, 400);
      memory.grow(9000);
      memory.u8[8999] = 3;
      assert.equal(statSync(path).size, 13_600);
      assert.equal(readFileSync(path)[13_599], 3);
      assert.equal(memory.u8[399], pattern(5000)[4999]);
    });

    test("while reading, as far as others have made the file longer", (t) => {
      const path = join(temporaryDirectory(t), "log");
      writeFileSync(path, "one");
      using memory = mapFile(path, { maxByteLength: 10_000 });
      assert.throws(() => memory.grow(6), fails("out-of-bounds", /fileByteLength=3/));
      assert.equal(memory.byteLength, 3);
      writeFileSync(path, "two".padEnd(9000, "."), { flag: "a" });
      memory.grow(9003);
      assert.equal(Buffer.from(memory.bytes(0, 6)).toString(), "onetwo");
      assert.equal(memory.u8[9002], ".".charCodeAt(0));
    });
  });

  describe("refuses with one clear error", () => {
    const refused = (
      title: string,
      code: MemoryErrorCode,
      patterns: readonly RegExp[],
      open: (directory: string) => unknown,
      skip: string | false = false,
    ): void => {
      test(title, { skip }, (t) => assert.throws(() => open(temporaryDirectory(t)), fails(code, ...patterns)));
    };
    const file = (directory: string, byteLength = 100): string => {
      const path = join(directory, "file");
      writeFileSync(path, pattern(byteLength));
      return path;
    };
    refused("a file that is missing", "io", [/errno=ENOENT/, /no[/\\]such/], (directory) => mapFile(join(directory, "no/such")));
    refused("a directory", "io", [/errno=EISDIR/, /a directory/], (directory) => mapFile(directory));
    refused("a directory to write", "io", [/errno=EISDIR/], (directory) => mapFile(directory, { mode: "readWrite" }));
    refused("a path through a file", "io", [ON_WINDOWS ? /errno=ENOENT/ : /errno=ENOTDIR/], (directory) =>
      mapFile(join(file(directory), "below")),
    );
    refused("a device", "io", [/a device/], () => mapFile("/dev/zero"));
    refused(
      "a FIFO, without waiting for its writer",
      "io",
      [/a FIFO/],
      (directory) => {
        execFileSync("mkfifo", [join(directory, "fifo")]);
        return mapFile(join(directory, "fifo"));
      },
      notOnWindows("there are none"),
    );
    refused(
      "a loop of links",
      "io",
      [/errno=ELOOP/],
      (directory) => {
        symlinkSync("loop", join(directory, "loop"));
        return mapFile(join(directory, "loop"));
      },
      notOnWindows("links need privileges"),
    );
    refused("a part that begins behind the end", "out-of-bounds", [/byteOffset=101/, /fileByteLength=100/], (directory) =>
      mapFile(file(directory), { byteOffset: 101 }),
    );
    refused("a part that ends behind the end", "out-of-bounds", [/byteLength=50/], (directory) =>
      mapFile(file(directory), { byteOffset: 60, byteLength: 50 }),
    );
    refused("a reservation shorter than the file", "invalid-argument", [/fileByteLength=100/], (directory) =>
      mapFile(file(directory), { maxByteLength: 99 }),
    );
    for (const options of [
      { byteOffset: -1 },
      { byteLength: 1.5 },
      { maxByteLength: Number.NaN },
      { byteLength: 9, maxByteLength: 8 },
    ]) {
      refused(`the numbers ${JSON.stringify(options)}`, "invalid-argument", [], (directory) => mapFile(file(directory), options));
    }
    refused("to create without writing", "invalid-argument", [/readWrite/], (directory) =>
      mapFile(file(directory), { create: true, byteLength: 10 }),
    );
    refused("a mode that does not exist", "invalid-argument", [/mode=write/], (directory) => {
      const options: MapFileOptions = JSON.parse('{ "mode": "write" }');
      return mapFile(file(directory), options);
    });

    test("more than one buffer of the engine can be", (t) => {
      const path = join(temporaryDirectory(t), "sparse");
      closeSync(openSync(path, "w"));
      const byteLength = GiB(5) + 3;
      truncateSync(path, byteLength);
      if (constants.MAX_LENGTH < byteLength) {
        assert.throws(() => mapFile(path), fails("unsupported", /Node 22/, new RegExp(`byteLength=${byteLength}`)));
        using end = mapFile(path, { byteOffset: byteLength - 10 });
        assert.equal(end.byteLength - end.start, 10);
      } else {
        using memory = mapFile(path, { mode: "readWrite" });
        assert.equal(memory.byteLength, byteLength);
        memory.u8[byteLength - 1] = 42;
        memory.f64[GiB(4.5) / 8] = 0.5;
        using end = mapFile(path, { byteOffset: byteLength - 3 });
        assert.equal(end.u8[end.start + 2], 42);
        using middle = mapFile(path, { byteOffset: GiB(4.5), byteLength: 8 });
        assert.equal(middle.f64[0], 0.5);
      }
    });

    test("an address space that there is not", (t) => {
      const path = file(temporaryDirectory(t));
      assert.throws(
        () => mapFile(path, { maxByteLength: 2 ** 52 }),
        fails(constants.MAX_LENGTH < 2 ** 52 ? "unsupported" : "out-of-memory", /byteLength=4503599\d{9}\b/),
      );
    });
  });

  test("a directory that took the place of a file is told too", (t) => {
    const path = join(temporaryDirectory(t), "place");
    mkdirSync(path);
    assert.throws(() => mapFile(path, { mode: "readWrite", create: true, byteLength: 10 }), fails("io", /errno=EISDIR/));
  });
});
