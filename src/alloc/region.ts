import { checkByteLength } from "../core/align.ts";
import { MemoryError } from "../core/errors.ts";
import { hexWord } from "../core/hex.ts";
import type { Memory } from "../core/memory.ts";
import { checkWritableHome } from "../core/writable.ts";

/** Which part of a memory an allocator takes for itself and its blocks. */
export interface RegionOptions {
  /** Where it begins. Default: 0. */
  readonly byteOffset?: number;
  /** How far it may ever reach, in bytes. Default: as far as the memory can ever grow, which is grown on the way. */
  readonly byteLength?: number;
}

/** What the header of a kind of allocator says. */
export interface RegionFormat {
  readonly subject: string;
  /** Four letters, little-endian. */
  readonly magic: number;
  readonly version: number;
  /** Changes with every constant that decides where things lie. */
  readonly fingerprint: number;
  /** What `byteOffset` is a multiple of. */
  readonly align: number;
  /** The smallest region that it can live in. */
  readonly leastByteLength: number;
  /** The largest one that its words can address. */
  readonly mostByteLength: number;
}

/** A region that has been found to be one. */
export interface Region {
  readonly byteOffset: number;
  readonly byteLength: number;
}

/**
 * The first bytes of every allocator that keeps its state in the memory:
 *
 *      0   magic u32          which kind of allocator
 *      4   version u32
 *      8   fingerprint u32    of the constants that its layout is made of
 *     12   ready u32          0 while it is being made, then READY; stored last
 *     16   units u32          length of the region in units of 8 bytes
 *     20   resets u32         how often everything was freed at once
 *     24   reserved, 0
 *     32   what the kind itself knows
 *
 * All that it knows are offsets from its own first byte: the region means the same wherever the memory is mapped.
 */
export const HEADER_BYTES = 32;
export const RESETS_WORD = 5;
const VERSION_WORD = 1;
const FINGERPRINT_WORD = 2;
const READY_WORD = 3;
const UNITS_WORD = 4;
export const UNIT_BYTES = 8;
const READY = 0x4f48_5244;

/** A number that stands for the constants of a layout: FNV-1a over their words. */
export function fingerprintOf(...constants: readonly number[]): number {
  let hash = 0x811c_9dc5;
  for (const constant of constants) hash = Math.imul(hash ^ (constant >>> 0), 0x0100_0193);
  return hash >>> 0;
}

/** Checks the options against the memory and commits `headByteLength` bytes of the region. Throws before anything is changed. */
export function claimRegion(memory: Memory, format: RegionFormat, options: RegionOptions, headByteLength: number): Region {
  const { subject } = format;
  checkWritableHome(subject, memory);
  const { byteOffset = 0 } = options;
  checkByteLength(subject, "byteOffset", byteOffset, 0, memory.maxByteLength);
  checkRegionAlign(format, byteOffset);
  const room = memory.maxByteLength - byteOffset;
  const { byteLength = Math.min(room, format.mostByteLength) } = options;
  checkByteLength(subject, "byteLength", byteLength, format.leastByteLength, Math.min(room, format.mostByteLength));
  if (headByteLength > 0) memory.grow(byteOffset + headByteLength);
  return { byteOffset, byteLength: byteLength - (byteLength % UNIT_BYTES) };
}

/** Marks the region as one that is being made. Who attaches to it now is refused. */
export function beginRegion(memory: Memory, region: Region, format: RegionFormat): void {
  const { u32 } = memory;
  const word = region.byteOffset / 4;
  u32[word + READY_WORD] = 0;
  u32[word] = format.magic;
  u32[word + VERSION_WORD] = format.version;
  u32[word + FINGERPRINT_WORD] = format.fingerprint;
  u32[word + UNITS_WORD] = region.byteLength / UNIT_BYTES;
  for (let at = RESETS_WORD; at < HEADER_BYTES / 4; at++) u32[word + at] = 0;
}

/** Everything is in place: other handles may attach. */
export function publishRegion(memory: Memory, region: Region): void {
  Atomics.store(memory.u32, region.byteOffset / 4 + READY_WORD, READY);
}

/**
 * Reads the header at `byteOffset`. Throws `corrupt` where no such allocator lies or was never finished, `unsupported-format` for another
 * version, `layout-mismatch` for other constants.
 */
export function openRegion(memory: Memory, format: RegionFormat, byteOffset: number): Region {
  const { subject } = format;
  checkWritableHome(subject, memory);
  checkByteLength(subject, "byteOffset", byteOffset);
  checkRegionAlign(format, byteOffset);
  memory.checkRange(byteOffset, HEADER_BYTES);
  checkKind(memory, format, byteOffset);
  const { u32, maxByteLength } = memory;
  const word = byteOffset / 4;
  const byteLength = u32[word + UNITS_WORD] * UNIT_BYTES;
  const fits = byteLength >= format.leastByteLength && byteOffset + byteLength <= maxByteLength;
  if (Atomics.load(u32, word + READY_WORD) !== READY || !fits) {
    throw new MemoryError("corrupt", {
      subject,
      event: fits ? "was never finished, or is still being made" : "claims more bytes than its memory has",
      numbers: { byteOffset, byteLength, maxByteLength },
      cure: fits ? "Wait for its maker, or make it anew." : "Open the memory with the length that it had.",
    });
  }
  return { byteOffset, byteLength };
}

/** Whether an allocator of this kind lies there: its magic number, version and constants. */
function checkKind({ u32 }: Memory, format: RegionFormat, byteOffset: number): void {
  const { subject } = format;
  const word = byteOffset / 4;
  const [magic, version, fingerprint] = [u32[word], u32[word + VERSION_WORD], u32[word + FINGERPRINT_WORD]];
  if (magic !== format.magic) {
    throw new MemoryError("corrupt", {
      subject,
      event: "does not lie there: the bytes do not begin like one",
      numbers: { byteOffset, magic: hexWord(magic), expected: hexWord(format.magic) },
      cure: "Attach at the byteOffset that it was made at, in a memory that holds it.",
    });
  }
  if (version !== format.version) {
    throw new MemoryError("unsupported-format", {
      subject,
      event: "was made by another version of offheap",
      numbers: { byteOffset, version, readable: format.version },
      cure: "Use that version, or make it anew.",
    });
  }
  if (fingerprint !== format.fingerprint) {
    throw new MemoryError("layout-mismatch", {
      subject,
      event: "is laid out with other constants",
      numbers: { byteOffset, fingerprint: hexWord(fingerprint), expected: hexWord(format.fingerprint) },
      cure: "Use the version of offheap that made it, or make it anew.",
    });
  }
}

function checkRegionAlign(format: RegionFormat, byteOffset: number): void {
  if (byteOffset % format.align === 0) return;
  throw new MemoryError("invalid-argument", {
    subject: format.subject,
    event: "cannot begin at a misaligned offset",
    numbers: { byteOffset, align: format.align },
    cure: `Place it at a multiple of ${format.align} bytes.`,
  });
}
