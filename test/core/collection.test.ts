import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { privateMemory, sharedMemory } from "../../src/core/homes.ts";

setFlagsFromString("--expose-gc");
const collect: () => void = runInNewContext("gc");

async function isCollected(weak: WeakRef<object>): Promise<boolean> {
  for (let attempt = 0; attempt < 20 && weak.deref() !== undefined; attempt++) {
    await turn();
    collect();
  }
  return weak.deref() === undefined;
}

for (const make of [privateMemory, sharedMemory]) {
  test(`${make.name}: an open memory keeps its bytes, a closed one lets them be collected although it and its leases are still held`, async () => {
    const memory = make(1 << 20);
    const lease = memory.openLease("arena");
    const weak = new WeakRef(memory.buffer);
    assert.equal(await isCollected(weak), false);
    memory.close();
    assert.equal(await isCollected(weak), true);
    assert.equal(lease.memory, memory);
  });
}
