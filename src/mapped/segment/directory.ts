import { MemoryError } from "../../core/errors.ts";
import { encodedByteLength } from "../../core/utf8.ts";
import { fingerprintFromWords, fingerprintWords } from "../../layout/fingerprint.ts";
import { RecordTable } from "./record-table.ts";
import { PAGE_BYTES, STRUCTURE_CHECK, STRUCTURE_COUNT, STRUCTURE_PARTS, STRUCTURE_WORDS } from "./segment-layout.ts";
import type { SegmentLog } from "./segment-log.ts";

/*
 * A record of the directory, i32 words:
 *
 *    0 state      0 empty, 1 being made, 2 there, 3 being deleted
 *    1 id         never given twice in a segment
 *    2 format     version of the bytes of its kind
 *    3, 4         fingerprint of its types, low word first
 *    5 head       the page where its first block begins
 *    6, 7         bytes of its first block, low word first
 *    8            byte lengths of name, kind and type: name + 256 · kind + 65536 · type
 *    9 … 12       kind, UTF-8
 *   13 … 28       name, UTF-8
 *   29 … 44       type, as people call it, UTF-8, cut after 64 bytes
 *   45            bytes of the signature of its types, all of them
 *   46 … 123      signature, UTF-8, cut after 312 bytes
 *   124           check
 *   125           writer: the token of the seat that alone may write, for kinds with one writer; 0: nobody
 *   126, 127      openers: bit s − 1 for seat s, whose holder uses the structure
 *
 * Words 125 … 127 are changed by atomic operations under the lock, not by the log: they are worth as much as the seats that they name.
 */
const STATE = 0;
const ID = 1;
const FORMAT = 2;
const FINGERPRINT = 3;
const HEAD = 5;
const BYTES = 6;
const LENGTHS = 8;
const KIND = 9;
const NAME = 13;
const TYPE = 29;
const SIGNATURE_LENGTH = 45;
const SIGNATURE = 46;
const WRITER = 125;
const OPENERS = 126;

export const EMPTY = 0;
export const MAKING = 1;
export const READY = 2;
export const DELETING = 3;

const MOST_SIGNATURE_BYTES = (STRUCTURE_CHECK - SIGNATURE) * 4;
const MOST_KIND_BYTES = 16;
const MOST_NAME_BYTES = 64;

/** One structure as the directory has it. */
export interface StructureRecord {
  readonly index: number;
  readonly state: number;
  readonly id: number;
  readonly name: string;
  readonly kind: string;
  readonly format: number;
  /** 16 hexadecimal digits. */
  readonly fingerprint: string;
  /** As people call it: `Particle`. */
  readonly type: string;
  /** Where its first block begins; 0 until it is there. */
  readonly byteOffset: number;
  readonly byteLength: number;
}

/** The names of a segment and what they stand for. All methods need the lock, and take their stores into the change that the caller commits. */
export class Directory {
  readonly table: RecordTable;
  readonly #log: SegmentLog;

  constructor(log: SegmentLog) {
    this.#log = log;
    this.table = new RecordTable(log, STRUCTURE_WORDS, STRUCTURE_CHECK, STRUCTURE_COUNT, STRUCTURE_PARTS);
  }

  at(index: number): StructureRecord {
    const word = this.table.wordOf(index);
    const get = (at: number): number => this.#log.get(word + at) >>> 0;
    const lengths = get(LENGTHS);
    return {
      index,
      state: get(STATE),
      id: get(ID),
      name: this.#text(word + NAME, lengths & 255),
      kind: this.#text(word + KIND, (lengths >>> 8) & 255),
      type: this.#text(word + TYPE, (lengths >>> 16) & 255),
      format: get(FORMAT),
      fingerprint: fingerprintFromWords(get(FINGERPRINT), get(FINGERPRINT + 1)),
      byteOffset: get(HEAD) * PAGE_BYTES,
      byteLength: get(BYTES + 1) * 2 ** 32 + get(BYTES),
    };
  }

