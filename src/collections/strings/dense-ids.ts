import type { Memory } from "../../core/memory.ts";
import { Segments } from "./segments.ts";
import { BYTE_LENGTH, COUNT, ID, IDS, MAX_COUNT, RECORD_HEAD_WORDS, throwLost } from "./shared-interner-layout.ts";
import type { SharedRoom } from "./shared-room.ts";
import type { SortedRecords } from "./sorted-records.ts";

/**
 * The ids of a shared interner: 1, 2, 3, … without gaps, dealt out by whoever comes by, and the record of each.
 *
 *     count             word of the head
 *     ids[id]           ref of the record, 0: nobody's yet. Set once, by compare-and-swap
 *     record.id         0: none yet
 *
 * The word ids[count + 1] is won by one record for ever. Who finds it won, by another too, does what the winner may have died before: it writes the
 * id into that record, and only then raises the count. A record is offered for an id only while it has none, looked at after the count, and the
 * count has not passed an id whose record does not have it: so no record gets two. Nobody is told an id before the count has reached it.
 */
export class DenseIds {
  readonly #memory: Memory;
  readonly #byteOffset: number;
  readonly #head: number;
  readonly #records: SortedRecords;
  readonly refs: Segments;
  /** Ids that are known to be dealt out. */
  #known = 0;

  constructor(memory: Memory, byteOffset: number, records: SortedRecords) {
    this.#memory = memory;
    this.#byteOffset = byteOffset;
    this.#head = byteOffset / 4;
    this.#records = records;
    this.refs = new Segments(memory, this.#head + IDS);
  }

  /** How many there are now. */
  count(): number {
    this.#known = Atomics.load(this.#memory.i32, this.#head + COUNT);
    return this.#known;
  }

  /** Whether there is an id for one record more. */
  hasNext(room: SharedRoom): boolean {
    const count = Atomics.load(this.#memory.i32, this.#head + COUNT);
    return count < Atomics.load(this.#memory.i32, this.#head + MAX_COUNT) && this.refs.reach(count + 1, room);
  }

  /** The id of a record on the list, which gets one if it has none; 0 when there is none for it. */
  idOf(ref: number, room: SharedRoom): number {
    const id = this.#memory.i32[ref * 2 + ID];
    return id !== 0 && id <= this.#known ? id : this.#deal(ref, room);
  }

  /** The id of a record on the list, if it has been dealt out; else 0. */
  dealtIdOf(ref: number): number {
    const id = this.#memory.i32[ref * 2 + ID];
    return id <= this.#known || id <= this.count() ? id : 0;
  }

  /** The ref of the record with this id; -1 when there is none. All of the record can be read. */
  refOf(id: number): number {
    if (!(id >= 1 && id <= this.#known && Number.isInteger(id)) && !(id >= 1 && id <= this.count() && Number.isInteger(id)))
      return -1;
    const word = this.refs.wordOf(id);
    if (!(word < this.#records.reach)) this.#reach(word + 1);
    const ref = this.#memory.i32[word];
    const bytes = ref * 2 + RECORD_HEAD_WORDS;
    if (!(bytes > RECORD_HEAD_WORDS && bytes <= this.#records.reach)) this.#reach(bytes);
    const end = bytes + ((this.#memory.i32[ref * 2 + BYTE_LENGTH] + 3) >>> 2);
    if (end > this.#records.reach) this.#reach(end);
    return ref;
  }

  /** See `Strings.touch`: first where the records of many lie, and then the records. */
  touch(ids: ArrayLike<number>, first: number, last: number): number {
    const count = this.count();
    const { i32 } = this.#memory;
    let touched = 0;
    for (let at = first; at < last; at++) {
      const id = ids[at] >>> 0;
      if (id >= 1 && id <= count) touched ^= i32[this.refs.wordOf(id)];
    }
    for (let at = first; at < last; at++) {
      const id = ids[at] >>> 0;
      if (id >= 1 && id <= count) touched ^= this.refOf(id);
    }
    return touched;
  }

  #deal(ref: number, room: SharedRoom): number {
    for (;;) {
      const count = this.count();
      const id = Atomics.load(this.#memory.i32, ref * 2 + ID);
      if (id !== 0) {
        // Nobody is told an id that does not resolve yet.
        if (id > count) Atomics.compareExchange(this.#memory.i32, this.#head + COUNT, id - 1, id);
        return id;
      }
      const most = Atomics.load(this.#memory.i32, this.#head + MAX_COUNT);
      if (count >= most || !this.refs.reach(count + 1, room)) return 0;
      const { i32 } = this.#memory;
      const winner = Atomics.compareExchange(i32, this.refs.wordOf(count + 1), 0, ref) || ref;
      if (winner * 2 + RECORD_HEAD_WORDS > this.#records.reach) this.#reach(winner * 2 + RECORD_HEAD_WORDS);
      Atomics.store(this.#memory.i32, winner * 2 + ID, count + 1);
      if (Atomics.compareExchange(i32, this.#head + COUNT, count, count + 1) === count) this.#records.grow(count + 1, room);
    }
  }

  #reach(end: number): void {
    if (!(end > RECORD_HEAD_WORDS)) throwLost(this.#memory, this.#byteOffset, end * 4);
    this.#records.reachWord(end);
  }
}
