import { linuxSystem } from "./linux.ts";
import { refuseSystem } from "./unsupported.ts";

/**
 * What offheap asks of the operating system, one method a call. Unless it says otherwise a method returns 0 for success and the
 * errno otherwise: what a refusal means is the caller's to say, who knows the file. Addresses come from `addressOf` alone.
 *
 * `addressOf` does not keep the buffer alive: whoever holds an address holds the buffer as long.
 */
export interface System {
  readonly pageByteLength: number;
  addressOf(buffer: SharedArrayBuffer): bigint;
  /** Puts pages of the file over the range. Shared: stores reach the file. Private: stored pages become copies of this mapping's own. */
  mapFile(address: bigint, byteLength: number, sharing: Sharing, fd: number, fileByteOffset: number): number;
  /** Puts fresh zero pages over the range, which lets go of whatever was mapped there. */
  mapZeros(address: bigint, byteLength: number): number;
  /** Writes the changed pages of the range to the disk and waits for it. */
  sync(address: bigint, byteLength: number): number;
  /** `sync` on a thread of the pool. */
  syncAsync(address: bigint, byteLength: number): Promise<number>;
  advise(address: bigint, byteLength: number, advice: Advice): number;
  /** Gives the range of the file real blocks and extends the file when the range ends behind it: a full disk shows here, not as a signal later. */
  allocate(fd: number, fileByteOffset: number, byteLength: number): number;
  /** Starts reading the range of the file into the page cache. */
  readAhead(fd: number, fileByteOffset: number, byteLength: number): number;
  /** A file in memory, without a name. The descriptor, or −errno. */
  createMemoryFile(name: string): number;
  /** From now on nobody can make the memory file shorter, nor take that back. */
  sealAgainstShrinking(fd: number): number;
  /** Gives a file that was opened without a name the name `path`, which must be free (else EEXIST). */
  linkUnnamed(fd: number, path: string): number;
  /**
   * Locks one byte of the file for the open file description behind `fd`, or unlocks it, without waiting: EAGAIN where another description
   * holds it. The kernel unlocks it when the description is closed for the last time, which the end of a process does, whatever ended it.
   */
  lockByte(fd: number, fileByteOffset: bigint, lock: ByteLock): number;
  /** 1 where another description holds the byte in any way, 0 where none does, or −errno. */
  probeByte(fd: number, fileByteOffset: bigint): number;
  /** Closes a descriptor that `createMemoryFile` made. */
  close(fd: number): number;
}

export type Sharing = "shared" | "private";

export type ByteLock = "exclusive" | "shared" | "none";

/** How a range is going to be read. `populate` reads it in now, and answers EFAULT where the file has become too short. */
export type Advice = "normal" | "random" | "sequential" | "willneed" | "drop" | "populate";

let loaded: System | undefined;

/** The calls of this platform, loaded and checked at the first use in each thread. Throws `unsupported` with reason and cure. */
export function system(): System {
  loaded ??= process.platform === "linux" ? linuxSystem() : refuseSystem("platform");
  return loaded;
}
