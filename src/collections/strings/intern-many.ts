import { MemoryError } from "../../core/errors.ts";
import { privateMemory } from "../../core/homes.ts";
import { checkSource, throwRange } from "../byte-source.ts";
import type { GrowingStrings } from "./growing-strings.ts";
import { ID_BYTES } from "./interner-options.ts";
import { DELIMITER, TokenScanner } from "./scan-tokens.ts";
import { NO_STRING } from "./string-id.ts";
import { makeTokenKernel } from "./token-kernel.ts";
import { type IdArray, INDEX, START, TOKEN_WORDS } from "./token-list.ts";

export interface DelimitedOptions {
  /** The ASCII characters that end a part. Default: the newline. */
  readonly delimiters?: string;
  /** Where in the source to begin. Default: 0. */
  readonly start?: number;
  /** Where to end. Default: the end of the source. */
  readonly end?: number;
  /** Whether parts without bytes are interned too, as lines are where words are not. Default: false. */
  readonly keepEmpty?: boolean;
  /** Whether more may follow what the source has: then the bytes behind the last delimiter are left. Default: false. */
  readonly partial?: boolean;
}

/** How far interning of many came. */
export interface TokenRun {
  /** How many ids there are. */
  readonly count: number;
  /** Where the first part begins that was not interned; the end where there is none. */
  readonly end: number;
  /** Whether it ended there because the interner has no room for that part. */
  readonly full: boolean;
}

/** See `GrowingStrings.internAll`. */
export function internAll<Name extends string>(
  strings: GrowingStrings<Name>,
  texts: readonly string[],
  given: IdArray | undefined,
): IdArray {
  const { length } = texts;
  const ids = given ?? privateMemory(length * ID_BYTES[strings.ids]).slice(strings.ids, 0, length);
  checkIds(strings, ids, length);
  for (let at = 0; at < length; at++) ids[at] = strings.intern(texts[at]);
  return ids;
}

/** See `GrowingStrings.internDelimited`. */
export function internDelimited<Name extends string>(
  strings: GrowingStrings<Name>,
  source: Uint8Array,
  ids: IdArray,
  options: DelimitedOptions,
): TokenRun {
  const { delimiters = "\n", start = 0, end = source.length, keepEmpty = false, partial = false } = options;
  checkSource(strings.subject, source, start, end);
  if (!Number.isInteger(start) || !Number.isInteger(end)) throwRange(strings.subject, source, start, end);
  checkIds(strings, ids, 0);
  const kinds = delimiterTable(strings.subject, delimiters);
  // The loop within looks for delimiters and never for the end: the last of its parts is ended by one too.
  let last = end;
  while (last > start && kinds[source[last - 1]] !== DELIMITER) last -= 1;
  const own = source === strings.memory.u8;
  const run = withScanner((scanner) => {
    scanner.setRules(kinds, keepEmpty);
    return internEnded(scanner, strings, source, start, last, ids);
  });
  if (run.end < last || last === end || partial || run.count === ids.length) return run;
  const id = strings.tryInternBytes(own ? strings.memory.u8 : source, last, end);
  if (id === NO_STRING) return { ...run, full: true };
  ids[run.count] = id;
  return { count: run.count + 1, end, full: false };
}

/** The parts of `[start, end)`, which is empty or ends with a delimiter. */
function internEnded<Name extends string>(
  scanner: TokenScanner,
  strings: GrowingStrings<Name>,
  source: Uint8Array,
  start: number,
  end: number,
  ids: IdArray,
): TokenRun {
  const own = source === strings.memory.u8;
  const { i32, firstWord } = scanner;
  let u8 = source;
  let count = 0;
  let next = start;
  while (next < end && count < ids.length) {
    const base = next;
    next = scanner.scan(u8, base, end, ids.length - count, strings);
    scanner.tellKnown(ids, count);
    const interned = strings.rawInternTokens(u8, base, scanner, ids, count);
    scanner.learn(ids, count, interned);
    if (interned < scanner.unknownCount) {
      const word = firstWord + interned * TOKEN_WORDS;
      return { count: count + i32[word + INDEX], end: base + i32[word + START], full: true };
    }
    count += scanner.count;
    // Growing an unshared WebAssembly memory moves its bytes.
    if (own) u8 = strings.memory.u8;
  }
  return { count, end: next, full: false };
}

/** Takes a scanner for the time of `work`: an allocator may intern something meanwhile, too, with another. */
function withScanner<Result>(work: (scanner: TokenScanner) => Result): Result {
  const scanner = idleScanner ?? new TokenScanner(makeTokenKernel());
  idleScanner = undefined;
  try {
    return work(scanner);
  } finally {
    idleScanner = scanner;
  }
}

/** Its memory costs some 450 KiB, and its code a fraction of a millisecond. */
let idleScanner: TokenScanner | undefined;

let lastDelimiters = "";
let lastTable: Uint8Array | undefined;

/** For each byte whether it is a delimiter. Programs use the same ones again and again. */
function delimiterTable(subject: string, delimiters: string): Uint8Array {
  if (lastTable !== undefined && lastDelimiters === delimiters) return lastTable;
  const table = privateMemory(256).u8;
  for (const character of delimiters) {
    const byte = character.codePointAt(0) ?? 0;
    if (byte > 0x7f) {
      throw new MemoryError("invalid-argument", {
        subject,
        event: "cannot end parts at characters beyond ASCII",
        numbers: { delimiters: JSON.stringify(delimiters) },
        cure: "Pass ASCII characters as delimiters.",
      });
    }
    table[byte] = DELIMITER;
  }
  lastDelimiters = delimiters;
  lastTable = table;
  return table;
}

function checkIds<Name extends string>({ subject, ids }: GrowingStrings<Name>, array: IdArray, count: number): void {
  if (array.BYTES_PER_ELEMENT >= ID_BYTES[ids] && array.length >= count) return;
  throw new MemoryError("invalid-argument", {
    subject,
    event: "was given an array that cannot take the ids",
    numbers: { count, length: array.length, elementByteLength: array.BYTES_PER_ELEMENT, idByteLength: ID_BYTES[ids] },
    cure: "Pass an array as wide as the ids and long enough for them.",
  });
}
