import type { Place } from "./place.ts";
import { isView } from "./view-parts.ts";

/** What is wrong with objects that are to be stored as structs. All throw `bad-value`. */

export function refuseRecord(value: unknown, place: Place): never {
  place.refuse(value, "Pass an object with its fields.");
}

/** A field that is left out is zero. One that is there and undefined is a mistake somewhere before. */
export function refuseUndefined(value: object, name: string, place: Place): void {
  if (!(name in value) || isInherited(value, name)) return;
  place.at(name).refuse(undefined, "Pass a value, or leave the field out: then its bytes are zero.");
}

/** Called when an object has more keys than it has fields. */
export function refuseUnknown(value: object, names: readonly string[], place: Place): void {
  const unknown = Object.keys(value).find((key) => !names.includes(key));
  if (unknown === undefined) return;
  place.refuseKey(unknown, `Its fields are ${names.join(", ")}.`);
}

/** The field of an object, where its name is also that of something that every object inherits: `constructor`. */
export function fieldNotInherited(value: object, name: string): unknown {
  return isInherited(value, name) ? undefined : Reflect.get(value, name);
}

function isInherited(value: object, name: string): boolean {
  if (!(name in Object.prototype) || Object.hasOwn(value, name)) return false;
  return !isView(value) || Object.getOwnPropertyDescriptor(Object.getPrototypeOf(value), name)?.get === undefined;
}
