import { alignUp, MAX_BYTE_LENGTH } from "../core/align.ts";
import type { Expectation } from "../core/check-call.ts";
import { MemoryError } from "../core/errors.ts";
import type { Type } from "./type.ts";
import { type SizedType, unsizedIn } from "./unsized.ts";

/*
 * The bytes of a struct, here of `struct("Monster", { id: u8, x: f32, hp: u16 })`:
 *
 *   byte 0    1          4            8       10    12
 *        +----+----------+------------+-------+-----+
 *        | id |   pad    |     x      |  hp   | pad |
 *        +----+----------+------------+-------+-----+
 *
 * Invariants, those of the C ABI on x86-64 and arm64:
 * 1. Fields lie in the order of their declaration and do not overlap; each at the first multiple of its alignment behind the one before.
 * 2. The struct is aligned as its most aligned field, and its size is a multiple of that: structs can lie one behind another.
 * 3. Padding has no meaning. `write` leaves it as it is; memory that was never used is zero.
 */

/** A field of a struct: what lies there, and where. */
export interface Field<T extends Type = Type> {
  readonly type: T;
  /** From the beginning of the struct. */
  readonly byteOffset: number;
}

export type Fields = Readonly<Record<string, SizedType>>;

export interface FieldPlan {
  readonly fields: Readonly<Record<string, Field>>;
  readonly byteSize: number;
  readonly align: number;
  readonly signature: string;
}

/**
 * Places fields as a C compiler does: each at the next multiple of its alignment, in the order of their declaration; the struct as
 * aligned as its most aligned field, and its size a multiple of that.
 */
export function placeFields(name: string, types: Fields): FieldPlan {
  const fields: Record<string, Field> = Object.create(null);
  const spelled: string[] = [];
  let end = 0;
  let align = 1;
  for (const [field, type] of checkedEntries(name, types)) {
    const byteOffset = alignUp(end, type.align);
    fields[field] = { type, byteOffset };
    spelled.push(`${/^[A-Za-z_]\w*$/.test(field) ? field : JSON.stringify(field)}:${type.signature}@${byteOffset}`);
    end = byteOffset + type.byteSize;
    align = Math.max(align, type.align);
  }
  const byteSize = alignUp(end, align);
  if (byteSize > MAX_BYTE_LENGTH) {
    throw new MemoryError("invalid-argument", {
      subject: name,
      event: "is larger than any memory",
      numbers: { byteSize, most: MAX_BYTE_LENGTH },
      cure: "Shorten its arrays.",
    });
  }
  return { fields: Object.freeze(fields), byteSize, align, signature: `{${spelled.join(",")}}#${byteSize}/${align}` };
}

/** The fields in their order of declaration. Throws `invalid-argument` where there is none, or where it would not be that. */
function checkedEntries(name: string, types: Fields): [string, Type][] {
  const refuse = (event: string, cure: string): never => {
    throw new MemoryError("invalid-argument", { subject: `struct ${name}`, event, cure });
  };
  if (typeof name !== "string" || name === "")
    refuse("was not given a name", 'Pass it first: struct("Point", { x: f32, y: f32 }).');
  if (typeof types !== "object" || types === null) refuse("was not given its fields", "Pass an object: `{ x: f32, y: f32 }`.");
  const prototype: unknown = Object.getPrototypeOf(types);
  if (prototype !== null && prototype !== Object.prototype) {
    refuse(
      "was given fields with a prototype, as a literal with `__proto__:` has",
      'Pass a plain object. A field can be called so when it is written `["__proto__"]: u32`.',
    );
  }
  if (Object.getOwnPropertySymbols(types).length > 0) refuse("was given a field whose name is a symbol", "Name fields by strings.");
  const entries = Object.entries(types);
  if (entries.length === 0) refuse("has no fields", "Give it one: a value of no bytes cannot be told from its neighbour.");
  for (const [field, type] of entries) {
    if (/^(?:0|[1-9]\d*)$/.test(field)) {
      refuse(
        `has a field with the name ${field}, which JavaScript moves before all others`,
        `Begin it with a letter: the order of fields is the order of their bytes.`,
      );
    }
    if (!isType(type)) refuse(`has a field "${field}" that is not of a type`, "Pass u8 … f64, bool, utf8(n), struct(…) and so on.");
    const unsized = unsizedIn(type);
    if (unsized !== undefined)
      refuse(`has a field "${field}" of the type ${unsized.name}, which has no size of its own`, unsized.cure);
  }
  return entries;
}

/** Whether a value can be placed in bytes by what is here. */
export function isType(value: unknown): value is Type {
  return typeof value === "object" && value !== null && "rawStore" in value && "codec" in value && "signature" in value;
}

export const A_TYPE: Expectation = { noun: "a type", is: isType };
/** What lies in a place of one length: every type but text and blob. */
export const A_SIZED_TYPE: Expectation = {
  noun: "a type of fixed size, as structs, u32 or utf8(32) are",
  is: (value) => isType(value) && unsizedIn(value) === undefined,
};
export const A_STRUCT: Expectation = { noun: "a struct", is: (value) => isType(value) && value.kind === "struct" };

/** The fields of a struct, which lie flat in the struct around it; undefined for every other type. */
export function fieldsOf(type: Type & { readonly fields?: Readonly<Record<string, Field>> }): [string, Field][] | undefined {
  return type.kind === "struct" && type.fields !== undefined ? Object.entries(type.fields) : undefined;
}
