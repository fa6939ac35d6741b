import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Worker } from "node:worker_threads";
import fc from "fast-check";
import { privateMemory, sharedMemory } from "../../src/core/homes.ts";
import type { Memory } from "../../src/core/memory.ts";
import { MiB } from "../../src/core/size.ts";
import { f32, f64, u32 } from "../../src/layout/scalars.ts";
import { struct } from "../../src/layout/struct.ts";
import type { Boxed } from "../../src/layout/type.ts";
import { ControlBlock } from "../../src/ownership/control-block.ts";
import { reclaim } from "../../src/ownership/home-block.ts";
import { Ledger, ledger } from "../../src/ownership/ledger.ts";
import { own, receiveOwner } from "../../src/ownership/own.ts";
import type { OwnerTicket } from "../../src/ownership/owner-ticket.ts";
import { receiveShared, type Shared, share, type Weak } from "../../src/ownership/shared.ts";
import { refuses } from "../conformance/allocators.ts";
import { HOMES } from "../conformance/homes.ts";
import { TestAllocator } from "../conformance/test-allocator.ts";

const Config = struct("Config", { rate: f64, limit: u32 });

/** A port that keeps what was posted, as it would arrive. */
class Mailbox {
  messages: OwnerTicket[] = [];
  postMessage(message: OwnerTicket): void {
    this.messages.push(message);
  }
  take(): OwnerTicket {
    const message = this.messages.shift();
    assert.ok(message !== undefined);
    return message;
  }
}

for (const home of HOMES) {
  describe(`a shared value in ${home.title}`, () => {
    it("lives until its last owner ends, and its block until the last weak reference does", () => {
      using memory = home.create(0, MiB(1));
      const allocator = new TestAllocator(memory);
      const first = share(allocator, Config, { rate: 1, limit: 2 }, { name: "config" });
      const second = first.clone();
      const weak = first.weak();
      assert.deepEqual([first.owners, second.value.limit, allocator.liveBlocks], [2, 2, 2]);
      first.value.limit = 7;
      assert.equal(second.value.limit, 7);
      assert.deepEqual(first.checkInvariants(), []);
      first.dispose();
      first.dispose();
      refuses("closed", () => first.value);
      refuses("closed", () => first.clone());
      const third = weak.upgrade();
      assert.equal(third?.value.limit, 7);
      const view = second.value;
      second.dispose();
      refuses("stale-view", () => view.limit);
      third?.[Symbol.dispose]();
      assert.equal(allocator.liveBlocks, 1, "the block with the counts");
      assert.equal(weak.upgrade(), undefined);
      weak.dispose();
      weak.dispose();
      refuses("closed", () => weak.upgrade());
      assert.equal(allocator.liveBlocks, 0);
    });

    it("keeps its counts as a list of owners does, through any program", () => {
      const step = fc.tuple(fc.constantFrom("clone", "weak", "upgrade", "dropStrong", "dropWeak", "move", "open", "new"), fc.nat());
      fc.assert(
        fc.property(fc.array(step, { maxLength: 50, size: "max" }), (program) => {
          using memory = home.create(0, MiB(1));
          const allocator = new TestAllocator(memory);
          const book = ledger(allocator, { capacity: 100 });
          const strong: { id: number; shared: Shared<Boxed<number>> }[] = [];
          const weak: { id: number; weak: Weak<Boxed<number>> }[] = [];
          const mail: { id: number; ticket: OwnerTicket }[] = [];
          let made = 0;
          for (const [action, pick] of program) {
            const owner = strong.length === 0 ? undefined : strong[pick % strong.length];
            const reference = weak.length === 0 ? undefined : weak[pick % weak.length];
            if (action === "new") {
              made += 1;
              strong.push({ id: made, shared: share(allocator, u32, made) });
            } else if (action === "clone" && owner !== undefined) strong.push({ id: owner.id, shared: owner.shared.clone() });
            else if (action === "weak" && owner !== undefined) weak.push({ id: owner.id, weak: owner.shared.weak() });
            else if (action === "upgrade" && reference !== undefined) {
              const up = reference.weak.upgrade();
              const lives = [...strong, ...mail].some(({ id }) => id === reference.id);
              assert.equal(up !== undefined, lives);
              if (up !== undefined) strong.push({ id: reference.id, shared: up });
            } else if (action === "dropStrong" && owner !== undefined) {
              strong.splice(strong.indexOf(owner), 1);
              owner.shared.dispose();
            } else if (action === "dropWeak" && reference !== undefined) {
              weak.splice(weak.indexOf(reference), 1);
              reference.weak.dispose();
            } else if (action === "move" && owner !== undefined && home.shared) {
              strong.splice(strong.indexOf(owner), 1);
              mail.push({ id: owner.id, ticket: owner.shared.toTicket() });
              refuses("moved", () => owner.shared.value);
            } else if (action === "open" && mail.length > 0) {
              const { id, ticket } = mail.splice(pick % mail.length, 1)[0];
              strong.push({ id, shared: receiveShared(ticket, u32, { memory, ledger: book }) });
            }
            reclaim(allocator);
            const owners = new Map<number, number>();
            for (const { id } of [...strong, ...mail]) owners.set(id, (owners.get(id) ?? 0) + 1);
            for (const { id, shared } of strong) {
              assert.deepEqual([shared.value.value, shared.owners], [id, owners.get(id)]);
              assert.deepEqual(shared.checkInvariants(), []);
            }
            assert.deepEqual(book.checkInvariants(), []);
            const blocks = new Set([...strong, ...mail, ...weak].map(({ id }) => id)).size;
            assert.equal(allocator.liveBlocks, 1 + owners.size + blocks);
          }
        }),
        { numRuns: 12 },
      );
    });
  });
}

