import { MemoryError } from "../core/errors.ts";
import { suppressed } from "./suppressed.ts";

/** What disposes of one thing. */
type Disposer = () => unknown;

/**
 * What scopes have in common: what was put in first is disposed of last. An error does not keep the others from their disposal; of two, the later one carries
 * the earlier as `suppressed`, as in the language's DisposableStack, whose ways these are.
 *
 * Invariant: once it has ended, by disposal or by `move`, it holds nothing.
 */
abstract class BaseScope {
  #disposers: Disposer[] = [];
  /** Why it takes nothing more, as the rest of a sentence. */
  #ended = "";

  get disposed(): boolean {
    return this.#ended !== "";
  }

  /** How many things are in it. */
  get size(): number {
    return this.#disposers.length;
  }

  /** Disposes of `value` in a way of its own. Returns it. Throws `invalid-argument`, `closed`. */
  adopt<Value>(value: Value, dispose: (value: Value) => unknown): Value {
    this.add("adopt", dispose, () => dispose(value));
    return value;
  }

  /** Calls `work` when its turn comes. Throws `invalid-argument`, `closed`. */
  defer(work: () => unknown): void {
    this.add("defer", work, () => work());
  }

  protected add(method: string, given: unknown, disposer: Disposer): void {
    this.check();
    if (typeof given === "function") this.#disposers.push(disposer);
    else refuse(`was not given a function for ${method}()`, "Pass what is to be called in the end.");
  }

  /** Everything, and nothing stays here. */
  protected take(event: string): Disposer[] {
    const disposers = this.#disposers;
    this.#disposers = [];
    if (this.#ended === "") this.#ended = event;
    return disposers;
  }

  protected put(disposers: Disposer[]): this {
    this.#disposers = disposers;
    return this;
  }

  protected check(): void {
    if (this.#ended === "") return;
    throw new MemoryError(this.#ended === "was moved" ? "moved" : "closed", {
      subject: "scope",
      event: `was used after it ${this.#ended}`,
      cure: "Put things into a scope while it is open.",
    });
  }

  checkInvariants(): string[] {
    return this.disposed && this.size > 0 ? [`it has ended and holds ${this.size}`] : [];
  }
}

/**
 * Things that end together, the last first, on whichever way the block is left.
 *
 * ```ts
 * using all = scope();
 * const memory = all.use(sharedMemory(MiB(1)));
 * const hero = all.use(own(bump(memory), Particle, { x: 1 }));
 * all.defer(() => log("done"));
 * ```
 */
export class Scope extends BaseScope implements Disposable {
  /** Disposes of `value`, which has `[Symbol.dispose]`; null and undefined pass through. Returns it. Throws `invalid-argument`, `closed`. */
  use<Value extends Disposable | null | undefined>(value: Value): Value {
    this.check();
    if (value === null || value === undefined) return value;
    const dispose: unknown = Reflect.get(Object(value), Symbol.dispose);
    if (typeof dispose !== "function")
      refuse("was given to use() what has no [Symbol.dispose]", "Use adopt(value, dispose), or an asyncScope.");
    this.add("use", dispose, () => Reflect.apply(dispose, value, []));
    return value;
  }

  /** All of it in a new scope; this one has ended without disposing of anything. For constructors that may fail half way. Throws `closed`. */
  move(): Scope {
    this.check();
    return new Scope().put(this.take("was moved"));
  }

  /** Ends all, the last first. Twice is harmless. */
  dispose(): void {
    const errors = new Errors();
    for (const disposer of this.take("was disposed of").reverse()) {
      try {
        disposer();
      } catch (error) {
        errors.add(error);
      }
    }
    errors.throwAny();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** A {@link Scope} for things whose disposal is asynchronous: they end one after the other. */
export class AsyncScope extends BaseScope implements AsyncDisposable {
  /** Disposes of `value`, by `[Symbol.asyncDispose]` where it has that. See `Scope.use`. */
  use<Value extends AsyncDisposable | Disposable | null | undefined>(value: Value): Value {
    this.check();
    if (value === null || value === undefined) return value;
    const dispose: unknown = Reflect.get(Object(value), Symbol.asyncDispose) ?? Reflect.get(Object(value), Symbol.dispose);
    if (typeof dispose !== "function")
      refuse("was given to use() what has neither [Symbol.asyncDispose] nor [Symbol.dispose]", "Use adopt(value, dispose).");
    this.add("use", dispose, () => Reflect.apply(dispose, value, []));
    return value;
  }

  /** See `Scope.move`. */
  move(): AsyncScope {
    this.check();
    return new AsyncScope().put(this.take("was moved"));
  }

  /** Ends all, the last first, each when the one before has ended. Twice is harmless. */
  async disposeAsync(): Promise<void> {
    const errors = new Errors();
    for (const disposer of this.take("was disposed of").reverse()) {
      try {
        await disposer();
      } catch (error) {
        errors.add(error);
      }
    }
    errors.throwAny();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.disposeAsync();
  }
}

/** A scope: `using all = scope()`. See {@link Scope}. */
export function scope(): Scope {
  return new Scope();
}

/** A scope for asynchronous disposal: `await using all = asyncScope()`. See {@link AsyncScope}. */
export function asyncScope(): AsyncScope {
  return new AsyncScope();
}

/** The errors of several disposals as one. */
class Errors {
  #any = false;
  #error: unknown;

  add(error: unknown): void {
    this.#error = this.#any ? suppressed(error, this.#error) : error;
    this.#any = true;
  }

  throwAny(): void {
    if (this.#any) throw this.#error;
  }
}

function refuse(event: string, cure: string): never {
  throw new MemoryError("invalid-argument", { subject: "scope", event, cure });
}
