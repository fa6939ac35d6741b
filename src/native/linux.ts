import { createRequire } from "node:module";
import { checkEngine } from "./guard.ts";
import type { Advice, ByteLock, System } from "./system.ts";
import { refuseSystem } from "./unsupported.ts";

// The constants of asm-generic, the same on x64 and arm64; other architectures are refused.
const PROT_READ_WRITE = 3;
const MAP_SHARED = 0x01;
const MAP_PRIVATE = 0x02;
const MAP_FIXED = 0x10;
const MAP_ANONYMOUS = 0x20;
// A private mapping of a big file must not be charged against the commit limit for copies that are never made.
const MAP_NORESERVE = 0x4000;
const MAP_FAILED = 0xffff_ffff_ffff_ffffn;
const MS_SYNC = 4;
const ADVICE: { readonly [Name in Advice]: number } = { normal: 0, random: 1, sequential: 2, willneed: 3, drop: 4, populate: 22 };
const POSIX_FADV_WILLNEED = 3;
const MFD_CLOEXEC = 1;
const MFD_ALLOW_SEALING = 2;
const MFD_NOEXEC_SEAL = 8;
const F_ADD_SEALS = 1033;
const F_SEAL_SEAL = 1;
const F_SEAL_SHRINK = 2;
const F_OFD_GETLK = 36;
const F_OFD_SETLK = 37;
const LOCK_TYPES: { readonly [Name in ByteLock]: number } = { shared: 0, exclusive: 1, none: 2 };
const FLOCK_BYTES = 32;
const FLOCK_START = 8;
const FLOCK_LENGTH = 16;
const AT_FDCWD = -100;
const AT_SYMLINK_FOLLOW = 0x400;
const EINTR = 4;
const EAGAIN = 11;
const EACCES = 13;
const EINVAL = 22;

