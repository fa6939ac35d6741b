import type { Brand } from "../../core/brand.ts";

declare const of: unique symbol;

/**
 * The number of a string in its interner or dictionary: 1, 2, 3, … in the order of first appearance. Ids of an interner that was given a `name` are
 * of a type of their own, `StringId<"countries">`; at run time an id does not tell whose it is.
 */
export type StringId<Name extends string = string> = Brand<number, "StringId"> & { readonly [of]?: Name };

/** No string: what `tryIntern…` returns when there is no room. Never the id of a string, so a field for an id can say "none" by 0. */
export const NO_STRING = 0 as StringId<never>;
