/** Of these so many a round, each round others: short rounds are disturbed less, and what one round brings into the caches is of no use to the next. */
export const WINDOW = 10_000;
/** Keys of one `getMany`. */
export const MANY = 1000;

/** A flat string, as from a file. */
export function nameOf(index: number): string {
  const name = `package-${(Math.imul(index, 0x9e37_79b1) >>> 0).toString(36)}-${index}`;
  return Buffer.from(name, "latin1").toString("latin1");
}

let cases = 0;

/**
 * A case that works on the next `WINDOW` of `count` look-ups each time, so that it comes to all of them. Each begins a window after the one that was made before it: what has
 * brought the same keys into the caches is some turns ago.
 */
export function windowed<Result>(count: number, work: (from: number, end: number) => Result): () => Result {
  let turn = cases++;
  return () => {
    const from = (turn++ * WINDOW) % count;
    return work(from, from + WINDOW);
  };
}

/** What each `getMany` asks for. */
export function parts<Item>(of: readonly Item[]): Item[][] {
  return Array.from({ length: Math.ceil(of.length / MANY) }, (_, part) => of.slice(part * MANY, (part + 1) * MANY));
}

/** What nobody can do without who has a string. */
export function readCharacters(name: string): number {
  let sum = 0;
  for (let at = 0; at < name.length; at++) sum = (sum + name.charCodeAt(at)) | 0;
  return sum;
}
