import type { ForeignFunctions } from "./foreign.ts";
import { lazy } from "./posix.ts";
import type { RangeCalls } from "./ranges.ts";
import type { Sharing } from "./system.ts";

export const KERNEL = "kernel32.dll";
/** What Windows 10 has added to the calls for memory is in here. */
const KERNEL_BASE = "kernelbase.dll";
/** The handle that every process has for itself. */
export const THIS_PROCESS = 0xffff_ffff_ffff_ffffn;

const MEM_COMMIT = 0x1000;
const MEM_RESERVE = 0x2000;
const MEM_REPLACE_PLACEHOLDER = 0x4000;
const MEM_RELEASE = 0x8000;
const MEM_RESERVE_PLACEHOLDER = 0x4_0000;
const COALESCE_PLACEHOLDERS = 1;
const PRESERVE_PLACEHOLDER = 2;
const PAGE_NOACCESS = 1;
const PAGE_READWRITE = 4;
const PAGE_WRITECOPY = 8;
const DUPLICATE_SAME_ACCESS = 2;
const WORD = 2 ** 32;

/** A part of a file that is shown. */
export interface ShownFile {
  /** Of this piece alone, which closes it. A mapping needs none; saving it and showing a part of it again does. */
  readonly handle: bigint;
  readonly sharing: Sharing;
  readonly fileByteOffset: number;
  /** To the byte: the last page of a file has no more. */
  readonly byteLength: number;
}

/** Whole pages of a range with one content. `"nothing"` is what could not even be given zeros, and must not be touched. */
export interface Piece {
  readonly from: number;
  readonly to: number;
  readonly shows: ShownFile | "zeros" | "nothing";
}

/**
 * Ranges of address space in which pages of files and pages of zeros take each other's places.
 *
 * Windows does not map over what is there. A range is reserved as a placeholder; a placeholder is replaced by a view of a file or by memory, which becomes a
 * placeholder again, is split or joined with its neighbours, and replaced by something else. View and memory must fit their placeholder exactly, and are taken out
 * whole: what is to stay of them is put in again. For a moment the pages cannot be touched; a range belongs to one thread, which is in here meanwhile.
 *
 * Invariants:
 * 1. `#pieces` are in the order of their addresses and do not overlap; those of a range cover it.
 * 2. Between calls no page is a placeholder, but for pieces of "nothing".
 * 3. Each shown file has a handle of its own.
 */
export class WindowsRanges implements RangeCalls {
  readonly #pageByteLength: number;
  readonly #lastError: () => number;
  readonly #pieces: Piece[] = [];
  readonly #calls: ReturnType<typeof memoryCalls>;

  /** Throws where Windows has no placeholders, which it has from 10, version 1803 on. */
  constructor(foreign: ForeignFunctions, pageByteLength: number, lastError: () => number) {
    this.#pageByteLength = pageByteLength;
    this.#lastError = lastError;
    this.#calls = memoryCalls(foreign);
  }

  take(byteLength: number): bigint {
    const whole = this.#wholePages(byteLength);
    const address = this.#calls.allocate(THIS_PROCESS, 0n, whole, MEM_RESERVE | MEM_RESERVE_PLACEHOLDER, PAGE_NOACCESS, 0n, 0);
    if (address === 0n) throw new Error(`VirtualAlloc2 failed with error ${this.#lastError()}`);
    const from = Number(address);
    const piece: Piece = { from, to: from + whole, shows: "zeros" };
    const refused = this.#fill(piece);
    if (refused !== 0) {
      this.#calls.free(address, 0, MEM_RELEASE);
      throw new Error(`VirtualAlloc2 failed with error ${refused}`);
    }
    this.#pieces.splice(this.#indexAt(from), 0, piece);
    return address;
  }

  giveBack(address: bigint, byteLength: number): void {
    const first = this.#indexAt(Number(address));
    const given = this.#pieces.splice(first, this.#indexAt(Number(address) + this.#wholePages(byteLength)) - first);
    for (const piece of given) this.#empty(piece, 0);
  }

