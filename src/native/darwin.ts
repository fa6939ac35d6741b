import type { ForeignFunctions } from "./foreign.ts";
import { checkEngine, type Region } from "./guard.ts";
import { lazy, outcomes, type PosixConstants, posixCalls, uninterrupted } from "./posix.ts";
import { rangesOf } from "./ranges.ts";
import type { System } from "./system.ts";

// Written from Apple's headers (sys/mman.h, sys/fcntl.h, mach/vm_region.h) and not run yet: nobody of us has such a machine.
const DARWIN: PosixConstants = {
  mapAnonymous: 0x1000,
  mapNoReserve: 0x40,
  msSync: 0x10,
  advice: { normal: 0, random: 1, sequential: 2, willneed: 3, drop: 4 },
  getLock: 92,
  setLock: 90,
  lockTypes: { shared: 1, none: 2, exclusive: 3 },
  flock: { byteLength: 24, start: 0, length: 8, type: 20 },
  enosys: 78,
  eagain: 35,
};
const EFAULT = 14;
const F_PREALLOCATE = 42;
const F_RDADVISE = 44;
const F_FULLFSYNC = 51;
const F_PUNCHHOLE = 99;
const FPUNCHHOLE_BYTES = 24;
const F_ALLOCATEALL = 4;
const F_PEOFPOSMODE = 3;
const FSTORE_BYTES = 32;
const RADVISORY_BYTES = 16;
const MOST_READ_AHEAD = 2 ** 31 - 1;
const VM_REGION_BASIC_INFO_64 = 9;
const REGION_INFO_WORDS = 9;
/** A UUID in text, with its NUL. */
const UUID_BYTES = 37;
const PROTECTIONS = ["---", "r--", "-w-", "rw-", "--x", "r-x", "-wx", "rwx"];

/**
 * The calls of macOS. There are no files in memory that other processes could open, no files without a name and no seals: what needs them is
 * ENOSYS. `sync` hands the pages to the disk, whose own cache may lose them when the power fails.
 */
export function darwinSystem(foreign: ForeignFunctions): System {
  const outcome = outcomes(foreign);
  const posix = posixCalls(foreign, DARWIN);
  const task = foreign.bind("task_self_trap", "u32", [])();
  const { pageByteLength, addressOf } = posix;
  const check = (): void => checkEngine(pageByteLength, addressOf, regions(foreign, task));
  const ranges = rangesOf(check, foreign, pageByteLength, posix);

  const fcntl = lazy(() => foreign.bindVariadic("fcntl", ["i32", "i32"], "bytes"));
  const ftruncate = lazy(() => foreign.bind("ftruncate", "i32", ["i32", "i64"]));
  const readOverwrite = lazy(() => foreign.bind("mach_vm_read_overwrite", "i32", ["u32", "address", "size", "address", "bytes"]));
  const { enosys } = DARWIN;

  return {
    ...posix,
    ...ranges,
    copyOut(address, into) {
      const buffer = new SharedArrayBuffer(into.byteLength);
      const count = Buffer.alloc(8);
      const refused = readOverwrite()(task, address, into.byteLength, foreign.addressOf(buffer), count);
      if (refused !== 0) return -EFAULT;
      into.set(Buffer.from(buffer));
      return into.byteLength;
    },
    allocate(fd, fileByteOffset, byteLength) {
      const store = Buffer.alloc(FSTORE_BYTES);
      store.writeUInt32LE(F_ALLOCATEALL);
      store.writeInt32LE(F_PEOFPOSMODE, 4);
      // From the end of the blocks that the file has: at least as many as are missing.
      store.writeBigInt64LE(BigInt(byteLength), 16);
      const refused = uninterrupted(() => (fcntl()(fd, F_PREALLOCATE, store) === -1 ? foreign.errno() : 0));
      if (refused !== 0) return refused;
      return uninterrupted(() => outcome(ftruncate()(fd, fileByteOffset + byteLength)));
    },
    // To the disk and not to its cache alone, as node:fs does it.
    syncFile: (fd) => (fcntl()(fd, F_FULLFSYNC, Buffer.alloc(8)) === -1 ? foreign.errno() : 0),
    punchHole(fd, fileByteOffset, byteLength) {
      const hole = Buffer.alloc(FPUNCHHOLE_BYTES);
      hole.writeBigInt64LE(BigInt(fileByteOffset), 8);
      hole.writeBigInt64LE(BigInt(byteLength), 16);
      return fcntl()(fd, F_PUNCHHOLE, hole) === -1 ? foreign.errno() : 0;
    },
    readAhead(fd, fileByteOffset, byteLength) {
      const advice = Buffer.alloc(RADVISORY_BYTES);
      advice.writeBigInt64LE(BigInt(fileByteOffset));
      advice.writeInt32LE(Math.min(byteLength, MOST_READ_AHEAD), 8);
      return fcntl()(fd, F_RDADVISE, advice) === -1 ? foreign.errno() : 0;
    },
    bootId() {
      const [uuid, byteLength] = [Buffer.alloc(UUID_BYTES), Buffer.alloc(8)];
      byteLength.writeBigUInt64LE(BigInt(UUID_BYTES));
      const refused = foreign.bind("sysctlbyname", "i32", ["text", "bytes", "bytes", "address", "size"])(
        "kern.bootsessionuuid",
        uuid,
        byteLength,
        0n,
        0,
      );
      return refused === 0 ? uuid.toString("latin1") : "";
    },
    createMemoryFile: () => -enosys,
    seal: () => enosys,
    linkUnnamed: () => enosys,
  };
}

/** The region that an address lies in, or the next one behind it. */
function regions(foreign: ForeignFunctions, task: number): (address: bigint) => Region | undefined {
  const find = foreign.bind("mach_vm_region", "i32", ["u32", "bytes", "bytes", "i32", "bytes", "bytes", "bytes"]);
  return (address) => {
    const [at, size, count, object] = [Buffer.alloc(8), Buffer.alloc(8), Buffer.alloc(4), Buffer.alloc(4)];
    const info = Buffer.alloc(4 * REGION_INFO_WORDS);
    at.writeBigUInt64LE(address);
    count.writeUInt32LE(REGION_INFO_WORDS);
    if (find(task, at, size, VM_REGION_BASIC_INFO_64, info, count, object) !== 0) return undefined;
    const from = at.readBigUInt64LE();
    return { from, to: from + size.readBigUInt64LE(), access: PROTECTIONS[info.readInt32LE() & 7] };
  };
}
