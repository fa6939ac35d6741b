/**
 * Code blocks of a Markdown document, and what a comment on the line before one says about it:
 *
 * - nothing: a `ts` block is compiled and run, as a module of its own; any other block is prose.
 * - `continues`: the `ts` block goes on where the one before it ended.
 * - `not run: reason`: the `ts` block is compiled only.
 * - `not compiled: reason`: the `ts` block is neither.
 * - `run`: the `sh` block is run by bash.
 * - `output`: what the block run last has printed, to the letter but for space at the ends.
 * - `file: name`: the block is written to that file before anything after it runs.
 *
 * Blocks of one document run in their order and in one folder, so that one may use what another has made.
 */
export interface Block {
  readonly language: string;
  readonly text: string;
  /** Of its first line of code, counted from 1. */
  readonly line: number;
  readonly role: "module" | "continuation" | "checked" | "shell" | "output" | "file" | "prose";
  /** The file's name, or the reason. */
  readonly detail: string;
}

const ROLES: Readonly<Record<string, { readonly role: Block["role"]; readonly language?: RegExp; readonly detail: boolean }>> = {
  continues: { role: "continuation", language: /^ts$/, detail: false },
  "not run": { role: "checked", language: /^ts$/, detail: true },
  "not compiled": { role: "prose", language: /^ts$/, detail: true },
  run: { role: "shell", language: /^(?:sh|bash)$/, detail: false },
  output: { role: "output", detail: false },
  file: { role: "file", detail: true },
};

/** Throws, with the line, on a fence that is never closed and on a comment that it does not understand. */
export function blocksOf(markdown: string): Block[] {
  const lines = markdown.split("\n");
  const blocks: Block[] = [];
  for (let at = 0; at < lines.length; at++) {
    const fence = /^(\s*)(`{3,}|~{3,})\s*([\w-]*)/.exec(lines[at]);
    if (fence === null) continue;
    const [, indent, marker, language] = fence;
    const end = lines.findIndex((line, below) => below > at && line.trim() === marker);
    if (end < 0) throw new Error(`line ${at + 1}: this code block is never closed`);
    const text = lines.slice(at + 1, end).map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line));
    blocks.push({ language, text: `${text.join("\n")}\n`, line: at + 2, ...roleOf(language, commentAbove(lines, at), at + 1) });
    at = end;
  }
  return blocks;
}

function commentAbove(lines: readonly string[], fenceAt: number): string | undefined {
  let at = fenceAt - 1;
  while (at >= 0 && lines[at].trim() === "") at -= 1;
  return at < 0 ? undefined : /^\s*<!--\s*(.*?)\s*-->\s*$/.exec(lines[at])?.[1];
}

function roleOf(language: string, comment: string | undefined, line: number): Pick<Block, "role" | "detail"> {
  const [name, ...rest] = (comment ?? "").split(":");
  const known = ROLES[name.trim()];
  if (known === undefined) return { role: language === "ts" ? "module" : "prose", detail: "" };
  const detail = rest.join(":").trim();
  if (known.language !== undefined && !known.language.test(language))
    throw new Error(`line ${line}: "${comment}" is not for ${language} blocks`);
  if (known.detail && detail === "")
    throw new Error(`line ${line}: "${comment}" must say ${known.role === "file" ? "a name" : "why"}`);
  return { role: known.role, detail };
}

/** A TypeScript module made of blocks, each on the line where the document has it, so that errors name the document's lines. */
export interface Module {
  readonly line: number;
  readonly text: string;
}

/** The module that a `ts` block stands for: itself, after the blocks that it continues. */
export function moduleAt(blocks: readonly Block[], place: number): Module {
  const parts: Block[] = [];
  for (let at = place; at >= 0; at--) {
    const block = blocks[at];
    if (block.language !== "ts" || block.role === "prose") continue;
    parts.unshift(block);
    if (block.role !== "continuation") break;
  }
  let text = "";
  let line = 1;
  for (const part of parts) {
    text += "\n".repeat(part.line - line) + part.text;
    line = part.line + part.text.split("\n").length - 1;
  }
  return { line: blocks[place].line, text };
}
