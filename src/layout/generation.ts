/**
 * Accessors are generated as source text where the engine allows it: then each struct has functions of its own, V8 compiles each
 * with its own type feedback, and the typed arrays of a memory are constants in them. Under a content-security policy without
 * `unsafe-eval` (or Node's --disallow-code-generation-from-strings) they are composed from closures instead: same behaviour, slower.
 */
let composing = !isAllowed();

function isAllowed(): boolean {
  try {
    return new Function("return true")() === true;
  } catch {
    return false;
  }
}

/** Whether types defined now get generated accessors. */
export function canGenerate(): boolean {
  return !composing;
}

/** Types that `define` makes get composed accessors, whatever the engine allows. For tests. */
export function composed<Result>(define: () => Result): Result {
  const before = composing;
  composing = true;
  try {
    return define();
  } finally {
    composing = before;
  }
}

let serial = 0;

/** A function under construction: its text, and the values that the text names. */
export class Source {
  readonly #names: string[] = [];
  readonly #values: unknown[] = [];

  /** The name by which the text reaches `value`: a constant to the compiler. The same value gets one name. */
  bind(value: unknown): string {
    const known = this.#values.indexOf(value);
    if (known >= 0) return this.#names[known];
    const name = `c${this.#names.length}`;
    this.#names.push(name);
    this.#values.push(value);
    return name;
  }

  /**
   * Runs `body` and returns what it returns. `label` names it in stack traces and profiles. Its number makes every text unique: V8
   * keeps one function, and so one type feedback, for equal texts, and two structs that share it make each other slow.
   */
  run(label: string, body: string): unknown {
    serial += 1;
    const url = `offheap/${label.replace(/[^\w$.-]+/g, "-")}.${serial}.js`;
    return new Function(...this.#names, `"use strict";\n${body}\n//# sourceURL=${url}`)(...this.#values);
  }
}

/** `name` where a class may be called so, else `otherwise`. */
export function className(name: string, otherwise: string): string {
  return /^[A-Z_$][\w$]*$/i.test(name) && !RESERVED.test(name) ? name : otherwise;
}

const RESERVED =
  /^(?:arguments|await|break|case|catch|class|const|continue|debugger|default|delete|do|else|enum|eval|export|extends|false|finally|for|function|if|implements|import|in|instanceof|interface|let|new|null|package|private|protected|public|return|static|super|switch|this|throw|true|try|typeof|var|void|while|with|yield|undefined|NaN|Infinity|c\d+)$/;
