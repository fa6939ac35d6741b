import type { Ptr } from "../core/brand.ts";
import { MemoryError } from "../core/errors.ts";
import type { Allocator, Placeable } from "./allocator.ts";

/**
 * What exists for the compiler alone: the mark of something that lives as long as `Life` and no longer. Neither a longer nor a shorter life fits
 * in its place.
 */
declare class Lifetime<Life> {
  protected readonly life: (life: Life) => Life;
}

/** A value that must not leave its scope. Inside it can be used like any other. */
export type Local<Value, Life> = Value & Lifetime<Life>;

/** What a scope's body returns: not a promise, because what comes after `await` runs when the scope has ended. */
export type Settled<Result> = Result extends PromiseLike<unknown> ? never : Result;

/** The body of a scope. It works for every `Life`, so it can know none, and nothing that is marked with one fits into `Result`. */
export type ScopeBody<Result> = <Life>(scope: ScopedAllocator<Life>) => Result;

/**
 * Where the body of a scope allocates. What it makes ends with the scope; returning it, alone or inside something else, does not compile:
 *
 * ```ts
 * const length = scratch.scope((s) => {
 *   const p = s.create(Vector, { x: 3, y: 4 });
 *   return Math.hypot(p.x, p.y);                  // a number may leave, so may Vector.copy(p)
 * });                                             // returning p: compile error
 * ```
 *
 * What is kept in a variable from outside, or in a closure, the compiler does not see: its views throw `stale-view`.
 */
export class ScopedAllocator<Life> {
  readonly #allocator: Allocator;

  /** For Arena; use `arena.scope(body)`. */
  constructor(allocator: Allocator) {
    this.#allocator = allocator;
  }

  /** To hand to structures that are made in the scope, such as `interner(s.allocator)`. */
  get allocator(): Local<Allocator, Life> {
    return local(this.#allocator);
  }

  /** See Allocator. */
  create<Input, View>(type: Placeable<Input, View>, init?: Input): Local<View, Life> {
    return local(this.#allocator.create(type, init));
  }

  /** See Allocator. */
  place<Input>(type: Placeable<Input, unknown>, init?: Input): Local<Ptr, Life> {
    return local(this.#allocator.place(type, init));
  }

  /** See Allocator. */
  alloc(byteSize: number, align?: number): Local<Ptr, Life> {
    return local(this.#allocator.alloc(byteSize, align));
  }

  /** See Allocator. */
  tryAlloc(byteSize: number, align?: number): Local<Ptr, Life> {
    return local(this.#allocator.tryAlloc(byteSize, align));
  }

  /** See Allocator. */
  allocZeroed(byteSize: number, align?: number): Local<Ptr, Life> {
    return local(this.#allocator.allocZeroed(byteSize, align));
  }

  /** See Allocator. */
  dupe(bytes: Uint8Array, align?: number): Local<Ptr, Life> {
    return local(this.#allocator.dupe(bytes, align));
  }
}

/** Runs `body` and ends `scope`, whatever happens. Throws `invalid-argument` for a body that is not done when it returns. */
export function runScope<Result>(allocator: Allocator, scope: Disposable, body: ScopeBody<Result>): Settled<Result> {
  try {
    const result = body(new ScopedAllocator(allocator));
    if (isSettled(result)) return result;
    throw new MemoryError("invalid-argument", {
      subject: allocator.subject,
      event: "was given a scope whose body returns a promise, which goes on when the scope has ended",
      cure: "Use `using scope = arena.scope()` in asynchronous code, in an arena that no other code uses meanwhile.",
    });
  } finally {
    scope[Symbol.dispose]();
  }
}

/** The mark is not there at run time. */
function local<Value, Life>(value: Value): Local<Value, Life> {
  return value as Local<Value, Life>;
}

function isSettled<Result>(result: Result): result is Result & Settled<Result> {
  return !(typeof result === "object" && result !== null && "then" in result && typeof result.then === "function");
}
