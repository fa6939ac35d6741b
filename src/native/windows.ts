import { isMainThread } from "node:worker_threads";
import type { ForeignFunctions } from "./foreign.ts";
import { lazy } from "./posix.ts";
import { systemRangesOf } from "./ranges.ts";
import type { Access, System } from "./system.ts";
import { refuseSystem } from "./unsupported.ts";
import { errnoNamed, errnoOfWindows } from "./windows-error.ts";
import { windowsFiles } from "./windows-files.ts";
import { windowsLocks } from "./windows-locks.ts";
import { KERNEL, type ShownFile, THIS_PROCESS, WindowsRanges } from "./windows-ranges.ts";

const SYSTEM_INFO_BYTES = 48;
const PAGE_SIZE_AT = 4;
const PROTECTIONS: { readonly [Name in Access]: number } = { none: 0x01, read: 0x02, readWrite: 0x04 };
const PAGE_WRITECOPY = 0x08;
const ERROR_NOT_LOCKED = 158;
/** FlushViewOfFile may be told so while the system is writing the same pages. */
const ERROR_LOCK_VIOLATION = 33;
const MOST_FLUSHES = 1000;
const PREFETCH_BYTES = 16;
/** Bytes of a PSAPI_WORKING_SET_EX_INFORMATION: the address, and what is known of its page. */
const WORKING_SET_BYTES = 16;
const MOST_PAGES_ASKED = 4096;
const LOCAL_MACHINE = 0xffff_ffff_8000_0002n;
const BOOT_KEY = "SYSTEM\\CurrentControlSet\\Control\\Session Manager\\Memory Management\\PrefetchParameters";
const ANY_DWORD = 0x10;
const MOST_READ = 1 << 20;

/**
 * The calls of Windows, written from Microsoft's documentation. Files are mapped over ranges of the system's alone, since no range that the engine has reserved can be taken apart. What
 * Windows has not is ENOSYS: files in memory and seals (a file cannot be shortened while it is mapped), files without a name, sleeping on a word of a page that processes
 * share, most advice.
 */
