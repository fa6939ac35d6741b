import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Memory } from "../../src/core/memory.ts";
import { NOBODY, type SeatToken } from "../../src/core/seat-token.ts";
import { Seats, seatsByteLength } from "../../src/core/seats.ts";
import { MemoryError, privateMemory } from "../../src/index.ts";
import { HOMES } from "../conformance/homes.ts";
import { diesAt } from "../interleaving/steps.ts";

const PLACE = { byteOffset: 64, seats: 3, strideByteLength: 32 };
const dead = new Set<number>();
const isAlive = (identity: number): boolean => !dead.has(identity);
const nothing = (): void => {};

function join(memory: Memory, identity: number, repair = nothing as (seat: number) => void): Seats {
  const seats = new Seats(memory, PLACE, "test", { identity, isAlive });
  seats.sit(repair);
  return seats;
}

function tableIn(memory: Memory = privateMemory(64 + seatsByteLength(PLACE))): Memory {
  dead.clear();
  return memory;
}

for (const home of HOMES) {
  describe(`seats in ${home.title}`, () => {
    it("are taken one each, left, and taken again at another turn", () => {
      using memory = tableIn(home.create(64 + seatsByteLength(PLACE)));
      const [one, two, three] = [1, 2, 3].map((identity) => join(memory, identity));
      assert.deepEqual([one.seat, two.seat, three.seat], [1, 2, 3]);
      assert.deepEqual(one.others(), [2, 3]);
      assert.deepEqual(one.holderOf(2), { identity: 2, stamp: 0 });
      assert.equal(one.tokenOf(2), two.token);
      const { token } = two;
      assert.equal(one.isGone(token), false);
      two.leave();
      two.leave();
      assert.equal(two.seat, 0);
      assert.equal(one.isGone(token), true);
      assert.equal(one.tokenOf(2), 0);
      const four = join(memory, 4);
      assert.equal(four.seat, 2);
      assert.notEqual(four.token, token);
      assert.equal(one.isGone(token), true, "the next holder is not taken for the one before");
      assert.equal(one.isGone(four.token), false);
      assert.equal(one.wordOf(2), (64 + 32 + 16) / 4);
      for (const seats of [one, three, four]) assert.deepEqual(seats.checkInvariants(), []);
    });
  });
}

it("keep the identity and the stamp, of any 32 bits", () => {
  using memory = tableIn();
  const seats = new Seats(memory, PLACE, "test", { identity: -7, stamp: -3 });
  seats.sit(nothing);
  assert.deepEqual(seats.holderOf(1), { identity: -7, stamp: -3 });
  for (const identity of [0, -1, 2 ** 31, 1.5]) assert.throws(() => new Seats(memory, PLACE, "test", { identity }), MemoryError);
});

it("are refused where they cannot be", () => {
  using memory = tableIn();
  for (const wrong of [
    { seats: 0 },
    { seats: 1022 },
    { seats: 1.5 },
    { byteOffset: 4 },
    { strideByteLength: 8 },
    { strideByteLength: 20 },
  ]) {
    assert.throws(() => new Seats(memory, { ...PLACE, ...wrong }, "test"), { code: "invalid-argument" });
  }
  assert.throws(() => new Seats(memory, { ...PLACE, byteOffset: 128 }, "test"), { code: "out-of-bounds" });
  const seats = join(memory, 1);
  for (const seat of [0, 4, 1.5, -1]) assert.throws(() => seats.recover(seat, nothing), { code: "out-of-bounds" });
  assert.equal(seats.isGone(NOBODY), true);
  assert.equal(seats.isGone(seats.token), false);
});

it("say that they are full while all live, and make room when one is dead", () => {
  using memory = tableIn();
  for (const identity of [1, 2, 3]) join(memory, identity);
  assert.throws(() => join(memory, 4), { code: "out-of-memory", message: /no seat left.*seats=3/ });
  dead.add(2);
  const repaired: number[] = [];
  const four = join(memory, 4, (seat) => repaired.push(seat));
  assert.equal(four.seat, 2);
  assert.deepEqual(repaired, [2]);
  assert.deepEqual(four.checkInvariants(), []);
});