describe("a value that moves to another thread", () => {
  it("makes its source throw, can be opened once, and is freed where it was allocated", () => {
    using memory = sharedMemory(0, { maxByteLength: MiB(1) });
    const allocator = new TestAllocator(memory);
    const port = new Mailbox();
    const source = own(allocator, Config, { limit: 5 }, { name: "config" });
    source.moveTo(port);
    assert.match(refuses("moved", () => source.borrow()).message, /^config was used after it was moved to another thread/);
    source.dispose();
    const message = port.take();
    const there = receiveOwner(message, Config, { memory });
    assert.equal(there.borrow().value.limit, 5);
    assert.match(refuses("moved", () => receiveOwner(message, Config, { memory })).message, /opened before.*owners=1/);
    refuses("borrowed", () => there.borrowMut());
    refuses("borrowed", () => there.toTicket());
    const second = there.tryBorrow();
    second?.end();
    refuses("unsupported", () => receiveOwner(own(allocator, Config).toTicket(), Config, { memory }).release());
    there.dispose();
    assert.equal(allocator.liveBlocks, 4, "only its own thread can free");
    assert.equal(reclaim(allocator), 1);
    assert.equal(allocator.liveBlocks, 2);
    assert.match(refuses("moved", () => receiveOwner(message, Config, { memory })).message, /is not there any more/);
  });

  it("comes back to be freed at once, and can be shared on the way", () => {
    using memory = sharedMemory(0, { maxByteLength: MiB(1) });
    const allocator = new TestAllocator(memory);
    const there = receiveOwner(own(allocator, u32, 4).toTicket(), u32, { memory });
    const back = receiveOwner(there.toTicket(), u32, { allocator });
    assert.equal(back.borrow("home").value.value, 4);
    back.dispose();
    assert.equal(allocator.liveBlocks, 0);
    const again = receiveOwner(own(allocator, u32, 5).toTicket(), u32, { memory });
    const shared = again.share();
    refuses("moved", () => again.borrow());
    assert.equal(shared.clone().owners, 2);
  });

  it("stays where it is when it cannot be sent", () => {
    const closed = {
      postMessage: () => {
        throw new Error("no port");
      },
    };
    using memory = sharedMemory(0, { maxByteLength: MiB(1) });
    const allocator = new TestAllocator(memory);
    const owner = own(allocator, u32, 3);
    assert.throws(() => owner.moveTo(closed), /no port/);
    assert.equal(owner.borrow().value.value, 3);
    owner.dispose();
    const shared = share(allocator, u32, 3);
    assert.throws(() => shared.moveTo(closed), /no port/);
    assert.deepEqual([shared.value.value, shared.owners, shared.checkInvariants()], [3, 1, []]);
    shared.dispose();
    reclaim(allocator);
    assert.equal(allocator.liveBlocks, 0);
    const own1 = own(new TestAllocator(privateMemory(0, { maxByteLength: MiB(1) })), u32, 1);
    refuses("unsupported", () => own1.toTicket());
    assert.equal(own1.borrow().value.value, 1);
  });

  it("is not opened by what is no ticket, a forged one, another type or another memory", () => {
    using memory = sharedMemory(0, { maxByteLength: MiB(1) });
    const allocator = new TestAllocator(memory);
    const ticket = own(allocator, Config).toTicket();
    const shared = share(allocator, Config).toTicket();
    for (const wrong of [
      null,
      {},
      5,
      { ...ticket, offheap: "ticket" },
      { ...ticket, byteOffset: 0.5 },
      { ...ticket, nonce: "1" },
      shared,
    ]) {
      refuses("invalid-argument", () => Reflect.apply(receiveOwner, undefined, [wrong, Config, { memory }]));
    }
    assert.match(refuses("invalid-argument", () => receiveShared(ticket, Config, { memory })).message, /receiveOwner/);
    refuses("layout-mismatch", () => receiveOwner(ticket, f32, { memory }));
    refuses("moved", () => receiveOwner({ ...ticket, nonce: ticket.nonce ^ 1 }, Config, { memory }));
    refuses("moved", () => receiveOwner({ ...ticket, byteOffset: ticket.byteOffset + 4 }, Config, { memory }));
    refuses("out-of-bounds", () => receiveOwner({ ...ticket, byteOffset: MiB(8) }, Config, { memory }));
    refuses("moved", () => receiveOwner(ticket, Config, { memory: sharedMemory(MiB(1)) }));
    receiveOwner(ticket, Config).dispose();
    receiveShared(shared, Config).dispose();
    assert.equal(reclaim(allocator), 0);
    assert.equal(allocator.liveBlocks, 0);
  });

  it("is gone for everybody when its allocator is reset, and nothing is freed twice", () => {
    using memory = sharedMemory(0, { maxByteLength: MiB(1) });
    const allocator = new TestAllocator(memory);
    const here = share(allocator, u32, 9, { name: "config" });
    const weak = here.weak();
    const there = receiveShared(here.clone().toTicket(), u32, { memory });
    allocator.reset();
    const other = allocator.create(u32, 77);
    assert.match(
      refuses("stale-view", () => here.value).message,
      /config was used after the test allocator that it lay in was reset/,
    );
    assert.match(refuses("stale-view", () => there.value).message, /has taken its bytes back/);
    assert.equal(weak.upgrade(), undefined);
    for (const each of [here, there, weak]) each.dispose();
    assert.deepEqual([allocator.liveBlocks, other.value, reclaim(allocator)], [1, 77, 0]);
    const late = share(allocator, u32, 9);
    memory.close();
    refuses("stale-view", () => late.value);
    late.dispose();
  });

  it("refuses one owner more than can be counted", () => {
    using memory = sharedMemory(0, { maxByteLength: MiB(1) });
    const allocator = new TestAllocator(memory);
    const shared = share(allocator, u32, 1);
    const ticket = shared.clone().toTicket();
    const word = ticket.byteOffset / 4;
    const control = ControlBlock.find(memory, ticket.byteOffset, ticket.nonce);
    assert.ok(control !== undefined);
    Atomics.store(memory.i32, word + 2, 2 ** 30);
    refuses("out-of-memory", () => shared.clone());
    refuses("out-of-memory", () => control.tryAddStrong());
    assert.deepEqual([control.strong, shared.checkInvariants()], [2 ** 30, []]);
    Atomics.store(memory.i32, word + 3, 2 ** 30);
    refuses("out-of-memory", () => shared.weak());
    Atomics.store(memory.i32, word + 2, 1);
    Atomics.store(memory.i32, word + 3, 0);
    Atomics.store(memory.i32, word + 4, 2);
    assert.deepEqual(shared.checkInvariants(), ["weak=0, although there are 1 owners", "2 tickets stand for 1 owners"]);
  });
});

