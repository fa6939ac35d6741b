import { wasmMemory } from "../core/homes.ts";
import type { Memory } from "../core/memory.ts";
import type { WebAssemblyMemory } from "../core/ticket.ts";
import {
  add,
  and,
  block,
  branch,
  branchIf,
  either,
  equal,
  get,
  int,
  isZero,
  less,
  load,
  loadByte,
  loop,
  mul,
  or,
  rotateLeft,
  set,
  shiftLeft,
  shiftRight,
  store,
  sub,
  tee,
  trailingZeros,
  u8x16,
  wasmModule,
  when,
  xor,
} from "../core/wasm-code.ts";
import { FIRST, SECOND } from "./hash.ts";
import { TOKEN_WORDS } from "./token-list.ts";

/**
 * Finding tokens and hashing them in WebAssembly: what `scanTokens` does in TypeScript, in a third of the time.
 *
 *        0   of each low half of a byte, one bit for each high half with which it is a delimiter
 *       16   of each high half, its bit
 *       32   the bytes of all tokens found, i32
 *       64   the piece of text, and 16 bytes more that are read and not looked at
 *  TOKENS    | start i32 | byteLength i32 | hash i32 | …
 *
 * The memory is the kernel's own and never grows; text is copied in piece by piece. So it serves interners in every home.
 */
const HIGH_HALVES = 16;
const FOUND = 32;
const TEXT = 64;
export const PIECE_BYTES = 32 * 1024 - 128;
const TOKENS = 32 * 1024;
export const KERNEL_TOKENS = 2048;

// What the function is given: the piece's end, how many tokens at most, seed, secret, whether parts without bytes count. It returns where it ended.
const [END, MOST, SEED, SECRET, KEEP_EMPTY] = [0, 1, 2, 3, 4];
// Its own variables: the next 16 bytes; delimiters among them, a bit each; a token's begin and end; where it is told; the lanes; where it is read, and what.
const [AT, BITS, START, TO, OUT, A, B, PLACE, WORD, CHUNK] = [5, 6, 7, 8, 9, 10, 11, 12, 13, 14];

const mix = (word: readonly number[]) => [
  set(A, mul(xor(get(A), tee(WORD, word)), int(FIRST))),
  set(A, xor(get(A), shiftRight(get(A), int(15)))),
  set(B, rotateLeft(xor(mul(get(B), get(SECRET)), get(WORD)), int(9))),
];

/** See hash.ts: this is `hashBytes` from START to TO. */
const hash = () => [
  set(A, xor(get(SEED), int(FIRST))),
  set(B, get(SEED)),
  either(
    less(sub(get(TO), get(START)), int(4)),
    [
      when(
        sub(get(TO), get(START)),
        ...mix(
          or(
            or(loadByte(get(START)), shiftLeft(loadByte(add(get(START), shiftRight(sub(get(TO), get(START)), int(1)))), int(8))),
            shiftLeft(loadByte(sub(get(TO), int(1))), int(16)),
          ),
        ),
      ),
    ],
    [
      set(PLACE, get(START)),
      block(
        loop(
          branchIf(1, isZero(less(get(PLACE), sub(get(TO), int(4))))),
          ...mix(load(get(PLACE))),
          set(PLACE, add(get(PLACE), int(4))),
          branch(0),
        ),
      ),
      ...mix(load(sub(get(TO), int(4)))),
    ],
  ),
  set(A, add(get(A), mul(xor(get(B), sub(get(TO), get(START))), int(SECOND)))),
  set(A, mul(xor(get(A), shiftRight(get(A), int(16))), int(FIRST))),
  set(A, mul(xor(get(A), shiftRight(get(A), int(13))), int(SECOND))),
  set(A, xor(get(A), shiftRight(get(A), int(16)))),
];

