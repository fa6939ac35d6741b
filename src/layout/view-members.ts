import { MemoryError } from "../core/errors.ts";
import { INSPECT } from "../core/inspect.ts";
import { COPY, TYPE } from "./view-parts.ts";

/** Fields are data, which `for … in` lists; methods are not. */
export type MemberKind = "fields" | "methods";

/** Gives `target` the members of `members`, in the place of those it has under the same names. */
export function install(target: object, members: object, kind: MemberKind): void {
  for (const key of Reflect.ownKeys(members)) {
    Object.defineProperty(target, key, {
      ...Object.getOwnPropertyDescriptor(members, key),
      enumerable: kind === "fields" && typeof key === "string",
      configurable: true,
    });
  }
}

/** Replaces every member by one that throws, and so lets go of what it knew. V8 throws away the code it had inlined them into. */
export function poison(target: object, refuse: () => never): void {
  for (const key of Reflect.ownKeys(target)) {
    const found = Object.getOwnPropertyDescriptor(target, key);
    if (key === INSPECT || key === TYPE || (key === "constructor" && found?.get === undefined)) continue;
    const refusing = found?.get === undefined ? { value: refuse } : { get: refuse, set: refuse };
    Object.defineProperty(target, key, { ...refusing, enumerable: found?.enumerable ?? false, configurable: true });
  }
}

interface Copyable {
  [COPY](): unknown;
}

/** `JSON.stringify` and `console.log` of a view show the value. A field of the name `toJSON` comes first. */
export function showAs(prototype: object, name: string): void {
  const members = {
    toJSON(this: Copyable) {
      return this[COPY]();
    },
    [INSPECT](this: Copyable, _depth: number, options: unknown, inspect?: (value: unknown, options: unknown) => string) {
      try {
        const value = this[COPY]();
        return `${name} ${inspect === undefined ? String(value) : inspect(value, options)}`;
      } catch (error) {
        if (error instanceof MemoryError) return `${name} <${error.code}>`;
        throw error;
      }
    },
  };
  install(prototype, members, "methods");
}
