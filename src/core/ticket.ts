import { MemoryError } from "./errors.ts";
import type { Memory } from "./memory.ts";

/**
 * Plain data that lets another thread, or for a mapped file another process, look at the same bytes.
 *
 * With `buffer` it can be posted to a worker thread. A ticket of a mapped file carries `path` too: what is left of it after
 * JSON, without the buffer, opens the file in another process.
 */
export interface Ticket {
  readonly offheap: "ticket";
  readonly home: "shared" | "wasm" | "mapped";
  readonly subject: string;
  readonly maxByteLength: number;
  readonly readOnly: boolean;
  /** The bytes, for threads of this process. */
  readonly buffer?: SharedArrayBuffer;
  /** One 64-bit word that tells how many bytes are committed, so that growth by one thread is seen by all. */
  readonly committed?: SharedArrayBuffer;
  /** A WebAssembly memory, which can itself be posted where it is shared. */
  readonly wasm?: WebAssemblyMemory;
  /** Where in `buffer` the memory begins, when it is not at its start. */
  readonly bufferByteOffset?: number;
  /** The mapped file, for processes. */
  readonly path?: string;
  /** Which part of which file the path stood for when the ticket was made. */
  readonly file?: FilePart;
}

/** A part of a file. Device and inode tell whether a path still names the same file. */
export interface FilePart {
  readonly byteOffset: number;
  readonly byteLength: number;
  /** The memory shows the part twice in a row. */
  readonly mirrored?: boolean;
  readonly device: string;
  readonly inode: string;
}

/** The part of `WebAssembly.Memory` that offheap uses; declared here because the core knows no host's type library. */
export interface WebAssemblyMemory {
  readonly buffer: ArrayBufferLike;
  grow(pages: number): number;
}

/** Throws `invalid-argument` unless `value` is a ticket. What it says of its buffers is checked by `attach`. */
export function checkTicket(value: unknown): asserts value is Ticket {
  if (
    typeof value === "object" &&
    value !== null &&
    "offheap" in value &&
    value.offheap === "ticket" &&
    "home" in value &&
    (value.home === "shared" || value.home === "wasm" || value.home === "mapped") &&
    "subject" in value &&
    typeof value.subject === "string" &&
    "readOnly" in value &&
    typeof value.readOnly === "boolean"
  ) {
    return;
  }
  throw new MemoryError("invalid-argument", {
    subject: "attach",
    event: "was not given a ticket",
    cure: "Pass what `memory.ticket()` returned, as it arrived from postMessage.",
  });
}

/** The error for `ticket()` of a memory that only its own thread can see. */
export function refuseTicket(memory: Pick<Memory, "subject">): never {
  throw new MemoryError("unsupported", {
    subject: memory.subject,
    event: "can be seen by this thread alone, so there is no ticket for it",
    cure: "Make it with sharedMemory(bytes), or map a file.",
  });
}
