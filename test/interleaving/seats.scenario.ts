import assert from "node:assert/strict";
import type { Memory } from "../../src/core/memory.ts";
import { Seats, seatsByteLength } from "../../src/core/seats.ts";
import type { Play, World } from "./run.ts";
import { stageMemory } from "./stage.ts";

const place = (seats: number) => ({ byteOffset: 64, seats, strideByteLength: 24 });

function table(seats: number): Memory {
  return stageMemory(64 + seatsByteLength(place(seats)));
}

/** Not seated yet. Participants 100 and up are dead from the beginning. */
function newcomer(memory: Memory, world: World, thread: number, seats: number): Seats {
  const isAlive = (asked: number): boolean => asked < 100 && world.isAlive(asked - 1);
  return new Seats(memory, place(seats), "test", { identity: thread + 1, isAlive });
}

/** What a holder does at its seat, which nobody else may be doing at the same time. */
function work(seats: Seats): void {
  const word = seats.wordOf(seats.seat);
  const before = Atomics.exchange(seats.memory.i32, word, seats.token);
  assert.equal(before, 0, "two have one seat, or it was not repaired");
  assert.equal(seats.tokenOf(seats.seat), seats.token, "the turn is another than the holder's");
  assert.equal(Atomics.exchange(seats.memory.i32, word, 0), seats.token, "somebody repaired a living holder's seat");
}

const repair =
  (seats: Seats) =>
  (seat: number): void => {
    Atomics.store(seats.memory.i32, seats.wordOf(seat), 0);
  };

/** Three for two seats: sit down, work, leave. */
export const comeAndGo: Play = (world) => {
  const memory = table(2);
  const all = [0, 1, 2].map((thread) => newcomer(memory, world, thread, 2));
  return {
    threads: all.map((seats) => () => {
      try {
        seats.sit(repair(seats));
      } catch {
        return; // Full, which is true at that moment.
      }
      work(seats);
      seats.leave();
    }),
    check() {
      const after = [10, 11].map((thread) => newcomer(memory, { isAlive: (t) => t >= 10 || world.isAlive(t) }, thread, 2));
      for (const seats of after) seats.sit(repair(seats));
      assert.deepEqual(after.map(({ seat }) => seat).sort(), [1, 2], "a seat is lost");
      for (const seats of after) assert.deepEqual(seats.checkInvariants(), []);
    },
  };
};

/** All seats but one belong to the dead; two find that out at once and recover them, and one more wants in. */
export const recovery: Play = (world) => {
  const memory = table(2);
  const dead = newcomer(memory, world, 100, 2);
  dead.sit(repair(dead));
  const { token } = dead;
  Atomics.store(memory.i32, dead.wordOf(1), token);
  let repairs = 0;
  const all = [0, 1].map((thread) => newcomer(memory, world, thread, 2));
  all[0].sit(repair(all[0]));
  const once = (seats: Seats) => (seat: number) => {
    if (Atomics.exchange(memory.i32, seats.wordOf(seat), 0) === token) repairs += 1;
  };
  return {
    threads: [
      () => {
        all[0].recover(1, once(all[0]));
        work(all[0]);
      },
      () => {
        all[1].sit(once(all[1]));
        work(all[1]);
      },
    ],
    check() {
      assert.equal(repairs, 1);
      assert.equal(all[0].isGone(token), true);
      assert.deepEqual(all[0].checkInvariants(), []);
    },
  };
};

/** One buries a holder that another recovers meanwhile, whereupon a third takes the seat, with the same identity: it must not be buried. */
export const burial: Play = (world) => {
  const memory = table(3);
  const all = [0, 1].map((thread) => newcomer(memory, world, thread, 3));
  for (const seats of all) seats.sit(repair(seats));
  const dead = newcomer(memory, world, 2, 3);
  dead.sit(repair(dead));
  const { token } = dead;
  const heir = newcomer(memory, world, 2, 3);
  return {
    threads: [
      () => void all[0].bury(token),
      () => {
        all[1].bury(token);
        if (all[1].recover(3, repair(all[1]))) heir.sit(repair(heir));
      },
    ],
    check() {
      assert.equal(all[0].isGone(token), true);
      if (heir.seat !== 0) assert.equal(all[0].isGone(heir.token), false, "the heir was buried for the one before");
      if (heir.seat !== 0) assert.deepEqual(heir.checkInvariants(), []);
    },
  };
};
