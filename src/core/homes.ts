import { checkByteLength } from "./align.ts";
import { CommittedLength } from "./committed.ts";
import { MemoryError } from "./errors.ts";
import { type Backing, Memory } from "./memory.ts";
import { checkTicket, refuseTicket, type Ticket, type WebAssemblyMemory } from "./ticket.ts";
import { isSharedBuffer } from "./views.ts";

/** How far a memory may grow: reserved bytes cost address space, not memory. */
export interface ReserveOptions {
  /** The furthest that the memory can grow, in bytes. Default: no growth. */
  readonly maxByteLength?: number;
}

const WASM_PAGE_BYTES = 65_536;

/** Bytes of this thread alone, in an ArrayBuffer. Throws `out-of-memory` where the engine has no room. */
export function privateMemory(byteLength: number, options: ReserveOptions = {}): Memory {
  const { maxByteLength } = checkReserve("privateMemory", byteLength, options);
  const buffer = reserve("private memory", ArrayBuffer, maxByteLength);
  let committed = byteLength;
  return new Memory({
    home: "private",
    subject: "private memory",
    readOnly: false,
    maxByteLength,
    buffer: () => buffer,
    byteLength: () => committed,
    commit: (wanted) => {
      committed = wanted;
    },
    release: () => {},
    ticket: () => refuseTicket({ subject: "private memory" }),
  });
}

/** Bytes that every worker thread can see, in a SharedArrayBuffer. Post `memory.ticket()`, `attach` it over there. */
export function sharedMemory(byteLength: number, options: ReserveOptions = {}): Memory {
  const { maxByteLength } = checkReserve("sharedMemory", byteLength, options);
  if (typeof SharedArrayBuffer === "undefined") {
    throw new MemoryError("unsupported", {
      subject: "sharedMemory",
      event: "needs SharedArrayBuffer, which this page does not have",
      cure: "Serve it with the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp.",
    });
  }
  const buffer = reserve("shared memory", SharedArrayBuffer, maxByteLength);
  return new Memory(sharedBacking(buffer, CommittedLength.of(byteLength), maxByteLength));
}

/**
 * The bytes of a WebAssembly memory, shared or not. The module and offheap see each other's stores. `maxByteLength` is by default
 * the 4 GiB that WebAssembly can address; the `maximum` that the memory was made with ends growth earlier. `close` leaves
 * the WebAssembly memory to its owner.
 */
export function wasmMemory(memory: WebAssemblyMemory, options: ReserveOptions = {}): Memory {
  checkWebAssemblyMemory("wasmMemory", memory);
  const { maxByteLength = 4 * 1024 ** 3 } = options;
  checkByteLength("wasmMemory", "maxByteLength", maxByteLength, memory.buffer.byteLength);
  return new Memory(wasmBacking(memory, maxByteLength));
}

/** The other side of `memory.ticket()`: the same bytes, in another thread. For a ticket without a buffer see `offheap/mapped`. */
export function attach(ticket: Ticket): Memory {
  checkTicket(ticket);
  if (ticket.home === "wasm") {
    checkWebAssemblyMemory("attach", ticket.wasm);
    return new Memory(wasmBacking(ticket.wasm, ticket.maxByteLength));
  }
  const { buffer, committed } = ticket;
  // A buffer that went through JSON arrives as an empty object.
  if (!(isSharedBuffer(buffer) && isSharedBuffer(committed))) {
    throw new MemoryError("unsupported", {
      subject: ticket.subject,
      event: "came as a ticket without its buffer, as it does from another process",
      cure: "Post it to a thread with postMessage; to open a file in another process, use `attach` from offheap/mapped.",
    });
  }
  checkShape(ticket, buffer.byteLength, committed.byteLength);
  return new Memory(sharedBacking(buffer, new CommittedLength(committed), ticket.maxByteLength, ticket));
}

function sharedBacking(buffer: SharedArrayBuffer, committed: CommittedLength, maxByteLength: number, from?: Ticket): Backing {
  const { home, subject, readOnly, bufferByteOffset } = from ?? { home: "shared", subject: "shared memory", readOnly: false };
  return {
    home,
    subject,
    readOnly,
    maxByteLength,
    ...(bufferByteOffset === undefined ? {} : { bufferByteOffset }),
    buffer: () => buffer,
    byteLength: () => committed.load(),
    commit(byteLength) {
      if (home === "mapped") refuseRemoteGrowth(subject);
      committed.raise(byteLength);
    },
    release: () => {},
    ticket: () => ({ offheap: "ticket", home, subject, readOnly, ...from, maxByteLength, buffer, committed: committed.buffer }),
  };
}

