import { INSPECT } from "../../core/inspect.ts";
import type { Lease } from "../../core/lease.ts";
import type { Dependent, Memory } from "../../core/memory.ts";
import type { Type } from "../../layout/type.ts";
import { Pace } from "../pace.ts";
import { isAbandoned, Role, type RoleOptions } from "../role.ts";
import { type AsyncWaitOptions, type Waiter, type WaitOptions, waitFor, waitForAsync } from "../waiting.ts";
import { MovingView } from "./moving-view.ts";
import { RingChunk } from "./ring-chunk.ts";
import { type RingPlan, roleOffset } from "./ring-layout.ts";
import { checkFlushEvery, throwClaimed, throwClosed, throwCount, throwLost } from "./ring-mistakes.ts";
import { RingMoves } from "./ring-moves.ts";

/** How one end of a ring works. */
export interface RingEndOptions extends RoleOptions {
  /**
   * Tell the other side once in so many slots, and when there is nothing more to do, instead of at each: what is not told yet is not there for it. Default 1.
   * With 64 an item takes a fifth of the time; `flush` tells the rest.
   */
  readonly flushEvery?: number;
}

/** One end of a ring, the producer or a consumer: its role, its chunks, its waiting and its end. */
export abstract class RingEnd<T extends Type<unknown, never>> extends RingMoves<T> implements Dependent, Disposable {
  readonly #others: readonly number[];
  readonly #roleWord: number;
  readonly #role: Role;
  readonly #isAlive: RoleOptions["isAlive"];
  #lease: Lease | undefined;
  #chunk: RingChunk<T> | undefined;
  /** Slots that are out of the way of everything else, in a chunk or while they are filled. */
  #claimed = 0;
  readonly #pace: Pace;
  #row: MovingView | undefined;
  /** Who waits here without holding the thread, made when first somebody does. */
  #waiter: Waiter | undefined;
  #tellEnded = (): void => {};

  /** Takes the role. `others` are the stages whose positions count for this end, -1 the producer's. */
  constructor(
    type: T,
    memory: Memory,
    plan: RingPlan,
    stage: number,
    others: readonly number[],
    name: string,
    options: RingEndOptions,
  ) {
    super(type, memory, plan, stage, others, name, checkFlushEvery(options.flushEvery ?? 1, `${name} of a ring of ${type.name}`));
    this.#others = others;
    this.#roleWord = roleOffset(plan, stage) / 4;
    this.#isAlive = options.isAlive;
    this.#role = new Role(memory, roleOffset(plan, stage), `ring of ${type.name}`, name, options);
    this.#role.take();
    this.#lease = memory.openLease(this.subject);
    this.begin();
    this.#pace = new Pace(plan.capacity, stage >= 0);
    memory.addDependent(this);
  }

  /** How many slots are this end's own, of a producer free ones, of a consumer full ones. Looks at the others. */
  protected abstract measure(): number;

  /** Whether the other side was there and is gone: it has closed, or is dead as far as `isAlive` knows. What it had told is there still. */
  get isAbandoned(): boolean {
    this.#living();
    return this.#others.every((other) => isAbandoned(this.memory, roleOffset(this.plan, other), this.#isAlive));
  }

  get closed(): boolean {
    return this.#lease === undefined || this.memory.closed;
  }