describe("a ledger", () => {
  it("gives back the counts of a holder that is gone, and only those", () => {
    using memory = sharedMemory(0, { maxByteLength: MiB(1) });
    const allocator = new TestAllocator(memory);
    const book = ledger(allocator, { capacity: 4 });
    const mine = share(allocator, u32, 1);
    const theirs = receiveShared(mine.clone().toTicket(), u32, { memory, ledger: Ledger.attach(memory, book.byteOffset) });
    const clone = theirs.clone();
    const weak = theirs.weak();
    const given = theirs.clone();
    refuses("out-of-memory", () => theirs.clone());
    assert.equal(mine.owners, 4, "what cannot be written down is not counted");
    const ticket = given.toTicket();
    assert.deepEqual([book.size, mine.owners, book.checkInvariants()], [3, 4, []]);
    assert.ok(clone.isOwner && weak.upgrade !== undefined);
    assert.equal(book.recover(), 3);
    assert.deepEqual([mine.owners, book.size, book.recover()], [2, 0, 0]);
    receiveShared(ticket, u32, { memory }).dispose();
    mine.dispose();
    assert.equal(reclaim(allocator), 0);
    assert.equal(allocator.liveBlocks, 1);
    book.free(allocator);
    assert.equal(allocator.liveBlocks, 0);
    refuses("corrupt", () => Ledger.attach(memory, book.byteOffset));
    refuses("invalid-argument", () => ledger(allocator, { capacity: 0 }));
  });
});

