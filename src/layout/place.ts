import { MemoryError } from "../core/errors.ts";

const LONGEST_SHOWN = 40;

/**
 * Where in a value something does not fit: `Particle.path[3].x`. A linked list, because a place is spelled out only when something
 * is wrong there; checking a value that fits builds no text.
 */
export class Place {
  readonly #parent: Place | undefined;
  /** The name of a type, of a field, or the index of an element. A loop over elements moves one place along. */
  key: string | number;

  constructor(parent: Place | undefined, key: string | number) {
    this.#parent = parent;
    this.key = key;
  }

  toString(): string {
    const { key } = this;
    if (this.#parent === undefined) return String(key);
    if (typeof key === "number") return `${this.#parent}[${key}]`;
    return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(key)
      ? `${this.#parent}.${key}`
      : `${this.#parent}[${JSON.stringify(key)}]`;
  }

  /** The place of a part of what is here. */
  at(key: string | number): Place {
    return new Place(this, key);
  }

  /** Throws `bad-value`: the value here has a part that its type does not know. */
  refuseKey(key: string, cure: string): never {
    throw new MemoryError("bad-value", { subject: this.toString(), event: `has no field ${shown(key)}`, cure });
  }

  /** Throws `bad-value`: the value at this place is not one that its type can hold. */
  refuse(value: unknown, cure: string, numbers: Readonly<Record<string, number | bigint | string>> = {}): never {
    throw new MemoryError("bad-value", { subject: this.toString(), event: `cannot hold ${shown(value)}`, numbers, cure });
  }
}

/** A value as an error tells it: short, and never calling anything of the value's own. */
export function shown(value: unknown): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(shortened(value));
    case "bigint":
      return `${shortened(String(value))}n`;
    case "number":
      return Object.is(value, -0) ? "-0" : String(value);
    case "object":
      return value === null ? "null" : Array.isArray(value) ? `an array of length ${value.length}` : "an object";
    case "function":
      return "a function";
    case "symbol":
      return "a symbol";
    default:
      return String(value);
  }
}

function shortened(text: string): string {
  return text.length <= LONGEST_SHOWN ? text : `${text.slice(0, LONGEST_SHOWN)}…`;
}
