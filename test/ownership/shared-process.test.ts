import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { bump } from "../../src/alloc/bump.ts";
import { MiB } from "../../src/core/size.ts";
import { u32 } from "../../src/layout/scalars.ts";
import { mapFile } from "../../src/mapped/map-file.ts";
import { isMappingSupported } from "../../src/mapped/supported.ts";
import { ControlBlock } from "../../src/ownership/control-block.ts";
import { reclaim } from "../../src/ownership/home-block.ts";
import { ledger } from "../../src/ownership/ledger.ts";
import { own } from "../../src/ownership/own.ts";
import { share } from "../../src/ownership/shared.ts";
import { endOf, messageOf, moduleUrl, runChild, startChild } from "../process/child.ts";
import { temporaryDirectory } from "../process/temporary-directory.ts";

const IMPORTS = `
  import { u32 } from ${JSON.stringify(moduleUrl("layout/scalars.js"))};
  import { Ledger } from ${JSON.stringify(moduleUrl("ownership/ledger.js"))};
  import { receiveOwner } from ${JSON.stringify(moduleUrl("ownership/own.js"))};
  import { receiveShared } from ${JSON.stringify(moduleUrl("ownership/shared.js"))};
  const [path, text, book] = args;
  const message = JSON.parse(text);
  const memory = mapped.mapFile(path, { mode: "readWrite" });
`;

describe("processes", { skip: !isMappingSupported() }, () => {
  test("own what is moved to them by a ticket as text, and what they dispose of is gone here", (t) => {
    const directory = temporaryDirectory(t);
    const path = join(directory, "memory");
    using memory = mapFile(path, { mode: "readWrite", create: true, byteLength: MiB(1) });
    const allocator = bump(memory);
    const config = share(allocator, u32, 41, { name: "config" });
    const shared = JSON.stringify(config.clone().toTicket());
    const before = allocator.usedByteLength;
    const owned = JSON.stringify(own(allocator, u32, 7).toTicket());
    assert.equal(config.owners, 2);
    const script = `${IMPORTS}
      {
        const config = receiveShared(message.shared, u32, { memory });
        config.value.value += 1;
        const clone = config.clone();
        assert.equal(clone.owners, 3);
        const hero = receiveOwner(message.owned, u32, { memory });
        assert.equal(hero.borrow().value.value, 7);
        for (const each of [clone, hero]) each.dispose();
        assert.throws(() => receiveShared(message.shared, u32, { memory }), { code: "moved" });
        config.dispose();
      }`;
    const ended = runChild(script, { directory, args: [path, `{"shared":${shared},"owned":${owned}}`] });
    assert.deepEqual([ended.stderr, ended.status], ["", 0]);
    assert.deepEqual([config.owners, config.value.value, config.checkInvariants()], [1, 42, []]);
    assert.ok(allocator.usedByteLength > before);
  });

  test("look at each other's values through weak references, which keep none", (t) => {
    const directory = temporaryDirectory(t);
    const path = join(directory, "memory");
    using memory = mapFile(path, { mode: "readWrite", create: true, byteLength: MiB(1) });
    const allocator = bump(memory);
    const config = share(allocator, u32, 41, { name: "config" });
    using weak = config.weak();
    const script = `${IMPORTS}
      const config = receiveShared(message, u32, { memory });
      const weak = config.weak();
      config.dispose();
      const again = weak.upgrade();
      if (book === "others") assert.equal(again.value.value, 41);
      else assert.equal(again, undefined, "it was the last owner");
      again?.dispose();
      weak.dispose();`;
    const run = (ticket: unknown, owners: string) => {
      const ended = runChild(script, { directory, args: [path, JSON.stringify(ticket), owners] });
      assert.deepEqual([ended.stderr, ended.status], ["", 0]);
    };
    run(config.clone().toTicket(), "others");
    assert.deepEqual([config.owners, config.checkInvariants()], [1, []]);
    const ticket = config.toTicket();
    weak.upgrade()?.dispose();
    assert.throws(() => config.value, { code: "moved" });
    run(ticket, "none");
    assert.equal(weak.upgrade(), undefined, "its last owner has ended elsewhere");
    weak.dispose();
    assert.equal(reclaim(allocator), 0);
  });

  test("that are killed at any moment leave one count at most, once their ledger is recovered", async (t) => {
    const directory = temporaryDirectory(t);
    const path = join(directory, "memory");
    using memory = mapFile(path, { mode: "readWrite", create: true, byteLength: MiB(1) });
    const allocator = bump(memory);
    const config = share(allocator, u32, 5);
    const book = ledger(allocator, { capacity: 100 });
    let ticket = config.clone().toTicket();
    const control = ControlBlock.find(memory, ticket.byteOffset, ticket.nonce);
    assert.ok(control !== undefined);
    const script = `${IMPORTS}
      const config = receiveShared(message, u32, { memory, ledger: Ledger.attach(memory, Number(book)) });
      const held = [];
      process.send("ready");
      for (let round = 0; ; round++) {
        held.push(round % 3 === 0 ? config.weak() : config.clone());
        if (held.length > 50) for (const each of held.splice(0, 40)) each.dispose();
      }`;
    for (let kill = 1; kill <= 3; kill++) {
      const child = startChild(script, { directory, args: [path, JSON.stringify(ticket), String(book.byteOffset)] });
      const end = endOf(child);
      assert.equal(await messageOf(child), "ready");
      await delay(5 + 20 * kill);
      child.kill("SIGKILL");
      await end;
      const [strong, weak] = [control.strong, control.weak];
      assert.ok(book.size > 0);
      book.recover();
      assert.ok(
        control.strong + control.weak <= 2 + kill,
        `one of ${strong} + ${weak} counts for each kill, not ${control.strong} + ${control.weak}`,
      );
      assert.ok(control.strong >= 1 && control.weak >= 1);
      assert.deepEqual([config.value.value, config.checkInvariants(), book.checkInvariants(), book.size], [5, [], [], 0]);
      ticket = config.clone().toTicket();
    }
  });
});
