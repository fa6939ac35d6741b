/**
 * WebAssembly written as nested calls: what our kernels are made of, so that no binary blob lies about that nobody can read.
 *
 * ```ts
 * const SUM = 2;
 * const sum = { name: "sum", params: 2, i32: 1, v128: 0, body: [set(SUM, add(get(0), get(1))), get(SUM)] };       // (a, b) => a + b
 * const code = wasmModule([sum]);
 * ```
 *
 * An instruction is the bytes of its operands, then its own. Everything is an i32, but for what `i64`, `u8x16` and `i32x4` say. A module's functions work on the
 * memory that it imports as `kernel.memory`. Nothing is checked here: the engine validates the whole.
 */
export type Code = readonly number[];

const of = (opcode: Code, ...operands: readonly Code[]): Code => [...operands.flat(), ...opcode];
const simd = (opcode: number): Code => [0xfd, ...unsigned(opcode)];

export const get = (local: number): Code => [0x20, local];
export const set = (local: number, value: Code): Code => of([0x21, local], value);
/** `set` that is the value, too. */
export const tee = (local: number, value: Code): Code => of([0x22, local], value);
export const int = (value: number): Code => [0x41, ...signed(value)];

export const add = (a: Code, b: Code): Code => of([0x6a], a, b);
export const sub = (a: Code, b: Code): Code => of([0x6b], a, b);
export const mul = (a: Code, b: Code): Code => of([0x6c], a, b);
export const and = (a: Code, b: Code): Code => of([0x71], a, b);
export const or = (a: Code, b: Code): Code => of([0x72], a, b);
export const xor = (a: Code, b: Code): Code => of([0x73], a, b);
export const shiftLeft = (a: Code, b: Code): Code => of([0x74], a, b);
export const shiftRight = (a: Code, b: Code): Code => of([0x76], a, b);
export const rotateLeft = (a: Code, b: Code): Code => of([0x77], a, b);
export const trailingZeros = (a: Code): Code => of([0x68], a);
export const bitCount = (a: Code): Code => of([0x69], a);
/** `a` where the condition holds, else `b`; both are worked out, and nothing branches. */
export const select = (a: Code, b: Code, condition: Code): Code => of([0x1b], a, b, condition);
export const isZero = (a: Code): Code => of([0x45], a);
export const equal = (a: Code, b: Code): Code => of([0x46], a, b);
export const less = (a: Code, b: Code): Code => of([0x49], a, b);

export const load = (at: Code, offset = 0): Code => of([0x28, 0, ...unsigned(offset)], at);
export const loadByte = (at: Code, offset = 0): Code => of([0x2d, 0, ...unsigned(offset)], at);
export const store = (at: Code, value: Code, offset = 0): Code => of([0x36, 2, ...unsigned(offset)], at, value);

/** Numbers of 64 bits, on the way from sixteen bytes to a word. */
export const i64 = {
  int: (value: bigint): Code => [0x42, ...signedLong(value)],
  add: (a: Code, b: Code): Code => of([0x7c], a, b),
  mul: (a: Code, b: Code): Code => of([0x7e], a, b),
  /** The first (0) or the last (1) eight of sixteen bytes. */
  lane: (bytes: Code, lane: number): Code => [...bytes, ...simd(0x1d), lane],
  /** The upper half, as an i32. */
  highWord: (a: Code): Code => of([0xa7], of([0x88], a, [0x42, 32])),
};

/** Sixteen bytes at once. */
export const u8x16 = {
  load: (at: Code, offset = 0): Code => of([...simd(0x00), 0, ...unsigned(offset)], at),
  store: (at: Code, value: Code, offset = 0): Code => of([...simd(0x0b), 0, ...unsigned(offset)], at, value),
  or: (a: Code, b: Code): Code => of(simd(0x50), a, b),
  xor: (a: Code, b: Code): Code => of(simd(0x51), a, b),
  /** 1 where a bit is set, else 0. */
  hasBits: (a: Code): Code => of(simd(0x53), a),
  fill: (byte: Code): Code => of(simd(0x0f), byte),
  and: (a: Code, b: Code): Code => of(simd(0x4e), a, b),
  shiftRight: (a: Code, count: Code): Code => of(simd(0x6d), a, count),
  /** Of each byte of `places` below 16 the byte of `table` at that place, of others 0. */
  lookUp: (table: Code, places: Code): Code => of(simd(0x0e), table, places),
  notEqual: (a: Code, b: Code): Code => of(simd(0x24), a, b),
  /** The highest bit of each byte, the first byte's lowest. */
  highBits: (a: Code): Code => of(simd(0x64), a),
};

