import { codeOf, lineAt } from "./scan.ts";
import type { Source } from "./tree.ts";

/** The one file that may look at a buffer through a typed array; everybody else asks a Memory. */
const VIEW_MAKER = "src/core/views.ts";
const LONGEST_FILE = 300;

/** Files that look at buffers of their own making, which no Memory holds, with the reason. */
export const OWN_BUFFERS: Readonly<Record<string, string>> = {
  "src/mapped/dataset/write-column.ts": "shows its own numbers to write() as bytes",
  "src/mapped/file-header.ts": "encodes and decodes the 64 bytes of a file header of its own",
  "src/native/koffi.ts": "asks koffi for the address of a buffer, which it tells of views only",
};

const TYPED_ARRAY =
  /\bnew\s+((?:Uint8|Uint8Clamped|Int8|Uint16|Int16|Uint32|Int32|Float16|Float32|Float64|BigInt64|BigUint64)Array|DataView)\b[^(;]*\(/g;

/**
 * Typed arrays over buffers that are made elsewhere than in the one place for them. Allowed everywhere are arrays of their own bytes:
 * `new Uint32Array(16)`, `new Uint8Array(byteLength)`, `new Uint8Array([1, 2])`. What counts as "over a buffer": a second argument,
 * an ArrayBuffer made on the spot, or a first argument that is named as one (`x.buffer`, `committedBuffer`, `sab`).
 */
export function typedArrayViolations({ path, text }: Source): string[] {
  if (path === VIEW_MAKER) return [];
  const code = codeOf(text);
  return [...code.matchAll(TYPED_ARRAY)].flatMap((match) => {
    const [first, ...others] = argumentsFrom(code, match.index + match[0].length);
    const named = /buffer\s*$|\bsab\b|\bnew\s+(?:Shared)?ArrayBuffer\b/i.test(first);
    if (match[1] !== "DataView" && others.length === 0 && !named) return [];
    return [`${path}:${lineAt(text, match.index)}: ${match[1]} over a buffer; use memory.bytes, memory.slice or memory.u8 …`];
  });
}

/** Ways round the type checker. */
export function escapeViolations({ path, text }: Source): string[] {
  const found = (what: RegExp, where: string, name: string) =>
    [...where.matchAll(what)].map(({ index }) => `${path}:${lineAt(text, index)}: ${name}`);
  const code = codeOf(text);
  return [
    ...found(/@ts-(?:ignore|nocheck)\b/g, text, "switches the type checker off"),
    ...(path.startsWith("src/") ? found(/@ts-expect-error\b/g, text, "expects a type error in a source") : []),
    ...found(/\bas\s+unknown\s+as\b/g, code, "casts through unknown"),
    ...found(/\bas\s+never\b/g, code, "casts to never"),
    ...found(/[:<,|&]\s*any\b|\bas\s+any\b|\bany\s*\[\]/g, code, "says any"),
  ];
}

export function lengthViolations({ path, text }: Source): string[] {
  const lines = text.trimEnd().split("\n").length;
  return lines <= LONGEST_FILE ? [] : [`${path}: ${lines} lines, at most ${LONGEST_FILE}: one noun a file`];
}

/** Words of the place where this is written, which mean nothing to who reads it. In two halves, so that this file is free of them. */
const FOREIGN = [
  "shared" + "/design",
  "shared" + "/anchors",
  "shared" + "/research",
  "issue" + " #",
  "issues" + " show",
  "/work" + "/main",
  "/tmp" + "/team",
];

export function foreignWordViolations({ path, text }: Source): string[] {
  const lower = text.toLowerCase();
  return FOREIGN.filter((word) => lower.includes(word)).map(
    (word) => `${path}:${lineAt(text, lower.indexOf(word))}: mentions ${word}`,
  );
}

/** The arguments of a call, as written, from just behind its opening parenthesis. */
function argumentsFrom(code: string, from: number): string[] {
  const found = [""];
  let depth = 0;
  for (let at = from; at < code.length; at++) {
    const char = code[at];
    if (depth === 0 && char === ")") break;
    if ("([{".includes(char)) depth += 1;
    if (")]}".includes(char)) depth -= 1;
    if (depth === 0 && char === ",") found.push("");
    else found[found.length - 1] += char;
  }
  return found.filter((argument, place) => place === 0 || argument.trim() !== "");
}
