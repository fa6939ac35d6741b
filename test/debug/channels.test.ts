import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { test } from "node:test";
import { Bump } from "../../src/alloc/bump.ts";
import { privateMemory } from "../../src/core/homes.ts";
import { diagnosticsChannel } from "../../src/debug/channels.ts";
import { track } from "../../src/debug/track.ts";

const HAS_CHANNELS = diagnosticsChannel("offheap:mistake") !== undefined;

test("mistakes are published, allocations and frees where that is wanted", { skip: !HAS_CHANNELS }, () => {
  const told: [string, unknown][] = [];
  const listeners = ["offheap:mistake", "offheap:alloc", "offheap:free"].map((name) => {
    const listener = (message: unknown) => void told.push([name, message]);
    subscribe(name, listener);
    return { name, listener };
  });
  using memory = privateMemory(4096);
  using loud = track(new Bump(memory), { events: true, onMistake: "collect", stackDepth: 0 });
  const ptr = loud.alloc(24, 16);
  loud.free(ptr, 24, 16);
  loud.free(ptr, 24, 16);
  const event = { subject: "bump allocator", ptr, byteSize: 24, align: 16 };
  assert.deepEqual(told, [
    ["offheap:alloc", event],
    ["offheap:free", event],
    ["offheap:mistake", loud.mistakes[0]],
  ]);
  told.length = 0;
  using quiet = track(new Bump(memory), { stackDepth: 0 });
  quiet.free(quiet.alloc(8), 8);
  assert.deepEqual(told, []);
  for (const { name, listener } of listeners) unsubscribe(name, listener);
});

test("Nodes that this is made for have the channel", () => {
  const [major, minor] = process.versions.node.split(".").map(Number);
  assert.equal(HAS_CHANNELS, major > 22 || (major === 22 && minor >= 3) || (major === 20 && minor >= 16));
});
