import type { Memory } from "../../../src/core/memory.ts";
import { ELEMENT_BYTES, VIEW_NAMES } from "../../../src/core/views.ts";

/** What work throws whose machine has gone down. */
export class WentDown extends Error {
  override readonly name = "WentDown";
}

/** The bytes of a unit of 8 after a store. */
interface Stored {
  readonly unit: number;
  readonly low: number;
  readonly high: number;
}

const unwrapped = new WeakMap<
  object,
  { readonly view: ArrayLike<unknown> & object; readonly log: StoreLog; readonly elementBytes: number }
>();
let installed = false;

/**
 * Sees every store to a memory, and knows what a disk would have after a power failure at any of them: what was there at the last sync, and of what was stored
 * since then any part.
 */
export class StoreLog {
  readonly #memory: Memory;
  readonly #words: Uint32Array;
  #durable: Uint32Array;
  #stored: Stored[] = [];
  /** The words when it went down. */
  #left: Uint32Array | undefined;
  /** Stores until the machine goes down. */
  left = Number.POSITIVE_INFINITY;
  count = 0;

  constructor(memory: Memory) {
    install();
    this.#memory = memory;
    this.#words = memory.u32;
    this.#durable = memory.u32.slice();
    for (const name of VIEW_NAMES)
      Object.defineProperty(memory, name, { value: this.#wrap(memory[name], ELEMENT_BYTES[name]), configurable: true });
  }

  /** The log of a memory that has all that this one has, for who comes after a process that was killed. */
  handedOver(memory: Memory): StoreLog {
    const next = new StoreLog(memory);
    next.#durable = this.#durable;
    next.#stored = this.#stored;
    next.count = this.count;
    return next;
  }

  /** All as it was when the machine or the process went down, or is now. */
  words(): Uint32Array {
    return (this.#left ?? this.#words).slice();
  }

  sync(): void {
    this.#durable = this.#words.slice();
    this.#stored = [];
  }

  /** What a disk may have now: each unit of `unitBytes` as it was at some moment since the last sync, `prefix`: all of them as they are now. */
  image(random: () => number, unitBytes: number, prefix: boolean): Uint32Array {
    if (prefix) return this.words();
    const image = this.#durable.slice();
    const moments = new Map<number, number>();
    for (const [at, { unit, low, high }] of this.#stored.entries()) {
      const block = Math.floor((unit * 8) / unitBytes);
      let moment = moments.get(block);
      if (moment === undefined) {
        const chance = random();
        moment = chance < 0.4 ? -1 : chance < 0.8 ? Number.POSITIVE_INFINITY : Math.floor(random() * this.#stored.length);
        moments.set(block, moment);
      }
      if (at <= moment) [image[unit * 2], image[unit * 2 + 1]] = [low, high];
    }
    return image;
  }

  /** Notes what is at a byte after a store. */
  note(byteOffset: number): void {
    // What unwinds is not there any more.
    if (this.#left !== undefined) throw new WentDown();
    const unit = Math.floor(byteOffset / 8);
    this.#stored.push({ unit, low: this.#words[unit * 2], high: this.#words[unit * 2 + 1] });
    this.count += 1;
    this.left -= 1;
    if (this.left > 0) return;
    this.#left = this.#words.slice();
    throw new WentDown();
  }

  get memory(): Memory {
    return this.#memory;
  }

  #wrap<View extends ArrayLike<unknown> & object>(view: View, elementBytes: number): View {
    const log = this;
    const wrapped = new Proxy(view, {
      get(target, name) {
        const found: unknown = Reflect.get(target, name, target);
        if (typeof found !== "function") return found;
        if (name === "fill") {
          return (value: unknown, start = 0, end = target.length) => {
            for (let at = start; at < end; at++) Reflect.set(wrapped, at, value);
            return wrapped;
          };
        }
        if (name === "set") {
          return (source: ArrayLike<unknown>, start = 0) => {
            for (let at = 0; at < source.length; at++) Reflect.set(wrapped, start + at, source[at]);
          };
        }
        return found.bind(target);
      },
      set(target, name, value) {
        Reflect.set(target, name, value, target);
        if (typeof name === "string" && /^\d+$/.test(name)) log.note(Number(name) * elementBytes);
        return true;
      },
    });
    unwrapped.set(wrapped, { view, log, elementBytes });
    return wrapped;
  }
}

const OPERATIONS = ["load", "store", "compareExchange", "add", "sub", "and", "or", "xor", "exchange", "notify", "wait"] as const;

/** `Atomics` takes typed arrays only: here what wraps one too. */
function install(): void {
  if (installed) return;
  installed = true;
  for (const name of OPERATIONS) {
    const original: unknown = Reflect.get(Atomics, name);
    if (typeof original !== "function") continue;
    const through = (view: object, index: number, ...others: unknown[]): unknown => {
      const found = unwrapped.get(view);
      if (found === undefined) return Reflect.apply(original, Atomics, [view, index, ...others]);
      const result: unknown = Reflect.apply(original, Atomics, [found.view, index, ...others]);
      if (name !== "load" && name !== "notify" && name !== "wait") found.log.note(index * found.elementBytes);
      return result;
    };
    Object.defineProperty(Atomics, name, { value: through, configurable: true, writable: true });
  }
}
