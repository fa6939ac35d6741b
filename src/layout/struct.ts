import type { Memory } from "../core/memory.ts";
import { BaseType } from "./base-type.ts";
import { canGenerate, Source } from "./generation.ts";
import { Place } from "./place.ts";
import { composedRecord } from "./record-composed.ts";
import { methodSource, type RecordCodec, recordSource } from "./record-source.ts";
import { type Field, type Fields, placeFields } from "./struct-fields.ts";
import type { FieldOf, InputOf, NestedCodec, Type, ValueOf } from "./type.ts";
import { composedField } from "./view-composed.ts";
import { install } from "./view-members.ts";
import { fieldSource } from "./view-source.ts";
import { Views } from "./views.ts";

/** What reading a struct gives: a plain object, the caller's own. */
export type StructValue<F extends Fields> = { -readonly [Name in keyof F]: ValueOf<F[Name]> };

/** What a struct can be written from. A field that is left out becomes zero, as in C and Go: 0, false, "", null, the first member. */
export type StructInput<F extends Fields> = { readonly [Name in keyof F]?: InputOf<F[Name]> };

/**
 * An object whose fields are the bytes of a struct. Reading and assigning a number costs what it costs in a typed array, and wraps as it
 * does there; a field with parts is a view of its own; other values are checked when assigned and throw `bad-value`.
 */
export type StructView<F extends Fields> = { -readonly [Name in keyof F]: FieldOf<F[Name]> };

/** A type of named fields, which lie as a C compiler lays them. */
export class StructType<F extends Fields> extends BaseType<StructValue<F>, StructInput<F>, StructView<F>> {
  /** Its fields by name: their types, and `byteOffset`, C's `offsetof`. */
  readonly fields: { readonly [Name in keyof F]: Field<F[Name]> };
  readonly codec: NestedCodec;
  protected readonly views: Views<StructView<F>>;
  readonly #record: RecordCodec;

  /** Use `struct`. */
  constructor(name: string, types: F) {
    const { fields, ...plan } = placeFields(name, types);
    super({ name, kind: "struct", ...plan });
    this.fields = fields as { readonly [Name in keyof F]: Field<F[Name]> };
    this.#record = recordOf(name, Object.entries(fields));
    this.views = viewsOf<StructView<F>>(this, Object.entries(fields));
    this.codec = { shape: "nested", views: this.views };
    if (canGenerate()) this.#ownMethods(Object.entries(fields));
  }

  #ownMethods(fields: [string, Field][]): void {
    const source = new Source();
    install(this, source.run(`${this.name}.methods`, methodSource(source, this, fields, this.views)) as object, "methods");
  }

  rawRead(memory: Memory, byteOffset: number): StructValue<F> {
    return this.#record.read(memory, byteOffset) as StructValue<F>;
  }

  rawCheck(value: unknown, place: Place): unknown {
    return this.#record.check(value, place);
  }

  rawStore(memory: Memory, byteOffset: number, checked: unknown): void {
    this.#record.store(memory, byteOffset, checked);
  }
}

/**
 * A type of named fields: `struct("Particle", { x: f32, y: f32, hp: u16 })`. Its TypeScript types are inferred: `ValueOf`, `InputOf`,
 * `ViewOf<typeof Particle>`. Any name can be a field's but a whole number. Throws `invalid-argument` where a field is none.
 *
 * Define structs once, at the top of a module: the first use of each compiles accessors for it (about 1 ms).
 */
export function struct<const F extends Fields>(name: string, fields: F): StructType<F> {
  return new StructType(name, fields);
}

function recordOf(name: string, fields: [string, Field][]): RecordCodec {
  if (!canGenerate()) return composedRecord(fields);
  const source = new Source();
  return source.run(`${name}.record`, `return ${recordSource(source, fields)};`) as RecordCodec;
}

function viewsOf<View>(type: Type, fields: [string, Field][]): Views<View> {
  const place = new Place(undefined, type.name);
  return new Views({
    type,
    members: "fields",
    source: (dialect) => fields.map(([name, field]) => fieldSource(dialect, name, field.type, field.byteOffset, place)).join(""),
    composed: () => {
      const members = {};
      for (const [name, field] of fields) {
        Object.defineProperty(members, name, composedField(name, field.type, field.byteOffset, place));
      }
      return members;
    },
  });
}
