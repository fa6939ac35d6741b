import type { Memory } from "./memory.ts";
import type { Parking } from "./parking.ts";
import type { Ticket } from "./ticket.ts";

/** Where the bytes live, and so who sees them and what they survive. */
export type Home = "private" | "shared" | "wasm" | "mapped";

/** What a home provides. One object of it stands behind each Memory; for implementers. */
export interface Backing {
  readonly home: Home;
  /** The thing as its user knows it, for errors: `mapped file cities.seg`. */
  readonly subject: string;
  readonly readOnly: boolean;
  /** How far the memory can grow without moving. */
  readonly maxByteLength: number;
  /** Where in the buffer the memory begins, a multiple of 8. Default 0; a mapped file may begin inside a page. */
  readonly bufferByteOffset?: number;
  /** The bytes, reservation included. Another object than before only when the home had to move them. */
  buffer(): ArrayBufferLike;
  /** How many bytes are there now, whoever grew them (another thread may have). */
  byteLength(): number;
  /**
   * Makes the bytes up to `byteLength` usable. Throws and changes nothing when it cannot: `out-of-memory` where the reservation turns
   * out to be shorter than it promised, `disk-full` or `io` where the operating system refuses.
   */
  commit(byteLength: number): void;
  /** Lets go of the bytes and leaves a tombstone on which a stray typed array does no harm. `buffer()` may then be empty. */
  release(): void;
  ticket(): Ticket;
  /** How those sleep that wait on words of the memory, where that is not for `Atomics`. */
  parking?(memory: Memory): Parking;
}

/** Something that holds on to a memory's typed arrays and must hear when they change or end. */
export interface Dependent {
  /** Growth has moved the bytes: take the typed arrays anew. */
  memoryMoved(): void;
  /** The memory is closed: throw at every later use. */
  memoryClosed(): void;
}
