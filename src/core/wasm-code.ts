/**
 * WebAssembly written as nested calls: what our kernels are made of, so that no binary blob lies about that nobody can read.
 *
 * ```ts
 * const SUM = 2;
 * const code = wasmModule({ params: 2, i32: 1, v128: 0 }, [set(SUM, add(get(0), get(1))), get(SUM)]);       // (a, b) => a + b
 * ```
 *
 * An instruction is the bytes of its operands, then its own. Everything is an i32, but for the v128 that `u8x16` says. A module has one function, `run`, over the
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
export const isZero = (a: Code): Code => of([0x45], a);
export const equal = (a: Code, b: Code): Code => of([0x46], a, b);
export const less = (a: Code, b: Code): Code => of([0x49], a, b);

export const load = (at: Code, offset = 0): Code => of([0x28, 0, ...unsigned(offset)], at);
export const loadByte = (at: Code, offset = 0): Code => of([0x2d, 0, ...unsigned(offset)], at);
export const store = (at: Code, value: Code, offset = 0): Code => of([0x36, 2, ...unsigned(offset)], at, value);

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

/** The module: a function of `params` i32s that returns one, with further locals, i32s before v128s. */
export function wasmModule(locals: { params: number; i32: number; v128: number }, body: readonly Code[]): Uint8Array {
  const name = (text: string): Code => [text.length, ...Array.from(text, (character) => character.charCodeAt(0))];
  const sized = (bytes: Code): Code => [...unsigned(bytes.length), ...bytes];
  const section = (id: number, bytes: Code): Code => [id, ...sized(bytes)];
  const code = [2, locals.i32, 0x7f, locals.v128, 0x7b, ...body.flat(), 0x0b];
  return new Uint8Array([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, locals.params, ...new Array<number>(locals.params).fill(0x7f), 1, 0x7f]),
    ...section(2, [1, ...name("kernel"), ...name("memory"), 2, 0, 1]),
    ...section(3, [1, 0]),
    ...section(7, [1, ...name("run"), 0, 0]),
    ...section(10, [1, ...sized(code)]),
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
