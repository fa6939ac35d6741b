/** What rewritten code (see transform.ts) calls. One thread of the exploration runs at a time; what it is about to do lies in `pending`. */

type Generated = Generator<undefined, unknown, undefined>;
type AnyFunction = (...args: unknown[]) => unknown;
type Pair = AnyFunction & { [GENERATOR]?: (...args: unknown[]) => Generated };

const GENERATOR = Symbol("generator");

/** A sleep that a thread has asked for. */
export interface Sleep {
  readonly place: string;
  /** On the clock of the exploration. */
  readonly until: number;
  woken: boolean;
}

/** The access before which a thread has stopped. */
export interface Pending {
  operation: string;
  view: unknown;
  index: unknown;
  /** Set where the thread sleeps. */
  sleep: Sleep | undefined;
}

export const pending: Pending = { operation: "", view: undefined, index: undefined, sleep: undefined };
/** Sleepers in the order in which they came. */
export const sleepers: Sleep[] = [];
let clock = 0;
/** How many runs in one go are around. */
let draining = 0;
let seed = 1;

export function resetRuntime(): void {
  clock = 0;
  seed = 1;
  draining = 0;
  sleepers.length = 0;
  pending.sleep = undefined;
}

export function advanceClock(to: number): void {
  clock = Math.max(clock, to);
}

export function now(): number {
  return clock;
}

export function random(): number {
  seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fff_ffff;
  return seed / 0x8000_0000;
}

/** Runs to the end in one go. Who would sleep then has slept: nobody else can come. */
export function drain(steps: Generated): unknown {
  draining += 1;
  try {
    for (;;) {
      const { done, value } = steps.next();
      if (done === true) return value;
      const { sleep } = pending;
      if (sleep === undefined) throw new Error("stopped in the middle of what runs in one go");
      pending.sleep = undefined;
      sleepers.splice(sleepers.indexOf(sleep), 1);
      advanceClock(sleep.until === Number.POSITIVE_INFINITY ? clock + 1 : sleep.until);
    }
  } finally {
    draining -= 1;
  }
}

/** The generator of a function that was rewritten, started. */
export function stepsOf(work: unknown): Generated {
  const generator = typeof work === "function" ? (work as Pair)[GENERATOR] : undefined;
  if (generator === undefined) throw new Error("the work of a thread must be a function of a module that was rewritten");
  return generator();
}

export function mark(pair: Pair, generator: (...args: unknown[]) => Generated): void {
  pair[GENERATOR] = generator;
}

export function pair(generator: (...args: unknown[]) => Generated): Pair {
  const made: Pair = function (this: unknown, ...args: unknown[]) {
    return drain(generator.apply(this, args));
  };
  made[GENERATOR] = generator;
  return made;
}

export function arrow(self: unknown, generator: (...args: unknown[]) => Generated): Pair {
  return pair((...args) => generator.apply(self, args));
}

export function* call(callee: unknown, ...args: unknown[]): Generated {
  const generator = (callee as Pair)[GENERATOR];
  return generator === undefined ? (callee as AnyFunction)(...args) : yield* generator(...args);
}

/** `generator` is the name that the generator of a method has where the method was rewritten. */
export function* method(object: unknown, name: PropertyKey, generatorName: string, ...args: unknown[]): Generated {
  const on = object as Record<PropertyKey, AnyFunction & Pair>;
  const paired = on[generatorName];
  if (paired !== undefined) return yield* paired.apply(object, args) as Generated;
  const own = on[name];
  const generator = own?.[GENERATOR];
  if (generator !== undefined) return yield* generator.apply(object, args);
  if (isStop(object)) yield about(String(name), object, args[0]);
  return own.apply(object, args);
}

export function* read(object: unknown, key: PropertyKey): Generated {
  if (isStop(object)) yield about("read", object, key);
  return (object as Record<PropertyKey, unknown>)[key];
}

export function* write(object: unknown, key: PropertyKey, value: unknown): Generated {
  if (isStop(object)) yield about("write", object, key);
  (object as Record<PropertyKey, unknown>)[key] = value;
  return value;
}

/** A compound assignment: a read and a write, between which others may come. */
export function* update(
  object: unknown,
  key: PropertyKey,
  change: (before: unknown, value: unknown) => unknown,
  value: unknown,
  after: boolean,
): Generated {
  const before = yield* read(object, key);
  const changed = yield* write(object, key, change(before, value));
  return after ? changed : before;
}

export function* atomics(operation: string, view: unknown, index: number, ...args: unknown[]): Generated {
  const shared = isSharedView(view);
  if (isStop(view)) yield about(operation, view, index);
  if (shared && operation === "wait") return yield* wait(view, index, args[0], args[1]);
  if (shared && operation === "notify") return notify(placeOf(view, index), args[0]);
  return Reflect.apply(Reflect.get(Atomics, operation) as AnyFunction, Atomics, [view, index, ...args]);
}

function* wait(view: unknown, index: number, seen: unknown, timeoutMs: unknown): Generated {
  if ((view as Record<number, unknown>)[index] !== seen) return "not-equal";
  const until = typeof timeoutMs === "number" ? clock + timeoutMs : Number.POSITIVE_INFINITY;
  const sleep: Sleep = { place: placeOf(view, index), until, woken: false };
  sleepers.push(sleep);
  pending.sleep = sleep;
  yield about("sleep", view, index);
  return sleep.woken ? "ok" : "timed-out";
}

function notify(place: string, count: unknown): number {
  const most = typeof count === "number" ? count : Number.POSITIVE_INFINITY;
  let woken = 0;
  for (let at = 0; at < sleepers.length && woken < most; ) {
    if (sleepers[at].place === place) {
      sleepers[at].woken = true;
      sleepers.splice(at, 1);
      woken += 1;
    } else at += 1;
  }
  return woken;
}

function about(operation: string, view: unknown, index: unknown): undefined {
  pending.operation = operation;
  pending.view = view;
  pending.index = index;
}

/** Whether an access is one to stop before. */
function isStop(value: unknown): boolean {
  return draining === 0 && isSharedView(value);
}

function isSharedView(value: unknown): value is ArrayBufferView {
  return ArrayBuffer.isView(value) && value.buffer instanceof SharedArrayBuffer;
}

const bufferNumbers = new WeakMap<object, number>();
let buffers = 0;

/** The bytes that an element of a view is, as a word that is the same for every view of the buffer. */
export function placeOf(view: unknown, index: unknown): string {
  if (!ArrayBuffer.isView(view)) return "";
  let number = bufferNumbers.get(view.buffer);
  if (number === undefined) {
    number = buffers++;
    bufferNumbers.set(view.buffer, number);
  }
  const width = "BYTES_PER_ELEMENT" in view && typeof view.BYTES_PER_ELEMENT === "number" ? view.BYTES_PER_ELEMENT : 1;
  return `${number}:${view.byteOffset + Number(index) * width}`;
}
