import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { privateMemory, sharedMemory } from "../../src/core/homes.ts";
import { canGenerate } from "../../src/layout/generation.ts";
import { f32, u32 } from "../../src/layout/scalars.ts";
import { struct } from "../../src/layout/struct.ts";

setFlagsFromString("--expose-gc");
const collect: () => void = runInNewContext("gc");
const skip = canGenerate() ? false : "no code can be generated here";

async function collected(weak: readonly WeakRef<object>[]): Promise<number> {
  const gone = () => weak.filter((reference) => reference.deref() === undefined).length;
  for (let attempt = 0; attempt < 20 && gone() < weak.length; attempt++) {
    await turn();
    collect();
  }
  return gone();
}

const shape = (object: object): object => Object.getPrototypeOf(object);

test("at most three memories at a time have views of their own; all others share the leased ones", { skip }, () => {
  const Point = struct("Point", { x: f32, y: f32 });
  const memories = Array.from({ length: 6 }, () => privateMemory(64));
  const shapes = memories.map((memory) => shape(Point.at(memory, 0)));
  const leased = shape(Point.view(memories[0].lease, 0));
  assert.equal(new Set([...shapes, leased]).size, 4);
  assert.deepEqual(shapes.slice(3), [leased, leased, leased]);
  const cursors = memories.map((memory) => shape(Point.cursor(memory, 0, 1)));
  assert.equal(new Set(cursors).size, 4);
  assert.equal(shape(Point.at(memories[1], 8)), shapes[1], "a memory keeps the class that it got");
});

test("closing a memory makes room for another", { skip }, () => {
  const Point = struct("Point", { x: f32, y: f32 });
  const leased = (memory: ReturnType<typeof privateMemory>) => shape(Point.at(memory, 0)) === shape(Point.view(memory.lease, 0));
  const memories = Array.from({ length: 3 }, () => privateMemory(64));
  assert.deepEqual(memories.map(leased), [false, false, false]);
  assert.equal(leased(privateMemory(64)), true);
  memories[1].close();
  assert.equal(leased(privateMemory(64)), false);
  assert.equal(leased(privateMemory(64)), true);
});

test("the struct within a struct has its own three, and works without", { skip }, () => {
  const Vec = struct("Vec", { x: f32, y: f32 });
  const Body = struct("Body", { at: Vec, mass: f32 });
  const full = Array.from({ length: 3 }, () => privateMemory(64));
  for (const memory of full) Vec.at(memory, 0);
  const memory = privateMemory(64);
  const body = Body.at(memory, 0);
  body.at.x = 5;
  assert.equal(memory.f32[0], 5);
  assert.equal(shape(body.at), shape(Vec.view(memory.lease, 0)));
});

for (const make of [privateMemory, sharedMemory]) {
  test(`${make.name}: types keep no memory alive, and a collected memory makes room for another`, { skip }, async () => {
    const Point = struct("Point", { x: f32, id: u32 });
    const weak = Array.from({ length: 3 }, () => {
      const memory = make(1 << 20);
      Point.at(memory, 0).id = 5;
      assert.equal(Point.cursor(memory, 0, 10).at(0).id, 5);
      assert.equal(Point.view(memory.lease, 0).id, 5);
      return [new WeakRef(memory), new WeakRef(memory.buffer)];
    });
    assert.equal(await collected(weak.flat()), 6);
    const memory = make(64);
    assert.notEqual(shape(Point.at(memory, 0)), shape(Point.view(memory.lease, 0)));
  });

  test(`${make.name}: views that are kept do not keep the bytes of a closed memory`, { skip }, async () => {
    const Point = struct("Point", { x: f32, id: u32 });
    const memory = make(1 << 20);
    const rows = Point.cursor(memory, 0, 10);
    const kept = [Point.at(memory, 0), Point.view(memory.lease, 0), rows, rows.seek(1), Point.in(memory)];
    const weak = new WeakRef(memory.buffer);
    assert.equal(await collected([weak]), 0);
    memory.close();
    assert.equal(await collected([weak]), 1);
    assert.equal(kept.length, 5);
  });
}
