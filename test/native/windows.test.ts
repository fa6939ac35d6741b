import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { errnoName } from "../../src/native/system-error.ts";
import { windowsSystem } from "../../src/native/windows.ts";
import { errnoOfWindows } from "../../src/native/windows-error.ts";
import { FakeWindows, PAGE } from "./fake-windows.ts";

// Windows is not here. What can be told without it: that bytes of structures lie where Microsoft's headers have them, and what is asked in which order.

function start(): { readonly windows: FakeWindows; readonly system: ReturnType<typeof windowsSystem>; last(): unknown[] } {
  const windows = new FakeWindows();
  const system = windowsSystem(windows.foreign());
  const last = (): unknown[] => {
    const { name, given } = windows.calls[windows.calls.length - 1];
    return [name, ...given];
  };
  return { windows, system, last };
}

function bufferOf(one: unknown): Buffer {
  assert.ok(Buffer.isBuffer(one));
  return one;
}

describe("Windows", () => {
  test("is refused where it has no placeholders, and where the host takes no views", () => {
    const old = new FakeWindows();
    old.missing = ["MapViewOfFile3"];
    assert.throws(() => windowsSystem(old.foreign()), { code: "unsupported", message: /1803/ });
    const electron = new FakeWindows();
    electron.takesViews = false;
    assert.throws(() => windowsSystem(electron.foreign()), { code: "unsupported", message: /Electron/ });
    assert.equal(electron.reservedPages, 0);
  });

  test("maps over ranges of the system's, by the handle of a descriptor, which stays open", () => {
    const { windows, system } = start();
    const fd = Number(windows.open("file"));
    const { handles } = windows;
    const buffer = system.reserve(3 * PAGE);
    assert.deepEqual([system.buffers, buffer.byteLength], ["system", 3 * PAGE]);
    const at = windows.calls.filter(({ name }) => name === "VirtualAlloc2").at(-1)?.given[1];
    assert.ok(typeof at === "bigint");
    assert.equal(system.mapFile(at, 2 * PAGE - 1, "shared", fd, PAGE), 0);
    assert.deepEqual([windows.contentAt(Number(at) + PAGE), windows.handles], ["file shared 8192", handles + 1]);
    windows.answer("FlushFileBuffers", 0, 112);
    assert.equal(errnoName(system.sync(at, 3 * PAGE)), "ENOSPC");
    const flush = windows.calls.find(({ name }) => name === "FlushViewOfFile");
    assert.deepEqual(flush?.given, [at, 2 * PAGE]);
    assert.equal(system.protect(at, 3 * PAGE, "read"), 0);
    const protects = windows.calls.filter(({ name }) => name === "VirtualProtect").map(({ given }) => given.slice(0, 3));
    assert.deepEqual(
      protects,
      [
        [at, 2 * PAGE, 2],
        [at + BigInt(2 * PAGE), PAGE, 2],
      ],
      "one allocation at a time",
    );
    assert.equal(system.mapFile(at, PAGE, "private", fd, 0), 0);
    assert.equal(system.protect(at, PAGE, "readWrite"), 0);
    assert.deepEqual(windows.calls.at(-1)?.given.slice(0, 3), [at, PAGE, 8], "copies stay copies");
    assert.equal(system.mapZeros(at, 3 * PAGE), 0);
    assert.equal(windows.handles, handles);
  });

  test("saves on another thread, with a handle that closing leaves open", async () => {
    const { windows, system } = start();
    const fd = Number(windows.open("file"));
    system.reserve(PAGE);
    const at = windows.calls.filter(({ name }) => name === "VirtualAlloc2").at(-1)?.given[1];
    assert.ok(typeof at === "bigint");
    system.mapFile(at, PAGE, "shared", fd, 0);
    const before = windows.handles;
    const saving = system.syncAsync(at, PAGE);
    assert.equal(windows.handles, before + 1);
    system.mapZeros(at, PAGE);
    assert.equal(await saving, 0);
    assert.equal(windows.handles, before - 1);
  });

  test("a lock is a byte whose place is two words of an OVERLAPPED", () => {
    const { windows, system, last } = start();
    assert.equal(system.lockByte(7, 2n ** 62n + 5n, "exclusive"), 0);
    const [name, handle, flags, reserved, low, high, overlapped] = last();
    assert.deepEqual([name, handle, flags, reserved, low, high], ["LockFileEx", 7n, 3, 0, 1, 0]);
    const bytes = bufferOf(overlapped);
    assert.deepEqual(
      [bytes.length, bytes.readUInt32LE(16), bytes.readUInt32LE(20), bytes.readBigUInt64LE(24)],
      [32, 5, 0x4000_0000, 0n],
    );
    system.lockByte(7, 1n, "shared");
    assert.equal(last()[2], 1);
    windows.answer("LockFileEx", 0, 33);
    assert.equal(errnoName(system.lockByte(7, 1n, "shared")), "EAGAIN");
    assert.equal(system.probeByte(7, 1n), 1);
    windows.answer("LockFileEx", 1);
    assert.equal(system.probeByte(7, 1n), 0);
    assert.equal(last()[0], "UnlockFileEx");
    windows.answer("UnlockFileEx", 0, 158);
    assert.equal(system.lockByte(7, 1n, "none"), 0, "what is not locked");
  });

  test("blocks come with the length", () => {
    const { system, last } = start();
    assert.equal(system.allocate(7, 2 ** 32, 5000), 0);
    const [name, handle, kind, end, byteLength] = last();
    assert.deepEqual([name, handle, kind, byteLength], ["SetFileInformationByHandle", 7n, 6, 8]);
    assert.equal(bufferOf(end).readBigInt64LE(), 2n ** 32n + 5000n);
  });

  test("a hole is from here to there", () => {
    const { system, last } = start();
    assert.equal(system.punchHole(7, 4096, 8192), 0);
    const [name, , code, range] = last();
    assert.deepEqual([name, code], ["DeviceIoControl", 0x980c8]);
    assert.deepEqual([bufferOf(range).readBigInt64LE(), bufferOf(range).readBigInt64LE(8)], [4096n, 12_288n]);
  });

  test("what it has not is ENOSYS, what it says is told by names of errno", () => {
    const { system } = start();
    const refused = [
      system.seal(7, ["shrink"]),
      -system.createMemoryFile("x"),
      system.advise(0n, PAGE, "hugePages"),
      system.linkUnnamed(7, "x"),
    ];
    assert.deepEqual(refused.map(errnoName), ["ENOSYS", "ENOSYS", "ENOSYS", "ENOSYS"]);
    assert.equal(system.sleeping, undefined);
    assert.deepEqual(
      [112, 1455, 5, 33, 1224, 4711].map((error) => errnoName(errnoOfWindows(error))),
      ["ENOSPC", "ENOMEM", "EACCES", "EAGAIN", "EBUSY", "EIO"],
    );
  });
});
