import { MemoryError } from "../core/errors.ts";
import { className, Source } from "./generation.ts";
import { install } from "./view-members.ts";
import { type LeasedView, POSITION } from "./view-parts.ts";
import { cursorSource } from "./view-source.ts";
import { generateWalk, walk } from "./walk.ts";

/**
 * Records that lie one behind another, and one view that moves from record to record: no garbage, whatever the loop around it is.
 *
 * ```ts
 * const rows = Particle.cursor(memory, byteOffset, count);
 * for (let i = 0; i < rows.length; i++) rows.at(i).x += 1;
 * ```
 *
 * `at` always returns the same view. What it shows changes with the next `at`, so never keep two: `Particle.at(memory, ptr)` makes views
 * to keep. Iterating yields that one view too, and costs an iterator: use an index where it matters.
 */
export interface Cursor<View> extends Iterable<View> {
  readonly length: number;
  /** The view, moved to record `index`. Throws `out-of-bounds` unless it is a whole number from 0 to `length - 1`. */
  at(index: number): View;
}

/** Makes a cursor from its view, the position of its first record and the number of records. */
export type CursorClass<View> = new (row: View, position: number, length: number) => Cursor<View>;

/** Under a symbol of its own, and not first: V8 forgets what it knows of a field when the same slot of another object is stored to. */
export const ROW: unique symbol = Symbol("row");

/** A cursor class without `at`, which its maker installs. */
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

export function installCursor(
  Class: { readonly prototype: object },
  name: string,
  stride: number,
  wide: boolean,
  outside: unknown,
): void {
  const source = new Source();
  const row = source.bind(ROW);
  const members = source.run(`${name}.cursor.at`, `return { ${cursorSource(source, stride, wide, row, outside)} };`);
  install(Class.prototype, members as object, "methods");
}

/** Where no code can be generated. */
export function composeCursor(stride: number, outside: (index: number, length: number) => never): CursorClass<LeasedView> {
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
