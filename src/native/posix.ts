import type { ForeignFunctions } from "./foreign.ts";
import type { RangeCalls } from "./ranges.ts";
import type { Access, ByteLock, System, SystemAdvice } from "./system.ts";

/** What the numbers of a POSIX system are. An advice that it does not know is left out. */
export interface PosixConstants {
  readonly mapAnonymous: number;
  /** So that a private mapping of a big file is not charged against the commit limit for copies that are never made. */
  readonly mapNoReserve: number;
  readonly msSync: number;
  readonly advice: { readonly [Name in SystemAdvice]?: number };
  readonly getLock: number;
  readonly setLock: number;
  readonly lockTypes: { readonly [Name in ByteLock]: number };
  /** Where the fields of `struct flock` lie. */
  readonly flock: { readonly byteLength: number; readonly type: number; readonly start: number; readonly length: number };
  readonly enosys: number;
  readonly eagain: number;
}

const PROT: { readonly [Name in Access]: number } = { none: 0, read: 1, readWrite: 3 };
const MAP_SHARED = 0x01;
const MAP_PRIVATE = 0x02;
const MAP_FIXED = 0x10;
const MAP_FAILED = 0xffff_ffff_ffff_ffffn;
const EINTR = 4;
const EACCES = 13;

export type PosixCalls = RangeCalls &
  Pick<
    System,
    | "pageByteLength"
    | "foreign"
    | "addressOf"
    | "mapFile"
    | "mapZeros"
    | "sync"
    | "syncAsync"
    | "advise"
    | "pin"
    | "unpin"
    | "protect"
    | "findResident"
    | "lockByte"
    | "probeByte"
    | "syncFile"
    | "close"
  >;

/** The calls that POSIX systems have in common, with the numbers of one of them. */
export function posixCalls(foreign: ForeignFunctions, constants: PosixConstants): PosixCalls {
  const outcome = outcomes(foreign);
  // Only what every mapping needs is bound at once; the rest at its first use, since binding takes time and a libc may lack it.
  const mmap = foreign.bind("mmap", "address", ["address", "size", "i32", "i32", "i32", "i64"]);
  const munmap = lazy(() => foreign.bind("munmap", "i32", ["address", "size"]));
  const msync = lazy(() => foreign.bind("msync", "i32", ["address", "size", "i32"]));
  const madvise = lazy(() => foreign.bind("madvise", "i32", ["address", "size", "i32"]));
  const mlock = lazy(() => foreign.bind("mlock", "i32", ["address", "size"]));
  const munlock = lazy(() => foreign.bind("munlock", "i32", ["address", "size"]));
  const mprotect = lazy(() => foreign.bind("mprotect", "i32", ["address", "size", "i32"]));
  const mincore = lazy(() => foreign.bind("mincore", "i32", ["address", "size", "bytes"]));
  const fcntl = lazy(() => foreign.bindVariadic("fcntl", ["i32", "i32"], "bytes"));
  const fsync = lazy(() => foreign.bind("fsync", "i32", ["i32"]));
  const closeFd = lazy(() => foreign.bind("close", "i32", ["i32"]));

  const map = (address: bigint, byteLength: number, flags: number, fd: number, byteOffset: number): number =>
    mmap(address, byteLength, PROT.readWrite, flags | MAP_FIXED, fd, byteOffset) === MAP_FAILED ? foreign.errno() : 0;

  const { flock, lockTypes } = constants;
  const lockBytes = Buffer.alloc(flock.byteLength);
  // The process id stays 0, as locks of open file descriptions demand, and the offset counts from the start of the file.
  const lockCommand = (fd: number, command: number, fileByteOffset: bigint, lock: ByteLock): number => {
    lockBytes.fill(0);
    lockBytes.writeInt16LE(lockTypes[lock], flock.type);
    lockBytes.writeBigInt64LE(fileByteOffset, flock.start);
    lockBytes.writeBigInt64LE(1n, flock.length);
    return outcome(fcntl()(fd, command, lockBytes));
  };

  return {
    take(byteLength) {
      const flags = MAP_PRIVATE | constants.mapAnonymous | constants.mapNoReserve;
      const address = mmap(0n, byteLength, PROT.readWrite, flags, -1, 0);
      if (address === MAP_FAILED) throw new Error(`mmap failed with errno ${foreign.errno()}`);
      return address;
    },
    giveBack: (address, byteLength) => void munmap()(address, byteLength),
    pageByteLength: foreign.bind("getpagesize", "i32", [])(),
    foreign: foreign.name,
    addressOf: (buffer) => foreign.addressOf(buffer),
    mapFile: (address, byteLength, sharing, fd, fileByteOffset) =>
      map(address, byteLength, sharing === "shared" ? MAP_SHARED : MAP_PRIVATE | constants.mapNoReserve, fd, fileByteOffset),
    mapZeros: (address, byteLength) =>
      map(address, byteLength, MAP_PRIVATE | constants.mapAnonymous | constants.mapNoReserve, -1, 0),
    sync: (address, byteLength) => outcome(msync()(address, byteLength, constants.msSync)),
    async syncAsync(address, byteLength) {
      const { result, errno } = await foreign.msyncAsync(address, byteLength, constants.msSync);
      return result === 0 ? 0 : errno;
    },
    advise(address, byteLength, advice) {
      const number = constants.advice[advice];
      return number === undefined ? constants.enosys : outcome(madvise()(address, byteLength, number));
    },
    pin: (address, byteLength) => outcome(mlock()(address, byteLength)),
    unpin: (address, byteLength) => outcome(munlock()(address, byteLength)),
    protect: (address, byteLength, access) => outcome(mprotect()(address, byteLength, PROT[access])),
    findResident: (address, byteLength, into) => outcome(mincore()(address, byteLength, into)),
    lockByte(fd, fileByteOffset, lock) {
      const found = lockCommand(fd, constants.setLock, fileByteOffset, lock);
      return found === EACCES ? constants.eagain : found;
    },
    probeByte(fd, fileByteOffset) {
      const refused = lockCommand(fd, constants.getLock, fileByteOffset, "exclusive");
      return refused === 0 ? Number(lockBytes.readInt16LE(flock.type) !== lockTypes.none) : -refused;
    },
    syncFile: (fd) => uninterrupted(() => outcome(fsync()(fd))),
    close: (fd) => outcome(closeFd()(fd)),
  };
}

/** Turns what a call returned into 0 or the errno. That is the thread's own and any call of Node may change it: it is read in the same expression. */
export function outcomes(foreign: ForeignFunctions): (result: number) => number {
  return (result) => (result === 0 ? 0 : foreign.errno());
}

/** Repeats a call that a signal interrupts. */
export function uninterrupted(call: () => number): number {
  for (;;) {
    const found = call();
    if (found !== EINTR) return found;
  }
}

/** `make` at the first call, its result ever after. */
export function lazy<Made>(make: () => Made): () => Made {
  let made: Made | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
