import { ELEMENT_BYTES, type Memory, type ViewName } from "../core/memory.ts";
import { BoxedType } from "./boxed.ts";
import type { Place } from "./place.ts";
import type { DirectCodec } from "./type.ts";

/** A number as it is in the typed arrays. */
export class ScalarType<Value extends number | bigint> extends BoxedType<Value, Value> {
  readonly codec: DirectCodec;
  readonly #rules: ScalarRules<Value>;

  /** There are ten of them, below. */
  constructor(name: ViewName, rules: ScalarRules<Value>) {
    const byteSize = ELEMENT_BYTES[name];
    super({ name, kind: "scalar", byteSize, align: byteSize, signature: name });
    this.codec = { shape: "direct", view: name };
    this.#rules = rules;
  }

  rawRead(memory: Memory, byteOffset: number): Value {
    return this.#rules.read(memory, byteOffset);
  }

  rawCheck(value: unknown, place: Place): Value {
    return this.#rules.check(value, place);
  }

  rawStore(memory: Memory, byteOffset: number, checked: unknown): void {
    this.#rules.store(memory, byteOffset, checked as Value);
  }
}

/** What the scalars differ in. */
export interface ScalarRules<Value> {
  check(value: unknown, place: Place): Value;
  read(memory: Memory, byteOffset: number): Value;
  store(memory: Memory, byteOffset: number, value: Value): void;
}

/** Whole numbers from `least` to `most`. */
const whole = (least: number, most: number) => (value: unknown, place: Place) => {
  if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value;
  return place.refuse(value, "Pass a whole number in that range.", { least, most });
};

const long = (least: bigint, most: bigint) => (value: unknown, place: Place) => {
  if (typeof value === "bigint" && value >= least && value <= most) return value;
  const cure =
    typeof value === "number" ? `Pass a bigint: ${Number.isInteger(value) ? BigInt(value) : 0}n.` : "Pass a bigint in that range.";
  return place.refuse(value, cure, { least, most });
};

const double = (value: unknown, place: Place): number =>
  typeof value === "number" ? value : place.refuse(value, "Pass a number.");

/** Rounds to the nearest float, as the machine does. A finite number that would become infinite does not fit. */
const float = (value: unknown, place: Place): number => {
  const number = double(value, place);
  if (Number.isFinite(Math.fround(number)) || !Number.isFinite(number)) return number;
  return place.refuse(value, "Pass a number in that range, or use f64.", { least: -LARGEST_FLOAT, most: LARGEST_FLOAT });
};

const LARGEST_FLOAT = (2 - 2 ** -23) * 2 ** 127;

/** Whole numbers from 0 to 255. Assigning to a field (`p.hp = 300`) wraps as in a typed array; writing whole values is checked. */
export const u8 = new ScalarType<number>("u8", {
  check: whole(0, 0xff),
  read: ({ u8 }, byteOffset) => u8[byteOffset],
  store({ u8 }, byteOffset, value) {
    u8[byteOffset] = value;
  },
});

/** Whole numbers from -128 to 127. */
export const i8 = new ScalarType<number>("i8", {
  check: whole(-0x80, 0x7f),
  read: ({ i8 }, byteOffset) => i8[byteOffset],
  store({ i8 }, byteOffset, value) {
    i8[byteOffset] = value;
  },
});

/** Whole numbers from 0 to 65535. */
export const u16 = new ScalarType<number>("u16", {
  check: whole(0, 0xffff),
  read: ({ u16 }, byteOffset) => u16[byteOffset / 2],
  store({ u16 }, byteOffset, value) {
    u16[byteOffset / 2] = value;
  },
});

/** Whole numbers from -32768 to 32767. */
export const i16 = new ScalarType<number>("i16", {
  check: whole(-0x8000, 0x7fff),
  read: ({ i16 }, byteOffset) => i16[byteOffset / 2],
  store({ i16 }, byteOffset, value) {
    i16[byteOffset / 2] = value;
  },
});

/** Whole numbers from 0 to 2^32 - 1. */
export const u32 = new ScalarType<number>("u32", {
  check: whole(0, 0xffff_ffff),
  read: ({ u32 }, byteOffset) => u32[byteOffset / 4],
  store({ u32 }, byteOffset, value) {
    u32[byteOffset / 4] = value;
  },
});

/** Whole numbers from -2^31 to 2^31 - 1. */
export const i32 = new ScalarType<number>("i32", {
  check: whole(-0x8000_0000, 0x7fff_ffff),
  read: ({ i32 }, byteOffset) => i32[byteOffset / 4],
  store({ i32 }, byteOffset, value) {
    i32[byteOffset / 4] = value;
  },
});

/** Numbers with 24 bits of precision: what is stored is rounded. */
export const f32 = new ScalarType<number>("f32", {
  check: float,
  read: ({ f32 }, byteOffset) => f32[byteOffset / 4],
  store({ f32 }, byteOffset, value) {
    f32[byteOffset / 4] = value;
  },
});

/** Numbers as JavaScript has them. */
export const f64 = new ScalarType<number>("f64", {
  check: double,
  read: ({ f64 }, byteOffset) => f64[byteOffset / 8],
  store({ f64 }, byteOffset, value) {
    f64[byteOffset / 8] = value;
  },
});

/** Whole numbers from -2^63 to 2^63 - 1, as bigints. */
export const i64 = new ScalarType<bigint>("i64", {
  check: long(-(2n ** 63n), 2n ** 63n - 1n),
  read: ({ i64 }, byteOffset) => i64[byteOffset / 8],
  store({ i64 }, byteOffset, value) {
    i64[byteOffset / 8] = value;
  },
});

/** Whole numbers from 0 to 2^64 - 1, as bigints. */
export const u64 = new ScalarType<bigint>("u64", {
  check: long(0n, 2n ** 64n - 1n),
  read: ({ u64 }, byteOffset) => u64[byteOffset / 8],
  store({ u64 }, byteOffset, value) {
    u64[byteOffset / 8] = value;
  },
});
