import { fieldNotInherited, refuseRecord, refuseUndefined, refuseUnknown } from "./record-refusals.ts";
import type { RecordCodec } from "./record-source.ts";
import type { Field } from "./struct-fields.ts";

type Entries = readonly [string, Field][];

/** How plain objects go to and from the bytes of a struct, where no code can be generated. What `check` returns is an array, a field an entry. */
export function composedRecord(fields: Entries): RecordCodec {
  const names = fields.map(([name]) => name);
  return {
    read(memory, byteOffset) {
      const value = {};
      for (const [name, field] of fields) define(value, name, field.type.rawRead(memory, byteOffset + field.byteOffset));
      return value;
    },
    check(value, place) {
      if (typeof value !== "object" || value === null) return refuseRecord(value, place);
      let spare = 0;
      const checked = fields.map(([name, { type }]) => {
        const given = fieldNotInherited(value, name);
        if (given === undefined) return refuseUndefined(value, name, place);
        spare += 1;
        return type.rawCheck(given, place.at(name));
      });
      for (const _ in value) spare -= 1;
      if (spare < 0) refuseUnknown(value, names, place);
      return checked;
    },
    store(memory, byteOffset, checked) {
      const values = checked as readonly unknown[];
      fields.forEach(([, { type, byteOffset: offset }], place) => {
        const at = byteOffset + offset;
        if (values[place] === undefined) memory.u8.fill(0, at, at + type.byteSize);
        else type.rawStore(memory, at, values[place]);
      });
    },
  };
}

/** Assignment, which means something else for `__proto__`. */
function define(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, enumerable: true, writable: true, configurable: true });
}