  /** Shows a part of a file; `handle` stays the caller's. What GetLastError told, or 0; then the range shows zeros where it can. */
  showFile(address: bigint, shown: ShownFile): number {
    const handle = this.duplicate(shown.handle);
    return handle === 0n ? this.#lastError() : this.#replace(address, shown.byteLength, { ...shown, handle });
  }

  showZeros(address: bigint, byteLength: number): number {
    return this.#replace(address, byteLength, "zeros");
  }

  /** Puts zeros over all files. */
  letGoOfFiles(): void {
    for (const { from, to, shows } of [...this.#pieces])
      if (typeof shows !== "string") this.#replace(BigInt(from), to - from, "zeros");
  }

  /** What lies in a range, piece by piece, cut to its whole pages. */
  piecesIn(address: bigint, byteLength: number): Piece[] {
    const from = Number(address);
    const to = from + this.#wholePages(byteLength);
    const found: Piece[] = [];
    for (let index = this.#indexAt(from + 1) - 1; index < this.#pieces.length && this.#pieces[index].from < to; index++) {
      found.push(cut(this.#pieces[index], from, to));
    }
    return found;
  }

  /** Another handle for the same open file, or 0n. */
  duplicate(handle: bigint): bigint {
    const made = Buffer.alloc(8);
    const done = this.#calls.duplicate()(THIS_PROCESS, handle, THIS_PROCESS, made, 0, 0, DUPLICATE_SAME_ACCESS);
    return done === 0 ? 0n : made.readBigUInt64LE();
  }

  closeHandle(handle: bigint): void {
    this.#calls.closeHandle()(handle);
  }

  #replace(address: bigint, byteLength: number, shows: Piece["shows"]): number {
    const from = Number(address);
    const to = from + this.#wholePages(byteLength);
    const first = this.#indexAt(from + 1) - 1;
    const old = this.#pieces.slice(first, this.#indexAt(to));
    const [start, end] = [old[0].from, old[old.length - 1].to];
    const rest = [cut(old[0], start, from), cut(old[old.length - 1], to, end)].filter((piece) => piece.from < piece.to);
    const kept = rest.map((piece) => this.#keep(piece));
    for (const piece of old) this.#empty(piece, PRESERVE_PLACEHOLDER);
    if (old.length > 1) this.#rearrange(start, end, COALESCE_PLACEHOLDERS);
    if (start < from) this.#rearrange(start, from, PRESERVE_PLACEHOLDER);
    if (to < end) this.#rearrange(from, to, PRESERVE_PLACEHOLDER);
    const put = [...kept, { from, to, shows }].sort((one, other) => one.from - other.from);
    let refused = 0;
    const found = put.map((piece) => {
      const why = this.#fill(piece);
      if (why === 0) return piece;
      refused ||= why;
      return this.#fillWithZeros(piece);
    });
    this.#pieces.splice(first, old.length, ...found);
    return refused;
  }

  /** The piece, to be put in again after all that it was cut from is gone. */
  #keep(piece: Piece): Piece {
    if (typeof piece.shows === "string") return piece;
    const handle = this.duplicate(piece.shows.handle);
    return { ...piece, shows: handle === 0n ? "zeros" : { ...piece.shows, handle } };
  }

  #fillWithZeros({ from, to, shows }: Piece): Piece {
    if (typeof shows !== "string") this.closeHandle(shows.handle);
    const zeros: Piece = { from, to, shows: "zeros" };
    return shows !== "zeros" && this.#fill(zeros) === 0 ? zeros : { from, to, shows: "nothing" };
  }

  /** Replaces the placeholder of just this length. What GetLastError told, or 0. */
  #fill({ from, to, shows }: Piece): number {
    if (shows === "nothing") return 0;
    const { allocate, mapView, createSection } = this.#calls;
    const at = BigInt(from);
    if (shows === "zeros") {
      const flags = MEM_RESERVE | MEM_COMMIT | MEM_REPLACE_PLACEHOLDER;
      return allocate(THIS_PROCESS, at, to - from, flags, PAGE_READWRITE, 0n, 0) === 0n ? this.#lastError() : 0;
    }
    const { handle, sharing, fileByteOffset, byteLength } = shows;
    const protection = sharing === "shared" ? PAGE_READWRITE : PAGE_WRITECOPY;
    const end = fileByteOffset + byteLength;
    const section = createSection()(handle, 0n, protection, Math.floor(end / WORD), end % WORD, 0n);
    if (section === 0n) return this.#lastError();
    // Lengths are whole pages, or 0 for up to the end of the section.
    const viewed = byteLength === to - from ? byteLength : 0;
    const view = mapView(section, THIS_PROCESS, at, fileByteOffset, viewed, MEM_REPLACE_PLACEHOLDER, protection, 0n, 0);
    const refused = view === 0n ? this.#lastError() : 0;
    this.closeHandle(section);
    return refused;
  }

  /** Takes out what is there: back to a placeholder, or for good. */
  #empty({ from, to, shows }: Piece, flag: 0 | typeof PRESERVE_PLACEHOLDER): void {
    const { unmapView, free } = this.#calls;
    const at = BigInt(from);
    if (typeof shows !== "string") {
      this.#check(unmapView(THIS_PROCESS, at, flag), "UnmapViewOfFile2");
      this.closeHandle(shows.handle);
    } else if (shows === "zeros" || flag === 0) {
      this.#check(free(at, flag === 0 ? 0 : to - from, MEM_RELEASE | flag), "VirtualFree");
    }
  }

