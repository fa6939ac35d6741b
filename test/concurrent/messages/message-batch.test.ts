import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type MessageBatch, type MessageProducer, messageRing } from "../../../src/concurrent/index.ts";
import { HOMES } from "../../conformance/homes.ts";
import { throwsCode } from "../throws-code.ts";
import { make, readAll } from "./ends.ts";

const text = (value: string) => new TextEncoder().encode(value);

function addText(batch: MessageBatch, value: string, type?: number): void {
  const bytes = text(value);
  batch.memory.u8.set(bytes, batch.add(bytes.length, type));
}

for (const producers of [1, 3]) {
  describe(`several messages at once, in a ring of ${producers === 1 ? "one producer" : "many producers"}`, () => {
    it("are copied in and come together, in order, of any length", () => {
      const { ring, producer, consumer } = make(producers);
      assert.equal(producer.writeMany([text("one"), text(""), text("x".repeat(130))], 7), true);
      assert.equal(producer.writeMany([]), true);
      producer.writeText("last");
      assert.equal(ring.usedByteLength, 64 * (1 + 1 + 3 + 1));
      assert.deepEqual(readAll(consumer, 2), ["7:one", "7:"]);
      assert.deepEqual(readAll(consumer), [`7:${"x".repeat(130)}`, "0:last"]);
      assert.equal(ring.usedByteLength, 0);
      assert.deepEqual(ring.checkInvariants(), []);
    });

    it("are written in place, each of a type of its own, and nothing of them is there before the commit", () => {
      const { ring, producer, consumer } = make(producers);
      const batch = producer.tryClaimMany(300);
      assert.ok(batch);
      assert.deepEqual([batch.room, batch.length], [320, 0]);
      addText(batch, "a", 1);
      addText(batch, "b".repeat(65), -2);
      assert.deepEqual([batch.room, batch.length], [128, 2]);
      assert.deepEqual(readAll(consumer), []);
      batch.commit();
      assert.deepEqual(readAll(consumer), ["1:a", `-2:${"b".repeat(65)}`]);
      producer.writeText("behind");
      assert.deepEqual(readAll(consumer), ["0:behind"]);
      assert.deepEqual(ring.checkInvariants(), []);
    });

    it("are forgotten when they are aborted, when none was added, and when the producer closes", () => {
      const { ring, producer, consumer } = make(producers);
      const batch = producer.tryClaimMany(512);
      for (const value of ["a", "b", "c"]) addText(batch as MessageBatch, value);
      batch?.abort();
      producer.tryClaimMany(64)?.commit();
      producer.writeText("end");
      assert.deepEqual(readAll(consumer), ["0:end"]);
      assert.deepEqual(ring.checkInvariants(), []);
      const last = producer.tryClaimMany(128);
      for (const value of ["d", "e"]) addText(last as MessageBatch, value);
      producer.close();
      assert.throws(() => last?.commit(), throwsCode("invalid-argument", /after it was committed or aborted/));
      ring.producer().writeMany([text("next"), text("and")]);
      assert.deepEqual(readAll(consumer), ["0:next", "0:and"]);
      assert.deepEqual(ring.checkInvariants(), []);
    });

    it("find room for all or for none, with padding before the end of the ring", () => {
      const { ring, producer, consumer } = make(producers, 512);
      const four = Array.from({ length: 4 }, (_, at) => text(`${at}`));
      assert.equal(producer.writeMany(four), true);
      producer.writeText("5");
      assert.equal(producer.writeMany(four), false);
      assert.equal(producer.tryClaimMany(256), undefined);
      assert.equal(producer.writeManyWait(four, 0, { timeoutMs: 1 }), false);
      assert.equal(readAll(consumer).length, 5);
      assert.equal(producer.writeMany(four), true);
      assert.equal(ring.usedByteLength, 64 * (3 + 4));
      assert.deepEqual(readAll(consumer), ["0:0", "0:1", "0:2", "0:3"]);
      assert.deepEqual(ring.checkInvariants(), []);
    });

    it("are refused where they could never fit, with a type that is none, or what is no bytes; nothing is left in the way", () => {
      const { ring, producer, consumer } = make(producers, 512);
      assert.throws(
        () => producer.writeMany(Array.from({ length: 5 }, () => text("x"))),
        throwsCode("invalid-argument", /messages=5, byteLength=320, maxByteLength=256/),
      );
      assert.throws(() => producer.writeMany([text("x")], 0.5), throwsCode("invalid-argument", /type/));
      for (const byteLength of [-1, 257, 0.5, Number.NaN])
        assert.throws(() => producer.tryClaimMany(byteLength), throwsCode("invalid-argument"));
      const wrong: unknown = new BigInt64Array(2);
      assert.throws(() => producer.writeMany([text("x"), wrong as Uint8Array]), TypeError);
      assert.throws(() => producer.write(wrong as Uint8Array), TypeError);
      assert.throws(() => producer.writeMany([text("x"), {} as Uint8Array]), throwsCode("invalid-argument"));
      producer.writeText("y");
      assert.deepEqual(readAll(consumer), ["0:y"]);
      assert.deepEqual(ring.checkInvariants(), []);
    });

    it("refuse what does not fit into the batch, a second end, use after it, and a claim within a claim", () => {
      for (const first of ["commit", "abort"] as const) {
        for (const second of ["commit", "abort"] as const) {
          const { producer, consumer } = make(producers);
          const batch = producer.tryClaimMany(128) as MessageBatch;
          for (const byteLength of [-1, 129, 0.5, Number.NaN]) {
            assert.throws(() => batch.add(byteLength), throwsCode("invalid-argument", /maxByteLength=128/));
          }
          assert.throws(() => batch.add(1, 2 ** 31), throwsCode("invalid-argument", /type/));
          addText(batch, "z");
          assert.throws(() => batch.add(65), throwsCode("invalid-argument", /maxByteLength=64/));
          addText(batch, "");
          assert.throws(() => batch.add(0), throwsCode("invalid-argument", /maxByteLength=0/));
          for (const within of [() => producer.tryClaim(1), () => producer.tryClaimMany(1), () => producer.writeMany([text("x")])])
            assert.throws(within, throwsCode("invalid-argument", /has a claim/));
          batch[first]();
          assert.throws(() => batch[second](), throwsCode("invalid-argument", /after it was committed or aborted/));
          assert.throws(() => batch.add(1), throwsCode("invalid-argument"));
          assert.deepEqual(readAll(consumer), first === "commit" ? ["0:z", "0:"] : []);
        }
      }
    });

    it("wait for room, and wake who waits for them", async () => {
      const { ring, producer, consumer } = make(producers, 256);
      const two = [text("a"), text("b")];
      assert.equal(producer.writeManyWait(two), true);
      assert.equal(producer.writeMany(two), true);
      const written = producer.writeManyAsync(two, 3);
      assert.deepEqual(readAll(consumer).length, 4);
      assert.equal(await written, true);
      assert.deepEqual(readAll(consumer), ["3:a", "3:b"]);
      const ready = consumer.waitReadyAsync();
      producer.writeMany(two);
      assert.equal(await ready, true);
      producer.writeMany(two);
      consumer.close();
      assert.equal(producer.writeManyWait(two), false);
      assert.deepEqual(ring.checkInvariants(), []);
    });
  });
}

