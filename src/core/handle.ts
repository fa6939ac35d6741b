import { MemoryError } from "./errors.ts";

declare const NAMED: unique symbol;

/**
 * The name of a record in a pool: a number that can be kept for ever, stored, posted and compared with `===`. It carries the place of the record
 * and a generation, so that after the record is gone it is refused, never taken for the record that came after.
 *
 * Branded by the type of the record: a `Handle<typeof Enemy>` opens no pool of `Player`. `Handle<unknown>` is that of any type.
 */
export type Handle<T = unknown> = number & {
  // A method, because its parameter is compared both ways: what is of any type can be assigned to and from what is of one.
  [NAMED](type: T): void;
};

/** No record. Zero bytes in a field of handles mean it. */
export const NO_HANDLE = 0 as Handle;

/** How many bits a handle has, and what for. */
export type HandleForm = "wide" | "narrow";

/**
 * The bits of handles, from the lowest:
 *
 *     wide      25 index          23 generation                5 tag of the pool, never 0        53 in all, a safe integer
 *     narrow    20 index          12 generation                                                  32 in all
 *
 * Invariants:
 * 1. The generation of a handle is odd. Those between them are of slots that are free.
 * 2. A wide handle is at least 2^48, a narrow one less than 2^32: no number is both.
 * 3. The two highest indices name no slot: they are marks in the words of a pool.
 */
export interface HandleBits {
  readonly form: HandleForm;
  readonly indexMask: number;
  /** What one generation adds: 2^(bits of the index). */
  readonly generation: number;
  /** How many generations there are: 2^(bits of the generation). */
  readonly generations: number;
  /** What one tag adds. 0 where there is no room for tags. */
  readonly tag: number;
  readonly tags: number;
  /** Bytes of a handle where it is stored. */
  readonly byteSize: number;
}

export const HANDLE_BITS: { readonly [Form in HandleForm]: HandleBits } = {
  wide: { form: "wide", indexMask: 2 ** 25 - 1, generation: 2 ** 25, generations: 2 ** 23, tag: 2 ** 48, tags: 32, byteSize: 8 },
  narrow: { form: "narrow", indexMask: 2 ** 20 - 1, generation: 2 ** 20, generations: 2 ** 12, tag: 0, tags: 1, byteSize: 4 },
};

/** The bits of handles of a form. Throws `invalid-argument` where there is no such form. */
export function handleBits(subject: string, form: HandleForm): HandleBits {
  if (Object.hasOwn(HANDLE_BITS, form)) return HANDLE_BITS[form];
  throw new MemoryError("invalid-argument", {
    subject,
    event: "knows no such handles",
    numbers: { handles: String(form) },
    cure: 'Pass "wide" or "narrow".',
  });
}

/** What a handle says, taken apart. */
export interface HandleParts {
  readonly form: HandleForm;
  readonly slotIndex: number;
  readonly generation: number;
  /** Of the pool, from 1 to 31; 0 in a narrow handle, which has none. Pools share tags when there are more of them. */
  readonly tag: number;
}

/** The parts of a number that can be a handle; undefined for every other value. */
export function handleParts(value: unknown): HandleParts | undefined {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value <= 0) return undefined;
  const { form, generation, generations, indexMask, tag } = value < 2 ** 32 ? HANDLE_BITS.narrow : HANDLE_BITS.wide;
  const slotIndex = value % generation;
  const parts = {
    form,
    slotIndex,
    generation: Math.floor(value / generation) % generations,
    tag: tag === 0 ? 0 : Math.floor(value / tag),
  };
  const named = parts.generation % 2 === 1 && slotIndex < indexMask - 1 && (form === "narrow" || parts.tag > 0);
  return named ? parts : undefined;
}

/** A handle as messages show it: `17v3`, slot 17 in its third generation. What is no handle is told as what it is. */
export function formatHandle(handle: unknown): string {
  if (handle === NO_HANDLE) return "no handle";
  const parts = handleParts(handle);
  return parts === undefined ? `${String(handle)} (which is no handle)` : `${parts.slotIndex}v${parts.generation}`;
}