/** The same sixteen bytes as four words. */
export const i32x4 = {
  fill: (word: Code): Code => of(simd(0x11), word),
  equal: (a: Code, b: Code): Code => of(simd(0x37), a, b),
  notEqual: (a: Code, b: Code): Code => of(simd(0x38), a, b),
  /** The highest bit of each word, the first word's lowest. */
  highBits: (a: Code): Code => of(simd(0xa4), a),
};

/** `loop` goes round again where it is told to by `again`, and is left at its end otherwise; `block` is left by `again` inside of it. */
export const loop = (...body: readonly Code[]): Code => [0x03, 0x40, ...body.flat(), 0x0b];
export const block = (...body: readonly Code[]): Code => [0x02, 0x40, ...body.flat(), 0x0b];
export const when = (condition: Code, ...body: readonly Code[]): Code => of([0x04, 0x40, ...body.flat(), 0x0b], condition);
export const either = (condition: Code, then: readonly Code[], otherwise: readonly Code[]): Code =>
  of([0x04, 0x40, ...then.flat(), 0x05, ...otherwise.flat(), 0x0b], condition);
/** To the begin of a loop, or the end of a block: of the one that this stands in (0), the one around that (1), … A `when` counts as one. */
export const branch = (depth: number): Code => [0x0c, depth];
export const branchIf = (depth: number, condition: Code): Code => of([0x0d, depth], condition);

/** A function that is given i32s and returns one. Its locals are numbered from its parameters on: i32s, then v128s. */
export interface WasmFunction {
  readonly name: string;
  readonly params: number;
  readonly i32: number;
  readonly v128: number;
  readonly body: readonly Code[];
}

/** The module that exports these functions. */
export function wasmModule(functions: readonly WasmFunction[]): Uint8Array {
  const text = (name: string): Code => [name.length, ...Array.from(name, (character) => character.charCodeAt(0))];
  const sized = (bytes: Code): Code => [...unsigned(bytes.length), ...bytes];
  const section = (id: number, ...bytes: readonly Code[]): Code => [id, ...sized(bytes.flat())];
  const each = (code: (made: WasmFunction, at: number) => Code): Code => [functions.length, ...functions.flatMap(code)];
  return new Uint8Array([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(
      1,
      each(({ params }) => [0x60, params, ...new Array<number>(params).fill(0x7f), 1, 0x7f]),
    ),
    ...section(2, [1], text("kernel"), text("memory"), [2, 0, 1]),
    ...section(
      3,
      each((_made, at) => [at]),
    ),
    ...section(
      7,
      each(({ name }, at) => [...text(name), 0, at]),
    ),
    ...section(
      10,
      each(({ i32, v128, body }) => sized([2, i32, 0x7f, v128, 0x7b, ...body.flat(), 0x0b])),
    ),
  ]);
}

/** LEB128 of a number that is not negative. */
function unsigned(value: number): Code {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return [...bytes, rest];
}

/** LEB128 of a signed 32-bit number. */
function signed(value: number): Code {
  const bytes: number[] = [];
  let rest = value | 0;
  for (; rest < -64 || rest > 63; rest >>= 7) bytes.push((rest & 0x7f) | 0x80);
  return [...bytes, rest & 0x7f];
}

/** LEB128 of a signed 64-bit number. */
function signedLong(value: bigint): Code {
  const bytes: number[] = [];
  let rest = BigInt.asIntN(64, value);
  for (; rest < -64n || rest > 63n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return [...bytes, Number(rest & 0x7fn)];
}
