/** The typed arrays over a memory, by name. */
export interface Views {
  readonly u8: Uint8Array;
  readonly i8: Int8Array;
  readonly u16: Uint16Array;
  readonly i16: Int16Array;
  readonly u32: Uint32Array;
  readonly i32: Int32Array;
  readonly f32: Float32Array;
  readonly f64: Float64Array;
  readonly i64: BigInt64Array;
  readonly u64: BigUint64Array;
}

export type ViewName = keyof Views;

export const VIEW_NAMES: readonly ViewName[] = ["u8", "i8", "u16", "i16", "u32", "i32", "f32", "f64", "i64", "u64"];

/** Where typed arrays over buffers are made: nowhere else. */
export const VIEW_MAKERS: {
  readonly [Name in ViewName]: (buffer: ArrayBufferLike, byteOffset: number, length: number) => Views[Name];
} = {
  u8: (buffer, byteOffset, length) => new Uint8Array(buffer, byteOffset, length),
  i8: (buffer, byteOffset, length) => new Int8Array(buffer, byteOffset, length),
  u16: (buffer, byteOffset, length) => new Uint16Array(buffer, byteOffset, length),
  i16: (buffer, byteOffset, length) => new Int16Array(buffer, byteOffset, length),
  u32: (buffer, byteOffset, length) => new Uint32Array(buffer, byteOffset, length),
  i32: (buffer, byteOffset, length) => new Int32Array(buffer, byteOffset, length),
  f32: (buffer, byteOffset, length) => new Float32Array(buffer, byteOffset, length),
  f64: (buffer, byteOffset, length) => new Float64Array(buffer, byteOffset, length),
  i64: (buffer, byteOffset, length) => new BigInt64Array(buffer, byteOffset, length),
  u64: (buffer, byteOffset, length) => new BigUint64Array(buffer, byteOffset, length),
};

/** Bytes of one element of a view. */
export const ELEMENT_BYTES: { readonly [Name in ViewName]: number } = {
  u8: 1,
  i8: 1,
  u16: 2,
  i16: 2,
  u32: 4,
  i32: 4,
  f32: 4,
  f64: 8,
  i64: 8,
  u64: 8,
};

/** Whether other threads can see the bytes; false for what is no buffer at all. */
export function isSharedBuffer(buffer: unknown): buffer is SharedArrayBuffer {
  return typeof SharedArrayBuffer !== "undefined" && buffer instanceof SharedArrayBuffer;
}

/** All views, each of fixed length: length-tracking views are 10 to 50 times slower in V8. */
export function viewsOver(buffer: ArrayBufferLike, base: number): Views {
  const over = <Name extends ViewName>(name: Name): Views[Name] =>
    VIEW_MAKERS[name](buffer, base, Math.floor((buffer.byteLength - base) / ELEMENT_BYTES[name]));
  return {
    u8: over("u8"),
    i8: over("i8"),
    u16: over("u16"),
    i16: over("i16"),
    u32: over("u32"),
    i32: over("i32"),
    f32: over("f32"),
    f64: over("f64"),
    i64: over("i64"),
    u64: over("u64"),
  };
}

/** What is left to look at when the bytes are gone. */
export const NO_VIEWS: Views = viewsOver(new ArrayBuffer(0), 0);
