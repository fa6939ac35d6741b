import type { Memory } from "../../core/memory.ts";
import type { FieldOf, Type, ValueOf } from "../../layout/type.ts";
import type { AsyncWaitOptions, IterationOptions, WaitOptions } from "../waiting.ts";
import type { RingChunk } from "./ring-chunk.ts";
import { consumerCode } from "./ring-code.ts";
import { elementsOf } from "./ring-elements.ts";
import { RingEnd, type RingEndOptions } from "./ring-end.ts";
import { type RingPlan, sourcesOf } from "./ring-layout.ts";

/**
 * An end of a ring that reads. What it has popped, and told, is the producer's again. One that dies before it has told finds or leaves the same values
 * once more to who takes its role.
 */
export class Consumer<T extends Type<unknown, never>> extends RingEnd<T> {
  protected readonly drainEvery: number;

  /** Use `ring(…).consumer()`. */
  constructor(type: T, memory: Memory, plan: RingPlan, stage: number, name: string, options: RingEndOptions) {
    super(type, memory, plan, stage, sourcesOf(plan, stage), name, options);
    this.drainEvery = Math.max(this.flushEvery, plan.capacity >> 2);
  }

  /** Takes the next value, a copy. Undefined when there is none now. */
  pop(): ValueOf<T> | undefined {
    if (this.ready === 0 && this.refresh() === 0) return undefined;
    const value = this.type.rawRead(this.memory, this.byteOffsetAt(0)) as ValueOf<T>;
    this.advance(1);
    if (this.pending >= this.flushEvery) this.flush();
    return value;
  }

  /** A copy of the next value, which stays. Undefined when there is none now. */
  peek(): ValueOf<T> | undefined {
    if (this.ready === 0 && this.refresh() === 0) return undefined;
    return this.type.rawRead(this.memory, this.byteOffsetAt(0)) as ValueOf<T>;
  }

  /**
   * Calls `fn` with each value that is there now, at most `limit`, and returns how many. A struct is shown in place, by one view that moves on: copy what is
   * to stay. A value whose `fn` throws counts as taken, those behind it stay.
   */
  drain(fn: (value: FieldOf<T>) => void, limit = Number.POSITIVE_INFINITY): number {
    const most = Math.min(limit, this.atLeast(limit));
    const { type, memory } = this;
    const isShown = type.codec.shape === "nested";
    let done = 0;
    try {
      while (done < most && this.ready > 0) {
        // Not before this value: its view shows the slot itself.
        if (this.pending >= this.drainEvery) this.flush();
        const byteOffset = this.byteOffsetAt(0);
        this.advance(1);
        done += 1;
        fn((isShown ? this.show(byteOffset) : type.rawRead(memory, byteOffset)) as FieldOf<T>);
      }
    } finally {
      this.flush();
    }
    return done;
  }

  /** Takes values into `target`, as many as are there and fit, and returns how many. Into a typed array of the ring's own kind they are copied at once. */
  popInto(target: { [index: number]: ValueOf<T>; readonly length: number }): number {
    const most = Math.min(target.length, this.atLeast(target.length));
    const { type, data } = this;
    if (elementsOf(type) !== undefined && ArrayBuffer.isView(target) && target.constructor === data.constructor) {
      const part: unknown = target;
      this.#copy(part as Uint8Array, most);
    } else {
      for (let index = 0; index < most; index++) target[index] = type.rawRead(this.memory, this.byteOffsetAt(index)) as ValueOf<T>;
    }
    this.advance(most);
    this.flush();
    return most;
  }

  /** How many values can be popped now. */
  available(): number {
    return this.refresh();
  }

  /** The next `count` values in place; undefined when there are fewer. Throws `invalid-argument` while a chunk is claimed. */
  claim(count: number): RingChunk<T> | undefined {
    return this.claimChunk(count);
  }

  /** Waits for a value and takes it. Undefined when the time is over, or the ring is empty and nobody is there who could push. Holds the thread. */
  popWait(options: WaitOptions = {}): ValueOf<T> | undefined {
    return this.waitReady(options) ? this.pop() : undefined;
  }

  /** `popWait` that does not hold the thread. */
  async popAsync(options: AsyncWaitOptions = {}): Promise<ValueOf<T> | undefined> {
    return (await this.waitReadyAsync(options)) ? this.pop() : undefined;
  }

  /** All values until the producer is gone and nothing is left: `for await (const tick of consumer)`. */
  [Symbol.asyncIterator](): AsyncGenerator<ValueOf<T>, void, undefined> {
    return this.values();
  }

  /** The same with options, such as a signal that ends it: `for await (const tick of consumer.values({ signal }))`. What it has not given stays in the ring. */
  async *values(options: IterationOptions = {}): AsyncGenerator<ValueOf<T>, void, undefined> {
    while (await this.waitReadyAsync(options)) {
      for (let value = this.pop(); value !== undefined; value = this.pop()) {
        yield value;
        options.signal?.throwIfAborted();
      }
    }
  }

  protected measure(): number {
    return this.leastAhead();
  }

  #copy(target: Uint8Array, count: number): void {
    const slot = this.position >= this.capacity ? this.position - this.capacity : this.position;
    const before = Math.min(count, this.capacity - slot);
    const data: unknown = this.data;
    target.set((data as Uint8Array).subarray(this.first + slot, this.first + slot + before));
    if (before < count) target.set((data as Uint8Array).subarray(this.first, this.first + count - before), before);
  }
}

const classes = new WeakMap<object, typeof Consumer>();

/** A consumer with code of its own for the type. */
export function consumerOf<T extends Type<unknown, never>>(
  type: T,
  memory: Memory,
  plan: RingPlan,
  stage: number,
  name: string,
  options: RingEndOptions,
): Consumer<T> {
  let Class = classes.get(type);
  if (Class === undefined) {
    Class = consumerCode(Consumer, type);
    classes.set(type, Class);
  }
  return new Class(type, memory, plan, stage, name, options);
}