  /** Records that are not empty. */
  *all(): Generator<StructureRecord, void, undefined> {
    for (let index = 0; index < this.table.count; index++) {
      if (this.#log.get(this.table.wordOf(index) + STATE) !== EMPTY) yield this.at(index);
    }
  }

  find(name: string): StructureRecord | undefined {
    for (const record of this.all()) if (record.name === name) return record;
    return undefined;
  }

  /** The first record that is empty; perhaps one behind the last, for which the caller has made room. */
  get vacant(): number {
    for (let index = 0; index < this.table.count; index++) {
      if (this.#log.get(this.table.wordOf(index) + STATE) === EMPTY) return index;
    }
    return this.table.count;
  }

  /** What the types of a structure look like, as its maker told; undefined where that was too long to be kept. */
  signatureOf(index: number): string | undefined {
    const word = this.table.wordOf(index);
    const byteLength = this.#log.get(word + SIGNATURE_LENGTH) >>> 0;
    return byteLength > MOST_SIGNATURE_BYTES ? undefined : this.#text(word + SIGNATURE, byteLength);
  }

  /** Says what the types of a structure look like. Comes before `write`. */
  setSignature(index: number, signature: string): void {
    const word = this.table.wordOf(index);
    const byteLength = encodedByteLength(signature);
    for (let at = SIGNATURE; at < STRUCTURE_CHECK; at++) this.#log.set(word + at, 0);
    this.#log.set(word + SIGNATURE_LENGTH, byteLength);
    if (byteLength <= MOST_SIGNATURE_BYTES) this.#setText(word + SIGNATURE, signature);
  }

  /** All but the signature. */
  write(record: StructureRecord): void {
    const { index, name, kind, fingerprint, byteLength } = record;
    if (index === this.table.count) this.table.count = index + 1;
    const word = this.table.wordOf(index);
    const set = (at: number, value: number): void => this.#log.set(word + at, value);
    for (let at = 0; at < SIGNATURE_LENGTH; at++) set(at, 0);
    set(STATE, record.state);
    set(ID, record.id);
    set(FORMAT, record.format);
    const [low, high] = fingerprintWords(fingerprint);
    set(FINGERPRINT, low);
    set(FINGERPRINT + 1, high);
    set(HEAD, record.byteOffset / PAGE_BYTES);
    set(BYTES, byteLength % 2 ** 32);
    set(BYTES + 1, Math.floor(byteLength / 2 ** 32));
    const lengths = [this.#setText(word + NAME, name), this.#setText(word + KIND, kind), this.#setText(word + TYPE, record.type)];
    set(LENGTHS, lengths[0] + 256 * lengths[1] + 65_536 * lengths[2]);
    this.table.seal(index);
  }

  /** Empties a record. */
  erase(index: number): void {
    const word = this.table.wordOf(index);
    for (let at = 0; at < STRUCTURE_WORDS; at++) this.#log.set(word + at, 0);
    this.table.seal(index);
  }

  /** The word and the bit of a record that tell whether a seat uses it. */
  openerBit(index: number, seat: number): { readonly word: number; readonly bit: number } {
    return { word: this.table.wordOf(index) + OPENERS + ((seat - 1) >>> 5), bit: 1 << ((seat - 1) & 31) };
  }

  /** The word of a record that names its writer. */
  writerWord(index: number): number {
    return this.table.wordOf(index) + WRITER;
  }

  /** The words of a record that name those who use it: its writer and its openers. */
  userWords(index: number): number[] {
    const word = this.table.wordOf(index);
    return [word + WRITER, word + OPENERS, word + OPENERS + 1];
  }

  /** What contradicts invariant 5 of segment-layout.ts, and names that stand for two things. */
  check(): string[] {
    const found: string[] = [];
    const names = new Set<string>();
    for (let index = 0; index < this.table.count; index++) {
      if (!this.table.isSound(index)) found.push(`structure ${index} does not fit its check`);
    }
    if (found.length > 0) return found;
    for (const { name, state } of this.all()) {
      if (state > DELETING) found.push(`"${name}" is in state ${state}, which is none`);
      if (names.has(name)) found.push(`two structures are called "${name}"`);
      names.add(name);
    }
    return found;
  }

  #text(word: number, byteLength: number): string {
    const bytes = new Uint8Array(Math.min(byteLength, MOST_SIGNATURE_BYTES));
    for (let at = 0; at < bytes.length; at++) bytes[at] = this.#log.get(word + (at >>> 2)) >>> (8 * (at & 3));
    return new TextDecoder().decode(bytes);
  }

  #setText(word: number, text: string): number {
    const bytes = new TextEncoder().encode(text);
    const words: number[] = [];
    bytes.forEach((byte, at) => {
      words[at >>> 2] = (words[at >>> 2] ?? 0) | (byte << (8 * (at & 3)));
    });
    words.forEach((value, at) => void this.#log.set(word + at, value));
    return bytes.length;
  }
}

/** Throws `invalid-argument` for a name that the directory cannot have. */
export function checkName(subject: string, name: string): void {
  const byteLength = typeof name === "string" ? encodedByteLength(name) : 0;
  if (byteLength >= 1 && byteLength <= MOST_NAME_BYTES && !/\p{Cc}/u.test(name)) return;
  throw new MemoryError("invalid-argument", {
    subject,
    event: "cannot have a structure of that name",
    numbers: { name: JSON.stringify(name), byteLength, most: MOST_NAME_BYTES },
    cure: `Use 1 to ${MOST_NAME_BYTES} bytes of text without control characters.`,
  });
}

/** Throws `invalid-argument` for what is no kind of structure. */
export function checkKind(kind: string): void {
  if (/^[a-z][a-z-]*$/.test(kind) && kind.length <= MOST_KIND_BYTES) return;
  throw new MemoryError("invalid-argument", {
    subject: `kind "${kind}"`,
    event: "is no kind of structure",
    numbers: { most: MOST_KIND_BYTES },
    cure: "Call it by small letters and hyphens.",
  });
}

/** As much of a text as a record has room for. */
export function shortened(text: string): string {
  let short = text;
  while (encodedByteLength(short) > MOST_NAME_BYTES) short = [...short].slice(0, -1).join("");
  return short;
}
