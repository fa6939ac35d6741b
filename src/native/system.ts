import { darwinSystem } from "./darwin.ts";
import { linuxSystem } from "./linux.ts";
import { loadForeignFunctions } from "./load-foreign.ts";
import { refuseSystem } from "./unsupported.ts";
import { windowsSystem } from "./windows.ts";

/**
 * What offheap asks of the operating system, one method a call. Unless it says otherwise a method returns 0 for success and the
 * errno otherwise, ENOSYS where the platform has no such thing: what a refusal means is the caller's to say, who knows the file. Addresses
 * come from `addressOf` alone, and ranges begin at a page.
 *
 * `addressOf` does not keep the buffer alive: whoever holds an address holds the buffer as long.
 */
export interface System {
  /** Pages of files can be put over a buffer at multiples of this. */
  readonly pageByteLength: number;
  /** By what C is called here. */
  readonly foreign: "koffi" | "node:ffi";
  addressOf(buffer: ArrayBufferLike): bigint;
  /** Whose address space `reserve` hands out: see ranges.ts. */
  readonly buffers: "engine" | "system";
  /** Address space of zeros, at a page, that pages of files can be put over. Throws where there is none, or no buffer of that length. */
  reserve(byteLength: number): ArrayBufferLike;
  /** Puts pages of the file over the range. Shared: stores reach the file. Private: stored pages become copies of this mapping's own. */
  mapFile(address: bigint, byteLength: number, sharing: Sharing, fd: number, fileByteOffset: number): number;
  /** Puts fresh zero pages over the range, which lets go of whatever was mapped there. */
  mapZeros(address: bigint, byteLength: number): number;
  /** Writes the changed pages of the range to the disk and waits for it. */
  sync(address: bigint, byteLength: number): number;
  /** `sync` on another thread. */
  syncAsync(address: bigint, byteLength: number): Promise<number>;
  advise(address: bigint, byteLength: number, advice: SystemAdvice): number;
  /** Keeps the pages of the range in memory until `unpin`, or until they are mapped over. */
  pin(address: bigint, byteLength: number): number;
  unpin(address: bigint, byteLength: number): number;
  /** From now on a store (or with "none" any access) ends the process. */
  protect(address: bigint, byteLength: number, access: Access): number;
  /** Writes a byte for each page of the range: its lowest bit tells whether the page is in memory. */
  findResident(address: bigint, byteLength: number, into: Uint8Array): number;
  /** Copies `into.byteLength` bytes from the address, as many as can be read: those of lost pages end it, and not the process. How many, or −errno. */
  copyOut(address: bigint, into: Uint8Array): number;
  /** Gives the range of the file real blocks and extends the file when the range ends behind it: a full disk shows here, not as a signal later. */
  allocate(fd: number, fileByteOffset: number, byteLength: number): number;
  /** Saves a file, or the entries of a directory, to the disk. Node's permission model forbids it to node:fs. */
  syncFile(fd: number): number;
  /** Gives the blocks of a range of the file back: it reads as zeros then, and is as long as before. */
  punchHole(fd: number, fileByteOffset: number, byteLength: number): number;
  /** Whether another machine keeps the file. Missing where the file system is asked for by its type. */
  isRemote?(fd: number): boolean;
  /** Starts reading the range of the file into the page cache. */
  readAhead(fd: number, fileByteOffset: number, byteLength: number): number;
  /** A file in memory, without a name. The descriptor, or −errno. */
  createMemoryFile(name: string): number;
  /** What nobody can do to a memory file from now on, nor take back. */
  seal(fd: number, seals: readonly Seal[]): number;
  /** Gives a file that was opened without a name the name `path`, which must be free (else EEXIST). */
  linkUnnamed(fd: number, path: string): number;
  /**
   * Locks one byte of the file for the open file description behind `fd`, or unlocks it, without waiting: EAGAIN where another description
   * holds it. The kernel unlocks it when the description is closed for the last time, which the end of a process does, whatever ended it.
   */
  lockByte(fd: number, fileByteOffset: bigint, lock: ByteLock): number;
  /** 1 where another description holds the byte in any way, 0 where none does, or −errno. */
  probeByte(fd: number, fileByteOffset: bigint): number;
  /** Missing where threads of several processes cannot sleep on a word. */
  readonly sleeping?: Sleeping;
  /** What tells this run of the machine from all others; "" where nobody says. Missing where a file of /proc does. */
  bootId?(): string;
  /** Closes a descriptor that `createMemoryFile` made. */
  close(fd: number): number;
}

/** How threads of all processes that map a page sleep on its words and wake each other. What ended a sleep does not matter to who looks again. */
export interface Sleeping {
  /** Sleeps while the 32-bit word at the address holds `seen`, until it is woken, for at most `timeoutMs`. */
  sleep(address: bigint, seen: number, timeoutMs: number): void;
  /** Wakes up to `count` of those that sleep on the word. */
  wake(address: bigint, count: number): void;
  /** `sleep` on any of up to 128 words, on a thread of the pool. The pages must stay mapped until it ends. Missing where there is no such thing. */
  readonly sleepAny?: undefined | ((words: readonly SleepWord[], timeoutMs: number) => Promise<void>);
}

/** A word to sleep on while it holds `seen`. */
export interface SleepWord {
  readonly address: bigint;
  readonly seen: number;
}

export type Sharing = "shared" | "private";

export type ByteLock = "exclusive" | "shared" | "none";

export type Access = "none" | "read" | "readWrite";

/** `shrink`: make it shorter. `write`: open it for writing or map it writable, but for those who have it so. `seal`: add seals. */
export type Seal = "shrink" | "write" | "seal";

/**
 * How a range is going to be used; results never change, but for those of `revert`, which takes back private copies, and of `remove`. `populateRead` and
 * `populateWrite` make the pages present now, and answer EFAULT where the file has become too short.
 */
export type SystemAdvice =
  | "normal"
  | "random"
  | "sequential"
  | "willneed"
  | "drop"
  | "revert"
  | "hugePages"
  | "noHugePages"
  | "dump"
  | "dontDump"
  | "cold"
  | "pageOut"
  | "populateRead"
  | "populateWrite"
  | "remove";

const SYSTEMS = { linux: linuxSystem, darwin: darwinSystem, win32: windowsSystem };

function isKnown(platform: NodeJS.Platform): platform is keyof typeof SYSTEMS {
  return platform in SYSTEMS;
}

let loaded: System | undefined;

function load(): System {
  const { platform, arch } = process;
  if (!isKnown(platform)) return refuseSystem("platform");
  if (arch !== "x64" && arch !== "arm64") return refuseSystem("architecture");
  return SYSTEMS[platform](loadForeignFunctions());
}

/** The calls of this platform, loaded and checked at the first use in each thread. Throws `unsupported` with reason and cure. */
export function system(): System {
  loaded ??= load();
  return loaded;
}