it("are recovered once, by one", () => {
  using memory = tableIn();
  const [one, two, three] = [1, 2, 3].map((identity) => join(memory, identity));
  assert.equal(one.recover(2, nothing), false, "it lives");
  dead.add(2);
  assert.deepEqual(one.deadSeats(), [2]);
  let repairs = 0;
  const done = one.recover(2, () => {
    repairs += 1;
    assert.equal(
      three.recover(2, () => assert.fail("two at once")),
      false,
    );
  });
  assert.equal(done, true);
  assert.equal(
    three.recover(2, () => assert.fail("once more")),
    false,
  );
  assert.equal(repairs, 1);
  assert.equal(one.isGone(two.token), true);
  assert.equal(one.recover(1, nothing), false, "oneself is not dead");
});

it("stay for the next to try when a repair fails", () => {
  using memory = tableIn();
  const [one, , three] = [1, 2, 3].map((identity) => join(memory, identity));
  dead.add(2);
  assert.throws(() =>
    one.recover(2, () => {
      throw new Error("no");
    }),
  );
  assert.equal(three.recover(2, nothing), true);
});

it("that were left unsettled wait for somebody, whoever it is", () => {
  using memory = tableIn();
  const [one, two] = [1, 2].map((identity) => join(memory, identity));
  const { token } = two;
  two.leaveUnsettled();
  assert.equal(one.isGone(token), true);
  assert.deepEqual(one.deadSeats(), [2]);
  assert.equal(join(memory, 3).seat, 3, "it is not taken before");
  assert.equal(one.recover(2, nothing), true);
  assert.equal(join(memory, 4).seat, 2);
});

it("bury who is known to be dead, and nobody who came after", () => {
  using memory = tableIn();
  const [one, two] = [1, 2].map((identity) => join(memory, identity));
  assert.equal(one.bury(one.token), false);
  const { token } = two;
  assert.equal(one.bury(token), true);
  assert.equal(one.bury(token), false);
  assert.equal(one.isGone(token), true);
  assert.equal(one.recover(2, nothing), true);
  const three = join(memory, 3);
  assert.equal(three.seat, 2);
  assert.equal(one.bury(token), false);
  assert.equal(one.isGone(three.token), false);
});

it("are not lost when who takes, leaves, recovers or makes room dies at any step", () => {
  const lives: Readonly<Record<string, (memory: Memory) => void>> = {
    "sits and leaves": (memory) => join(memory, 9).leave(),
    "leaves unsettled": (memory) => join(memory, 9).leaveUnsettled(),
    recovers: (memory) => {
      const seats = join(memory, 9);
      dead.add(1);
      seats.recover(1, nothing);
    },
    "makes room": (memory) => {
      join(memory, 8);
      dead.add(1);
      join(memory, 9);
    },
    buries: (memory) => {
      const seats = join(memory, 9);
      seats.bury(seats.tokenOf(1));
    },
  };
  for (const [title, life] of Object.entries(lives)) {
    for (let last = 0; ; last++) {
      using memory = tableIn();
      const tokens: SeatToken[] = [join(memory, 1).token, join(memory, 2).token];
      const died = diesAt(last, () => life(memory));
      for (const identity of [1, 2, 8, 9]) dead.add(identity);
      const survivors = [11, 12, 13].map((identity) => join(memory, identity));
      assert.deepEqual(
        survivors.map(({ seat }) => seat).sort(),
        [1, 2, 3],
        `${title}, dead before step ${last}: everybody gets a seat`,
      );
      for (const token of tokens) assert.equal(survivors[0].isGone(token), true);
      assert.equal(new Set([...tokens, ...survivors.map(({ token }) => token)]).size, 5);
      assert.throws(() => join(memory, 14), { code: "out-of-memory" });
      for (const seats of survivors) assert.deepEqual(seats.checkInvariants(), []);
      if (!died) break;
    }
  }
});

it("count turns round after a million holders", () => {
  using memory = tableIn();
  memory.i32[(64 + 8) / 4] = (1 << 20) - 1;
  const one = join(memory, 1);
  const { token } = one;
  assert.ok(token > 0);
  one.leave();
  const two = join(memory, 2);
  assert.equal(two.token, 1);
  assert.equal(two.isGone(token), true);
  assert.deepEqual(two.checkInvariants(), []);
});

it("tell what contradicts their invariants", () => {
  using memory = tableIn();
  const one = join(memory, 1);
  memory.i32[(64 + 32 + 8) / 4] = -1;
  memory.i32[(64 + 32 + 12) / 4] = 77;
  memory.i32[64 / 4] = 5;
  memory.i32[(64 + 8) / 4] = 5;
  assert.equal(one.checkInvariants().length, 4);
});
