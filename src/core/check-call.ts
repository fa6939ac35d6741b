import { MemoryError } from "./errors.ts";
import { Memory } from "./memory.ts";

/** What a function must be given at a place. Each room has those of its own nouns. */
export interface Expectation {
  /** With its article: `a memory`. */
  readonly noun: string;
  is(value: unknown): boolean;
}

/** An expectation of things that have a member with such a name, however many copies of the package there are. */
export function having(noun: string, member: string): Expectation {
  return { noun, is: (value) => typeof value === "object" && value !== null && member in value };
}

export const A_MEMORY: Expectation = { noun: "a memory", is: (value) => value instanceof Memory };
export const OPTIONS: Expectation = { noun: "options", is: (value) => typeof value === "object" && value !== null };
export const BYTES: Expectation = { noun: "a Uint8Array", is: (value) => value instanceof Uint8Array };
export const A_FUNCTION: Expectation = { noun: "a function", is: (value) => typeof value === "function" };
export const A_PATH: Expectation = { noun: "a path", is: (value) => typeof value === "string" && value !== "" };

/** Whether a function was told which memory to go to, and not left to make its own; so too where something else is in the memory's place. */
export function namesMemory<Own extends readonly unknown[], Placed extends readonly [Memory, ...unknown[]]>(
  given: Own | Placed,
  count: Placed["length"],
): given is Placed {
  return given[0] instanceof Memory || given.length === count;
}

/**
 * For the functions that programs begin with, which are called from plain JavaScript too: looks at what they were given before it is used. `call` shows how they are meant to
 * be called: `ring(memory, Tick, { capacity: 1024 })`. Throws `invalid-argument`.
 */
export function checkCall(call: string, ...given: readonly (readonly [expected: Expectation, value: unknown])[]): void {
  for (const [expected, value] of given) {
    if (expected.is(value)) continue;
    throw new MemoryError("invalid-argument", {
      subject: call.slice(0, call.indexOf("(")),
      event: `was given ${described(value)} instead of ${expected.noun}`,
      cure: `Call it so: ${call}.`,
    });
  }
}

function described(value: unknown): string {
  if (value === undefined || value === null || typeof value === "number" || typeof value === "boolean") return String(value);
  if (typeof value === "string") return value === "" ? "an empty string" : "a string";
  if (typeof value === "function") return "a function";
  const maker: unknown = typeof value === "object" ? value.constructor : undefined;
  const name = typeof maker === "function" ? maker.name : "";
  if (name === "" || name === "Object") return `an object of {${Object.keys(value).slice(0, 4).join(", ")}}`;
  return `${/^[AEIOU]/.test(name) ? "an" : "a"} ${name}`;
}
