import {
  add,
  and,
  block,
  branch,
  branchIf,
  either,
  equal,
  get,
  i32x4,
  int,
  isZero,
  less,
  load,
  loadByte,
  loop,
  mul,
  or,
  rotateLeft,
  set,
  shiftLeft,
  shiftRight,
  store,
  sub,
  tee,
  trailingZeros,
  u8x16,
  wasmModule,
  when,
  xor,
} from "../../core/wasm-code.ts";
import { FIRST, SECOND } from "../hash.ts";
import { BYTE_LENGTH, HASH, INDEX, PLACE as PLACE_WORD, START as START_WORD, TOKEN_WORDS } from "./token-list.ts";

/**
 * The kernel's memory, which is its own and never grows.
 *
 *         0   of each low half of a byte, one bit for each high half with which it is a delimiter
 *        16   of each high half, its bit
 *        32   the bytes of all unknown tokens found i32; those of all ids i32
 *        64   32 bytes of ones, 32 of zeros: where a mask for the first n bytes begins
 *       128   the piece of text, and 32 bytes more that are read and not looked at
 *    TOKENS   | an unknown token: see TokenList | …
 *       IDS   | id i32 | …   of all tokens, 0 where it is unknown
 *      SETS   | set | …      2048 of them, chosen by the low bits of a hash
 *
 *     set     | hash i32 × 4 | id i32 × 4 | whose i32 × 4 | bytes × 4, each 32 with zeros behind | 16 bytes that are not used |
 *
 * A set remembers four tokens of up to 32 bytes. Whose: the number of the interner << 6 | length. The id is negative, the place of the token in the list, until
 * the id is told. What is new takes a free place, or by its hash that of another.
 */
const HIGH_HALVES = 16;
const FOUND = 32;
const MASKS = 64;
const TEXT = 128;
export const PIECE_BYTES = 16 * 1024 - 256;
const TOKENS = 16 * 1024;
export const KERNEL_TOKENS = 2000;
const IDS = TOKENS + (KERNEL_TOKENS + 1) * TOKEN_WORDS * 4;
const SETS = 64 * 1024;
const SET_COUNT = 2048;
const SET_BYTES = 192;
const SET_IDS = 16;
const SET_WHOSE = 32;
const SET_TEXTS = 48;
const MOST_REMEMBERED = 32;
const LENGTH_BITS = 6;
const KERNEL_BYTES = SETS + SET_COUNT * SET_BYTES;

export const KERNEL = { HIGH_HALVES, FOUND, MASKS, TEXT, TOKENS, IDS, SETS, LENGTH_BITS, KERNEL_BYTES } as const;

// What the function is given: the piece's end, how many tokens at most, seed, secret, whether parts without bytes count, the interner's number << 6. It returns where it ended.
const [END, MOST, SEED, SECRET, KEEP_EMPTY, OWNER] = [0, 1, 2, 3, 4, 5];
// Its own variables: the next 16 bytes; delimiters among them, a bit each; a token's begin, end and length; where unknown ones and ids are told; the lanes of its hash, and what of
// it enters them; the set, its place in it, whose it is, its id, whether that is known (all ones) or not (0); and of 16 bytes, the text, a token's first and last half, the hashes of the set.
const [AT, BITS, START, TO, LENGTH, OUT, OUT_ID] = [6, 7, 8, 9, 10, 11, 12];
const [A, B, WORD, PLACE, SPOT, WHOSE, ID, KNOWN] = [13, 14, 15, 16, 17, 18, 19, 20];
const [CHUNK, LOW, HIGH, HASHES] = [21, 22, 23, 24];
const LOCALS = { params: 6, i32: 15, v128: 4 };

const mix = (word: readonly number[]) => [
  set(A, mul(xor(get(A), tee(WORD, word)), int(FIRST))),
  set(A, xor(get(A), shiftRight(get(A), int(15)))),
  set(B, rotateLeft(xor(mul(get(B), get(SECRET)), get(WORD)), int(9))),
];

/** See hash.ts: this is `hashBytes` from START to TO. */
const hash = () => [
  set(A, xor(get(SEED), int(FIRST))),
  set(B, get(SEED)),
  either(
    less(get(LENGTH), int(4)),
    [
      when(
        get(LENGTH),
        ...mix(
          or(
            or(loadByte(get(START)), shiftLeft(loadByte(add(get(START), shiftRight(get(LENGTH), int(1)))), int(8))),
            shiftLeft(loadByte(sub(get(TO), int(1))), int(16)),
          ),
        ),
      ),
    ],
    [
      set(PLACE, get(START)),
      block(
        loop(
          branchIf(1, isZero(less(get(PLACE), sub(get(TO), int(4))))),
          ...mix(load(get(PLACE))),
          set(PLACE, add(get(PLACE), int(4))),
          branch(0),
        ),
      ),
      ...mix(load(sub(get(TO), int(4)))),
    ],
  ),
  set(A, add(get(A), mul(xor(get(B), get(LENGTH)), int(SECOND)))),
  set(A, mul(xor(get(A), shiftRight(get(A), int(16))), int(FIRST))),
  set(A, mul(xor(get(A), shiftRight(get(A), int(13))), int(SECOND))),
  set(A, xor(get(A), shiftRight(get(A), int(16)))),
];

/**
 * ID: that of the token if it is remembered, else 0; and from now on it is. There is no branch in this: whether a token is known can hardly be foretold, and guessing wrong costs more than
 * all stores, which also write what is there already. Undone, where the token is long, are places that nobody reads.
 */
