import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { attachPipeline, attachRing, pipeline, pipelineByteLength } from "../../../src/concurrent/index.ts";
import { privateMemory, struct, u8, u32 } from "../../../src/index.ts";
import { HOMES } from "../../conformance/homes.ts";
import { throwsCode } from "../throws-code.ts";

const Order = struct("Order", { id: u32, parsed: u8, indexed: u8, logged: u8 });
const DIAMOND = { parse: [], index: ["parse"], log: ["parse"], done: ["index", "log"] } as const;

describe("a pipeline", () => {
  it("shows each value to a stage when those that it follows are done with it", () => {
    const memory = privateMemory(pipelineByteLength(Order, { capacity: 4, stages: DIAMOND }));
    const orders = pipeline(memory, Order, { capacity: 4, stages: DIAMOND });
    const producer = orders.producer();
    const parse = orders.stage("parse");
    const index = orders.stage("index");
    const log = attachPipeline(memory, Order, { stages: DIAMOND }).stage("log");
    const done = orders.stage("done");
    for (let id = 0; id < 4; id++) assert.equal(producer.push({ id }), true);
    assert.equal(producer.push({}), false);
    assert.deepEqual([index.available(), log.available(), done.available()], [0, 0, 0]);
    parse.drain((order) => {
      order.parsed = 1;
    }, 3);
    assert.deepEqual([index.available(), log.available(), done.available()], [3, 3, 0]);
    index.drain((order) => {
      order.indexed = order.parsed;
    });
    assert.equal(done.available(), 0);
    const chunk = log.claim(2);
    if (chunk !== undefined) for (let at = 0; at < 2; at++) chunk.at(at).logged = chunk.at(at).parsed + 1;
    chunk?.commit();
    assert.equal(producer.room(), 0);
    assert.deepEqual(done.pop(), { id: 0, parsed: 1, indexed: 1, logged: 2 });
    assert.equal(done.available(), 1);
    assert.equal(producer.room(), 1);
    assert.deepEqual(orders.checkInvariants(), []);
  });

  it("is a broadcast that loses nothing when its stages follow none", () => {
    const stages = { a: [], b: [], c: [] };
    const letters = pipeline(privateMemory(4096), u32, { capacity: 2, stages });
    const producer = letters.producer();
    const [a, b, c] = [letters.stage("a"), letters.stage("b"), letters.stage("c")];
    producer.push(1);
    producer.push(2);
    for (const stage of [a, b]) assert.deepEqual([stage.pop(), stage.pop()], [1, 2]);
    assert.equal(producer.push(3), false);
    assert.equal(c.pop(), 1);
    assert.equal(producer.push(3), true);
    assert.deepEqual([a.pop(), b.pop(), c.pop()], [3, 3, 2]);
  });

  it("refuses stages that make no sense, and others than it was made with", () => {
    const memory = privateMemory(8192);
    const make = (stages: Record<string, string[]>) => pipeline(memory, u32, { capacity: 4, stages });
    assert.throws(() => make({}), throwsCode("invalid-argument", /stages=0/));
    assert.throws(() => make({ a: ["b"] }), throwsCode("invalid-argument", /no stage "b"/));
    assert.throws(() => make({ a: ["a"] }), throwsCode("invalid-argument", /follows itself/));
    assert.throws(() => make({ a: ["c"], b: ["a"], c: ["b"] }), throwsCode("invalid-argument", /follows itself/));
    assert.throws(
      () => make(Object.fromEntries(Array.from({ length: 31 }, (_, stage) => [`s${stage}`, []]))),
      throwsCode("invalid-argument", /stages=31/),
    );
    const made = make({ a: [], b: ["a"] });
    const name: string = "c";
    assert.throws(() => made.stage(name), throwsCode("invalid-argument", /no stage "c"/));
    assert.throws(() => attachPipeline(memory, u32, { stages: { a: [], b: [] } }), throwsCode("layout-mismatch"));
    assert.throws(() => attachPipeline(memory, u32, { stages: { a: [] } }), throwsCode("layout-mismatch"));
    assert.throws(() => attachRing(memory, u32), throwsCode("layout-mismatch", /attachPipeline/));
    made.stage("a");
    assert.throws(() => made.stage("a"), throwsCode("locked", /stage a/));
  });
});

describe("random programs of pipelines", () => {
  for (const home of HOMES) {
    it(`keep every stage behind those that it follows, in ${home.title}`, () => {
      using memory = home.create(8192);
      const graph = fc.array(fc.array(fc.nat(5), { maxLength: 3 }), { minLength: 1, maxLength: 5 });
      const moves = fc.array(fc.record({ who: fc.nat(5), count: fc.integer({ min: 1, max: 5 }) }), { maxLength: 60 });
      fc.assert(
        fc.property(graph, fc.integer({ min: 1, max: 6 }), moves, (drawn, capacity, program) => {
          const sources = drawn.map((from, stage) => [...new Set(from.filter((other) => other < stage))]);
          const stages = Object.fromEntries(sources.map((from, stage) => [`s${stage}`, from.map((other) => `s${other}`)]));
          const made = pipeline(memory, u32, { capacity, stages });
          const producer = made.producer();
          const consumers = sources.map((_, stage) => made.stage(`s${stage}`));
          const done = sources.map(() => 0);
          let pushed = 0;
          for (const { who, count } of program) {
            if (who === 0) {
              const least = Math.min(...done);
              const room = Math.min(count, capacity - (pushed - least));
              const values = Array.from({ length: count }, (_, at) => pushed + at);
              assert.equal(producer.pushMany(values), room);
              pushed += room;
            } else if (who <= sources.length) {
              const stage = who - 1;
              const upTo = Math.min(pushed, ...sources[stage].map((other) => done[other]));
              const seen: number[] = [];
              consumers[stage].drain((value) => seen.push(value), count);
              const expected = Array.from({ length: Math.min(count, upTo - done[stage]) }, (_, at) => done[stage] + at);
              assert.deepEqual(seen, expected);
              done[stage] += seen.length;
            }
            assert.deepEqual(made.checkInvariants(), []);
          }
          producer.close();
          for (const consumer of consumers) consumer.close();
        }),
        { numRuns: 60 },
      );
    });
  }
});
