/**
 * TypeScript source with everything blanked out that is not code: comments, and the insides of strings, templates and regular
 * expressions, become spaces. Every other character stays where it was, so that a search finds no prose and a find has a line.
 */
export function codeOf(text: string): string {
  return new Blanker(text).run();
}

/** The line, counted from 1, of a position. */
export function lineAt(text: string, position: number): number {
  return text.slice(0, position).split("\n").length;
}

/** One import, as written. */
export interface Import {
  readonly specifier: string;
  readonly line: number;
  /** `import(…)` or `require(…)`, also in a type. */
  readonly dynamic: boolean;
}

/** What a file imports, statically or not, types included. */
export function importsOf(text: string): Import[] {
  const code = codeOf(text);
  const found: Import[] = [];
  for (const { index } of code.matchAll(/["'](?= *["'])/g)) {
    const before = /\b(from|import|import\s*\(|require\s*\()\s*$/.exec(code.slice(Math.max(0, index - 40), index))?.[1];
    if (before === undefined) continue;
    const end = code.indexOf(code[index], index + 1);
    found.push({ specifier: text.slice(index + 1, end), line: lineAt(text, index), dynamic: before.endsWith("(") });
  }
  return found;
}

class Blanker {
  readonly #text: string;
  readonly #code: string[];
  /** For each template that is open: the braces that are open in its `${…}`. */
  readonly #templates: number[] = [];

  constructor(text: string) {
    this.#text = text;
    this.#code = text.split("");
  }

  run(): string {
    let at = 0;
    while (at < this.#text.length) at = this.#step(at);
    return this.#code.join("");
  }

  /** Handles what begins at `at` and returns where it ends. */
  #step(at: number): number {
    const depth = this.#templates.length - 1;
    switch (this.#text[at]) {
      case "/":
        return this.#slash(at);
      case '"':
      case "'":
        return this.#inside(at, this.#closing(at + 1, this.#text[at]));
      case "`":
        return this.#templatePart(at);
      case "{":
        if (depth >= 0) this.#templates[depth] += 1;
        return at + 1;
      case "}":
        if (depth < 0) return at + 1;
        if (this.#templates[depth] > 0) {
          this.#templates[depth] -= 1;
          return at + 1;
        }
        this.#templates.pop();
        return this.#templatePart(at);
      default:
        return at + 1;
    }
  }

  #slash(at: number): number {
    const text = this.#text;
    if (text.startsWith("//", at)) return this.#blank(at, text.indexOf("\n", at));
    if (text.startsWith("/*", at)) return this.#blank(at, text.indexOf("*/", at + 2) < 0 ? -1 : text.indexOf("*/", at + 2) + 2);
    const before = this.#code
      .slice(Math.max(0, at - 30), at)
      .join("")
      .trimEnd();
    if (!/(?:^|[([{,;=:!&|?+\-*%<>~^]|\b(?:return|typeof|case|in|of))$/.test(before)) return at + 1;
    let inClass = false;
    for (let end = at + 1; end < text.length && text[end] !== "\n"; end++) {
      if (text[end] === "\\") end += 1;
      else if (text[end] === "[") inClass = true;
      else if (text[end] === "]") inClass = false;
      else if (text[end] === "/" && !inClass) return this.#inside(at, end);
    }
    return at + 1;
  }

  /** From a backtick or the brace that ends a `${…}`, up to the next of `${` or the last backtick. */
  #templatePart(at: number): number {
    const text = this.#text;
    for (let end = at + 1; end < text.length; end++) {
      if (text[end] === "\\") end += 1;
      else if (text[end] === "`") return this.#inside(at, end);
      else if (text.startsWith("${", end)) {
        this.#templates.push(0);
        this.#inside(at, end);
        return end + 2;
      }
    }
    return this.#blank(at, -1);
  }

  #closing(from: number, quote: string): number {
    let at = from;
    while (at < this.#text.length && this.#text[at] !== quote && this.#text[at] !== "\n") at += this.#text[at] === "\\" ? 2 : 1;
    return at;
  }

  /** Blanks what lies between the delimiters at `from` and `to`. Returns what follows. */
  #inside(from: number, to: number): number {
    this.#blank(from + 1, to);
    return to + 1;
  }

  #blank(from: number, to: number): number {
    const end = to < 0 ? this.#text.length : to;
    for (let at = from; at < end; at++) if (this.#code[at] !== "\n") this.#code[at] = " ";
    return end;
  }
}