const remember = () => [
  set(LOW, u8x16.and(u8x16.load(get(START)), u8x16.load(sub(int(MASKS + 32), get(LENGTH))))),
  set(HIGH, u8x16.and(u8x16.load(get(START), 16), u8x16.load(sub(int(MASKS + 48), get(LENGTH))))),
  set(WHOSE, or(get(OWNER), get(LENGTH))),
  set(PLACE, add(int(SETS), mul(and(get(A), int(SET_COUNT - 1)), int(SET_BYTES)))),
  set(HASHES, u8x16.load(get(PLACE))),
  // The place with this hash; else one that is free; else one that the highest bits of the hash choose.
  set(
    WORD,
    and(
      trailingZeros(
        or(
          or(
            i32x4.highBits(i32x4.equal(get(HASHES), i32x4.fill(get(A)))),
            shiftLeft(i32x4.highBits(i32x4.equal(get(HASHES), i32x4.fill(int(0)))), int(4)),
          ),
          shiftLeft(int(1 << 8), shiftRight(get(A), int(30))),
        ),
      ),
      int(3),
    ),
  ),
  set(SPOT, add(get(PLACE), shiftLeft(get(WORD), int(2)))),
  set(PLACE, add(get(PLACE), shiftLeft(get(WORD), int(5)))),
  set(ID, load(get(SPOT), SET_IDS)),
  set(
    KNOWN,
    sub(
      int(0),
      and(
        and(
          equal(load(get(SPOT), SET_WHOSE), get(WHOSE)),
          isZero(
            u8x16.hasBits(
              u8x16.or(
                u8x16.xor(get(LOW), u8x16.load(get(PLACE), SET_TEXTS)),
                u8x16.xor(get(HIGH), u8x16.load(get(PLACE), SET_TEXTS + 16)),
              ),
            ),
          ),
        ),
        // Neither 0 nor negative.
        less(sub(get(ID), int(1)), int(0x7fff_ffff)),
      ),
    ),
  ),
  store(get(SPOT), xor(sub(int(0), get(OUT)), and(get(KNOWN), xor(get(ID), sub(int(0), get(OUT))))), SET_IDS),
  set(ID, and(get(ID), get(KNOWN))),
  store(get(SPOT), get(A)),
  store(get(SPOT), get(WHOSE), SET_WHOSE),
  u8x16.store(get(PLACE), get(LOW), SET_TEXTS),
  u8x16.store(get(PLACE), get(HIGH), SET_TEXTS + 16),
];

/** The token from START to TO. */
const takeToken = () => [
  ...hash(),
  either(less(get(LENGTH), int(MOST_REMEMBERED + 1)), remember(), [
    set(KNOWN, int(0)),
    set(ID, int(0)),
    set(SPOT, int(FOUND - SET_IDS)),
  ]),
  store(get(OUT_ID), get(ID)),
  // Of a known token, it is written over by the next.
  store(get(OUT), sub(get(START), int(TEXT)), START_WORD * 4),
  store(get(OUT), get(LENGTH), BYTE_LENGTH * 4),
  store(get(OUT), get(A), HASH * 4),
  store(get(OUT), shiftRight(sub(get(OUT_ID), int(IDS)), int(2)), INDEX * 4),
  store(get(OUT), shiftRight(add(get(SPOT), int(SET_IDS)), int(2)), PLACE_WORD * 4),
  set(OUT, sub(add(get(OUT), int(TOKEN_WORDS * 4)), and(get(KNOWN), int(TOKEN_WORDS * 4)))),
  set(OUT_ID, add(get(OUT_ID), int(4))),
];

/** The module. See `TokenKernel.scan`. */
export const kernelCode = (): Uint8Array =>
  wasmModule(LOCALS, [
    set(AT, int(TEXT)),
    set(START, int(TEXT)),
    set(OUT, int(TOKENS)),
    set(OUT_ID, int(IDS)),
    set(MOST, add(int(IDS), shiftLeft(get(MOST), int(2)))),
    block(
      loop(
        branchIf(1, isZero(less(get(AT), get(END)))),
        set(CHUNK, u8x16.load(get(AT))),
        set(
          BITS,
          u8x16.highBits(
            u8x16.notEqual(
              u8x16.and(
                u8x16.lookUp(u8x16.load(int(0)), u8x16.and(get(CHUNK), u8x16.fill(int(0x0f)))),
                u8x16.lookUp(u8x16.load(int(HIGH_HALVES)), u8x16.shiftRight(get(CHUNK), int(4))),
              ),
              u8x16.fill(int(0)),
            ),
          ),
        ),
        when(
          less(sub(get(END), get(AT)), int(16)),
          set(BITS, and(get(BITS), sub(shiftLeft(int(1), sub(get(END), get(AT))), int(1)))),
        ),
        block(
          loop(
            branchIf(1, isZero(get(BITS))),
            branchIf(3, equal(get(OUT_ID), get(MOST))),
            set(TO, add(get(AT), trailingZeros(get(BITS)))),
            set(BITS, and(get(BITS), sub(get(BITS), int(1)))),
            set(LENGTH, sub(get(TO), get(START))),
            when(or(get(KEEP_EMPTY), get(LENGTH)), ...takeToken()),
            set(START, add(get(TO), int(1))),
            branch(0),
          ),
        ),
        set(AT, add(get(AT), int(16))),
        branch(0),
      ),
    ),
    store(int(FOUND), sub(get(OUT), int(TOKENS))),
    store(int(FOUND), sub(get(OUT_ID), int(IDS)), 4),
    sub(get(START), int(TEXT)),
  ]);
