import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { HOMES } from "../conformance/homes.ts";

// A mapping is grown by its own thread and ends for all its threads: see test/mapped.
for (const { title, home, create } of HOMES.filter(({ shared, home }) => shared && home !== "mapped")) {
  test(`${title}: a worker thread attaches the ticket, waits on it, grows it, and both see all of it`, async () => {
    using memory = create(65_536, 4 * 65_536);
    const worker = new Worker(new URL("./ticket.worker.js", import.meta.url), { workerData: { ticket: memory.ticket() } });
    const answered = once(worker, "message");
    const ended = once(worker, "exit");
    await once(worker, "online");
    memory.i32[1] = 41;
    Atomics.store(memory.i32, 0, 1);
    Atomics.notify(memory.i32, 0);
    const [answer] = await answered;
    assert.deepEqual({ ...answer, result: "" }, { result: "", home, subject: memory.subject, before: 65_536 });
    assert.ok(answer.result === "ok" || answer.result === "not-equal", "it was woken, or came when it was its turn already");
    assert.equal(Atomics.load(memory.i32, 0), 2);
    assert.equal(memory.i32[2], 42);
    assert.equal(memory.byteLength, 2 * 65_536);
    assert.ok(memory.bytes(65_536, 65_536).every((byte) => byte === 77));
    await ended;
    assert.equal(memory.i32[2], 42, "the worker's close leaves our side alone");
  });
}
