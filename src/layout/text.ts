import { UnsizedType } from "./unsized.ts";

/** The type of texts of any length. */
export class TextType extends UnsizedType<string> {
  /** Use `text`. */
  constructor() {
    super({
      name: "text",
      kind: "interned",
      cure: "Take utf8(n) for short texts; of long ones, or of such that come again and again, keep the ids: interned(names).",
    });
  }
}

/**
 * Texts of any length: a column of a data set, or keys and values of a hash table. A data set holds each different one once and an id a row, a table
 * each where its entry lies.
 *
 * Elsewhere nothing could hold what has no size: a struct takes `utf8(n)`, or `interned(names)`.
 */
export const text = new TextType();
