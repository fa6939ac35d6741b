import { MemoryError } from "../core/errors.ts";
import { BoxedType } from "./boxed.ts";
import type { CopyCodec } from "./type.ts";

/** The type of the text columns of a data set. */
export class TextType extends BoxedType<string, string> {
  readonly codec: CopyCodec = { shape: "copy" };

  constructor() {
    super({ name: "text", kind: "interned", byteSize: 4, align: 4, signature: "text" });
  }

  rawRead(): never {
    return refuse();
  }

  rawCheck(): never {
    return refuse();
  }

  rawStore(): never {
    return refuse();
  }
}

/**
 * Texts of any length as a column of a data set holds them: each different one once in the column's dictionary, and an id a row.
 *
 * It says what a column is, in the `row` of `openDataset`. Elsewhere there is no dictionary that an id could belong to: a struct takes `utf8(n)`.
 */
export const text = new TextType();

function refuse(): never {
  throw new MemoryError("unsupported", {
    subject: "the type text",
    event: "belongs to a column of a data set, which has the dictionary for it",
    cure: "In a struct use utf8(n); to share long texts keep their ids, as an interner gives them.",
  });
}
