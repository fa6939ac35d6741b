import type { Memory } from "../../core/memory.ts";
import type { InputOf, Type, ViewOf } from "../../layout/type.ts";
import type { AsyncWaitOptions, WaitOptions } from "../waiting.ts";
import type { RingChunk } from "./ring-chunk.ts";
import { producerCode } from "./ring-code.ts";
import { elementsOf } from "./ring-elements.ts";
import { RingEnd, type RingEndOptions } from "./ring-end.ts";
import { lastStages, type RingPlan } from "./ring-layout.ts";

/**
 * The end of a ring that writes. `push` of a number takes some 10 ns, of which most is telling the consumer; with `flushEvery`, `pushMany` or a claimed
 * chunk that is shared by many.
 */
export class Producer<T extends Type<unknown, never>> extends RingEnd<T> {
  /** Use `ring(…).producer()`. */
  constructor(type: T, memory: Memory, plan: RingPlan, options: RingEndOptions) {
    super(type, memory, plan, -1, lastStages(plan), "producer", options);
  }

  /** Appends a value. False when the ring is full. Throws `bad-value`, `closed`. */
  push(value: InputOf<T>): boolean {
    const { type } = this;
    const checked = type.rawCheck(value, this.place);
    if (this.ready === 0 && this.refresh() === 0) return false;
    type.rawStore(this.memory, this.byteOffsetAt(0), checked);
    this.advance(1);
    if (this.pending >= this.flushEvery) this.flush();
    return true;
  }

  /**
   * Appends values, as many as there is room for, and returns how many. From a typed array of the ring's own kind they are copied at once. Throws
   * `bad-value`, and then none is there.
   */
  pushMany(values: ArrayLike<InputOf<T>>): number {
    const most = Math.min(values.length, this.atLeast(values.length));
    const { type, data } = this;
    if (elementsOf(type) !== undefined && ArrayBuffer.isView(values) && values.constructor === data.constructor) {
      const part: unknown = values;
      this.#copy(part as Uint8Array, most);
    } else {
      const checked: unknown[] = [];
      for (let index = 0; index < most; index++) checked.push(type.rawCheck(values[index], this.place.at(index)));
      for (let index = 0; index < most; index++) type.rawStore(this.memory, this.byteOffsetAt(index), checked[index]);
    }
    this.advance(most);
    this.flush();
    return most;
  }

  /**
   * Calls `fn` with one free slot after another, to be written in place, at most `limit`, and returns how many: a struct is shown by one view that moves on,
   * anything else as `{ value }`. What a slot holds before is nothing that counts. One whose `fn` throws is not passed on, those before it are.
   */
  fill(fn: (slot: ViewOf<T>) => void, limit = Number.POSITIVE_INFINITY): number {
    const ready = this.atLeast(limit);
    const most = Math.min(limit, ready);
    this.setAside(most);
    let done = 0;
    try {
      for (; done < most; done++) fn(this.show(this.byteOffsetAt(done)) as ViewOf<T>);
    } finally {
      this.settle(ready, done);
    }
    return done;
  }

  /** How many values can be pushed now. */
  room(): number {
    return this.refresh();
  }

  /** The next `count` slots, to be written in place; undefined when there are fewer. Throws `invalid-argument` while a chunk is claimed. */
  claim(count: number): RingChunk<T> | undefined {
    return this.claimChunk(count);
  }

  /** Waits for room and appends a value. False when the time is over, or the consumers are gone. Holds the thread. Throws `bad-value`, `closed`. */
  pushWait(value: InputOf<T>, options: WaitOptions = {}): boolean {
    return this.push(value) || (this.waitReady(options) && this.push(value));
  }

  /** `pushWait` that does not hold the thread. */
  async pushAsync(value: InputOf<T>, options: AsyncWaitOptions = {}): Promise<boolean> {
    while (!this.push(value)) if (!(await this.waitReadyAsync(options))) return false;
    return true;
  }

  protected measure(): number {
    return this.capacity - this.mostBehind();
  }

  /** `part` is of the same kind as `data`: which one, does not matter here. */
  #copy(part: Uint8Array, count: number): void {
    const slot = this.position >= this.capacity ? this.position - this.capacity : this.position;
    const before = Math.min(count, this.capacity - slot);
    const data: unknown = this.data;
    (data as Uint8Array).set(count === part.length && before === count ? part : part.subarray(0, before), this.first + slot);
    if (before < count) (data as Uint8Array).set(part.subarray(before, count), this.first);
  }
}

const classes = new WeakMap<object, typeof Producer>();

/** A producer with code of its own for the type. */
export function producerOf<T extends Type<unknown, never>>(
  type: T,
  memory: Memory,
  plan: RingPlan,
  options: RingEndOptions,
): Producer<T> {
  let Class = classes.get(type);
  if (Class === undefined) {
    Class = producerCode(Producer, type);
    classes.set(type, Class);
  }
  return new Class(type, memory, plan, options);
}
