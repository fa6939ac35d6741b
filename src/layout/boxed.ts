import { BaseType } from "./base-type.ts";
import { Place } from "./place.ts";
import { BOXED, type Boxed, type Type } from "./type.ts";
import { composedField } from "./view-composed.ts";
import { fieldSource } from "./view-source.ts";
import { Views } from "./views.ts";

/** A type whose values have no parts of their own: a view of one is a box, `{ value }`. */
export abstract class BoxedType<Value, Input, Shown = Value> extends BaseType<Value, Input, Boxed<Shown>> {
  #views: Views<Boxed<Shown>> | undefined;

  protected override get views(): Views<Boxed<Shown>> {
    this.#views ??= boxesOf(this);
    return this.#views;
  }
}

function boxesOf<Shown>(type: Type): Views<Boxed<Shown>> {
  const place = new Place(undefined, type.name);
  return new Views({
    type,
    members: "fields",
    source: (dialect) => `${fieldSource(dialect, "value", type, 0, place)}get [${dialect.source.bind(BOXED)}]() { return true; },`,
    composed: () => Object.defineProperties({}, { value: composedField("value", type, 0, place), [BOXED]: { get: () => true } }),
  });
}