describe("several messages at once among other producers", () => {
  it("have nobody else's in between, and hold up those behind them until they are there", () => {
    const { ring, producer, consumer } = make(2);
    const other = ring.producer();
    const batch = producer.tryClaimMany(256) as MessageBatch;
    addText(batch, "a");
    other.writeText("other");
    addText(batch, "b");
    assert.deepEqual(readAll(consumer), []);
    assert.equal(consumer.blockedBy, producer.seat);
    batch.commit();
    assert.deepEqual(readAll(consumer), ["0:a", "0:b", "0:other"]);
    assert.deepEqual(ring.checkInvariants(), []);
  });

  it("are passed over as one when they are revoked, or their producer is dead", () => {
    const { ring, producer, consumer } = make(2);
    const slow = ring.producer();
    const batch = slow.tryClaimMany(256) as MessageBatch;
    addText(batch, "a");
    addText(batch, "b");
    producer.writeText("behind");
    assert.equal(consumer.unblock({ revoke: true }), true);
    assert.deepEqual(readAll(consumer), ["0:behind"]);
    // Its room is not used again before it has heard of it.
    assert.equal(ring.usedByteLength, 64 * 5);
    addText(batch, "c");
    assert.throws(() => batch.commit(), throwsCode("participant-lost", /revoked/));
    assert.deepEqual(readAll(consumer), []);
    assert.equal(ring.usedByteLength, 0);
    const lost = slow.tryClaimMany(256) as MessageBatch;
    for (const value of ["d", "e"]) addText(lost, value);
    producer.writeText("behind");
    assert.equal(consumer.unblock({ dead: [slow.seat] }), true);
    assert.deepEqual(readAll(consumer), ["0:behind"]);
    assert.deepEqual(ring.checkInvariants(), []);
  });

  it("of one producer alone that has died are cleared away by the next", () => {
    const dead = new Set<number>();
    const isAlive = (identity: number) => !dead.has(identity);
    const { ring, producer, consumer } = make(1, 512);
    producer.close();
    for (let identity = 1; identity <= 20; identity++) {
      const dying = ring.producer({ identity, isAlive });
      dying.writeText("before");
      const batch = dying.tryClaimMany(256) as MessageBatch;
      for (const value of ["a", "b", "c", "d"]) addText(batch, value);
      dead.add(identity);
      const next = ring.producer({ identity: -2 - identity, isAlive });
      assert.deepEqual(readAll(consumer), ["0:before"]);
      assert.deepEqual(ring.checkInvariants(), []);
      assert.equal(next.writeText("after"), true);
      assert.deepEqual(readAll(consumer), ["0:after"]);
      assert.deepEqual(ring.checkInvariants(), []);
      next.close();
    }
  });
});

/** Some of one ring's producers, who send messages one and several at once, and die. */
type Step =
  | { readonly kind: "one" | "copies"; readonly who: number; readonly lengths: readonly number[] }
  | { readonly kind: "commit" | "abort" | "revoke" | "die"; readonly who: number; readonly lengths: readonly number[] }
  | { readonly kind: "read"; readonly limit: number };

