import {
  add,
  and,
  bitCount,
  block,
  branch,
  branchIf,
  type Code,
  equal,
  get,
  i32x4,
  i64,
  int,
  isZero,
  less,
  load,
  loop,
  mul,
  or,
  select,
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
import { FIRST } from "../hash.ts";
import { hashCode } from "./hash-code.ts";
import { BYTE_LENGTH, HASH, INDEX, MARK, START as START_WORD, TOKEN_WORDS } from "./token-list.ts";

/**
 * The kernel's memory, which is its own and never grows.
 *
 *         0   of each low half of a byte, one bit for each high half with which it is a delimiter
 *        16   of each high half, its bit
 *        32   the bytes of all unknown tokens found i32; those of all ids i32
 *        64   32 bytes of ones, 32 of zeros: where a mask for the first n bytes begins
 *       128   the piece of text, and 32 bytes more that are read and not looked at
 *    TOKENS   | an unknown token: see TokenList | …
 *       IDS   | id i32 | …      of all tokens, 0 where it is unknown
 *      ENDS   | offset i32 | …  of all delimiters
 *      SETS   | set | …         2048 of them, chosen by the high bits of a mark
 *
 *     set     | mark i32 × 4 | id i32 × 4 | whose i32 × 4 | seen i32 × 4 | bytes × 4, each 32 with zeros behind |
 *
 * A set remembers four tokens of up to 32 bytes. Whose: the number of the interner << 6 | length. Seen: all ones where it was found since it was last to be forgotten, else 0. The mark of a token is a hash of all of that, made for speed alone: who chooses
 * tokens whose marks collide has them forgotten early, and looked up as all that is not remembered.
 *
 * What is done for each token is done without branches: whether it is known, and how long it is, can hardly be foretold, and a wrong guess costs 20 cycles and all that was begun behind it.
 */
const HIGH_HALVES = 16;
const FOUND = 32;
const MASKS = 64;
const TEXT = 128;
export const PIECE_BYTES = 16 * 1024 - 256;
const TOKENS = 16 * 1024;
export const KERNEL_TOKENS = 2000;
const IDS = TOKENS + (KERNEL_TOKENS + 1) * TOKEN_WORDS * 4;
const ENDS = 64 * 1024;
const SETS = 128 * 1024;
const SET_COUNT_BITS = 11;
const SET_BYTES = 192;
const SET_IDS = 16;
const SET_WHOSE = 32;
const SET_SEEN = 48;
const SET_TEXTS = 64;
const MOST_REMEMBERED = 32;
const LENGTH_BITS = 6;
const KERNEL_BYTES = SETS + (SET_BYTES << SET_COUNT_BITS);

export const KERNEL = { HIGH_HALVES, FOUND, MASKS, TEXT, TOKENS, SETS, IDS, LENGTH_BITS, KERNEL_BYTES } as const;

// What `scan` is given: the piece's end, how many tokens at most, seed, secret, whether parts without bytes count, the interner's number << 6. It returns where it ended.
const [END, MOST, SEED, SECRET, KEEP_EMPTY, OWNER] = [0, 1, 2, 3, 4, 5];
// Its own variables: where it is in the text and among the delimiters; delimiters among 32 bytes, a bit each; a token's begin, end and length; where unknown ones and ids are told; the
// lanes of its hash, and what of it enters them; its mark, its set and its place there, whose it is, and whether it is known (all ones) or not (0); and its first and its last 16 bytes.
const [AT, BITS, START, TO, LENGTH, OUT, OUT_ID, A, B, WORD, MARKED, PLACE, SPOT, WHOSE, KNOWN] = [
  6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20,
];
const [CHUNK, LOW, HIGH] = [21, 22, 23];
const SCAN = { name: "scan", params: 6, i32: 15, v128: 3 };

// What `learn` is given: the end of the list of tokens, which holds ids instead of hashes; the interner's number << 6; and whose turn it is, of which it returns the next.
const [LIST_END, LEARNER, TURN] = [0, 1, 2];
const LEARN = { name: "learn", params: 6, i32: 15, v128: 3 };

/** A bit for each delimiter among the 16 bytes at `at`. */
const delimiters = (at: Code, offset: number): Code =>
  u8x16.highBits(
    u8x16.notEqual(
      u8x16.and(
        u8x16.lookUp(u8x16.load(int(0)), u8x16.and(tee(CHUNK, u8x16.load(at, offset)), u8x16.fill(int(0x0f)))),
        u8x16.lookUp(u8x16.load(int(HIGH_HALVES)), u8x16.shiftRight(get(CHUNK), int(4))),
      ),
      u8x16.fill(int(0)),
    ),
  );

/** Four offsets are written whether there are so many or not: only how often there are more must be guessed. */
const findEnds = () => [
  set(AT, int(TEXT)),
  set(OUT, int(ENDS)),
  block(
    loop(
      branchIf(1, isZero(less(get(AT), get(END)))),
      set(BITS, or(delimiters(get(AT), 0), shiftLeft(delimiters(get(AT), 16), int(16)))),
      when(
        less(sub(get(END), get(AT)), int(32)),
        set(BITS, and(get(BITS), sub(shiftLeft(int(1), sub(get(END), get(AT))), int(1)))),
      ),
      set(TO, add(get(OUT), shiftLeft(bitCount(get(BITS)), int(2)))),
      loop(
        ...[0, 4, 8, 12].flatMap((offset) => [
          store(get(OUT), add(get(AT), trailingZeros(get(BITS))), offset),
          set(BITS, and(get(BITS), sub(get(BITS), int(1)))),
        ]),
        set(OUT, add(get(OUT), int(16))),
        branchIf(0, get(BITS)),
      ),
      set(OUT, get(TO)),
      set(AT, add(get(AT), int(32))),
      branch(0),
    ),
  ),
  set(END, get(OUT)),
];

/** LOW and HIGH: the first 32 bytes of the token at START, zeros behind its end. */
const loadToken = () => [
  set(PLACE, sub(int(MASKS + 32), select(get(LENGTH), int(32), less(get(LENGTH), int(32))))),
  set(LOW, u8x16.and(u8x16.load(get(START)), u8x16.load(get(PLACE)))),
  set(HIGH, u8x16.and(u8x16.load(get(START), 16), u8x16.load(get(PLACE), 16))),
];

/** Without a pattern: the high bits of the sum of the products depend on all bytes (Dietzfelbinger and others, 1997). */
const FACTORS = [0x9e37_79b9_7f4a_7c15n, 0xd6e8_feb8_6659_fd93n, 0xa076_1d64_78bd_642fn, 0xe703_7ed1_a0b4_28dbn] as const;
const product = (bytes: number, lane: number, factor: bigint) => i64.mul(i64.lane(get(bytes), lane), i64.int(factor));
const mark = () =>
  set(
    MARKED,
    xor(
      i64.highWord(
        i64.add(
          i64.add(product(LOW, 0, FACTORS[0]), product(LOW, 1, FACTORS[1])),
          i64.add(product(HIGH, 0, FACTORS[2]), product(HIGH, 1, FACTORS[3])),
        ),
      ),
      mul(get(OWNER), int(FIRST)),
    ),
  );

const setOf = (marked: Code): Code => add(int(SETS), mul(shiftRight(marked, int(32 - SET_COUNT_BITS)), int(SET_BYTES)));

/** The token from START to TO, looked up among those that are remembered. Of a known one, and of one that does not count, all but its id is written over by the next. */
const takeToken = () => [
  ...loadToken(),
  mark(),
  set(WHOSE, or(get(OWNER), get(LENGTH))),
  set(PLACE, setOf(get(MARKED))),
  // The place with this mark; where there is none the last, which has another.
  set(WORD, trailingZeros(or(i32x4.highBits(i32x4.equal(u8x16.load(get(PLACE)), i32x4.fill(get(MARKED)))), int(8)))),
  set(SPOT, add(get(PLACE), shiftLeft(get(WORD), int(2)))),
  set(PLACE, add(get(PLACE), shiftLeft(get(WORD), int(5)))),
  set(
    KNOWN,
    sub(
      int(0),
      and(
        and(less(get(LENGTH), int(MOST_REMEMBERED + 1)), equal(load(get(SPOT), SET_WHOSE), get(WHOSE))),
        isZero(
          u8x16.hasBits(
            u8x16.or(
              u8x16.xor(get(LOW), u8x16.load(get(PLACE), SET_TEXTS)),
              u8x16.xor(get(HIGH), u8x16.load(get(PLACE), SET_TEXTS + 16)),
            ),
          ),
        ),
      ),
    ),
  ),
  store(get(SPOT), or(load(get(SPOT), SET_SEEN), get(KNOWN)), SET_SEEN),
  store(get(OUT_ID), and(load(get(SPOT), SET_IDS), get(KNOWN))),
  store(get(OUT), get(START), START_WORD * 4),
  store(get(OUT), get(LENGTH), BYTE_LENGTH * 4),
  store(get(OUT), shiftRight(sub(get(OUT_ID), int(IDS)), int(2)), INDEX * 4),
  store(get(OUT), get(MARKED), MARK * 4),
  // 1 where it counts.
  set(WORD, isZero(isZero(or(get(LENGTH), get(KEEP_EMPTY))))),
  set(OUT, add(get(OUT), and(mul(get(WORD), int(TOKEN_WORDS * 4)), xor(get(KNOWN), int(-1))))),
  set(OUT_ID, add(get(OUT_ID), shiftLeft(get(WORD), int(2)))),
];

/** The hashes of the unknown tokens, up to OUT. */
const hashUnknown = () => [
  set(AT, int(TOKENS)),
  block(
    loop(
      branchIf(1, equal(get(AT), get(OUT))),
      set(START, load(get(AT), START_WORD * 4)),
      store(get(AT), sub(get(START), int(TEXT)), START_WORD * 4),
      set(LENGTH, load(get(AT), BYTE_LENGTH * 4)),
      ...hashCode({ seed: SEED, secret: SECRET, start: START, byteLength: LENGTH, end: TO, a: A, b: B, word: WORD }),
      store(get(AT), get(A), HASH * 4),
      set(AT, add(get(AT), int(TOKEN_WORDS * 4))),
      branch(0),
    ),
  ),
];

const scan = () => [
  ...findEnds(),
  set(AT, int(ENDS)),
  set(START, int(TEXT)),
  set(OUT, int(TOKENS)),
  set(OUT_ID, int(IDS)),
  set(MOST, add(int(IDS), shiftLeft(get(MOST), int(2)))),
  block(
    loop(
      branchIf(1, equal(get(AT), get(END))),
      branchIf(1, equal(get(OUT_ID), get(MOST))),
      set(TO, load(get(AT))),
      set(LENGTH, sub(get(TO), get(START))),
      ...takeToken(),
      set(START, add(get(TO), int(1))),
      set(AT, add(get(AT), int(4))),
      branch(0),
    ),
  ),
  store(int(FOUND), sub(get(OUT), int(TOKENS))),
  store(int(FOUND), sub(get(OUT_ID), int(IDS)), 4),
  set(TO, get(START)),
  set(END, sub(get(START), int(TEXT))),
  ...hashUnknown(),
  get(END),
];

/** In the four bits from `shift` on, which of the places this holds for. */
const places = (holds: Code, shift: number): Code => shiftLeft(i32x4.highBits(holds), int(shift));

/**
 * Each token gets the place with its mark; else a free one, one of another interner, or the one whose turn it is to be forgotten: but that one stays, and the token is
 * not remembered, if it was found since its last turn.
 */
const learn = () => [
  set(AT, int(TOKENS)),
  block(
    loop(
      branchIf(1, equal(get(AT), get(LIST_END))),
      set(LENGTH, load(get(AT), BYTE_LENGTH * 4)),
      set(START, add(load(get(AT), START_WORD * 4), int(TEXT))),
      ...loadToken(),
      set(MARKED, load(get(AT), MARK * 4)),
      set(PLACE, setOf(get(MARKED))),
      set(CHUNK, u8x16.load(get(PLACE), SET_WHOSE)),
      set(
        BITS,
        or(
          or(
            places(i32x4.equal(u8x16.load(get(PLACE)), i32x4.fill(get(MARKED))), 0),
            places(i32x4.equal(get(CHUNK), i32x4.fill(int(0))), 4),
          ),
          places(i32x4.notEqual(u8x16.and(get(CHUNK), i32x4.fill(int(-1 << LENGTH_BITS))), i32x4.fill(get(LEARNER))), 8),
        ),
      ),
      set(WORD, and(trailingZeros(or(get(BITS), shiftLeft(int(1 << 12), and(get(TURN), int(3))))), int(3))),
      set(TURN, add(get(TURN), int(1))),
      set(SPOT, add(get(PLACE), shiftLeft(get(WORD), int(2)))),
      set(KNOWN, and(isZero(get(BITS)), load(get(SPOT), SET_SEEN))),
      store(get(SPOT), int(0), SET_SEEN),
      when(
        and(less(get(LENGTH), int(MOST_REMEMBERED + 1)), isZero(get(KNOWN))),
        set(PLACE, add(get(PLACE), shiftLeft(get(WORD), int(5)))),
        store(get(SPOT), get(MARKED)),
        store(get(SPOT), load(get(AT), HASH * 4), SET_IDS),
        store(get(SPOT), or(get(LEARNER), get(LENGTH)), SET_WHOSE),
        u8x16.store(get(PLACE), get(LOW), SET_TEXTS),
        u8x16.store(get(PLACE), get(HIGH), SET_TEXTS + 16),
      ),
      set(AT, add(get(AT), int(TOKEN_WORDS * 4))),
      branch(0),
    ),
  ),
  get(TURN),
];

/** The module. See `TokenKernel`. */
export const kernelCode = (): Uint8Array =>
  wasmModule([
    { ...SCAN, body: scan() },
    { ...LEARN, body: learn() },
  ]);
