import { checkCall } from "../../core/check-call.ts";
import type { Memory } from "../../core/memory.ts";
import { BoxedType } from "../../layout/boxed.ts";
import type { Place } from "../../layout/place.ts";
import type { DirectCodec } from "../../layout/type.ts";
import type { InternedStrings } from "./interned-type.ts";
import { ID_BYTES, type IdWidth } from "./interner-options.ts";
import { NO_STRING, type StringId } from "./string-id.ts";
import { STRINGS, type Strings } from "./strings.ts";

/** The type of a field that holds an id. */
export class IdType<Name extends string> extends BoxedType<StringId<Name>, StringId<Name>> {
  readonly codec: DirectCodec;
  readonly strings: Strings<Name>;

  /** Use `idOf`. */
  constructor(strings: Strings<Name> & InternedStrings) {
    const view = strings.ids ?? "u32";
    const byteSize = ID_BYTES[view];
    super({ name: `${strings.subject}'s id`, kind: "interned", byteSize, align: byteSize, signature: `interned${byteSize * 8}` });
    this.strings = strings;
    // With a decoder and without an encoder, assignment is checked by rawCheck.
    this.codec = { shape: "direct", view, decode: (stored) => stored };
  }

  rawRead(memory: Memory, byteOffset: number): StringId<Name> {
    return memory[this.codec.view as IdWidth][byteOffset / this.byteSize] as StringId<Name>;
  }

  rawCheck(value: unknown, place: Place): StringId<Name> {
    if (typeof value === "number" && (value === NO_STRING || this.strings.isId(value))) return value as StringId<Name>;
    return place.refuse(value, `Pass an id that the ${this.strings.subject} gave out, or NO_STRING.`, { size: this.strings.size });
  }

  rawStore(memory: Memory, byteOffset: number, checked: unknown): void {
    memory[this.codec.view as IdWidth][byteOffset / this.byteSize] = Number(checked);
  }
}

/** A field that holds an id of `strings` as it is, in the same bytes as `interned(strings)`: for loops that compare and group, and resolve at the end. Zero bytes are `NO_STRING`. */
export function idOf<Name extends string>(strings: Strings<Name> & InternedStrings): IdType<Name> {
  checkCall("idOf(names)", [STRINGS, strings]);
  return new IdType<Name>(strings);
}
