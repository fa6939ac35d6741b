import type { Allocator } from "../../alloc/allocator.ts";
import { NIL, type Ptr } from "../../core/brand.ts";
import { throwEnded } from "../../core/ended.ts";
import { MemoryError } from "../../core/errors.ts";
import type { Lease } from "../../core/lease.ts";
import type { Memory } from "../../core/memory.ts";
import { encodedByteLength } from "../../core/utf8.ts";
import { wtf8ByteLength } from "../../core/wtf8.ts";
import { checkSource, copyText, throwRange } from "../byte-source.ts";
import { hashBytes, hashString } from "../hash.ts";
import { DenseIds } from "./dense-ids.ts";
import { GrowingStrings } from "./growing-strings.ts";
import { checkMaxByteLength, checkMaxCount, checkOptions, type IdWidth, type InternerOptions } from "./interner-options.ts";
import { checkSharedInterner } from "./shared-interner-check.ts";
import {
  BYTE_LENGTH,
  CHUNKS,
  CONTENT,
  HEAD_BYTES,
  limitOfUnits,
  MAX_COUNT,
  MOST_OWNED,
  OWNED,
  readHead,
  throwLost,
  UNIT_BYTES,
  unitsOfLimit,
  writeHead,
} from "./shared-interner-layout.ts";
import { SharedRoom } from "./shared-room.ts";
import { bytesOfRecord, SortedRecords } from "./sorted-records.ts";
import { NO_STRING, type StringId } from "./string-id.ts";
import { Content, contentOfBytes, contentOfText, decodeText, encodeText, throwNotText } from "./text-content.ts";

const MOST_STRING_BYTES = 2 ** 30;

/**
 * Each distinct string once, for any number of threads and processes: the same string has the same id everywhere.
 *
 * ```ts
 * const names = sharedInterner(sharedMemory(MiB(64)));                  // here
 * const theirs = attachSharedInterner(attach(ticket));                  // in another thread, over the memory's ticket
 * names.intern("Andorra") === theirs.intern("Andorra");
 * ```
 *
 * Each has its own handle. Nobody ever waits for another, be it to read or to intern, and there are no locks: a thread or process that dies in
 * the middle of anything leaves it as usable as before. An id that `intern` has returned resolves for everybody. For the bytes see
 * shared-interner-layout.ts. Interning a known string takes about as long as in an `Interner`, a new one some 100 ns more.
 */
export class SharedInterner<Name extends string = string> extends GrowingStrings<Name> implements Disposable {
  readonly memory: Memory;
  readonly subject: string;
  /** Where its head lies in the memory: what attaching takes. */
  readonly byteOffset: number;
  readonly ids: IdWidth;
  /** Signed, so that V8 never boxes it. */
  readonly #seed: number;
  readonly #most: Content;
  readonly #head: number;
  readonly #records: SortedRecords;
  readonly #numbers: DenseIds;
  readonly #room: SharedRoom | undefined;
  readonly #lease: Lease;
  /** The lease's epoch that the bytes belong to; 0, which no lease has, after `close`. */
  #epoch: number;

  /** Use `sharedInterner` or `attachSharedInterner`. Without an allocator it finds and resolves, and takes in nothing new. */
  constructor(memory: Memory, byteOffset: number, allocator: Allocator | undefined, name: Name | undefined) {
    super();
    const { seed, most, ids } = readHead(memory, byteOffset);
    this.subject = name === undefined ? "shared interner" : `shared interner ${name}`;
    this.memory = memory;
    this.byteOffset = byteOffset;
    this.ids = ids;
    this.#seed = seed;
    this.#most = most;
    this.#head = byteOffset / 4;
    this.#lease = allocator?.lease ?? memory.lease;
    this.#epoch = this.#lease.epoch;
    this.#records = new SortedRecords(memory, byteOffset);
    this.#numbers = new DenseIds(memory, byteOffset, this.#records);
    this.#room = allocator === undefined ? undefined : new SharedRoom(allocator, this.#head, this.subject);
  }

