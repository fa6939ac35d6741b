import { Source } from "./generation.ts";

/** Something with elements at the indices below its length. */
export interface Walkable<Element> {
  readonly length: number;
  at(index: number): Element;
}

/** The class of the iterators of one kind of thing. Each has its own, so that V8 knows what `at` is in it. */
export function generateWalk(name: string): unknown {
  return new Source().run(
    `${name}.iterator`,
    `return class Walk {
  constructor(seen) { this.seen = seen; this.index = 0; }
  [Symbol.iterator]() { return this; }
  next() {
    const { seen, index } = this;
    if (index >= seen.length) return { value: undefined, done: true };
    this.index = index + 1;
    return { value: seen.at(index), done: false };
  }
};`,
  );
}

/** Where no code can be generated. */
export function* walk<Element>(seen: Walkable<Element>): Generator<Element, void, undefined> {
  for (let index = 0; index < seen.length; index++) yield seen.at(index);
}
