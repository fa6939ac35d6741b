import { MemoryError } from "../../core/errors.ts";
import { STORED_TYPES, type StoredType } from "./manifest.ts";

/** A type that the user gave a column: `u32`, or `u32?` for a column in which values may be missing. */
export interface DeclaredType {
  readonly type: StoredType;
  readonly optional: boolean;
}

/** What `--types` takes, as text (`population:u32?,name:text`) or as an object. */
export type TypesOption = string | Readonly<Record<string, string>>;

/** Reads a `types` option. Throws `invalid-argument` with the list of types that there are. */
export function parseDeclaredTypes(types: TypesOption): ReadonlyMap<string, DeclaredType> {
  const pairs = typeof types === "string" ? splitPairs(types) : Object.entries(types);
  return new Map(pairs.map(([name, text]) => [name, parseType(name, text)]));
}

function splitPairs(text: string): [string, string][] {
  return text
    .split(",")
    .filter((pair) => pair.trim() !== "")
    .map((pair) => {
      const colon = pair.lastIndexOf(":");
      if (colon < 1) return refuse(`has no "name:type" in "${pair}"`);
      return [pair.slice(0, colon).trim(), pair.slice(colon + 1).trim()];
    });
}

function parseType(name: string, text: string): DeclaredType {
  const optional = text.endsWith("?");
  const bare = optional ? text.slice(0, -1) : text;
  const type = STORED_TYPES.find((stored) => stored === bare);
  return type === undefined ? refuse(`gives the column "${name}" the unknown type "${text}"`) : { type, optional };
}

function refuse(event: string): never {
  throw new MemoryError("invalid-argument", {
    subject: "the option types",
    event,
    cure: `Write name:type pairs with the types ${STORED_TYPES.join(", ")}; a ? behind the type allows missing values.`,
  });
}