/** The calls of Linux, through koffi. Throws `unsupported` where koffi, the architecture or the engine does not allow it. */
export function linuxSystem(): System {
  if (process.arch !== "x64" && process.arch !== "arm64") return refuseSystem("architecture");
  const koffi = loadKoffi();
  const libc = koffi.load(null);
  const errno = (): number => koffi.errno();

  // Only what every mapping needs is declared at once; a declaration costs 20 µs, and a libc may lack what is seldom used.
  const getpagesize: () => number = libc.func("int getpagesize()");
  const mmap: (address: bigint, byteLength: number, prot: number, flags: number, fd: number, byteOffset: number) => bigint =
    libc.func("void *mmap(void *address, size_t byteLength, int prot, int flags, int fd, int64_t byteOffset)");
  const madvise = lazy<(address: bigint, byteLength: number, advice: number) => number>(() =>
    libc.func("int madvise(void *address, size_t byteLength, int advice)"),
  );
  const msync = lazy(() => libc.func("int msync(void *address, size_t byteLength, int flags)"));
  const fallocate = lazy<(fd: number, mode: number, byteOffset: number, byteLength: number) => number>(() =>
    libc.func("int fallocate(int fd, int mode, int64_t byteOffset, int64_t byteLength)"),
  );
  const posixFadvise = lazy<(fd: number, byteOffset: number, byteLength: number, advice: number) => number>(() =>
    libc.func("int posix_fadvise(int fd, int64_t byteOffset, int64_t byteLength, int advice)"),
  );
  const memfdCreate = lazy<(name: string, flags: number) => number>(() =>
    libc.func("int memfd_create(const char *name, uint32_t flags)"),
  );
  const fcntl = lazy<(fd: number, command: number, type: "int" | "void *", argument: number | Uint8Array) => number>(() =>
    libc.func("int fcntl(int fd, int command, ...)"),
  );
  const flock = Buffer.alloc(FLOCK_BYTES);
  // The process id stays 0, as these commands demand, and the offset counts from the start of the file.
  const lockCommand = (fd: number, command: number, fileByteOffset: bigint, lock: ByteLock): number => {
    flock.fill(0);
    flock.writeInt16LE(LOCK_TYPES[lock]);
    flock.writeBigInt64LE(fileByteOffset, FLOCK_START);
    flock.writeBigInt64LE(1n, FLOCK_LENGTH);
    return outcome(fcntl()(fd, command, "void *", flock));
  };
  const linkat = lazy<(fromFd: number, from: string, toFd: number, to: string, flags: number) => number>(() =>
    libc.func("int linkat(int fromFd, const char *from, int toFd, const char *to, int flags)"),
  );
  const closeFd = lazy<(fd: number) => number>(() => libc.func("int close(int fd)"));

  // errno is the thread's own and any call of Node in between may change it: it is read in the same expression.
  const outcome = (result: number): number => (result === 0 ? 0 : errno());
  const map = (address: bigint, byteLength: number, flags: number, fd: number, byteOffset: number): number =>
    mmap(address, byteLength, PROT_READ_WRITE, flags | MAP_FIXED, fd, byteOffset) === MAP_FAILED ? errno() : 0;
  const addressOf = (buffer: SharedArrayBuffer): bigint => koffi.address(new DataView(buffer, 0, 1));

  const pageByteLength = getpagesize();
  checkEngine(pageByteLength, addressOf);

  return {
    pageByteLength,
    addressOf,
    mapFile: (address, byteLength, sharing, fd, fileByteOffset) =>
      map(address, byteLength, sharing === "shared" ? MAP_SHARED : MAP_PRIVATE | MAP_NORESERVE, fd, fileByteOffset),
    mapZeros: (address, byteLength) => map(address, byteLength, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0),
    sync: (address, byteLength) => outcome(msync()(address, byteLength, MS_SYNC)),
    syncAsync: (address, byteLength) =>
      new Promise((resolve, reject) => {
        msync().async(address, byteLength, MS_SYNC, (error: Error | null, result: number) => {
          const found = outcome(result);
          if (error === null) resolve(found);
          else reject(error);
        });
      }),
    advise: (address, byteLength, advice) => outcome(madvise()(address, byteLength, ADVICE[advice])),
    allocate(fd, fileByteOffset, byteLength) {
      for (;;) {
        const found = outcome(fallocate()(fd, 0, fileByteOffset, byteLength));
        if (found !== EINTR) return found;
      }
    },
    readAhead: (fd, fileByteOffset, byteLength) => posixFadvise()(fd, fileByteOffset, byteLength, POSIX_FADV_WILLNEED),
    createMemoryFile(name) {
      // Hardened systems refuse memory files that could be run; kernels before 6.3 do not know the flag.
      const fd = memfdCreate()(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
      if (fd >= 0) return fd;
      const refused = errno();
      if (refused !== EINVAL) return -refused;
      const executable = memfdCreate()(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
      return executable >= 0 ? executable : -errno();
    },
    sealAgainstShrinking: (fd) => outcome(fcntl()(fd, F_ADD_SEALS, "int", F_SEAL_SHRINK | F_SEAL_SEAL)),
    linkUnnamed: (fd, path) => outcome(linkat()(AT_FDCWD, `/proc/self/fd/${fd}`, AT_FDCWD, path, AT_SYMLINK_FOLLOW)),
    lockByte(fd, fileByteOffset, lock) {
      const found = lockCommand(fd, F_OFD_SETLK, fileByteOffset, lock);
      return found === EACCES ? EAGAIN : found;
    },
    probeByte(fd, fileByteOffset) {
      const refused = lockCommand(fd, F_OFD_GETLK, fileByteOffset, "exclusive");
      return refused === 0 ? Number(flock.readInt16LE() !== LOCK_TYPES.none) : -refused;
    },
    close: (fd) => outcome(closeFd()(fd)),
  };
}

function loadKoffi(): typeof import("koffi") {
  try {
    return createRequire(import.meta.url)("koffi");
  } catch (cause) {
    const missing = cause instanceof Error && "code" in cause && cause.code === "MODULE_NOT_FOUND";
    return refuseSystem(missing ? "koffi-missing" : "koffi-blocked", cause);
  }
}

/** `make` at the first call, its result ever after. */
function lazy<Made>(make: () => Made): () => Made {
  let made: Made | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