export function windowsSystem(foreign: ForeignFunctions): System {
  const lastError = foreign.bind("GetLastError", "u32", [], KERNEL);
  const handleOf = foreign.bind("uv_get_osfhandle", "address", ["i32"]);
  const outcome = (done: number): number => (done === 0 ? errnoOfWindows(lastError()) : 0);
  const info = Buffer.alloc(SYSTEM_INFO_BYTES);
  foreign.bind("GetSystemInfo", "i32", ["bytes"], KERNEL)(info);
  const pageByteLength = info.readUInt32LE(PAGE_SIZE_AT);
  const ranges = makeRanges(foreign, pageByteLength, lastError);
  // A file cannot be removed while it is mapped, which what a thread has left would be until the process ends.
  if (!isMainThread) process.once("exit", () => ranges.letGoOfFiles());
  const reserving = systemRangesOf((cause) => refuseSystem("no-views", cause), foreign, pageByteLength, ranges);

  const flushView = lazy(() => foreign.bind("FlushViewOfFile", "i32", ["address", "size"], KERNEL));
  const flushViewAsync = lazy(() => foreign.bindAsync?.("FlushViewOfFile", "i32", ["address", "size"], KERNEL));
  const flushFile = lazy(() => foreign.bind("FlushFileBuffers", "i32", ["address"], KERNEL));
  const flushFileAsync = lazy(() => foreign.bindAsync?.("FlushFileBuffers", "i32", ["address"], KERNEL));
  const lock = lazy(() => foreign.bind("VirtualLock", "i32", ["address", "size"], KERNEL));
  const unlock = lazy(() => foreign.bind("VirtualUnlock", "i32", ["address", "size"], KERNEL));
  const protect = lazy(() => foreign.bind("VirtualProtect", "i32", ["address", "size", "u32", "bytes"], KERNEL));
  const prefetch = lazy(() => foreign.bind("PrefetchVirtualMemory", "i32", ["address", "size", "bytes", "u32"], KERNEL));
  const workingSet = lazy(() => foreign.bind("K32QueryWorkingSetEx", "i32", ["address", "bytes", "u32"], KERNEL));
  const readMemory = lazy(() =>
    foreign.bind("ReadProcessMemory", "i32", ["address", "address", "address", "size", "bytes"], KERNEL),
  );
  const enosys = errnoNamed("ENOSYS");
  const before = Buffer.alloc(4);
  const count = Buffer.alloc(8);

  /** Does something with every piece of a range: Windows takes one allocation at a time. Ends at the first refusal. */
  const each = (
    address: bigint,
    byteLength: number,
    call: (at: bigint, byteLength: number, shows: ShownFile | undefined) => number,
  ): number => {
    for (const { from, to, shows } of ranges.piecesIn(address, byteLength)) {
      const refused = call(BigInt(from), to - from, typeof shows === "string" ? undefined : shows);
      if (refused !== 0) return refused;
    }
    return 0;
  };
  const unpin = (at: bigint, byteLength: number): number => {
    const refused = unlock()(at, byteLength) === 0 ? lastError() : 0;
    return refused === 0 || refused === ERROR_NOT_LOCKED ? 0 : errnoOfWindows(refused);
  };
  const prefetchRange = (address: bigint, byteLength: number): number => {
    const range = Buffer.alloc(PREFETCH_BYTES);
    range.writeBigUInt64LE(address);
    range.writeBigUInt64LE(BigInt(byteLength), 8);
    return outcome(prefetch()(THIS_PROCESS, 1, range, 0));
  };
  /** Copies what can be read: a page that cannot is an error of the call, and not of the process. How many bytes, or −errno. */
  const copy = (address: bigint, byteLength: number, into: SharedArrayBuffer): number => {
    count.fill(0);
    const done = readMemory()(THIS_PROCESS, address, foreign.addressOf(into), byteLength, count);
    const refused = done === 0 ? errnoOfWindows(lastError()) : 0;
    const read = Number(count.readBigUInt64LE());
    return read > 0 || refused === 0 ? read : -refused;
  };
  const populate = (address: bigint, byteLength: number): number => {
    prefetchRange(address, byteLength);
    const read = new SharedArrayBuffer(Math.min(byteLength, MOST_READ));
    for (let done = 0; done < byteLength; ) {
      const found = copy(address + BigInt(done), Math.min(read.byteLength, byteLength - done), read);
      if (found <= 0) return found === 0 ? errnoNamed("EFAULT") : -found;
      done += found;
    }
    return 0;
  };
  const sync = (address: bigint, byteLength: number): number =>
    each(address, byteLength, (at, length, shows) => {
      if (shows?.sharing !== "shared") return 0;
      for (let flushes = 1; ; flushes++) {
        const refused = flushView()(at, length) === 0 ? lastError() : 0;
        if (refused === 0) return outcome(flushFile()(shows.handle));
        if (refused !== ERROR_LOCK_VIOLATION || flushes === MOST_FLUSHES) return errnoOfWindows(refused);
      }
    });

  return {
    ...windowsFiles(foreign, handleOf, lastError),
    ...windowsLocks(foreign, handleOf, lastError),
    ...reserving,
    pageByteLength,
    foreign: foreign.name,
    addressOf: (buffer) => foreign.addressOf(buffer),
    mapFile(address, byteLength, sharing, fd, fileByteOffset) {
      const refused = ranges.showFile(address, { handle: handleOf(fd), sharing, fileByteOffset, byteLength });
      return refused === 0 ? 0 : errnoOfWindows(refused);
    },
    mapZeros(address, byteLength) {
      const refused = ranges.showZeros(address, byteLength);
      return refused === 0 ? 0 : errnoOfWindows(refused);
    },
    sync,
    async syncAsync(address, byteLength) {
      const [flushPages, flushDisk] = [flushViewAsync(), flushFileAsync()];
      if (flushPages === undefined || flushDisk === undefined) return sync(address, byteLength);
      for (const { from, to, shows } of ranges.piecesIn(address, byteLength)) {
        if (typeof shows === "string" || shows.sharing !== "shared") continue;
        // The memory may be closed meanwhile, and its handles with it.
        const handle = ranges.duplicate(shows.handle);
        if (handle === 0n) return errnoOfWindows(lastError());
        try {
          const done = (await flushPages(BigInt(from), to - from)).result !== 0 && (await flushDisk(handle)).result !== 0;
          // Why is known on the other thread alone: here it is asked for once more.
          if (!done) return sync(address, byteLength);
        } finally {
          ranges.closeHandle(handle);
        }
      }
      return 0;
    },
    advise(address, byteLength, advice) {
      if (advice === "normal") return 0;
      if (advice === "willneed") return byteLength === 0 ? 0 : prefetchRange(address, byteLength);
      // Letting go of pages that are not locked takes them out of this process alone.
      if (advice === "drop") return each(address, byteLength, unpin);
      if (advice === "populateRead" || advice === "populateWrite") return populate(address, byteLength);
      return enosys;
    },
    pin: (address, byteLength) => each(address, byteLength, (at, length) => outcome(lock()(at, length))),
    unpin: (address, byteLength) => each(address, byteLength, unpin),
    protect: (address, byteLength, access) =>
      each(address, byteLength, (at, length, shows) => {
        const copies = access === "readWrite" && shows?.sharing === "private";
        return outcome(protect()(at, length, copies ? PAGE_WRITECOPY : PROTECTIONS[access], before));
      }),
    findResident(address, byteLength, into) {
      const pages = Math.ceil(byteLength / pageByteLength);
      for (let first = 0; first < pages; first += MOST_PAGES_ASKED) {
        const asked = Math.min(MOST_PAGES_ASKED, pages - first);
        const found = Buffer.alloc(asked * WORKING_SET_BYTES);
        for (let page = 0; page < asked; page++)
          found.writeBigUInt64LE(address + BigInt((first + page) * pageByteLength), page * WORKING_SET_BYTES);
        const refused = outcome(workingSet()(THIS_PROCESS, found, found.byteLength));
        if (refused !== 0) return refused;
        for (let page = 0; page < asked; page++) into[first + page] = found[page * WORKING_SET_BYTES + 8] & 1;
      }
      return 0;
    },
    copyOut(address, into) {
      const buffer = new SharedArrayBuffer(into.byteLength);
      const read = copy(address, buffer.byteLength, buffer);
      if (read > 0) into.set(Buffer.from(buffer, 0, read));
      return read;
    },
    readAhead: () => enosys,
    createMemoryFile: () => -enosys,
    seal: () => enosys,
    linkUnnamed: () => enosys,
    bootId: () => windowsBootId(foreign),
    close: () => enosys,
  };
}

function makeRanges(foreign: ForeignFunctions, pageByteLength: number, lastError: () => number): WindowsRanges {
  try {
    return new WindowsRanges(foreign, pageByteLength, lastError);
  } catch (cause) {
    return refuseSystem("old-windows", cause);
  }
}

/** Which start of Windows this is, a number that it counts. */
function windowsBootId(foreign: ForeignFunctions): string {
  const getValue = foreign.bind(
    "RegGetValueW",
    "i32",
    ["address", "bytes", "bytes", "u32", "address", "bytes", "bytes"],
    "advapi32.dll",
  );
  const [number, byteLength] = [Buffer.alloc(4), Buffer.alloc(4)];
  byteLength.writeUInt32LE(number.byteLength);
  const refused = getValue(LOCAL_MACHINE, wide(BOOT_KEY), wide("BootId"), ANY_DWORD, 0n, number, byteLength);
  return refused === 0 ? number.readUInt32LE().toString(16) : "";
}

function wide(text: string): Buffer {
  return Buffer.from(`${text}\0`, "utf16le");
}
