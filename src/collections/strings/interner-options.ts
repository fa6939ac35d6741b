import { checkChoice } from "../../core/check-choice.ts";
import { checkCount } from "../../core/check-count.ts";
import { MemoryError } from "../../core/errors.ts";
import { checkSeed, randomSeed } from "../hash.ts";
import { type Content, mostContent, type StringEncoding } from "./text-content.ts";

/** How wide a column or field for the ids is, and so how many there can be: 255, 65 535, or 2^31 − 1. */
export type IdWidth = "u8" | "u16" | "u32";

export interface InternerOptions<Name extends string = string> {
  /** How errors call it. Its ids are of a type of their own then: `StringId<"countries">`. */
  readonly name?: Name;
  /** 32 bits that the hashes are made with. Default: random, so that nobody can choose strings that collide. */
  readonly seed?: number;
  /** What it takes. Default `"wtf8"`: every JavaScript string comes back exactly. */
  readonly encoding?: StringEncoding;
  /** Default `"u32"`. */
  readonly ids?: IdWidth;
  /** The most strings that it takes: at most, and by default, as many as there are ids. */
  readonly maxCount?: number;
  /** The most bytes that it takes from its allocator. Default: no limit. */
  readonly maxByteLength?: number;
}

/** Bytes of an id of each width. */
export const ID_BYTES: Readonly<Record<IdWidth, 1 | 2 | 4>> = { u8: 1, u16: 2, u32: 4 };
/** Ids of 4 bytes stay whole numbers that V8 never boxes. */
const MOST_IDS: Readonly<Record<IdWidth, number>> = { u8: 0xff, u16: 0xffff, u32: 0x7fff_ffff };

/** Options that have been found sound, with their defaults. */
export interface CheckedOptions {
  readonly subject: string;
  readonly seed: number;
  readonly most: Content;
  readonly ids: IdWidth;
  readonly maxCount: number;
  readonly maxByteLength: number;
}

/** Throws `invalid-argument` for what is no option. */
export function checkOptions(kind: string, options: InternerOptions): CheckedOptions {
  const { name, seed = randomSeed(), encoding = "wtf8", ids = "u32", maxByteLength = Number.MAX_SAFE_INTEGER } = options;
  const subject = name === undefined ? kind : `${kind} ${name}`;
  checkSeed(subject, seed);
  checkChoice(subject, "a width of ids", "ids", ids, Object.keys(MOST_IDS));
  const { maxCount = MOST_IDS[ids] } = options;
  checkMaxCount(subject, maxCount, ids);
  checkMaxByteLength(subject, maxByteLength);
  return { subject, seed, most: mostContent(subject, encoding), ids, maxCount, maxByteLength };
}

/** Throws `invalid-argument` unless there are so many ids of this width. */
export function checkMaxCount(subject: string, maxCount: number, ids: IdWidth): void {
  checkCount(subject, "maxCount", maxCount, 0, MOST_IDS[ids], "Pass a whole number in that range, or choose wider ids.");
}

/** Throws `invalid-argument` for what is no limit of bytes. */
export function checkMaxByteLength(subject: string, maxByteLength: number): void {
  if (Number.isSafeInteger(maxByteLength) && maxByteLength >= 0) return;
  throw new MemoryError("invalid-argument", {
    subject,
    event: "needs a whole number of bytes as maxByteLength",
    numbers: { maxByteLength: String(maxByteLength) },
    cure: "Pass a whole number of bytes.",
  });
}