  /**
   * Sleeps until there is something to do: room for a producer, a value for a consumer. False when the time is over, or when the other side is gone and
   * nothing will come. Holds the thread: where there is an event loop to keep, take `waitReadyAsync`. Throws `closed`.
   *
   * ```ts
   * while (consumer.waitReady()) consumer.drain((tick) => …);
   * ```
   */
  waitReady(options: WaitOptions = {}): boolean {
    return this.ready > 0 || waitFor(this.#waiting(), options);
  }

  /** `waitReady` that does not hold the thread. Rejects with the reason of `options.signal` when that is aborted, with `closed` when this end is. */
  async waitReadyAsync(options: AsyncWaitOptions = {}): Promise<boolean> {
    return waitForAsync(this.#waiting(), options);
  }

  /** Leaves the role to others, after telling what was done, and wakes who waits for this end. A claimed chunk is aborted. Twice is harmless. */
  close(): void {
    if (this.#lease === undefined) return;
    const lease = this.#lease;
    // One that has lost its role has nothing to tell.
    const isMine = this.#role.isMine;
    if (!isMine) this.pending = 0;
    this.#chunk?.abort();
    this.flush();
    this.#role.leave();
    if (isMine) this.leave();
    this.#end();
    this.memory.removeDependent(this);
    this.memory.closeLease(lease, "was closed");
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** For `console.log`: not the words and plans of the ring. */
  [INSPECT](): string {
    return `<${this.subject} in ${this.memory[INSPECT]()}>`;
  }

  memoryMoved(): void {
    this.i32 = this.memory.i32;
    this.data = this.memory[this.view];
  }

  memoryClosed(): void {
    this.#end();
  }

  /** Looks how many slots are ready now. Throws `closed`, `participant-lost`, and `invalid-argument` while a chunk is claimed. */
  protected refresh(): number {
    this.#living();
    if (this.#claimed > 0) throwClaimed(this.subject, this.#claimed);
    if (this.i32[this.#roleWord] !== this.#role.identity) throwLost(this.subject);
    this.flush();
    this.#pace.rest();
    this.ready = this.measure();
    this.#pace.took(this.ready);
    this.#pace.ranDry();
    return this.ready;
  }

  /** `refresh`, but where so many slots are known to be ready without a look at the others, which keeps them busy. */
  protected atLeast(count: number): number {
    return this.ready > 0 && this.ready >= count ? this.ready : this.refresh();
  }

  /** The next `count` slots, out of the way of everything else; undefined when there are fewer. */
  protected claimChunk(count: number): RingChunk<T> | undefined {
    if (!(Number.isInteger(count) && count >= 1)) throwCount(this.subject, count);
    const ready = this.atLeast(count);
    if (ready < count) return undefined;
    this.#chunk = new RingChunk<T>(this.type, this.#living(), this.plan, this.position, count, (done) => {
      this.#chunk = undefined;
      this.settle(ready, done);
    });
    this.setAside(count);
    return this.#chunk;
  }

  /** From now on these slots are nobody's but the caller's, who settles it. */
  protected setAside(count: number): void {
    this.#claimed = count;
    this.ready = 0;
  }

  /** The first `done` of them are passed on. */
  protected settle(ready: number, done: number): void {
    // Closed meanwhile, or its memory was.
    if (this.#lease === undefined) return;
    this.#claimed = 0;
    this.ready = ready;
    this.advance(done);
    this.flush();
  }

  /** What stands for the slot where it lies: of a type with parts one view that moves from slot to slot, of others a fresh `{ value }`. */
  protected show(byteOffset: number): unknown {
    if (this.type.codec.shape !== "nested") return this.type.view(this.#living(), byteOffset);
    return this.moving().moveTo(byteOffset);
  }

  /** The view that moves from slot to slot, of a type with parts. */
  protected moving(): MovingView {
    const { slots } = this.plan;
    this.#row ??= new MovingView(this.type, this.#living(), slots, slots + this.capacity * this.type.byteSize);
    return this.#row;
  }

  #living(): Lease {
    return this.#lease ?? throwClosed(this.memory, this.subject);
  }

  #waiting(): Waiter {
    this.#waiter ??= {
      subject: this.subject,
      memory: this.memory,
      look: () => this.refresh() > 0,
      isOver: () => this.isAbandoned,
      mark: (asleep) => this.mark(asleep),
      ended: new Promise<void>((resolve) => {
        this.#tellEnded = resolve;
      }),
    };
    return this.#waiter;
  }

  #end(): void {
    this.#lease = undefined;
    this.#chunk = undefined;
    this.#claimed = 0;
    this.ready = 0;
    this.pending = 0;
    this.i32 = NO_WORDS;
    this.data = NO_WORDS;
    this.#tellEnded();
  }
}

const NO_WORDS = new Int32Array(0);
