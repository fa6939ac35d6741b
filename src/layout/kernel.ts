import { MemoryError } from "../core/errors.ts";
import { canGenerate, Source } from "./generation.ts";

export interface KernelOptions {
  /** Values of the surroundings that the function uses, by the names under which it uses them. */
  readonly captures?: Readonly<Record<string, unknown>>;
}

/**
 * A function that stays fast for any number of types: it is compiled once for each kind of its first argument.
 *
 * ```ts
 * const sum = kernel((rows: Cursor<{ hp: number }>) => {
 *   let total = 0;
 *   for (let i = 0; i < rows.length; i++) total += rows.at(i).hp;
 *   return total;
 * });
 * sum(particles.cursor(0, 1000));    // its own machine code for particles,
 * sum(monsters.cursor(0, 1000));     // and for monsters
 * ```
 *
 * V8 remembers up to four kinds of objects at each place in a function; with a fifth, every access there searches, 30 times slower.
 * The copies made here have memories of their own. A call costs some 20 ns more than that of the function: put the loop inside.
 *
 * The copies are made from the function's source text, so it must not use anything of its surroundings but globals: pass what it needs
 * as arguments, or name it in `captures` (which a minifier must then not rename). A name that is missing throws `invalid-argument` when it
 * is reached. Where code generation is forbidden the function itself is called.
 */
export function kernel<Rows extends object, Rest extends readonly unknown[], Result>(
  body: (rows: Rows, ...rest: Rest) => Result,
  options: KernelOptions = {},
): (rows: Rows, ...rest: Rest) => Result {
  if (typeof body !== "function") refuse("was not given a function", "Pass it first: kernel((rows) => { … }).");
  if (!canGenerate()) return body;
  const copies = new WeakMap<object, (rows: Rows, ...rest: Rest) => Result>();
  const make = copier(body, options.captures ?? {});
  return (rows, ...rest) => {
    const kind: object = Object.getPrototypeOf(rows) ?? NO_PROTOTYPE;
    let copy = copies.get(kind);
    if (copy === undefined) {
      copy = make();
      copies.set(kind, copy);
    }
    try {
      return copy(rows, ...rest);
    } catch (error) {
      throw error instanceof ReferenceError ? missing(body.name, error) : error;
    }
  };
}

const NO_PROTOTYPE = {};

/** Checks the source text and returns what makes copies of it. */
function copier<F extends (...parameters: never[]) => unknown>(body: F, captures: Readonly<Record<string, unknown>>): () => F {
  const text = Function.prototype.toString.call(body);
  if (/\{\s*\[native code\]\s*\}\s*$/.test(text)) {
    refuse(
      "was given a function without source text, as bound and built-in ones are",
      "Pass the function that was bound, and its arguments.",
    );
  }
  if (/^class\b/.test(text)) refuse("was given a class", "Pass a function.");
  for (const name of Object.keys(captures)) {
    if (!/^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name))
      refuse(`has a capture "${name}" that no code can name`, "Name it as in the function.");
  }
  const make = (): F => {
    const source = new Source();
    const names = Object.entries(captures).map(([name, value]) => `const ${name} = ${source.bind({ value })}.value;`);
    return source.run(`kernel.${body.name || "anonymous"}`, `${names.join(" ")}\nreturn (${spelled(text)});`) as F;
  };
  try {
    make();
  } catch (cause) {
    refuse("cannot be compiled from its source text", "Pass an arrow function or a function expression.", cause);
  }
  return make;
}

/** Source text of a method (`step(rows) { … }`) is no expression by itself; within an object literal it is. */
function spelled(text: string): string {
  if (/^(?:async\s*)?function\b|^(?:async\s+)?(?:\([\s\S]*?\)|[\p{ID_Start}$_][\p{ID_Continue}$]*)\s*=>/u.test(text)) return text;
  return `Object.values({ ${text} })[0]`;
}

function missing(name: string, cause: ReferenceError): MemoryError {
  return new MemoryError("invalid-argument", {
    subject: `kernel ${name}`.trimEnd(),
    event: `uses something of its surroundings: ${cause.message}`,
    cure: "Pass it as an argument, or name it: kernel(fn, { captures: { … } }).",
    cause,
  });
}

function refuse(event: string, cure: string, cause?: unknown): never {
  throw new MemoryError("invalid-argument", { subject: "kernel", event, cure, cause });
}
