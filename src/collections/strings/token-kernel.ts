import { wasmMemory } from "../../core/homes.ts";
import type { Memory } from "../../core/memory.ts";
import type { WebAssemblyMemory } from "../../core/ticket.ts";
import { KERNEL, KERNEL_TOKENS, kernelCode } from "./token-kernel-code.ts";
import { HASH, type IdArray, INDEX, TOKEN_WORDS } from "./token-list.ts";

export { KERNEL_TOKENS, PIECE_BYTES } from "./token-kernel-code.ts";

const PAGE_BYTES = 64 * 1024;
/** Numbers of interners have 26 bits. */
const MOST_NUMBER = 2 ** 26 - 1;

/** The part of the WebAssembly API that is used here; the compiler's library has no host types. */
interface WebAssemblyApi {
  Memory: new (limits: { initial: number; maximum: number }) => WebAssemblyMemory;
  Module: new (code: Uint8Array) => object;
  Instance: new (module: object, imports: { kernel: { memory: WebAssemblyMemory } }) => { readonly exports: KernelFunctions };
}
interface KernelFunctions {
  readonly scan: (end: number, most: number, seed: number, secret: number, keepEmpty: number, owner: number) => number;
  readonly learn: (listEnd: number, owner: number, turn: number) => number;
}

/**
 * Finds tokens and hashes them in WebAssembly, and remembers some thousands of short ones with the ids that it was told: what is seen again soon has its id in
 * 10 to 15 ns. Text is copied in piece by piece, so it serves interners in every home; what it remembers it remembers for each of them. An id that was given out is
 * never another string's, so nothing of that is ever wrong later.
 */
export class TokenKernel {
  readonly memory: Memory;
  /** As i32: the unknown tokens that were found last lie from this word on. */
  readonly firstWord = KERNEL.TOKENS / 4;
  readonly #functions: KernelFunctions;
  readonly #mostNumber: number;
  #numbers = new WeakMap<object, number>();
  #lastNumber = 0;
  /** Which place of a set is to be forgotten next. */
  #turn = 0;

  constructor(memory: Memory, functions: KernelFunctions, mostNumber: number) {
    this.memory = memory;
    this.#functions = functions;
    this.#mostNumber = mostNumber;
    memory.u8.fill(0xff, KERNEL.MASKS, KERNEL.MASKS + 32);
  }

  /** For each byte whether it is a delimiter; none is beyond ASCII. */
  setDelimiters(kinds: Uint8Array): void {
    const { u8 } = this.memory;
    for (let half = 0; half < 16; half++) {
      u8[half] = 0;
      u8[KERNEL.HIGH_HALVES + half] = half < 8 ? 1 << half : 0;
    }
    for (let byte = 0; byte < 128; byte++) if (kinds[byte] !== 0) u8[byte & 15] |= 1 << (byte >>> 4);
  }

  /** What to call an interner in `scan`. */
  numberOf(owner: object): number {
    const known = this.#numbers.get(owner);
    if (known !== undefined) return known;
    if (this.#lastNumber === this.#mostNumber) {
      this.#lastNumber = 0;
      this.#numbers = new WeakMap();
      this.memory.u8.fill(0, KERNEL.SETS);
    }
    this.#lastNumber += 1;
    this.#numbers.set(owner, this.#lastNumber);
    return this.#lastNumber;
  }

  /** Finds tokens that end within `source[start, end)`, at most PIECE_BYTES, and returns how far it came; `count` and `unknownCount` tell how many. */
  scan(
    source: Uint8Array,
    start: number,
    end: number,
    most: number,
    seed: number,
    secret: number,
    keepEmpty: boolean,
    number: number,
  ): number {
    this.memory.u8.set(source.subarray(start, end), KERNEL.TEXT);
    const owner = number << KERNEL.LENGTH_BITS;
    return (
      start + this.#functions.scan(KERNEL.TEXT + end - start, Math.min(most, KERNEL_TOKENS), seed, secret, keepEmpty ? 1 : 0, owner)
    );
  }

  get unknownCount(): number {
    return this.memory.i32[KERNEL.FOUND / 4] / (TOKEN_WORDS * 4);
  }

  get count(): number {
    return this.memory.i32[KERNEL.FOUND / 4 + 1] / 4;
  }

  /** The ids of all tokens, 0 where they are unknown; of the type that most arrays for ids have, which copies fastest. */
  ids(count: number): Uint32Array {
    return this.memory.u32.subarray(KERNEL.IDS / 4, KERNEL.IDS / 4 + count);
  }

  /** Remembers the first `count` unknown tokens of the last scan, whose ids lie where they belong, from `ids[at]` on. */
  learn(ids: IdArray, at: number, count: number, number: number): void {
    const { i32 } = this.memory;
    const end = this.firstWord + count * TOKEN_WORDS;
    for (let word = this.firstWord; word < end; word += TOKEN_WORDS) i32[word + HASH] = ids[at + i32[word + INDEX]];
    this.#turn = this.#functions.learn(end * 4, number << KERNEL.LENGTH_BITS, this.#turn);
  }
}

/** Undefined where the engine has no WebAssembly, or may not compile any. */
export function makeTokenKernel(mostNumber = MOST_NUMBER): TokenKernel | undefined {
  const api = (globalThis as { WebAssembly?: WebAssemblyApi }).WebAssembly;
  if (api === undefined) return undefined;
  try {
    const pages = Math.ceil(KERNEL.KERNEL_BYTES / PAGE_BYTES);
    const memory = new api.Memory({ initial: pages, maximum: pages });
    const instance = new api.Instance(new api.Module(kernelCode()), { kernel: { memory } });
    return new TokenKernel(wasmMemory(memory), instance.exports, mostNumber);
  } catch {
    return undefined;
  }
}