  /** Splits a placeholder, or joins several. */
  #rearrange(from: number, to: number, flag: typeof PRESERVE_PLACEHOLDER | typeof COALESCE_PLACEHOLDERS): void {
    this.#check(this.#calls.free(BigInt(from), to - from, MEM_RELEASE | flag), "VirtualFree");
  }

  #check(done: number, name: string): void {
    if (done === 0) throw new Error(`${name} failed with error ${this.#lastError()}`);
  }

  #wholePages(byteLength: number): number {
    return Math.ceil(byteLength / this.#pageByteLength) * this.#pageByteLength;
  }

  /** The index of the first piece that begins at the address or behind it. */
  #indexAt(address: number): number {
    let [low, high] = [0, this.#pieces.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#pieces[middle].from < address) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** The part of a piece within bounds that are pages; of a file what that part shows. Empty outside of it. */
function cut({ from, to, shows }: Piece, least: number, most: number): Piece {
  const [start, end] = [Math.max(from, least), Math.min(to, most)];
  if (typeof shows === "string") return { from: start, to: end, shows };
  const { fileByteOffset, byteLength } = shows;
  const skipped = start - from;
  const left = Math.max(0, Math.min(end - start, byteLength - skipped));
  return { from: start, to: end, shows: { ...shows, fileByteOffset: fileByteOffset + skipped, byteLength: left } };
}

function memoryCalls(foreign: ForeignFunctions) {
  return {
    allocate: foreign.bind("VirtualAlloc2", "address", ["address", "address", "size", "u32", "u32", "address", "u32"], KERNEL_BASE),
    mapView: foreign.bind(
      "MapViewOfFile3",
      "address",
      ["address", "address", "address", "i64", "size", "u32", "u32", "address", "u32"],
      KERNEL_BASE,
    ),
    unmapView: foreign.bind("UnmapViewOfFile2", "i32", ["address", "address", "u32"], KERNEL_BASE),
    free: foreign.bind("VirtualFree", "i32", ["address", "size", "u32"], KERNEL),
    createSection: lazy(() =>
      foreign.bind("CreateFileMappingW", "address", ["address", "address", "u32", "u32", "u32", "address"], KERNEL),
    ),
    closeHandle: lazy(() => foreign.bind("CloseHandle", "i32", ["address"], KERNEL)),
    duplicate: lazy(() =>
      foreign.bind("DuplicateHandle", "i32", ["address", "address", "address", "bytes", "u32", "i32", "u32"], KERNEL),
    ),
  };
}
