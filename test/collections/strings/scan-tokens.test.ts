import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { hashBytes } from "../../../src/collections/hash.ts";
import { TokenScanner } from "../../../src/collections/strings/scan-tokens.ts";
import { KERNEL_TOKENS, makeTokenKernel, PIECE_BYTES } from "../../../src/collections/strings/token-kernel.ts";
import { INDEX, TOKEN_WORDS } from "../../../src/collections/strings/token-list.ts";

interface Found {
  readonly tokens: readonly (readonly [start: number, byteLength: number, hash: number])[];
  readonly next: number;
}

function kindsOf(delimiters: string): Uint8Array {
  const kinds = new Uint8Array(256);
  for (const character of delimiters) kinds[character.charCodeAt(0)] = 1;
  return kinds;
}

/** All tokens of `source[start, end)`, in as many scans as that takes; places count from 0. */
function scanAll(
  scanner: TokenScanner,
  source: Uint8Array,
  start: number,
  most: number,
  kinds: Uint8Array,
  seed: number,
  keepEmpty: boolean,
): Found {
  scanner.setRules(kinds, keepEmpty);
  const tokens: [number, number, number][] = [];
  let next = start;
  while (next < source.length && tokens.length < most) {
    const base = next;
    next = scanner.scan(source, base, source.length, most - tokens.length, { seed });
    assert.ok(next > base, "a scan comes on");
    for (let word = scanner.firstWord; word < scanner.firstWord + scanner.unknownCount * TOKEN_WORDS; word += TOKEN_WORDS)
      tokens.push([base + scanner.i32[word], scanner.i32[word + 1], scanner.i32[word + 2]]);
  }
  return { tokens, next };
}

/** By the book. */
function expected(source: Uint8Array, start: number, kinds: Uint8Array, seed: number, keepEmpty: boolean): Found["tokens"] {
  const tokens: [number, number, number][] = [];
  let from = start;
  for (let at = start; at < source.length; at++) {
    if (kinds[source[at]] === 0) continue;
    if (keepEmpty || at > from) tokens.push([from, at - from, hashBytes(source, from, at, seed)]);
    from = at + 1;
  }
  return tokens;
}

const kernel = makeTokenKernel();
const WAYS = [
  { title: "in TypeScript", scanner: new TokenScanner(undefined) },
  ...(kernel === undefined ? [] : [{ title: "in WebAssembly", scanner: new TokenScanner(kernel) }]),
];

