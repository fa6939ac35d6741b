import { copyingOut } from "./copy-out.ts";
import type { ForeignFunctions } from "./foreign.ts";
import { checkEngine } from "./guard.ts";
import { linuxSleeping } from "./linux-sleeping.ts";
import { lazy, outcomes, type PosixConstants, posixCalls, uninterrupted } from "./posix.ts";
import { rangesOf } from "./ranges.ts";
import type { Seal, System } from "./system.ts";

// The constants of asm-generic, the same on x64 and arm64; other architectures are refused. The locks are those of open file descriptions.
const LINUX: PosixConstants = {
  mapAnonymous: 0x20,
  mapNoReserve: 0x4000,
  msSync: 4,
  advice: {
    normal: 0,
    random: 1,
    sequential: 2,
    willneed: 3,
    drop: 4,
    revert: 4,
    remove: 9,
    hugePages: 14,
    noHugePages: 15,
    dontDump: 16,
    dump: 17,
    cold: 20,
    pageOut: 21,
    populateRead: 22,
    populateWrite: 23,
  },
  getLock: 36,
  setLock: 37,
  lockTypes: { shared: 0, exclusive: 1, none: 2 },
  flock: { byteLength: 32, type: 0, start: 8, length: 16 },
  enosys: 38,
  eagain: 11,
};
const POSIX_FADV_WILLNEED = 3;
const PUNCH_HOLE_KEEP_SIZE = 3;
const MFD_CLOEXEC = 1;
const MFD_ALLOW_SEALING = 2;
const MFD_NOEXEC_SEAL = 8;
const F_ADD_SEALS = 1033;
const SEALS: { readonly [Name in Seal]: number } = { seal: 1, shrink: 2, write: 16 };
const AT_FDCWD = -100;
const AT_SYMLINK_FOLLOW = 0x400;
const EINVAL = 22;

/** The calls of Linux. Throws `unsupported` where the engine does not allow it. */
export function linuxSystem(foreign: ForeignFunctions): System {
  const outcome = outcomes(foreign);
  const posix = posixCalls(foreign, LINUX);
  const { pageByteLength, addressOf } = posix;
  const ranges = rangesOf(() => checkEngine(pageByteLength, addressOf), foreign, pageByteLength, posix);
  const fallocate = lazy(() => foreign.bind("fallocate", "i32", ["i32", "i32", "i64", "i64"]));
  const posixFadvise = lazy(() => foreign.bind("posix_fadvise", "i32", ["i32", "i64", "i64", "i32"]));
  const memfdCreate = lazy(() => foreign.bind("memfd_create", "i32", ["text", "u32"]));
  const fcntl = lazy(() => foreign.bindVariadic("fcntl", ["i32", "i32"], "i32"));
  const linkat = lazy(() => foreign.bind("linkat", "i32", ["i32", "text", "i32", "text", "i32"]));
  const createMemoryFile = (name: string): number => {
    // Hardened systems refuse memory files that could be run; kernels before 6.3 do not know the flag.
    const fd = memfdCreate()(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
    if (fd >= 0) return fd;
    const refused = foreign.errno();
    if (refused !== EINVAL) return -refused;
    const executable = memfdCreate()(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    return executable >= 0 ? executable : -foreign.errno();
  };

  return {
    ...posix,
    ...ranges,
    sleeping: linuxSleeping(foreign),
    copyOut: copyingOut(foreign, { createMemoryFile, close: posix.close }),
    allocate: (fd, fileByteOffset, byteLength) => uninterrupted(() => outcome(fallocate()(fd, 0, fileByteOffset, byteLength))),
    punchHole: (fd, fileByteOffset, byteLength) =>
      uninterrupted(() => outcome(fallocate()(fd, PUNCH_HOLE_KEEP_SIZE, fileByteOffset, byteLength))),
    readAhead: (fd, fileByteOffset, byteLength) => posixFadvise()(fd, fileByteOffset, byteLength, POSIX_FADV_WILLNEED),
    createMemoryFile,
    seal: (fd, seals) =>
      outcome(
        fcntl()(
          fd,
          F_ADD_SEALS,
          seals.reduce((bits, seal) => bits | SEALS[seal], 0),
        ),
      ),
    linkUnnamed: (fd, path) => outcome(linkat()(AT_FDCWD, `/proc/self/fd/${fd}`, AT_FDCWD, path, AT_SYMLINK_FOLLOW)),
  };
}
