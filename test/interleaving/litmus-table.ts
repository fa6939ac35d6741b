/**
 * What two threads may see of each other, as data: what each does at one place of many, and which pairs of results the memory model of JavaScript forbids. Words
 * `a` and `b` are zero at first and lie in cache lines of their own.
 */
export interface Litmus {
  readonly title: string;
  /** What the first thread and the second do; what each returns is its result. */
  readonly threads: readonly [Side, Side];
  /** `first,second`: must never be seen. */
  readonly forbidden: readonly string[];
  /** May be seen or not; anything that is neither forbidden nor here was forgotten. */
  readonly allowed: readonly string[];
}

export type Side = (i32: Int32Array, a: number, b: number) => number;

const ANY = ["0,0", "0,1", "1,0", "1,1"];

export const LITMUS: Readonly<Record<string, Litmus>> = {
  storeBuffering: {
    title: "store buffering: each stores, then looks at the other's store; one of them sees it",
    threads: [
      (i32, a, b) => {
        Atomics.store(i32, a, 1);
        return Atomics.load(i32, b);
      },
      (i32, a, b) => {
        Atomics.store(i32, b, 1);
        return Atomics.load(i32, a);
      },
    ],
    forbidden: ["0,0"],
    allowed: ["0,1", "1,0", "1,1"],
  },
  storeBufferingPlain: {
    title: "store buffering with plain accesses: both may miss it, and on x86 they do",
    threads: [
      (i32, a, b) => {
        i32[a] = 1;
        return i32[b];
      },
      (i32, a, b) => {
        i32[b] = 1;
        return i32[a];
      },
    ],
    forbidden: [],
    allowed: ANY,
  },
  announceAndLook: {
    title: "a signal: one stores and looks for waiters, the other announces itself by a read-modify-write and looks",
    threads: [
      (i32, a, b) => {
        Atomics.store(i32, a, 1);
        return Atomics.load(i32, b);
      },
      (i32, a, b) => {
        Atomics.or(i32, b, 1);
        return Atomics.load(i32, a);
      },
    ],
    forbidden: ["0,0"],
    allowed: ["0,1", "1,0", "1,1"],
  },
  messagePassing: {
    title: "message passing: who sees the flag sees the plain data that was written before it",
    threads: [
      (i32, a, b) => {
        i32[a] = 1;
        Atomics.store(i32, b, 1);
        return 0;
      },
      (i32, a, b) => {
        const flag = Atomics.load(i32, b);
        return flag === 1 && i32[a] === 0 ? 1 : 0;
      },
    ],
    forbidden: ["0,1"],
    allowed: ["0,0"],
  },
  messagePassingExchange: {
    title: "message passing by compare-and-swap, as locks do it",
    threads: [
      (i32, a, b) => {
        i32[a] = 1;
        Atomics.compareExchange(i32, b, 0, 1);
        return 0;
      },
      (i32, a, b) => {
        const flag = Atomics.compareExchange(i32, b, 1, 2);
        return flag === 1 && i32[a] === 0 ? 1 : 0;
      },
    ],
    forbidden: ["0,1"],
    allowed: ["0,0"],
  },
  loadBuffering: {
    title: "load buffering: nobody sees a store that comes of what it causes",
    threads: [
      (i32, a, b) => {
        const seen = Atomics.load(i32, a);
        Atomics.store(i32, b, 1);
        return seen;
      },
      (i32, a, b) => {
        const seen = Atomics.load(i32, b);
        Atomics.store(i32, a, 1);
        return seen;
      },
    ],
    forbidden: ["1,1"],
    allowed: ["0,0", "0,1", "1,0"],
  },
  coherence: {
    title: "coherence: a word does not go back",
    threads: [
      (i32, a) => {
        Atomics.store(i32, a, 1);
        Atomics.store(i32, a, 2);
        return 0;
      },
      (i32, a) => {
        const first = Atomics.load(i32, a);
        return Atomics.load(i32, a) < first ? 1 : 0;
      },
    ],
    forbidden: ["0,1"],
    allowed: ["0,0"],
  },
  sequence: {
    title: "a seqlock: plain data between two looks at the same even sequence is whole",
    threads: [
      (i32, a, b) => {
        Atomics.add(i32, b, 1);
        Atomics.load(i32, b);
        i32[a] = 1;
        i32[a + 1] = 1;
        Atomics.add(i32, b, 1);
        return 0;
      },
      (i32, a, b) => {
        const before = Atomics.load(i32, b);
        if (before % 2 === 1) return 0;
        const [one, two] = [i32[a], i32[a + 1]];
        Atomics.store(i32, b + 1, 0);
        return Atomics.load(i32, b) === before && one !== two ? 1 : 0;
      },
    ],
    forbidden: ["0,1"],
    allowed: ["0,0"],
  },
  increments: {
    title: "two increments of one word, atomic: none is lost",
    threads: [(i32, a) => Atomics.add(i32, a, 1), (i32, a) => Atomics.add(i32, a, 1)],
    forbidden: ["0,0", "1,1"],
    allowed: ["0,1", "1,0"],
  },
};

