/** What V8 writes the stack into: at the first look at `stack`, so that taking it costs a fraction of telling it. */
interface StackHolder {
  stack?: string;
}

/** Where the compiled package lies: frames in there are not what the reader looks for. */
const OWN_FOLDER = import.meta.url.slice(0, import.meta.url.lastIndexOf("/debug/") + 1);
/** Code that offheap has written for a type (`offheap/Point.methods.2.js:19:169`), and what the engine calls by itself (`Array.map (<anonymous>)`). */
const OWN_CODE = /(?:^|[(@])offheap\/[^()]+\.\d+\.js:|\(<anonymous>\)$|@\[native code\]$/;
/** Frames of offheap above the one that called it, which are taken and then left out. */
const OWN_FRAMES = 24;

const V8 = typeof Error.captureStackTrace === "function";

/**
 * A place in the program: the stack at one moment. Taking it costs some microseconds; it is put into words only when somebody
 * reads `frames`, which costs several times more.
 */
export class Place {
  #holder: StackHolder | undefined;
  #frames: readonly string[] = [];
  readonly #depth: number;

  /**
   * Here, with the innermost `depth` frames outside of offheap. An unread one keeps alive what its frames saw; with `readNow` it is put into words
   * at once.
   */
  constructor(depth: number, readNow = false) {
    this.#depth = depth;
    this.#holder = V8 ? Place.#take(depth) : new Error();
    if (readNow) this.#read();
  }

  static #take(depth: number): StackHolder {
    const holder: StackHolder = {};
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = depth + OWN_FRAMES;
    Error.captureStackTrace(holder, Place);
    Error.stackTraceLimit = stackTraceLimit;
    return holder;
  }

  /** From the innermost on: `load (file:///srv/app/load.js:12:5)`. */
  get frames(): readonly string[] {
    this.#read();
    return this.#frames;
  }

  /** Lets go of what the engine kept for it. */
  #read(): void {
    if (this.#holder !== undefined) {
      this.#frames = framesOf(this.#holder.stack ?? "", this.#depth);
      this.#holder = undefined;
    }
  }
}

/** The frames of a stack as V8 (`    at f (url:1:2)`), SpiderMonkey and JavaScriptCore (`f@url:1:2`) tell it, without those of offheap on top. */
export function framesOf(stack: string, depth: number): readonly string[] {
  const lines = stack.split("\n").map((line) => line.trim());
  const frames = lines.some((line) => line.startsWith("at "))
    ? lines.filter((line) => line.startsWith("at ")).map((line) => line.slice(3))
    : lines.filter((line) => line.includes("@"));
  const first = frames.findIndex((frame) => !frame.includes(OWN_FOLDER) && !OWN_CODE.test(frame));
  return frames.slice(Math.max(first, 0)).slice(0, depth);
}
