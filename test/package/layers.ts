import { posix } from "node:path";
import { importsOf } from "./scan.ts";
import type { Source } from "./tree.ts";

/** What the files of a room may import besides each other. */
interface Allowance {
  readonly rooms: readonly string[];
  /** Single files of other rooms. */
  readonly files?: readonly string[];
  readonly packages?: readonly string[];
  readonly node?: boolean;
}

const NEEDS_NODE = ["mapped", "native", "adapters", "cli"];
const PUBLIC = ["core", "layout", "alloc", "ownership", "collections", "concurrent", "parse", "mapped", "debug"];

/** The layer rule. `.` is what lies in src itself: the main door, which must open in browsers too. */
export const LAYERS: Readonly<Record<string, Allowance>> = {
  ".": { rooms: ["core", "layout", "alloc", "ownership", "collections", "parse"] },
  core: { rooms: [] },
  layout: { rooms: ["core"] },
  alloc: { rooms: ["core", "layout"] },
  ownership: { rooms: ["core", "layout", "alloc"] },
  parse: { rooms: ["core"] },
  collections: { rooms: ["core", "layout", "alloc"] },
  concurrent: { rooms: ["core", "layout"] },
  native: { rooms: [], files: ["src/core/errors.ts"], packages: ["koffi"], node: true },
  mapped: { rooms: ["core", "layout", "alloc", "collections", "concurrent", "parse", "native"], node: true },
  debug: { rooms: ["core", "layout", "alloc"] },
  testing: { rooms: ["core", "layout", "alloc"] },
  adapters: { rooms: PUBLIC, packages: ["*"], node: true },
  cli: { rooms: PUBLIC, packages: ["*"], node: true },
};

/** Every import that breaks the layer rule, as a sentence with file and line. `dependencies` are those of package.json. */
export function layerViolations(sources: readonly Source[], dependencies: readonly string[]): string[] {
  return sources.flatMap(({ path, text }) => {
    const room = roomOf(path);
    const allowed = LAYERS[room];
    if (allowed === undefined) return [`${path}: src/${room} is no room of the layer rule`];
    return importsOf(text).flatMap(({ specifier, line }) => {
      const wrong = problem(path, room, allowed, specifier, dependencies);
      return wrong === undefined ? [] : [`${path}:${line}: ${wrong}`];
    });
  });
}

/** Rooms in a circle would make the layers meaningless; the table itself is checked for them. */
export function circles(layers: Readonly<Record<string, Allowance>> = LAYERS): string[] {
  const reaches = (from: string, to: string, seen: Set<string>): boolean =>
    layers[from].rooms.some((next) => next === to || (!seen.has(next) && reaches(next, to, seen.add(next))));
  return Object.keys(layers).filter((room) => reaches(room, room, new Set()));
}

function problem(
  path: string,
  room: string,
  allowed: Allowance,
  specifier: string,
  dependencies: readonly string[],
): string | undefined {
  if (specifier.startsWith(".")) {
    const target = posix.join(posix.dirname(path), specifier);
    if (!target.startsWith("src/")) return `imports ${specifier}, which lies outside src`;
    if (!specifier.endsWith(".ts")) return `imports ${specifier} without its ending .ts`;
    const there = roomOf(target);
    if (there === room || allowed.rooms.includes(there) || allowed.files?.includes(target)) return undefined;
    return `${room} must not import ${there} (${specifier})`;
  }
  if (specifier.startsWith("node:")) return allowed.node ? undefined : `node: is for ${NEEDS_NODE.join(", ")} (${specifier})`;
  if (allowed.packages?.includes(specifier)) return undefined;
  if (specifier === "koffi") return "koffi is for native alone";
  if (allowed.packages?.includes("*") && dependencies.includes(specifier)) return undefined;
  return `${room} must not import the package ${specifier}`;
}

function roomOf(path: string): string {
  const [, room, file] = path.split("/");
  return file === undefined ? "." : room;
}
