import assert from "node:assert/strict";
import {
  closeSync,
  constants,
  existsSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { constants as os, tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { system } from "../../src/native/system.ts";

const { EBADF, EEXIST, EFAULT, EINVAL, ENOMEM } = os.errno;
const UNMAPPED = 4096n;

describe("the system calls", () => {
  const calls = system();
  const page = calls.pageByteLength;
  const reserve = (byteLength: number): SharedArrayBuffer => new SharedArrayBuffer(byteLength, { maxByteLength: byteLength });
  const directory = mkdtempSync(join(tmpdir(), "offheap-"));
  test.after(() => rmSync(directory, { recursive: true }));

  test("map a file over a buffer, shared or private, and put zeros over it again", () => {
    const path = join(directory, "mapped");
    const fd = openSync(path, "w+");
    writeSync(fd, Buffer.alloc(2 * page, 7));
    const buffer = reserve(2 * page);
    const bytes = Buffer.from(buffer);
    const address = calls.addressOf(buffer);
    assert.equal(address % BigInt(page), 0n);

    assert.equal(calls.mapFile(address, 2 * page, "private", fd, 0), 0);
    bytes[0] = 1;
    assert.deepEqual([bytes[0], bytes[page], readFileSync(path)[0]], [1, 7, 7]);

    assert.equal(calls.mapFile(address, page, "shared", fd, page), 0);
    bytes[0] = 9;
    assert.equal(readFileSync(path)[page], 9);
    assert.equal(calls.sync(address, page), 0);

    assert.equal(calls.mapZeros(address, 2 * page), 0);
    assert.deepEqual([bytes[0], bytes[page]], [0, 0]);
    bytes.fill(5);
    assert.deepEqual([...new Set(readFileSync(path))].sort(), [7, 9]);
    closeSync(fd);
  });

  test("answer with the errno of the call that failed, whatever Node does in between", async () => {
    for (let round = 0; round < 200; round += 1) {
      assert.equal(calls.sync(UNMAPPED, page), ENOMEM);
      existsSync(join(directory, "missing"));
      assert.equal(calls.sync(UNMAPPED + 1n, page), EINVAL);
      assert.equal(calls.allocate(1_000_000, 0, page), EBADF);
    }
    const found = await Promise.all([calls.syncAsync(UNMAPPED, page), calls.syncAsync(UNMAPPED + 1n, page)]);
    assert.deepEqual(found, [ENOMEM, EINVAL]);
  });

  test("populating a page that the file has lost is EFAULT and no signal", () => {
    const fd = openSync(join(directory, "lost"), "w+");
    ftruncateSync(fd, 2 * page);
    const buffer = reserve(2 * page);
    const address = calls.addressOf(buffer);
    assert.equal(calls.mapFile(address, 2 * page, "private", fd, 0), 0);
    assert.equal(calls.advise(address, 2 * page, "populateRead"), 0);
    ftruncateSync(fd, page);
    assert.equal(calls.advise(address, 2 * page, "populateRead"), EFAULT);
    assert.equal(calls.advise(address, page, "populateRead"), 0);
    calls.mapZeros(address, 2 * page);
    closeSync(fd);
  });

  test("allocate real blocks and the length", () => {
    const path = join(directory, "allocated");
    const fd = openSync(path, "w+");
    assert.equal(calls.allocate(fd, 0, 10 * page + 1), 0);
    const { size, blocks } = statSync(path);
    assert.equal(size, 10 * page + 1);
    assert.ok(blocks * 512 >= size, `${blocks} blocks`);
    closeSync(fd);
  });

  test("a sealed memory file cannot be made shorter, by nobody", () => {
    const fd = calls.createMemoryFile("test");
    assert.ok(fd >= 0);
    ftruncateSync(fd, 2 * page);
    assert.equal(calls.seal(fd, ["shrink", "seal"]), 0);
    assert.throws(() => ftruncateSync(fd, page), { code: "EPERM" });
    ftruncateSync(fd, 3 * page);
    assert.notEqual(calls.seal(fd, ["shrink", "seal"]), 0, "the seals are sealed");
    assert.equal(calls.close(fd), 0);
    assert.equal(calls.close(fd), EBADF);
  });

  test("name a file that had no name, but never over another", () => {
    const O_TMPFILE = 0o20000000 | constants.O_DIRECTORY;
    const fd = openSync(directory, O_TMPFILE | constants.O_RDWR, 0o600);
    writeSync(fd, "unnamed");
    const path = join(directory, "named");
    assert.equal(calls.linkUnnamed(fd, path), 0);
    assert.equal(readFileSync(path, "utf8"), "unnamed");
    assert.equal(calls.linkUnnamed(fd, path), EEXIST);
    closeSync(fd);
  });
});
