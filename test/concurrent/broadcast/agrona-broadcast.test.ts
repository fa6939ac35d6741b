/* The cases of Agrona's tests of its broadcast, under the names that they have there (BroadcastReceiverTest and BroadcastTransmitterTest). */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Broadcast, broadcast, broadcastByteLength, type Receiver } from "../../../src/concurrent/index.ts";
import { privateMemory } from "../../../src/index.ts";

const TYPE = 7;
const CAPACITY = 1024;

const make = (byteCapacity = CAPACITY): Broadcast =>
  broadcast(privateMemory(broadcastByteLength({ byteCapacity })), { byteCapacity });
const bytes = (byteLength: number, value = 1): Uint8Array => new Uint8Array(byteLength).fill(value);

function received(receiver: Receiver): string[] {
  const seen: string[] = [];
  receiver.read(({ type, byteLength }) => seen.push(`${type}:${byteLength}`));
  return seen;
}

function hasItsCapacity(): void {
  assert.equal(make().byteCapacity, CAPACITY);
  assert.equal(make().maxByteLength, CAPACITY / 8);
}

function refusesOtherCapacities(): void {
  assert.throws(() => make(777), { code: "invalid-argument", message: /byteCapacity=777, next=1024/ });
}

const RECEIVER: Readonly<Record<string, () => void>> = {
  shouldCalculateCapacityForBuffer: hasItsCapacity,
  shouldThrowExceptionForCapacityThatIsNotPowerOfTwo: refusesOtherCapacities,
  shouldNotBeLappedBeforeReception: () => assert.equal(make().receiver().laps, 0),
  shouldNotReceiveFromEmptyBuffer: () =>
    assert.equal(
      make()
        .receiver()
        .look(() => assert.fail()),
      undefined,
    ),
  shouldReceiveFirstMessageFromBuffer() {
    const news = make();
    const receiver = news.receiver();
    news.transmitter().send(bytes(8), TYPE);
    const valid = receiver.look((message) => assert.deepEqual([message.type, message.byteLength], [TYPE, 8]));
    assert.equal(valid, true);
    assert.equal(receiver.laps, 0);
  },
  shouldReceiveTwoMessagesFromBuffer() {
    const news = make();
    const receiver = news.receiver();
    const transmitter = news.transmitter();
    for (const length of [8, 9]) transmitter.send(bytes(length), TYPE);
    assert.deepEqual(received(receiver), ["7:8", "7:9"]);
  },
  shouldLateJoinTransmission() {
    const news = make();
    const receiver = news.receiver();
    const transmitter = news.transmitter();
    for (let type = 0; type < 200; type++) transmitter.send(bytes(8), type);
    assert.deepEqual(received(receiver), ["199:8"]);
    assert.ok(receiver.laps > 0);
    assert.deepEqual(received(news.receiver({ fromLatest: true })), ["199:8"]);
  },
  shouldCopeWithPaddingRecordAndWrapOfBufferForNextRecord() {
    const news = make();
    const receiver = news.receiver();
    const transmitter = news.transmitter();
    // Seven of 9 units each: one unit is left before the end.
    for (let type = 0; type < 7; type++) transmitter.send(bytes(120), type);
    assert.equal(received(receiver).length, 7);
    transmitter.send(bytes(120), TYPE);
    assert.deepEqual(received(receiver), ["7:120"]);
    assert.equal(receiver.laps, 0);
  },
  shouldDealWithRecordBecomingInvalidDueToOverwrite() {
    const news = make();
    const receiver = news.receiver();
    const transmitter = news.transmitter();
    transmitter.send(bytes(8), 1);
    const valid = receiver.look(() => {
      for (let type = 2; type < 60; type++) transmitter.send(bytes(8), type);
    });
    assert.equal(valid, false);
    assert.deepEqual(received(receiver), ["59:8"]);
  },
};

/** What was sent is what a receiver finds, wherever the message begins. */
function transmitsAt(units: number): void {
  const news = make();
  const receiver = news.receiver();
  const transmitter = news.transmitter();
  for (let unit = 0; unit < units; unit++) transmitter.send(bytes(0));
  received(receiver);
  transmitter.send(bytes(8, 3), TYPE);
  receiver.read((message) => assert.deepEqual([message.type, message.copy()], [TYPE, bytes(8, 3)]));
  assert.deepEqual(news.checkInvariants(), []);
}

const TRANSMITTER: Readonly<Record<string, () => void>> = {
  shouldCalculateCapacityForBuffer: hasItsCapacity,
  shouldThrowExceptionForCapacityThatIsNotPowerOfTwo: refusesOtherCapacities,
  shouldThrowExceptionWhenMaxMessageLengthExceeded() {
    const transmitter = make().transmitter();
    assert.throws(() => transmitter.send(bytes(CAPACITY / 8 + 1), TYPE), {
      code: "invalid-argument",
      message: /maxByteLength=128/,
    });
    transmitter.send(bytes(CAPACITY / 8), TYPE);
  },
  shouldThrowExceptionWhenMessageTypeIdInvalid() {
    const transmitter = make().transmitter();
    for (const type of [0.5, 2 ** 31, Number.NaN])
      assert.throws(() => transmitter.send(bytes(32), type), { code: "invalid-argument", message: /type=/ });
  },
  shouldTransmitIntoEmptyBuffer: () => transmitsAt(0),
  shouldTransmitIntoUsedBuffer: () => transmitsAt(3),
  shouldTransmitIntoEndOfBuffer: () => transmitsAt(CAPACITY / 16 - 2),
  shouldApplyPaddingWhenInsufficientSpaceAtEndOfBuffer: () => transmitsAt(CAPACITY / 16 - 1),
};

describe("BroadcastReceiverTest", () => {
  for (const [name, test] of Object.entries(RECEIVER)) it(name, test);
});
describe("BroadcastTransmitterTest", () => {
  for (const [name, test] of Object.entries(TRANSMITTER)) it(name, test);
});
it("all cases of Agrona's broadcast are there", () => {
  assert.deepEqual([Object.keys(RECEIVER).length, Object.keys(TRANSMITTER).length], [9, 8]);
});
