import assert from "node:assert/strict";
import { MessageGranules } from "../../src/concurrent/messages/message-granules.ts";
import { messageRing, messageRingByteLength } from "../../src/concurrent/messages/message-ring.ts";
import { committed, planMessageRing } from "../../src/concurrent/messages/message-ring-layout.ts";
import { Seats } from "../../src/core/seats.ts";
import type { Play, World } from "./run.ts";
import { stageMemory } from "./stage.ts";

/** Two write, some may die; whoever is left reads what was written whole, each producer's in order, and the ring is empty and sound in the end. */
function game(world: World, works: readonly ("write" | "batch" | "abort")[], revokes = false): ReturnType<Play> {
  const shape = { byteCapacity: works.includes("batch") ? 512 : 256, producers: 2 };
  const memory = stageMemory(messageRingByteLength(shape));
  const made = messageRing(memory, shape);
  const isAlive = (identity: number) => world.isAlive(identity - 1);
  const producers = works.map((_, thread) => made.producer({ identity: thread + 1, isAlive }));
  const consumer = made.consumer({ identity: 9, isAlive });
  const seen: number[] = [];
  const readAll = () =>
    consumer.read((message) => {
      assert.ok(
        message.bytes().every((byte) => byte === message.type),
        "a message is not whole",
      );
      seen.push(message.type);
    });
  const done: number[] = [];
  /** Both messages at once: both are there then, or none. */
  const writeBoth = (thread: number): void => {
    const batch = producers[thread].tryClaimMany(192);
    assert.ok(batch);
    for (const type of [10 * thread + 1, 10 * thread + 2]) {
      const byteOffset = batch.add(2, type);
      memory.u8[byteOffset] = type;
      memory.u8[byteOffset + 1] = type;
    }
    try {
      batch.commit();
      done.push(10 * thread + 1, 10 * thread + 2);
    } catch (error) {
      if (!revokes) throw error;
    }
  };
  const threads = works.map((work, thread) => () => {
    if (work === "batch") return writeBoth(thread);
    for (const type of [10 * thread + 1, 10 * thread + 2]) {
      const claim = producers[thread].tryClaim(2, type);
      // The ring is big enough for all.
      assert.ok(claim);
      memory.u8[claim.byteOffset] = type;
      memory.u8[claim.byteOffset + 1] = type;
      if (work === "abort") claim.abort();
      else {
        try {
          claim.commit();
        } catch (error) {
          if (!revokes) throw error;
          continue;
        }
        done.push(type);
      }
    }
  });
  return {
    threads: [
      ...threads,
      () => {
        for (let round = 0; round < 2; round++) {
          readAll();
          if (revokes) consumer.unblock({ revoke: true });
        }
      },
    ],
    check: () => {
      for (let round = 0; round < 8; round++) {
        readAll();
        consumer.unblock();
      }
      assert.deepEqual(made.checkInvariants(), []);
      assert.equal(made.usedByteLength, 0);
      for (const type of done) assert.equal(seen.filter((other) => other === type).length, 1, `message ${type} is lost or doubled`);
      for (const [thread, work] of works.entries()) {
        const mine = seen.filter((type) => Math.floor(type / 10) === thread);
        if (work === "batch") {
          assert.ok(mine.length !== 1, "half of a batch is there");
          assert.equal(seen.indexOf(mine[1]), seen.indexOf(mine[0]) + (mine.length >> 1), "somebody is in between");
        }
        assert.deepEqual(
          mine,
          [...mine].sort((a, b) => a - b),
        );
      }
    },
  };
}

export const twoWrite: Play = (world) => game(world, ["write", "write"]);
export const oneAborts: Play = (world) => game(world, ["abort", "write"]);
export const oneBatches: Play = (world) => game(world, ["batch", "write"]);
export const aBatchIsRevoked: Play = (world) => game(world, ["batch", "write"], true);
export const oneIsRevoked: Play = (world) => game(world, ["write", "write"], true);

/** A small ring with one producer alone, of identity 1, and a consumer. */
function stageOfOne(world: World) {
  const shape = { byteCapacity: 256, producers: 1 };
  const memory = stageMemory(messageRingByteLength(shape));
  const made = messageRing(memory, shape);
  const isAlive = (identity: number) => world.isAlive(identity - 1);
  return {
    plan: planMessageRing({ ...shape, mirrored: false }, 0),
    memory,
    made,
    isAlive,
    producer: made.producer({ identity: 1, isAlive }),
    consumer: made.consumer({ identity: 2, isAlive }),
  };
}

/** One producer alone sends more than there is room for, some at once, and both sides sleep and are woken. The producer may die: then another goes on. */
function aloneGame(world: World, rounds: number, atOnce: number): ReturnType<Play> {
  const { made, isAlive, producer, consumer } = stageOfOne(world);
  const seen: number[] = [];
  const bytes = new Uint8Array(64);
  const batch = Array.from({ length: atOnce }, () => bytes);
  const read = () =>
    consumer.read((message) => {
      assert.ok(
        message.bytes().every((byte) => byte === message.type),
        "a message is not whole",
      );
      seen.push(message.type);
    });
  return {
    threads: [
      () => {
        for (let type = 1; type <= rounds; type++) {
          bytes.fill(type);
          assert.ok(atOnce === 1 ? producer.writeWait(bytes, type) : producer.writeManyWait(batch, type));
        }
        producer.close();
      },
      () => {
        while (consumer.waitReady()) read();
      },
    ],
    check: () => {
      read();
      const whole = Math.ceil(seen.length / atOnce);
      consumer.recover();
      const next = made.producer({ identity: 3, isAlive });
      for (let type = 9; type <= 12; type++) assert.ok(next.write(bytes.fill(type), type), "there is no room in an empty ring");
      read();
      assert.deepEqual(made.checkInvariants(), []);
      const sent = Array.from({ length: whole }, (_, at) => at + 1).flatMap((type) => Array.from({ length: atOnce }, () => type));
      assert.deepEqual(seen, [...sent, 9, 10, 11, 12]);
      if (world.isAlive(0)) assert.equal(whole, rounds);
    },
  };
}

export const alone: Play = (world) => aloneGame(world, 6, 1);
export const aloneAtOnce: Play = (world) => aloneGame(world, 4, 2);

/** A producer that is alone dies, and another takes its part while the consumer reads. */
export const aloneIsReplaced: Play = (world) => {
  const { plan, memory, made, producer, consumer } = stageOfOne(world);
  const seen: number[] = [];
  const read = () => consumer.read((message) => void seen.push(message.type));
  const bytes = new Uint8Array(64);
  // Constructors are not explored.
  const next = new MessageGranules(memory, plan, new Seats(memory, { byteOffset: plan.seats, seats: 2 }, "play"));
  let hasBegun = false;
  return {
    threads: [
      () => {
        for (const type of [1, 2]) producer.write(bytes, type);
      },
      () => {
        for (let round = 0; round < 2; round++) read();
      },
      () => {
        if (Atomics.load(memory.i32, plan.head) < 0 || world.isAlive(0)) return;
        next.begin(false);
        const position = next.claim(1);
        next.setType(position, 9);
        next.commit(position, 1, 1, committed(64, 1));
        hasBegun = true;
      },
    ],
    check: () => {
      read();
      const sent = seen.filter((type) => type !== 9);
      assert.deepEqual(sent, [1, 2].slice(0, sent.length));
      assert.deepEqual(seen, hasBegun ? [...sent, 9] : sent);
      if (hasBegun) assert.deepEqual(made.checkInvariants(), []);
    },
  };
};