/** What rings rest on; words as in their layouts. */
Object.assign(LITMUS, {
  ringClaims: {
    title: "a message ring: of two producers that claim one granule one gets it",
    threads: [
      (i32, a) => Number(Atomics.compareExchange(i32, a, 0, 1) === 0),
      (i32, a) => Number(Atomics.compareExchange(i32, a, 0, 2) === 0),
    ],
    forbidden: ["0,0", "1,1"],
    allowed: ["0,1", "1,0"],
  },
  ringRevokes: {
    title: "a message ring: a commit and a revocation of one claim: one of them holds, and a committed message is whole",
    threads: [
      (i32, a, b) => {
        i32[b] = 7;
        return Number(Atomics.compareExchange(i32, a, 0, 2) === 0);
      },
      (i32, a, b) => (Atomics.compareExchange(i32, a, 0, 4) === 0 ? 0 : i32[b]),
    ],
    forbidden: ["0,7", "1,0"],
    allowed: ["0,0", "1,7"],
  },
  ringSleeper: {
    title: "a ring: who moves the position by a compare-and-swap sees the sleeper's bit, or the sleeper sees the move",
    threads: [
      (i32, a) => {
        if (Atomics.compareExchange(i32, a, 0, 1) === 0) return 0;
        Atomics.compareExchange(i32, a, 1 << 31, 1);
        return 1;
      },
      (i32, a) => Number((Atomics.or(i32, a, 1 << 31) & 1) === 1),
    ],
    forbidden: ["0,0", "1,1"],
    allowed: ["0,1", "1,0"],
  },
  ringSlots: {
    title: "a ring: slots that were written plainly before the position was moved are seen with it, round after round in one place",
    threads: [
      (i32, a, b) => {
        for (let round = 1; round <= 3; round++) {
          i32[a] = round;
          i32[a + 1] = round;
          Atomics.compareExchange(i32, b, round - 1, round);
        }
        return 0;
      },
      (i32, a, b) => {
        const position = Atomics.load(i32, b);
        return Number(i32[a] < position || i32[a + 1] < position);
      },
    ],
    forbidden: ["0,1"],
    allowed: ["0,0"],
  },
  broadcastOverwrites: {
    title: "a broadcast: a message that was copied while the intent stayed within the capacity is whole",
    threads: [
      (i32, a, b) => {
        Atomics.exchange(i32, b, 1);
        Atomics.load(i32, b);
        i32[a] = 1;
        i32[a + 1] = 1;
        return 0;
      },
      (i32, a, b) => {
        const [one, two] = [i32[a], i32[a + 1]];
        Atomics.store(i32, b + 1, 0);
        return Number(Atomics.load(i32, b) === 0 && (one !== 0 || two !== 0));
      },
    ],
    forbidden: ["0,1"],
    allowed: ["0,0"],
  },
} satisfies Readonly<Record<string, Litmus>>);

/** i32 words of a place: `a` at 0, `b` at 16. */
export const PLACE_WORDS = 32;
export const B = 16;
/** Words before the places: who is ready for which round. */
export const HEAD_WORDS = 64;

/** The part of one thread in a round: at each place, at the same time as the other. */
export function playSide(i32: Int32Array, side: Side, results: Int32Array, places: number): void {
  for (let place = 0; place < places; place++) {
    const at = HEAD_WORDS + place * PLACE_WORDS;
    results[place] = side(i32, at, at + B);
  }
}

/** Both are there: spins, so that they go on within nanoseconds of each other. */
export function meet(i32: Int32Array, round: number): void {
  Atomics.add(i32, 0, 1);
  while (Atomics.load(i32, 0) < round * 2);
}
