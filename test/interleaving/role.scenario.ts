import assert from "node:assert/strict";
import { Role } from "../../src/concurrent/role.ts";
import { MemoryError } from "../../src/core/errors.ts";
import type { Play } from "./run.ts";
import { stageMemory } from "./stage.ts";

/** One that has a role may leave it, or die at any step; two others want it, and one of them at most gets it, and sees all that was written before. */
export const heirs: Play = (world) => {
  const memory = stageMemory(64);
  const { i32 } = memory;
  const isAlive = (identity: number) => world.isAlive(identity - 1);
  const roleOf = (identity: number) => new Role(memory, 0, "test", "writer", { identity, isAlive });
  const [first, ...others] = [roleOf(1), roleOf(2), roleOf(3)];
  first.take();
  const heirs: number[] = [];
  return {
    threads: [
      () => {
        i32[8] = 1;
        i32[9] = 1;
        first.leave();
      },
      ...others.map((role) => () => {
        try {
          role.take();
        } catch (error) {
          assert.ok(error instanceof MemoryError && error.code === "locked", String(error));
          return;
        }
        if (world.isAlive(0)) assert.deepEqual([i32[8], i32[9]], [1, 1], "it was left too early");
        heirs.push(role.identity);
      }),
    ],
    check: () => {
      assert.ok(heirs.length <= 1, `${heirs} have one role`);
      assert.equal(others.filter((role) => role.isMine).length, heirs.length);
    },
  };
};
