import assert from "node:assert/strict";
import { messageRing, messageRingByteLength } from "../../src/concurrent/messages/message-ring.ts";
import type { Play, World } from "./run.ts";
import { stageMemory } from "./stage.ts";

const SHAPE = { byteCapacity: 256, producers: 2 };

/** Two write, some may die; whoever is left reads what was written whole, each producer's in order, and the ring is empty and sound in the end. */
function game(world: World, works: readonly ("write" | "claim" | "abort")[], revokes = false): ReturnType<Play> {
  const memory = stageMemory(messageRingByteLength(SHAPE));
  const made = messageRing(memory, SHAPE);
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
  const threads = works.map((work, thread) => () => {
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
      for (const thread of works.keys()) {
        const mine = seen.filter((type) => Math.floor(type / 10) === thread);
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
export const oneIsRevoked: Play = (world) => game(world, ["write", "write"], true);

/** One producer alone sends more than there is room for, and both sides sleep and are woken. The producer may die: then another goes on. */
export const alone: Play = (world) => {
  const shape = { byteCapacity: 256, producers: 1 };
  const memory = stageMemory(messageRingByteLength(shape));
  const made = messageRing(memory, shape);
  const isAlive = (identity: number) => world.isAlive(identity - 1);
  const producer = made.producer({ identity: 1, isAlive });
  const consumer = made.consumer({ identity: 2, isAlive });
  const seen: number[] = [];
  const bytes = new Uint8Array(64);
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
        for (let type = 1; type <= 6; type++) assert.ok(producer.writeWait(bytes.fill(type), type));
        producer.close();
      },
      () => {
        while (consumer.waitReady()) read();
      },
    ],
    check: () => {
      consumer.recover();
      const next = made.producer({ identity: 3, isAlive });
      next.write(bytes.fill(9), 9);
      read();
      assert.deepEqual(made.checkInvariants(), []);
      assert.deepEqual(seen, [...[1, 2, 3, 4, 5, 6].slice(0, seen.length - 1), 9]);
      if (world.isAlive(0)) assert.equal(seen.length, 7);
    },
  };
};