function start(
  task: string,
  memory: Memory,
  message: OwnerTicket,
  book?: unknown,
): { worker: Worker; answered: Promise<unknown>; ended: Promise<unknown> } {
  const worker = new Worker(new URL("./shared.worker.js", import.meta.url), {
    workerData: { task, memory: memory.ticket(), message, book },
  });
  const answered = new Promise((resolve, reject) => worker.once("message", resolve).once("error", reject));
  const ended = new Promise((resolve) => worker.once("exit", resolve));
  return { worker, answered, ended };
}

describe("threads", () => {
  it("count the owners of one value at once without losing any", async () => {
    using memory = sharedMemory(0, { maxByteLength: MiB(1) });
    const allocator = new TestAllocator(memory);
    const mine = share(allocator, u32, 42);
    const runs = [1, 2].map(() => start("churn", memory, mine.clone().toTicket()));
    const weak = mine.weak();
    for (let round = 0; round < 20_000; round++) {
      mine.clone().dispose();
      weak.upgrade()?.dispose();
    }
    assert.deepEqual(await Promise.all(runs.map(({ answered }) => answered)), ["done", "done"]);
    assert.deepEqual([mine.owners, mine.value.value, mine.checkInvariants()], [1, 42, []]);
    weak.dispose();
    mine.dispose();
    assert.equal(allocator.liveBlocks, 0);
    await Promise.all(runs.map(({ ended }) => ended));
  });

  it("own what was moved to them, and what they have disposed of comes back", async () => {
    using memory = sharedMemory(0, { maxByteLength: MiB(1) });
    const allocator = new TestAllocator(memory);
    const { worker, answered, ended } = start("owner", memory, own(allocator, u32, 5).toTicket());
    assert.equal(await answered, "moved", "a ticket is opened once");
    assert.equal(reclaim(allocator), 1);
    worker.postMessage("dispose");
    await ended;
    assert.equal(reclaim(allocator), 0);
    assert.equal(allocator.liveBlocks, 0);
  });

  it("that are terminated leave counts, which their ledger gives back", async () => {
    using memory = sharedMemory(0, { maxByteLength: MiB(1) });
    const allocator = new TestAllocator(memory);
    const book = ledger(allocator, { capacity: 8 });
    const mine = share(allocator, u32, 5);
    const { worker, answered } = start("hold", memory, mine.clone().toTicket(), book.byteOffset);
    assert.equal(await answered, 3);
    assert.deepEqual([mine.owners, book.size, book.checkInvariants()], [4, 4, []]);
    await worker.terminate();
    assert.equal(book.recover(), 4);
    assert.equal(mine.owners, 1);
    mine.dispose();
    book.free(allocator);
    assert.equal(reclaim(allocator), 0);
    assert.equal(allocator.liveBlocks, 0);
  });
});
