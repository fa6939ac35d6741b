import assert from "node:assert/strict";
import { test } from "node:test";
import { privateMemory } from "../../src/core/homes.ts";
import { enumOf } from "../../src/layout/enum.ts";
import { u8 } from "../../src/layout/scalars.ts";
import { struct } from "../../src/layout/struct.ts";
import { bothWays, mistake } from "./both-ways.ts";

const many = Array.from({ length: 300 }, (_, index) => `member ${index}`);

bothWays("an enum", (way) => {
  const { Order } = way(() => ({
    Order: struct("Order", { before: u8, side: enumOf("buy", "sell", "__proto__"), many: enumOf("none", ...many) }),
  }));

  test("is stored as the number of its member, in one byte or two", () => {
    using memory = privateMemory(64);
    const order = Order.at(memory, 0);
    order.side = "sell";
    order.many = "member 299";
    assert.deepEqual([...memory.u8.subarray(0, 4)], [0, 1, 300 & 0xff, 300 >> 8]);
    assert.deepEqual([order.side, order.many], ["sell", "member 299"]);
    order.side = "__proto__";
    assert.equal(Order.read(memory, 0).side, "__proto__");
    Order.write(memory, 0, {});
    assert.equal(order.side, "buy");
    assert.equal(order.many, "none");
  });

  test("refuses what is no member, also names that every object has", () => {
    using memory = privateMemory(64);
    const order = Order.view(memory.lease, 0);
    for (const side of ["hold", "", "toString", "constructor", 0, 1, null, undefined]) {
      assert.throws(
        () => Object.assign(order, { side }),
        mistake("bad-value", /^Order\.side cannot hold .* Pass one of "buy", "sell"/),
      );
    }
    assert.throws(() => Object.assign(order, { many: "member 300" }), mistake("bad-value", /\(301 in all\)/));
    assert.ok(memory.u8.every((byte) => byte === 0));
  });

  test("a number that is no member's says that the bytes are wrong", () => {
    using memory = privateMemory(64);
    memory.u8[1] = 77;
    for (const read of [() => Order.at(memory, 0).side, () => Order.view(memory.lease, 0).side, () => Order.read(memory, 0)]) {
      assert.throws(read, mistake("corrupt", /number=77, members=3/));
    }
  });
});

test("an enum needs members that differ", () => {
  const loose = (...members: unknown[]) => enumOf(...(members as ["a"]));
  assert.throws(() => loose(), mistake("invalid-argument", /has no members/));
  assert.throws(() => enumOf("a", "b", "a"), mistake("invalid-argument", /"a" twice/));
  assert.throws(
    () => loose("a", 5),
    mistake("invalid-argument", /not a string .*Pass the strings themselves: enumOf\("buy", "sell"\)/),
  );
  const tooMany = Array.from({ length: 65_537 }, (_, index) => `${index}`);
  assert.throws(() => Reflect.apply(enumOf, undefined, tooMany), mistake("invalid-argument", /too many/));
  assert.deepEqual([enumOf("a").byteSize, enumOf("a", ...many).align], [1, 2]);
  assert.deepEqual(enumOf("a", "b").members, ["a", "b"]);
});
