import { MemoryError } from "../core/errors.ts";
import { className, Source } from "./generation.ts";
import { install } from "./view-members.ts";
import { LEASE, type LeasedClass, type LeasedView, POSITION } from "./view-parts.ts";
import { check, indexIn, recordPosition } from "./view-source.ts";
import { generateWalk, walk } from "./walk.ts";

/**
 * Records that lie one behind another.
 *
 * ```ts
 * const rows = Particle.cursor(memory, byteOffset, count);
 * for (let i = 0; i < rows.length; i++) rows.at(i).x += 1;
 * ```
 *
 * `at` makes a view each time, as `at` does everywhere; where V8 compiles the loop and what it calls into one piece, the view is
 * never really made. `seek` makes none at all, whatever the code around it is: it moves one view from record to record. What that view
 * shows changes with the next `seek`, so never keep two of them. After the memory was closed the views throw when they are used.
 */
export interface Cursor<View> extends Iterable<View> {
  readonly length: number;
  /** A view of record `index`. Throws `out-of-bounds` unless it is a whole number from 0 to `length - 1`. */
  at(index: number): View;
  /** The one view that belongs to the cursor, moved to record `index`: no garbage. Throws like `at`. */
  seek(index: number): View;
}

/** Makes a cursor from its view, the position of its first record and the number of records. */
export type CursorClass<View> = new (row: View, position: number, length: number) => Cursor<View>;

/** Called with an index that is none. Throws `out-of-bounds`. */
export type Outside = (index: number, length: number) => never;

/** What the methods of a generated cursor need to know. */
export interface CursorPlan {
  readonly name: string;
  readonly byteSize: number;
  readonly wide: boolean;
  readonly outside: Outside;
  /** The expression that makes a view; `row` is that of the cursor's own. */
  create(source: Source, row: string, position: string): string;
}

const ROW: unique symbol = Symbol("row");

/** A cursor class without `at` and `seek`, which its maker installs. */
export function generateCursor<View>(name: string): CursorClass<View> {
  const source = new Source();
  const [row, position] = [source.bind(ROW), source.bind(POSITION)];
  return source.run(
    `${name}.cursor`,
    `return class ${className(`${name}Cursor`, "Cursor")} {
  constructor(row, position, length) { this.length = length; this[${position}] = position; this[${row}] = row; Object.freeze(this); }
  [Symbol.iterator]() { return new ${source.bind(generateWalk(name))}(this); }
};`,
  ) as CursorClass<View>;
}

export function installCursor(Class: { readonly prototype: object }, plan: CursorPlan): void {
  const source = new Source();
  const row = `this[${source.bind(ROW)}]`;
  const position = source.bind(POSITION);
  const inBounds = `${check(source, indexIn("this.length", plan.wide))} ${source.bind(plan.outside)}(i, this.length);`;
  const target = recordPosition(source, `this[${position}]`, plan.byteSize, plan.wide);
  const text = `return {
at(i) { ${inBounds} return ${plan.create(source, row, target)}; },
seek(i) { ${inBounds} const r = ${row}; r[${position}] = ${target}; return r; }
};`;
  install(Class.prototype, source.run(`${plan.name}.cursor.methods`, text) as object, "methods");
}

/** Where no code can be generated. */
export function composeCursor(View: LeasedClass<LeasedView>, stride: number, outside: Outside): CursorClass<LeasedView> {
  return class ComposedCursor implements Cursor<LeasedView> {
    readonly length: number;
    readonly #row: LeasedView;
    readonly #position: number;

    constructor(row: LeasedView, position: number, length: number) {
      this.length = length;
      this.#row = row;
      this.#position = position;
      Object.freeze(this);
    }

    at(index: number): LeasedView {
      if (!isIndex(index, this.length)) outside(index, this.length);
      return new View(this.#row[LEASE], this.#position + index * stride);
    }

    seek(index: number): LeasedView {
      if (!isIndex(index, this.length)) outside(index, this.length);
      this.#row[POSITION] = this.#position + index * stride;
      return this.#row;
    }

    [Symbol.iterator](): Iterator<LeasedView> {
      return walk(this);
    }
  };
}

export function isIndex(index: number, length: number): boolean {
  return Number.isSafeInteger(index) && index >= 0 && index < length;
}

export function throwOutside(subject: string, index: unknown, length: number): never {
  throw new MemoryError("out-of-bounds", {
    subject,
    event: "has no such index",
    numbers: { index: String(index), length },
    cure: "Pass a whole number from 0 to length - 1.",
  });
}
