import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { crc32 } from "node:zlib";
import { MemoryError } from "../../../src/core/errors.ts";
import { buildDataset } from "../../../src/mapped/dataset/build.ts";
import { openDataset } from "../../../src/mapped/dataset/dataset.ts";
import { inspectFile, verifyFile } from "../../../src/mapped/inspect-file.ts";
import { mapAnonymous } from "../../../src/mapped/map-anonymous.ts";
import { openSegment } from "../../../src/mapped/segment/open-segment.ts";
import { temporaryDirectory } from "../../process/temporary-directory.ts";
import { Particle, Root } from "./stage.ts";

const coded =
  (code: string) =>
  (error: unknown): boolean =>
    error instanceof MemoryError && error.code === code;

describe("a segment file", () => {
  it("is made where there is none, is there again, and takes the disk that it needs", (t) => {
    const path = join(temporaryDirectory(t), "file");
    {
      using segment = openSegment(path, { reserve: 1 << 26 });
      segment.root(Root).n = 7;
      assert.equal(segment.path, path);
    }
    const { size, blocks } = statSync(path);
    assert.equal(size, 1 << 26);
    assert.ok(blocks * 512 < 1 << 20, `${blocks} blocks`);
    using segment = openSegment(path);
    assert.equal(segment.root(Root).n, 7);
    segment.arena("large", { byteLength: 1 << 24 });
    segment.delete("large");
    assert.ok(segment.compact() > 1 << 23);
    assert.ok(statSync(path).blocks * 512 < 1 << 20);
    assert.throws(() => segment.arena("too large", { byteLength: 1 << 27 }), coded("out-of-memory"));
    assert.deepEqual(segment.verify(), []);
  });

  it("gives the disk what is free between what stays, and has it again when it is needed", (t) => {
    const path = join(temporaryDirectory(t), "file");
    using segment = openSegment(path, { reserve: 1 << 26 });
    segment.arena("below", { byteLength: 1 << 23 });
    segment.arena("stays", { byteLength: 8192 }).alloc(100);
    const bytes = (): number => statSync(path).blocks * 512;
    segment.delete("below");
    assert.ok(bytes() > 1 << 23);
    assert.ok(segment.compact() >= 1 << 23);
    assert.ok(bytes() < 1 << 20, `${bytes()} bytes`);
    assert.ok(Math.abs(segment.inspect().backedByteLength - bytes()) < 1 << 16);
    assert.equal(segment.compact(), 0);
    segment.arena("again", { byteLength: 1 << 22 });
    assert.ok(bytes() > 1 << 22);
    segment.delete("again");
    segment.delete("stays");
    // What was a hole is behind the end now.
    segment.arena("more", { byteLength: 1 << 23 });
    assert.ok(bytes() > 1 << 23);
    assert.deepEqual(segment.verify(), []);
  });

  it("is refused when it is something else, of another version, or damaged", async (t) => {
    const directory = temporaryDirectory(t);
    const path = join(directory, "file");
    const refuses = (code: string, change: (bytes: Buffer) => void): void => {
      rmSync(path, { force: true });
      openSegment(path, { reserve: 1 << 20 }).close();
      const bytes = readFileSync(path);
      change(bytes);
      writeFileSync(path, bytes);
      assert.throws(() => openSegment(path), coded(code), code);
      assert.throws(() => inspectFile(path), coded(code));
      assert.deepEqual(readFileSync(path), bytes, "it is left as it was");
    };
    const seal = (bytes: Buffer): void => void bytes.writeUInt32LE(crc32(bytes.subarray(0, 60)), 60);
    refuses("not-an-offheap-file", (bytes) => bytes.write("something"));
    refuses("unsupported-format", (bytes) => {
      bytes.writeUInt32LE(2, 8);
      seal(bytes);
    });
    refuses("unsupported-format", (bytes) => {
      bytes.writeUInt32LE(1, 12);
      seal(bytes);
    });
    refuses("unsupported-format", (bytes) => {
      bytes.writeUInt32LE(77, 20);
      seal(bytes);
    });
    refuses("corrupt", (bytes) => void bytes.writeUInt32LE(9, 40));
    refuses("corrupt", (bytes) => {
      bytes.writeUInt32LE(0, 36);
      seal(bytes);
    });
    rmSync(path);
    openSegment(path, { reserve: 1 << 20 }).close();
    truncateSync(path, 1 << 19);
    assert.throws(() => openSegment(path), coded("corrupt"));
    truncateSync(path, 63);
    assert.throws(() => openSegment(path), coded("corrupt"));
    writeFileSync(path, "id\n1\n");
    assert.throws(() => openSegment(path), coded("not-an-offheap-file"));
    assert.equal(readFileSync(path, "utf8"), "id\n1\n");
    mkdirSync(join(directory, "folder"));
    assert.throws(() => openSegment(join(directory, "folder")), coded("io"));
    assert.throws(() => openSegment(join(directory, "missing", "file")), coded("io"));
    writeFileSync(join(directory, "rows.csv"), "id\n1\n");
    await buildDataset(join(directory, "rows.csv"), join(directory, "rows"));
    assert.throws(() => openSegment(join(directory, "rows")), coded("layout-mismatch"));
    openSegment(join(directory, "segment"), { reserve: 1 << 20 }).close();
    assert.throws(() => openDataset(join(directory, "segment")), coded("layout-mismatch"));
    for (const options of [{ reserve: -1 }, { reserve: 1.5 }, { seats: 0 }, { seats: 63 }]) {
      assert.throws(() => openSegment(join(directory, "never"), options), coded("invalid-argument"));
    }
    for (const options of [{ mode: "write" }, { mode: "copyOnWrite" }, { timeoutMs: -1 }, { timeoutMs: Number.NaN }]) {
      assert.throws(() => Reflect.apply(openSegment, undefined, [join(directory, "never"), options]), coded("invalid-argument"));
    }
    assert.equal(existsSync(join(directory, "never")), false);
  });

  it("is drawn and verified while others use it", (t) => {
    const path = join(temporaryDirectory(t), "file");
    using segment = openSegment(path, { reserve: 1 << 20 });
    const pool = segment.pool("orders", Particle, { capacity: 100 });
    assert.match(inspectFile(path), /1 structures.*\n\n.*\n▇ orders +pool of Particle/);
    assert.deepEqual(verifyFile(path).problems, []);
    assert.match(verifyFile(path).summary, /^1 structure, /);
    segment.memory.i32[(segment.list()[0].byteOffset ?? 0) / 4] = 0;
    assert.match(verifyFile(path).problems.join(), /pool "orders" begins with 0x00000000/);
    assert.equal(pool.capacity, 100);
  });

  it("is what an anonymous memory can be too, which processes share", () => {
    using memory = mapAnonymous(0, { maxByteLength: 1 << 20 });
    using one = openSegment(memory);
    one.root(Root).n = 5;
    using other = openSegment(memory.ticket());
    assert.equal(other.root(Root).n, 5);
    other.arena("large", { byteLength: 500_000 });
    assert.deepEqual(
      one.list().map(({ name }) => name),
      ["root", "large"],
    );
    assert.deepEqual(one.verify(), []);
  });
});