/** The error of `grow` on a mapped file in a thread that did not map it. */
export function refuseRemoteGrowth(subject: string): never {
  throw new MemoryError("unsupported", {
    subject,
    event: "can be grown by the thread that mapped it, not through a ticket",
    cure: "Grow it there; this thread sees the new length at once.",
  });
}

/** A ticket comes from elsewhere: its numbers must fit its buffers before anything trusts them. */
function checkShape(ticket: Ticket, bufferByteLength: number, committedByteLength: number): void {
  const { maxByteLength, bufferByteOffset = 0 } = ticket;
  const offsetFits = Number.isSafeInteger(bufferByteOffset) && bufferByteOffset >= 0 && bufferByteOffset % 8 === 0;
  const lengthFits =
    Number.isSafeInteger(maxByteLength) && maxByteLength >= 0 && bufferByteOffset + maxByteLength <= bufferByteLength;
  if (offsetFits && lengthFits && committedByteLength === 8) return;
  throw new MemoryError("invalid-argument", {
    subject: ticket.subject,
    event: "came as a ticket that does not fit its buffer",
    numbers: {
      maxByteLength: String(maxByteLength),
      bufferByteOffset: String(bufferByteOffset),
      bufferByteLength,
      committedByteLength,
    },
    cure: "Pass what `memory.ticket()` returned, unchanged.",
  });
}

function checkWebAssemblyMemory(subject: string, memory: WebAssemblyMemory | undefined): asserts memory is WebAssemblyMemory {
  const buffer: unknown = memory?.buffer;
  if ((buffer instanceof ArrayBuffer || isSharedBuffer(buffer)) && typeof memory?.grow === "function") return;
  throw new MemoryError("invalid-argument", {
    subject,
    event: "was not given a WebAssembly memory",
    cure: "Pass a WebAssembly.Memory. Only a shared one can be posted to a thread.",
  });
}

function wasmBacking(memory: WebAssemblyMemory, maxByteLength: number): Backing {
  return {
    home: "wasm",
    subject: "WebAssembly memory",
    readOnly: false,
    maxByteLength,
    buffer: () => memory.buffer,
    byteLength: () => Math.min(memory.buffer.byteLength, maxByteLength),
    commit(byteLength) {
      const pages = Math.max(0, Math.ceil((byteLength - memory.buffer.byteLength) / WASM_PAGE_BYTES));
      try {
        memory.grow(pages);
      } catch (cause) {
        // Another thread that grew it between our look and our call has done our work.
        if (memory.buffer.byteLength >= byteLength) return;
        throw new MemoryError("out-of-memory", {
          subject: "WebAssembly memory",
          event: "was refused more pages by the engine",
          numbers: { byteLength, pages },
          cure: "Raise the `maximum` that the memory was made with.",
          cause,
        });
      }
    },
    release: () => {},
    ticket: () => {
      if (!isSharedBuffer(memory.buffer)) refuseTicket({ subject: "unshared WebAssembly memory" });
      return { offheap: "ticket", home: "wasm", subject: "WebAssembly memory", maxByteLength, readOnly: false, wasm: memory };
    },
  };
}

function checkReserve(subject: string, byteLength: number, options: ReserveOptions): { maxByteLength: number } {
  checkByteLength(subject, "byteLength", byteLength);
  const { maxByteLength = byteLength } = options;
  checkByteLength(subject, "maxByteLength", maxByteLength, byteLength);
  return { maxByteLength };
}

function reserve<Buffer extends ArrayBufferLike>(
  subject: string,
  Kind: new (byteLength: number) => Buffer,
  byteLength: number,
): Buffer {
  try {
    return new Kind(byteLength);
  } catch (cause) {
    throw new MemoryError("out-of-memory", {
      subject,
      event: "was refused by the engine",
      numbers: { byteLength },
      cure: "Reserve less. Node 20 ends at 4 GiB for one buffer; Node 22 and later go beyond.",
      cause,
    });
  }
}
