import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statfsSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { MiB } from "../../src/core/size.ts";
import { moduleUrl, runChild } from "./child.ts";
import { mountSmallDisk, type SmallDisk } from "./small-disk.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

const freeBytes = (path: string): number => {
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize;
};

for (const kind of ["tmpfs", "ext4"] as const satisfies readonly SmallDisk[]) {
  describe(`on a full disk (${kind})`, () => {
    // A store that finds the disk full is a signal and not an exception, so each case has a process to lose.
    const onSmallDisk = (title: string, script: string, check: (disk: string) => void = () => {}): void => {
      test(title, (t) => {
        const directory = temporaryDirectory(t);
        const disk = mountSmallDisk(t, kind);
        if ("refused" in disk) return t.skip(disk.refused);
        const full = `const { openInterner } = await import(${JSON.stringify(moduleUrl("mapped/interner/open-interner.js"))});\n       const full = (error) => error.name === "MemoryError" && error.code === "disk-full" && error.numbers.errno === "ENOSPC";\n`;
        const { status, signal, stderr } = runChild(full + script, { directory, args: [disk.path] });
        assert.equal(signal, null, stderr);
        assert.equal(status, 0, stderr);
        check(disk.path);
      });
    };

    onSmallDisk(
      "a file that does not fit is not created",
      `assert.throws(() => mapped.mapFile(args[0] + "/new", { mode: "readWrite", create: true, byteLength: 20_000_000 }), full);`,
      (disk) => {
        assert.equal(existsSync(join(disk, "new")), false);
        assert.ok(freeBytes(disk) > 900_000);
      },
    );

    onSmallDisk(
      "growth that does not fit changes nothing, and what fits still can be had",
      `const memory = mapped.mapFile(args[0] + "/file", { mode: "readWrite", create: true, byteLength: 5000, maxByteLength: 100_000_000 });
       memory.u8.fill(7, 0, 5000);
       for (let round = 0; round < 3; round += 1) {
         assert.throws(() => memory.grow(50_000_000), full);
         assert.equal(memory.byteLength, 5000);
         assert.equal(fs.statSync(args[0] + "/file").size, 5000);
       }
       memory.grow(500_000);
       memory.u8.fill(8, 5000, 500_000);
       memory.flush();`,
      (disk) => {
        const bytes = readFileSync(join(disk, "file"));
        assert.equal(bytes.length, 500_000);
        assert.ok(bytes.subarray(0, 5000).every((byte) => byte === 7) && bytes.subarray(5000).every((byte) => byte === 8));
      },
    );

    onSmallDisk(
      "scratch memory grows to the last page that there is, one page at a time, and every store into it succeeds",
      `const memory = mapped.mapScratch(args[0], { maxByteLength: 100_000_000 });
       let byteLength = 0;
       assert.throws(() => { for (;;) { memory.grow(byteLength + 4096); memory.u8.fill(1, byteLength, byteLength + 4096); byteLength += 4096; } }, full);
       assert.equal(memory.byteLength, byteLength);
       assert.ok(byteLength > 900_000, String(byteLength));
       assert.ok(memory.bytes(0, byteLength).every((byte) => byte === 1));
       memory.flush();`,
      (disk) => assert.ok(freeBytes(disk) > 900_000, "gone with the process"),
    );

    onSmallDisk(
      "an interner in a file keeps all that it has, and goes on when there is room again",
      `fs.writeFileSync(args[0] + "/filler", Buffer.alloc(400_000));
       const names = openInterner(args[0] + "/names");
       const all = [];
       assert.throws(() => { for (;;) all.push(names.intern("a string of some length, number " + all.length)); }, full);
       assert.ok(all.length > 3000, String(all.length));
       assert.deepEqual([names.size, all.at(-1), names.verify()], [all.length, all.length, []]);
       assert.throws(() => names.intern("x".repeat(9_000_000)), full);
       all.forEach((id, at) => assert.equal(names.intern("a string of some length, number " + at), id));
       fs.unlinkSync(args[0] + "/filler");
       for (let more = 0; more < 500; more += 1) all.push(names.intern("a string of some length, number " + all.length));
       names.close();
       const again = openInterner(args[0] + "/names");
       assert.deepEqual([again.size, again.verify()], [all.length, []]);
       all.forEach((id, at) => assert.equal(again.resolve(id), "a string of some length, number " + at));`,
    );

    onSmallDisk(
      "an interner is not made where there is no room for its file, and can be made there later",
      `const disk = fs.openSync(args[0] + "/filler", "w");
       assert.throws(() => { for (;;) fs.writeSync(disk, Buffer.alloc(4096)); }, { code: "ENOSPC" });
       assert.throws(() => openInterner(args[0] + "/names"), full);
       fs.unlinkSync(args[0] + "/filler");
       fs.closeSync(disk);
       const names = openInterner(args[0] + "/names");
       assert.deepEqual([names.intern("a"), names.verify()], [1, []]);`,
    );

    onSmallDisk(
      "a file that cannot be written is not published, and the one that was there stays",
      `fs.writeFileSync(args[0] + "/data", "old");
       const file = mapped.publishFile(args[0] + "/data");
       const bytes = Buffer.alloc(100_000, 3);
       assert.throws(() => { for (let at = 0; ; at += bytes.length) file.write(bytes, at); }, full);
       assert.throws(() => file.commit(), { code: "closed" });
       assert.deepEqual(fs.readdirSync(args[0]).filter((name) => name !== "lost+found"), ["data"]);`,
      (disk) => {
        assert.equal(readFileSync(join(disk, "data"), "utf8"), "old");
        assert.ok(freeBytes(disk) > 900_000);
      },
    );
  });
}

describe("on a file system that cannot allocate blocks (ramfs)", () => {
  test("files and scratch memory grow all the same", (t) => {
    const directory = temporaryDirectory(t);
    const disk = mountSmallDisk(t, "ramfs");
    if ("refused" in disk) return t.skip(disk.refused);
    writeFileSync(join(disk.path, "file"), "seed");
    const script = `
      const memory = mapped.mapFile(args[0] + "/file", { mode: "readWrite", maxByteLength: 500_000 });
      memory.grow(300_001);
      memory.u8[300_000] = 7;
      const scratch = mapped.mapScratch(args[0], { maxByteLength: ${MiB(8)} });
      scratch.grow(${MiB(3)});
      scratch.u8.fill(1, 0, ${MiB(3)});`;
    const { status, stderr } = runChild(script, { directory, args: [disk.path] });
    assert.equal(status, 0, stderr);
    assert.equal(statSync(join(disk.path, "file")).size, 300_001);
    assert.equal(readFileSync(join(disk.path, "file"))[300_000], 7);
    assert.deepEqual(readdirSync(disk.path), ["file"]);
  });
});