  /** For `sharedInterner`: one without strings, in a fresh block of the allocator. */
  static create<Name extends string>(allocator: Allocator, options: InternerOptions<Name>): SharedInterner<Name> {
    const checked = checkOptions("shared interner", options);
    const ptr = writeHead(allocator, checked);
    if (ptr !== NIL) {
      const made = new SharedInterner<Name>(allocator.memory, ptr, allocator, options.name);
      if (made.#room !== undefined && made.#records.begin(made.#room)) return made;
      allocator.rawFree(ptr, HEAD_BYTES, 64);
    }
    const { byteLength: committed, maxByteLength } = allocator.memory;
    throw new MemoryError("out-of-memory", {
      subject: checked.subject,
      event: "has no room for its head",
      numbers: { byteLength: HEAD_BYTES + 64, committed, maxByteLength },
      cure: "Reserve more memory.",
    });
  }

  get seed(): number {
    return this.#seed >>> 0;
  }

  get size(): number {
    this.checkAlive();
    return this.#numbers.count();
  }

  get content(): Content {
    return this.memory.i32[this.#head + CONTENT] as Content;
  }

  get byteLength(): number {
    return Atomics.load(this.memory.u32, this.#head + OWNED) * UNIT_BYTES;
  }

  get maxCount(): number {
    return Atomics.load(this.memory.i32, this.#head + MAX_COUNT);
  }

  set maxCount(maxCount: number) {
    checkMaxCount(this.subject, maxCount, this.ids);
    Atomics.store(this.memory.i32, this.#head + MAX_COUNT, maxCount);
  }

  get maxByteLength(): number {
    return limitOfUnits(Atomics.load(this.memory.i32, this.#head + MOST_OWNED));
  }

  set maxByteLength(maxByteLength: number) {
    checkMaxByteLength(this.subject, maxByteLength);
    Atomics.store(this.memory.i32, this.#head + MOST_OWNED, unitsOfLimit(maxByteLength));
  }

  tryIntern(text: string): StringId<Name> {
    this.checkAlive();
    if (typeof text !== "string") throwNotText(this.subject, text);
    const hash = hashString(text, this.#seed);
    const known = this.#records.findString(text, hash);
    if (known !== 0) return this.#idOf(known);
    const content = contentOfText(this.subject, text, this.#most);
    const byteLength = content === Content.UTF8 ? encodedByteLength(text) : wtf8ByteLength(text);
    const room = this.#roomForOne();
    const ref = room === undefined || byteLength > MOST_STRING_BYTES ? 0 : room.reserve(byteLength);
    if (room === undefined || ref === 0) return NO_STRING;
    encodeText(text, content, this.memory.u8, bytesOfRecord(ref));
    return this.#add(room, ref, hash, byteLength, content);
  }

  tryInternBytes(source: Uint8Array, start: number, end: number): StringId<Name> {
    this.checkAlive();
    checkSource(this.subject, source, start, end);
    return this.rawInternHashed(source, start, end, hashBytes(source, start, end, this.#seed));
  }

  rawInternHashed(source: Uint8Array, start: number, end: number, hash: number): StringId<Name> {
    const known = this.#records.findBytes(source, start, end, hash);
    if (known !== 0) return this.#idOf(known);
    if (!Number.isInteger(start) || !Number.isInteger(end)) throwRange(this.subject, source, start, end);
    const content = contentOfBytes(this.subject, source, start, end, this.#most);
    const own = source === this.memory.u8;
    const room = this.#roomForOne();
    const ref = room === undefined || end - start > MOST_STRING_BYTES ? 0 : room.reserve(end - start);
    if (room === undefined || ref === 0) return NO_STRING;
    // Growing an unshared WebAssembly memory moves its bytes, and the source may be among them.
    const from = own ? this.memory.u8 : source;
    if (from.length < end) throwRange(this.subject, from, start, end);
    copyText(from, start, end, this.memory.u8, bytesOfRecord(ref));
    return this.#add(room, ref, hash, end - start, content);
  }

  lookup(text: string): StringId<Name> | undefined {
    this.checkAlive();
    if (typeof text !== "string") return undefined;
    return this.#knownId(this.#records.findString(text, hashString(text, this.#seed)));
  }

  lookupBytes(source: Uint8Array, start: number, end: number): StringId<Name> | undefined {
    this.checkAlive();
    checkSource(this.subject, source, start, end);
    return this.#knownId(this.#records.findBytes(source, start, end, hashBytes(source, start, end, this.#seed)));
  }

  byteOffsetOf(id: StringId<Name>): number {
    return bytesOfRecord(this.#refOf(id));
  }

  byteLengthOf(id: StringId<Name>): number {
    return this.memory.i32[this.#refOf(id) * 2 + BYTE_LENGTH];
  }

  rawTextByteLength(count: number): number {
    let byteLength = 0;
    for (let id = 1; id <= count; id++) byteLength += this.byteLengthOf(id as StringId<Name>);
    return byteLength;
  }

  /** Every block that it has of its allocator, its head first: what a program that died in the middle of taking one has left is none of them. */
  *blocks(): Generator<{ readonly ptr: Ptr; readonly byteSize: number }, void, undefined> {
    this.checkAlive();
    yield { ptr: this.byteOffset as Ptr, byteSize: HEAD_BYTES };
    for (const list of [this.#records.blocks(), this.#numbers.refs.blocks()]) {
      for (const { ref, byteLength } of list) yield { ptr: (ref * UNIT_BYTES) as Ptr, byteSize: byteLength };
    }
    let { i32 } = this.memory;
    const most = this.memory.byteLength / UNIT_BYTES;
    for (let ref = Atomics.load(i32, this.#head + CHUNKS), steps = 0; ref !== 0; ref = i32[ref * 2]) {
      if (!(ref > 0) || steps++ > most) throwLost(this.memory, this.byteOffset, ref);
      if (ref * 2 + 2 > this.#records.reach) i32 = this.#records.reachWord(ref * 2 + 2);
      yield { ptr: (ref * UNIT_BYTES) as Ptr, byteSize: i32[ref * 2 + 1] * UNIT_BYTES };
    }
  }

  /** Ends this handle; the strings stay, for other handles and for attaching again. */
  close(): void {
    this.#epoch = 0;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  checkInvariants(): string[] {
    this.checkAlive();
    return checkSharedInterner(this, this.#records, this.#numbers.refs);
  }

  protected override touch(ids: ArrayLike<number>, first: number, last: number): number {
    return this.#numbers.touch(ids, first, last);
  }

  protected override decode(id: StringId<Name>): string {
    const ref = this.#refOf(id);
    const start = bytesOfRecord(ref);
    return decodeText(this.memory.u8, start, start + this.memory.i32[ref * 2 + BYTE_LENGTH], this.content);
  }

  /**
   * Puts a record whose bytes are written on the list, where the search for it has ended, unless its string is there by now. Returns its id; 0 when there
   * is none for it any more.
   */
  #add(room: SharedRoom, ref: number, hash: number, byteLength: number, content: Content): StringId<Name> {
    const { i32, u8 } = this.memory;
    for (let now = i32[this.#head + CONTENT]; now < content; ) {
      now = Atomics.compareExchange(i32, this.#head + CONTENT, now, content);
    }
    room.write(ref, hash, byteLength);
    const start = bytesOfRecord(ref);
    while (!this.#records.insert(ref)) {
      const other = this.#records.findBytes(u8, start, start + byteLength, hash);
      if (other !== 0) return this.#idOf(other);
    }
    room.taken(ref, byteLength);
    this.#records.open(hash);
    return this.#idOf(ref);
  }

  #idOf(ref: number): StringId<Name> {
    const room = this.#room;
    return (room === undefined ? this.#numbers.dealtIdOf(ref) : this.#numbers.idOf(ref, room)) as StringId<Name>;
  }

  #knownId(ref: number): StringId<Name> | undefined {
    const id = ref === 0 ? 0 : this.#numbers.dealtIdOf(ref);
    return id === 0 ? undefined : (id as StringId<Name>);
  }

  /** The own room, where one string more has an id. Throws `read-only` where there is none at all. */
  #roomForOne(): SharedRoom | undefined {
    const room = this.#room;
    if (room === undefined) {
      throw new MemoryError("read-only", {
        subject: this.subject,
        event: "was attached without an allocator, so it takes in no new strings",
        cure: "Attach with an allocator, over a memory that can be written; or lookup instead.",
      });
    }
    return this.#numbers.hasNext(room) ? room : undefined;
  }

  #refOf(id: StringId<Name>): number {
    this.checkAlive();
    const ref = this.#numbers.refOf(id);
    if (ref === -1) this.throwNoString(id);
    return ref;
  }

  protected override checkAlive(): void {
    if (this.#lease.epoch === this.#epoch) return;
    if (this.#epoch !== 0) this.#lease.throwStale(this.#epoch);
    throwEnded(this.memory, this.subject, "Keep it open for as long as its ids are resolved, or attach again.");
  }
}
