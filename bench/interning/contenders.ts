import { type GrowingStrings, interner, MiB, privateMemory, sharedInterner, sharedMemory } from "../../src/index.ts";

/** Address space for what interners take. */
export const RESERVE = MiB(512);

/** A Buffer, with the fastest of what it offers, which its type does not tell of. */
export type Sliced = Buffer & { latin1Slice(start: number, end: number): string };

/** What ids are given to: one by one, or the first so many of an array. */
export interface Sink {
  one(id: number): void;
  many(ids: Uint32Array, count: number): void;
}

interface Outcome {
  readonly distinct: number;
  readonly kept: unknown;
}

/** What one contender does with a text: gives the sink each id in turn, and returns how many are distinct. What it returns as `kept` is what stays. */
export type Contender = (text: Sliced, delimiters: string, sink: Sink, pieceIds: number) => Outcome;

/** What ours does with many at once. */
function blocks(strings: GrowingStrings, text: Sliced, delimiters: string, sink: Sink, pieceIds: number): Outcome {
  const ids = new Uint32Array(pieceIds);
  for (let start = 0; start < text.length; ) {
    const { count, end } = strings.internDelimited(text, ids, { delimiters, start });
    sink.many(ids, count);
    start = end;
  }
  return { distinct: strings.size, kept: strings };
}

const local = () => interner(privateMemory(0, { maxByteLength: RESERVE }), { encoding: "utf8" });

export const CONTENDERS: Readonly<Record<string, Contender>> = {
  interner: (...given) => blocks(local(), ...given),
  "interner, in TypeScript alone"(...given) {
    Reflect.deleteProperty(globalThis, "WebAssembly");
    return blocks(local(), ...given);
  },
  "interner, token by token"(text, delimiters, sink) {
    const strings = local();
    each(text, delimiters, (start, end) => sink.one(strings.internBytes(text, start, end)));
    return { distinct: strings.size, kept: strings };
  },
  "shared interner": (...given) => blocks(sharedInterner(sharedMemory(RESERVE), { encoding: "utf8" }), ...given),
  "Map, decoded"(text, delimiters, sink) {
    const map = new Map<string, number>();
    each(text, delimiters, (start, end) => {
      const token = text.latin1Slice(start, end);
      let id = map.get(token);
      if (id === undefined) {
        id = map.size + 1;
        map.set(token, id);
      }
      sink.one(id);
    });
    return { distinct: map.size, kept: map };
  },
  "Map, substrings"(text, delimiters, sink) {
    const whole = text.latin1Slice(0, text.length);
    const map = new Map<string, number>();
    each(text, delimiters, (start, end) => {
      const token = whole.substring(start, end);
      let id = map.get(token);
      if (id === undefined) {
        id = map.size + 1;
        map.set(token, id);
      }
      sink.one(id);
    });
    return { distinct: map.size, kept: map };
  },
};

function each(text: Sliced, delimiters: string, take: (start: number, end: number) => void): void {
  const ends = new Uint8Array(256);
  for (const character of delimiters) ends[character.charCodeAt(0)] = 1;
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    if (ends[text[at]] === 0) continue;
    if (at > start) take(start, at);
    start = at + 1;
  }
  if (start < text.length) take(start, text.length);
}
