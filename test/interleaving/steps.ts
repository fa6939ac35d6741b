import type { Memory } from "../../src/core/memory.ts";

/**
 * Explores what happens between the atomic operations of the very code that is tested.
 *
 * `Atomics` is replaced while a piece of work runs: before each of its operations, a step, something else can happen. At a chosen step the work dies
 * there, as a process does that is killed: none of its later operations take effect, those in `finally` neither. Or another participant's work comes
 * in between, whole, and is interrupted itself at its steps.
 */
const OPERATIONS = ["load", "store", "compareExchange", "add", "sub", "and", "or", "xor", "exchange", "notify", "wait"] as const;

/** What work throws that has died. */
export class Died extends Error {
  override readonly name = "Died";
}

let onStep: (() => void) | undefined;
let installed = false;

function install(): void {
  if (installed) return;
  installed = true;
  for (const name of OPERATIONS) {
    const original: unknown = Reflect.get(Atomics, name);
    if (typeof original !== "function") continue;
    const stepping = (...parameters: unknown[]): unknown => {
      onStep?.();
      const [elements, ...others] = parameters;
      return Reflect.apply(original, Atomics, [storesOf.get(Object(elements)) ?? elements, ...others]);
    };
    Object.defineProperty(Atomics, name, { value: stepping, configurable: true, writable: true });
  }
}

/** The typed arrays behind those whose stores are steps. */
const storesOf = new WeakMap<object, Int32Array>();

/**
 * Makes each plain store to `memory.i32` a step too, for work in which a process may be killed anywhere and not only where others can see it. Not for
 * code that looks at the memory through leases.
 */
export function makeStoresSteps(memory: Memory): void {
  install();
  const { i32 } = memory;
  const stepping = new Proxy(i32, {
    get(target, key) {
      const found: unknown = Reflect.get(target, key);
      return typeof found === "function" ? found.bind(target) : found;
    },
    set(target, key, value) {
      onStep?.();
      return Reflect.set(target, key, value);
    },
  });
  storesOf.set(stepping, i32);
  Object.defineProperty(memory, "i32", { value: stepping, configurable: true, writable: true, enumerable: true });
}

/** Runs `work` and calls `step` before each of its atomic operations with its number, from 0 on. Steps of work within `step` are its own. */
export function steppedThrough<Result>(work: () => Result, step: (number: number) => void): Result {
  install();
  const before = onStep;
  let number = 0;
  const here = (): void => {
    onStep = before === undefined ? undefined : () => {};
    try {
      step(number++);
    } finally {
      onStep = here;
    }
  };
  onStep = here;
  try {
    return work();
  } finally {
    onStep = before;
  }
}

/** How many steps `work` takes. */
export function countSteps(work: () => unknown): number {
  let steps = 0;
  steppedThrough(work, () => {
    steps += 1;
  });
  return steps;
}

/** Runs `work` until just before step `last`, where it dies. True when it did, false when it was through before. */
export function diesAt(last: number, work: () => unknown): boolean {
  let dead = false;
  try {
    steppedThrough(work, (number) => {
      if (number < last && !dead) return;
      dead = true;
      throw new Died();
    });
  } catch (error) {
    if (!(error instanceof Died)) throw error;
  }
  return dead;
}

/** Runs `work`, and `other` whole just before its step `at`. */
export function interruptedAt<Result>(at: number, work: () => Result, other: () => void): Result {
  return steppedThrough(work, (number) => {
    if (number === at) other();
  });
}
