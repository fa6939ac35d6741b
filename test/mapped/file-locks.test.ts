import assert from "node:assert/strict";
import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { FileLocks, LockedByte } from "../../src/mapped/file-locks.ts";
import { mapFile } from "../../src/mapped/map-file.ts";
import { system } from "../../src/native/system.ts";
import { temporaryDirectory } from "../process/temporary-directory.ts";

describe("the locks on a file", () => {
  const directory = temporaryDirectory(test);
  let files = 0;
  const makeFile = () => {
    const path = join(directory, `file${++files}`);
    writeFileSync(path, "bytes");
    const { dev, ino } = statSync(path, { bigint: true });
    return { path, device: String(dev), inode: String(ino) };
  };

  test("exclude within the thread too, though the kernel lets one descriptor lock as often as it likes", () => {
    const origin = makeFile();
    const [one, same] = [FileLocks.open("file", origin), FileLocks.open("file", origin)];
    assert.equal(one, same);
    assert.equal(one.tryLock(LockedByte.file, "exclusive"), true);
    assert.equal(one.tryLock(LockedByte.file, "exclusive"), false);
    assert.equal(one.tryLock(LockedByte.file, "shared"), false);
    assert.equal(one.tryLock(LockedByte.creation, "shared"), true);
    assert.equal(one.tryLock(LockedByte.creation, "shared"), true);
    assert.equal(one.tryLock(LockedByte.creation, "exclusive"), false);
    one.unlock(LockedByte.creation);
    assert.equal(one.isLocked(LockedByte.creation), true);
    one.unlock(LockedByte.creation);
    assert.equal(one.isLocked(LockedByte.creation), false);
    assert.throws(() => one.lock(LockedByte.file, "shared", 20), { code: "locked", message: /file is locked by somebody/ });
    assert.throws(() => one.lock(LockedByte.file, "exclusive", 0), { code: "locked", message: /is in use by another/ });
    one.unlock(LockedByte.file);
    one.unlock(LockedByte.file);
    one.close();
    one.close();
    one.close();
  });

  test("are not lost when other descriptors of the file are closed, as POSIX locks are, nor kept by mappings of it", () => {
    const origin = makeFile();
    const locks = FileLocks.open("file", origin);
    locks.tryLock(LockedByte.file, "exclusive");
    mapFile(origin.path).close();
    const mapping = mapFile(origin.path, { mode: "readWrite", maxByteLength: 100 });
    const probe = mapping.origin?.descriptor ?? assert.fail("open to grow");
    assert.equal(system().probeByte(probe, LockedByte.file), 1);
    locks.close();
    assert.equal(system().probeByte(probe, LockedByte.file), 0);
    mapping.close();
  });

  test("lie behind all bytes that a file can have, and fit the largest file offset", () => {
    const largest = LockedByte.participant + 2n ** 32n - 1n;
    assert.ok(largest < 2n ** 63n);
    const locks = FileLocks.open("file", makeFile());
    assert.equal(locks.tryLock(largest, "exclusive"), true);
    assert.equal(locks.tryLock(LockedByte.structure + 2n ** 32n - 1n, "exclusive"), true);
    locks.close();
  });

  test("tell what the operating system refuses", () => {
    const origin = makeFile();
    assert.throws(() => FileLocks.open("file", { ...origin, inode: "1" }), { code: "io", message: /another file/ });
    assert.throws(() => FileLocks.open("file", { ...origin, inode: "2", path: `${origin.path}.gone` }), {
      code: "io",
      message: /ENOENT/,
    });
    const locks = FileLocks.open("file", origin);
    locks.close();
    assert.throws(() => locks.tryLock(LockedByte.file, "shared"), { code: "io", message: /EBADF/ });
    assert.throws(() => locks.isLocked(LockedByte.file), { code: "io", message: /EBADF/ });
  });
});