describe("scanning for tokens", () => {
  it("has a kernel where there is WebAssembly", () => assert.equal(kernel !== undefined, "WebAssembly" in globalThis));

  for (const { title, scanner } of WAYS) {
    it(`finds all tokens with their hashes ${title}`, () => {
      const piece = fc.oneof(
        { weight: 6, arbitrary: fc.uint8Array({ maxLength: 40 }) },
        {
          weight: 4,
          arbitrary: fc.constantFrom(...[",", ",,", "\n", "\0", " ", "\x7f"].map((text) => new TextEncoder().encode(text))),
        },
        { weight: 1, arbitrary: fc.integer({ min: 250, max: 3000 }).map((length) => new Uint8Array(length).fill(0x2c)) },
      );
      fc.assert(
        fc.property(
          fc.array(piece, { maxLength: 60 }),
          fc.constantFrom(",", "\n", " ,\n", "\0\x7f,", "pqrstuvw,"),
          fc.integer(),
          fc.boolean(),
          fc.nat(7),
          (pieces, delimiters, seed, keepEmpty, start) => {
            const end = delimiters.charCodeAt(0);
            const source = Uint8Array.from([...new Uint8Array(start), ...pieces.flatMap((bytes) => [...bytes]), end]);
            const kinds = kindsOf(delimiters);
            const all = expected(source, start, kinds, seed, keepEmpty);
            const found = scanAll(scanner, source, start, Number.POSITIVE_INFINITY, kinds, seed, keepEmpty);
            assert.deepEqual(found.tokens, all);
            // Told to end early, it says where to go on.
            const most = Math.ceil(all.length / 2);
            const half = scanAll(scanner, source, start, most, kinds, seed, keepEmpty);
            const rest = scanAll(scanner, source, half.next, Number.POSITIVE_INFINITY, kinds, seed, keepEmpty);
            assert.deepEqual([half.tokens.length, [...half.tokens, ...rest.tokens]], [most, all]);
          },
        ),
        { numRuns: 150 },
      );
    });

    it(`finds tokens that are longer than a piece, and more than fit into one list, ${title}`, () => {
      const kinds = kindsOf("\n");
      const long = new Uint8Array(3 * PIECE_BYTES).fill(0x61);
      for (const at of [10, 12, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, long.length - 2, long.length - 1]) long[at] = 0x0a;
      assert.deepEqual(
        scanAll(scanner, long, 0, Number.POSITIVE_INFINITY, kinds, 7, false).tokens,
        expected(long, 0, kinds, 7, false),
      );
      const many = Uint8Array.from({ length: KERNEL_TOKENS * 5 }, (_, at) => (at % 2 === 0 ? 0x61 : 0x0a));
      const { tokens } = scanAll(scanner, many, 0, Number.POSITIVE_INFINITY, kinds, 7, true);
      assert.equal(tokens.length, many.length / 2);
    });
  }

  it("knows the ids that it was told, of whom they are, and no others", { skip: kernel === undefined }, () => {
    const scanner = new TokenScanner(kernel);
    const token = fc.oneof(
      { weight: 5, arbitrary: fc.nat(9).map((n) => `t${n}`) },
      { weight: 2, arbitrary: fc.nat(20_000).map((n) => `a longer one ${n}`) },
      {
        weight: 1,
        arbitrary: fc.constantFrom(
          "",
          "a",
          "a\0",
          "a\0\0",
          "x".repeat(31),
          "x".repeat(32),
          "x".repeat(33),
          "x".repeat(32).concat("\0"),
        ),
      },
    );
    const scan = fc.record({ tokens: fc.array(token, { minLength: 60, maxLength: 400 }), who: fc.nat(2), told: fc.nat(500) });
    scanner.setRules(kindsOf("\n"), true);
    let known = 0;
    fc.assert(
      fc.property(fc.array(scan, { maxLength: 12 }), (scans) => {
        // Two of them have the same hashes.
        const owners = [{ seed: 7 }, { seed: 7 }, { seed: 8 }].map((owner) => ({ owner, ids: new Map<string, number>() }));
        for (const { tokens, who, told } of scans) {
          const { owner, ids } = owners[who];
          const source = new TextEncoder().encode(`${tokens.join("\n")}\n`.padStart(300, "."));
          const texts = new TextDecoder().decode(source).slice(0, -1).split("\n");
          assert.equal(scanner.scan(source, 0, source.length, 1000, owner), source.length);
          assert.equal(scanner.count, texts.length);
          const found = new Uint32Array(texts.length);
          scanner.tellKnown(found, 0);
          known += scanner.count - scanner.unknownCount;
          // Without room for more, an interner tells no more.
          const learnt = Math.min(told, scanner.unknownCount);
          for (let at = 0; at < scanner.unknownCount; at++) {
            const index = scanner.i32[scanner.firstWord + at * TOKEN_WORDS + INDEX];
            const text = texts[index];
            if (at < learnt && !ids.has(text)) ids.set(text, ids.size + 1);
            found[index] = ids.get(text) ?? 0;
          }
          scanner.learn(found, 0, learnt);
          assert.deepEqual(
            [...found],
            texts.map((text) => ids.get(text) ?? 0),
          );
        }
      }),
      { numRuns: 100 },
    );
    assert.ok(known > 1000, "most tokens were known");
  });

  it("forgets what passes by before what is met again and again", { skip: kernel === undefined }, () => {
    const scanner = new TokenScanner(makeTokenKernel());
    scanner.setRules(kindsOf("\n"), false);
    const owner = { seed: 7 };
    const often = Array.from({ length: 100 }, (_, n) => `often ${n}`);
    let forgotten = 0;
    for (let round = 0; round < 100; round++) {
      // Five times as many pass by as are remembered.
      const texts = [...often, ...Array.from({ length: 400 }, (_, n) => `once ${round} ${n}`)];
      const source = new TextEncoder().encode(`${texts.join("\n")}\n`);
      assert.equal(scanner.scan(source, 0, source.length, 1000, owner), source.length);
      const found = new Uint32Array(texts.length);
      scanner.tellKnown(found, 0);
      for (const [n, id] of found.entries()) if (n < 100 && round > 0 && id === 0) forgotten += 1;
      scanner.learn(
        Uint32Array.from(texts, (_, n) => (n < 100 ? n + 1 : 1000 + round * 400 + n)),
        0,
        scanner.unknownCount,
      );
    }
    assert.ok(forgotten < 100, `of 9900 looks ${forgotten} found nothing`);
  });

  it("counts interners anew when it has no more numbers for them", { skip: kernel === undefined }, () => {
    const small = makeTokenKernel(2);
    assert.ok(small !== undefined);
    const scanner = new TokenScanner(small);
    scanner.setRules(kindsOf("\n"), false);
    const source = new TextEncoder().encode("token\n".repeat(100));
    const owners = [1, 2, 3, 4, 5].map(() => ({ seed: 7 }));
    for (const [at, owner] of owners.entries()) {
      scanner.scan(source, 0, source.length, 100, owner);
      assert.equal(scanner.unknownCount, 100, "its ids are those of nobody before");
      const ids = new Uint32Array(100).fill(at + 1);
      scanner.learn(ids, 0, 100);
      scanner.scan(source, 0, source.length, 100, owner);
      assert.equal(scanner.unknownCount, 0);
      scanner.tellKnown(ids.fill(0), 0);
      assert.deepEqual([ids[0], ids[99]], [at + 1, at + 1]);
    }
  });
});