const WHO = fc.nat(2);
const LENGTHS = fc.array(fc.oneof(fc.nat(3), fc.nat(150)), { maxLength: 6 });
const STEP: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constantFrom("one" as const, "copies" as const), who: WHO, lengths: LENGTHS }),
  fc.record({ kind: fc.constantFrom("commit", "abort", "commit", "revoke", "die"), who: WHO, lengths: LENGTHS }),
  fc.record({ kind: fc.constant("read" as const), limit: fc.nat(8) }),
);

/** What was claimed at once, with the values of its messages. */
interface Entry {
  state: "open" | "there" | "over";
  values: string[];
}

describe("random programs of several messages at once", () => {
  for (const home of HOMES) {
    for (const producers of [1, 3]) {
      it(`lose, change and tear nothing, with ${producers} producers in ${home.title}`, () => {
        using memory = home.create(8192);
        fc.assert(
          fc.property(fc.array(STEP, { maxLength: 60 }), (steps) =>
            play(messageRing(memory, { byteCapacity: 1024, producers }), producers, steps),
          ),
          { numRuns: 60 },
        );
      });
    }
  }
});

function play(ring: ReturnType<typeof messageRing>, producers: number, steps: readonly Step[]): void {
  const dead = new Set<number>();
  const isAlive = (identity: number) => !dead.has(identity);
  let identity = 1;
  const join = () => ({ producer: ring.producer({ identity: ++identity, isAlive }), identity });
  const members = Array.from({ length: producers }, join);
  const open = new Map<MessageProducer, { readonly batch: MessageBatch; readonly entry: Entry }>();
  const consumer = ring.consumer({ identity: 1, isAlive });
  /** In the order of their claims. */
  const model: Entry[] = [];
  let number = 0;
  const valueFor = (byteLength: number) => `${++number}`.padEnd(byteLength, "-");
  for (const step of steps) {
    if (step.kind === "read") {
      const expected: string[] = [];
      while (expected.length < step.limit && model.length > 0 && model[0].state !== "open") {
        const value = model[0].state === "there" ? model[0].values.shift() : undefined;
        if (value === undefined) model.shift();
        else expected.push(value);
      }
      const seen = readAll(consumer, step.limit);
      assert.deepEqual(
        seen,
        expected.map((value) => `${value.length}:${value}`),
      );
      continue;
    }
    const member = members[step.who % producers];
    const { producer } = member;
    const mine = open.get(producer);
    // What is written with `writeMany` is all of one type, which is its length.
    const lengths = step.kind === "copies" ? step.lengths.map(() => step.lengths[0]) : step.lengths;
    const values = lengths.map(valueFor);
    if (step.kind === "die") {
      dead.add(member.identity);
      if (mine !== undefined) mine.entry.state = "over";
      open.delete(producer);
      Object.assign(member, join());
    } else if (step.kind === "revoke") {
      const first = model.find(({ state, values }) => state === "open" || (state === "there" && values.length > 0));
      if (producers > 1 && first?.state === "open" && consumer.unblock({ revoke: true })) first.state = "over";
    } else if (mine !== undefined) {
      open.delete(producer);
      const { batch, entry } = mine;
      const fitting = values.filter((value) => {
        if (Math.max(1, Math.ceil(value.length / 64)) * 64 > batch.room) return false;
        addText(batch, value, value.length);
        return true;
      });
      if (step.kind === "abort") batch.abort();
      else if (entry.state === "over" && fitting.length > 0) assert.throws(() => batch.commit(), throwsCode("participant-lost"));
      else batch.commit();
      if (entry.state === "open") Object.assign(entry, { state: step.kind === "abort" ? "over" : "there", values: fitting });
    } else if (step.kind === "commit" || step.kind === "abort") {
      const batch = producer.tryClaimMany(64 * values.length);
      if (batch === undefined) assert.ok(ring.usedByteLength > 0);
      else {
        const entry: Entry = { state: "open", values: [] };
        model.push(entry);
        open.set(producer, { batch, entry });
      }
    } else if (step.kind === "one") {
      values.every((value) => send(producer, value, model));
    } else {
      const sizes = values.map((value) => Math.max(1, Math.ceil(value.length / 64)) * 64);
      const together = sizes.reduce((sum, size) => sum + size, 0);
      // A number may be longer than the length that was asked for.
      if (together > ring.maxByteLength || values.some((value) => value.length !== values[0].length)) continue;
      if (producer.writeMany(values.map(text), values[0]?.length ?? 0)) model.push({ state: "there", values });
    }
    if (open.size === 0 || producers > 1) assert.deepEqual(ring.checkInvariants(), []);
  }
  for (const { producer } of members) producer.close();
  consumer.close();
  assert.deepEqual(ring.checkInvariants(), []);
}

function send(producer: MessageProducer, value: string, model: Entry[]): boolean {
  const isThere = producer.writeText(value, value.length);
  if (isThere) model.push({ state: "there", values: [value] });
  return isThere;
}