/** Made when the first kernel is: most programs that load this never look for tokens. */
const kernelCode = () =>
  wasmModule({ params: 5, i32: 9, v128: 1 }, [
    set(AT, int(TEXT)),
    set(START, int(TEXT)),
    set(OUT, int(TOKENS)),
    set(MOST, add(int(TOKENS), mul(get(MOST), int(TOKEN_WORDS * 4)))),
    block(
      loop(
        branchIf(1, isZero(less(get(AT), get(END)))),
        set(CHUNK, u8x16.load(get(AT))),
        set(
          BITS,
          u8x16.highBits(
            u8x16.notEqual(
              u8x16.and(
                u8x16.lookUp(u8x16.load(int(0)), u8x16.and(get(CHUNK), u8x16.fill(int(0x0f)))),
                u8x16.lookUp(u8x16.load(int(HIGH_HALVES)), u8x16.shiftRight(get(CHUNK), int(4))),
              ),
              u8x16.fill(int(0)),
            ),
          ),
        ),
        when(
          less(sub(get(END), get(AT)), int(16)),
          set(BITS, and(get(BITS), sub(shiftLeft(int(1), sub(get(END), get(AT))), int(1)))),
        ),
        block(
          loop(
            branchIf(1, isZero(get(BITS))),
            branchIf(3, equal(get(OUT), get(MOST))),
            set(TO, add(get(AT), trailingZeros(get(BITS)))),
            set(BITS, and(get(BITS), sub(get(BITS), int(1)))),
            when(
              or(get(KEEP_EMPTY), sub(get(TO), get(START))),
              ...hash(),
              store(get(OUT), sub(get(START), int(TEXT))),
              store(get(OUT), sub(get(TO), get(START)), 4),
              store(get(OUT), get(A), 8),
              set(OUT, add(get(OUT), int(TOKEN_WORDS * 4))),
            ),
            set(START, add(get(TO), int(1))),
            branch(0),
          ),
        ),
        set(AT, add(get(AT), int(16))),
        branch(0),
      ),
    ),
    store(int(FOUND), sub(get(OUT), int(TOKENS))),
    sub(get(START), int(TEXT)),
  ]);

/** The part of the WebAssembly API that is used here; the compiler's library has no host types. */
interface WebAssemblyApi {
  Memory: new (limits: { initial: number; maximum: number }) => WebAssemblyMemory;
  Module: new (code: Uint8Array) => object;
  Instance: new (module: object, imports: { kernel: { memory: WebAssemblyMemory } }) => { readonly exports: { readonly run: Run } };
}
type Run = (end: number, most: number, seed: number, secret: number, keepEmpty: number) => number;

/** The kernel, with its memory. */
export class TokenKernel {
  /** As i32: the tokens that were found last lie from word `firstWord` on. */
  readonly memory: Memory;
  readonly firstWord = TOKENS / 4;
  readonly #run: Run;

  constructor(memory: Memory, run: Run) {
    this.memory = memory;
    this.#run = run;
  }

  /** For each byte whether it is a delimiter; none is beyond ASCII. */
  setDelimiters(kinds: Uint8Array): void {
    const { u8 } = this.memory;
    for (let half = 0; half < 16; half++) {
      u8[half] = 0;
      u8[HIGH_HALVES + half] = half < 8 ? 1 << half : 0;
    }
    for (let byte = 0; byte < 128; byte++) if (kinds[byte] !== 0) u8[byte & 15] |= 1 << (byte >>> 4);
  }

  /** Finds tokens that end within `source[start, end)`, at most PIECE_BYTES, and returns how far it came; `count` tells how many. */
  scan(source: Uint8Array, start: number, end: number, most: number, seed: number, secret: number, keepEmpty: boolean): number {
    this.memory.u8.set(source.subarray(start, end), TEXT);
    return start + this.#run(TEXT + end - start, Math.min(most, KERNEL_TOKENS), seed, secret, keepEmpty ? 1 : 0);
  }

  get count(): number {
    return this.memory.i32[FOUND / 4] / (TOKEN_WORDS * 4);
  }
}

/** Undefined where the engine has no WebAssembly, or may not compile any. */
export function makeTokenKernel(): TokenKernel | undefined {
  const api = (globalThis as { WebAssembly?: WebAssemblyApi }).WebAssembly;
  if (api === undefined) return undefined;
  try {
    const memory = new api.Memory({ initial: 1, maximum: 1 });
    const instance = new api.Instance(new api.Module(kernelCode()), { kernel: { memory } });
    return new TokenKernel(wasmMemory(memory), instance.exports.run);
  } catch {
    return undefined;
  }
}
