import assert from "node:assert/strict";
import { broadcast, broadcastByteLength } from "../../src/concurrent/broadcast/broadcast.ts";
import type { Play } from "./run.ts";
import { stageMemory } from "./stage.ts";

/** A receiver sees whole messages only, in order, and the last one in the end. */
function game(before: number, during: number): ReturnType<Play> {
  const memory = stageMemory(broadcastByteLength({ byteCapacity: 256 }));
  const news = broadcast(memory, { byteCapacity: 256 });
  const transmitter = news.transmitter({ identity: 1 });
  const receiver = news.receiver();
  const bytes = new Uint8Array(32);
  const send = (type: number) => transmitter.send(bytes.fill(type), type);
  for (let type = 1; type <= before; type++) send(type);
  const seen: number[] = [];
  const read = () =>
    receiver.read((message) => {
      assert.ok(
        message.bytes().every((byte) => byte === message.type),
        "a message is not whole",
      );
      seen.push(message.type);
    });
  return {
    threads: [
      () => {
        for (let type = before + 1; type <= before + during; type++) send(type);
      },
      () => {
        read();
      },
    ],
    check: () => {
      read();
      assert.deepEqual(
        seen,
        [...new Set(seen)].sort((a, b) => a - b),
      );
      assert.equal(seen[seen.length - 1], before + during);
    },
  };
}

export const overtakes: Play = () => game(5, 3);
export const laps: Play = () => game(4, 8);
