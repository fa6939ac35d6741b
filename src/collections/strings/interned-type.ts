import { checkCall } from "../../core/check-call.ts";
import type { Memory } from "../../core/memory.ts";
import { BoxedType } from "../../layout/boxed.ts";
import type { Place } from "../../layout/place.ts";
import type { DirectCodec } from "../../layout/type.ts";
import { ID_BYTES, type IdWidth } from "./interner-options.ts";
import { NO_STRING, type StringId } from "./string-id.ts";
import { STRINGS, type Strings } from "./strings.ts";

/** Strings that take in new ones. */
interface Interns {
  readonly ids: IdWidth;
  tryIntern(text: string): StringId;
}

/** Where the strings of a field are: an interner, a shared one, or a dictionary, which takes in no new ones. */
export type InternedStrings = Strings & Partial<Interns>;

/** What stands for no string in a field: the empty string, or null. */
type Missing = "" | null;

/** The type of a field that holds a string by its id. */
export class InternedType<None extends Missing> extends BoxedType<string | None, string | None> {
  readonly codec: DirectCodec;
  readonly strings: InternedStrings;
  readonly #none: None;

  /** Use `interned`. */
  constructor(strings: InternedStrings, none: None) {
    const byteSize = ID_BYTES[strings.ids ?? "u32"];
    const name = none === null ? `${strings.subject}'s string or null` : `${strings.subject}'s string`;
    super({ name, kind: "interned", byteSize, align: byteSize, signature: `interned${byteSize * 8}${none === null ? "?" : ""}` });
    this.strings = strings;
    this.#none = none;
    this.codec = { shape: "direct", view: strings.ids ?? "u32", decode: (stored) => this.#text(stored) };
  }

  rawRead(memory: Memory, byteOffset: number): string | None {
    return this.#text(memory[this.codec.view as IdWidth][byteOffset / this.byteSize]);
  }

  /** Interns a new string: that stays, whatever becomes of the rest of what is stored. */
  rawCheck(value: unknown, place: Place): StringId {
    if (value === null && this.#none === null) return NO_STRING;
    if (typeof value !== "string") return place.refuse(value, this.#none === null ? "Pass a string or null." : "Pass a string.");
    const { strings } = this;
    if (strings.tryIntern === undefined) {
      return strings.lookup(value) ?? place.refuse(value, `It is not in the ${strings.subject}, which takes in no new strings.`);
    }
    const id = strings.tryIntern(value);
    if (id !== NO_STRING) return id;
    return place.refuse(value, `The ${strings.subject} has no room for another string.`, { size: strings.size });
  }

  rawStore(memory: Memory, byteOffset: number, checked: unknown): void {
    memory[this.codec.view as IdWidth][byteOffset / this.byteSize] = Number(checked);
  }

  #text(id: number): string | None {
    return id === NO_STRING ? this.#none : this.strings.resolve(id as StringId);
  }
}

/**
 * A field that holds a string by its id in `strings`: reading it gives the string, assigning one interns it. 1, 2 or 4 bytes, as wide as the ids.
 * Zero bytes read as the empty string; with `{ optional: true }` they read as null, and null can be assigned, for no byte more.
 *
 * ```ts
 * const Sale = struct("Sale", { country: interned(countries), note: interned(notes, { optional: true }) });
 * ```
 *
 * Strings of a dictionary can be assigned when it has them. Assigning throws `bad-value` where there is no room for a new string. A row that is
 * refused for another of its fields may leave its new strings interned.
 */
export function interned(strings: InternedStrings, options?: { readonly optional?: false }): InternedType<"">;
export function interned(strings: InternedStrings, options: { readonly optional: true }): InternedType<null>;
export function interned(strings: InternedStrings, { optional = false } = {}): InternedType<""> | InternedType<null> {
  checkCall("interned(names)", [STRINGS, strings]);
  return optional ? new InternedType(strings, null) : new InternedType(strings, "");
}
