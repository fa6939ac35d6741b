import type { AsyncWaitOptions } from "../waiting.ts";

/** How long to wait for a lock. */
export interface HoldOptions {
  /** Default: that of the lock, which is 10 seconds unless it was made with another. `Infinity`: for ever. */
  readonly timeoutMs?: number;
}

export type AsyncHoldOptions = HoldOptions & Pick<AsyncWaitOptions, "signal">;

/** Something that is held, until it is released: `using held = lock.hold()`. */
export class Held implements Disposable {
  #release: (() => void) | undefined;

  constructor(release: () => void) {
    this.#release = release;
  }

  get isReleased(): boolean {
    return this.#release === undefined;
  }

  /** Once; later calls do nothing. */
  release(): void {
    const release = this.#release;
    this.#release = undefined;
    release?.();
  }

  [Symbol.dispose](): void {
    this.release();
  }
}

/**
 * What can be held by this thread. `acquire` and `release` make no garbage; the others are written over them.
 *
 * `acquire` throws `locked`, naming who has it, when the time is over; `closed` once it is closed; `invalid-argument` where waiting would never end, since
 * this very participant has it. `acquireAsync` never holds the thread, and waits for other work of the same thread too.
 */
export abstract class Holdable {
  /** Waits until this participant has it, blocking the thread. */
  abstract acquire(options?: HoldOptions): void;
  /** Takes it where nobody has it. False otherwise; never waits. */
  abstract tryAcquire(): boolean;
  /** Like `acquire`, in the event loop. */
  abstract acquireAsync(options?: AsyncHoldOptions): Promise<void>;
  /** Lets go of it and wakes who waits. Throws `invalid-argument` where this participant does not have it. */
  abstract release(): void;

  /** `acquire`, and `release` at the end of the block: `using held = lock.hold()`. Throws what `acquire` throws. */
  hold(options?: HoldOptions): Held {
    this.acquire(options);
    return new Held(() => this.release());
  }

  /** Undefined where another has it. */
  tryHold(): Held | undefined {
    return this.tryAcquire() ? new Held(() => this.release()) : undefined;
  }

  /** Like `hold`, in the event loop: `using held = await lock.holdAsync()`. */
  async holdAsync(options?: AsyncHoldOptions): Promise<Held> {
    await this.acquireAsync(options);
    return new Held(() => this.release());
  }
}

/** A side of a lock that has several. */
export function holdable(parts: Pick<Holdable, "acquire" | "tryAcquire" | "acquireAsync" | "release">): Holdable {
  return new Side(parts);
}

class Side extends Holdable {
  readonly #parts: Parameters<typeof holdable>[0];

  constructor(parts: Parameters<typeof holdable>[0]) {
    super();
    this.#parts = parts;
  }

  acquire(options?: HoldOptions): void {
    this.#parts.acquire(options);
  }

  tryAcquire(): boolean {
    return this.#parts.tryAcquire();
  }

  acquireAsync(options?: AsyncHoldOptions): Promise<void> {
    return this.#parts.acquireAsync(options);
  }

  release(): void {
    this.#parts.release();
  }
}
