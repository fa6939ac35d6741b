/*
 * The cases of Agrona's tests of its message rings, under the names that they have there (ManyToOneRingBufferTest and OneToOneRingBufferTest), so that they can be
 * ticked off. What each must mean for rings whose states lie beside their messages is said by the test; the tests of this project's own claims are in
 * message-ring.test.ts.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { MessageConsumer } from "../../../src/concurrent/index.ts";
import { type Ends, make } from "../messages/ends.ts";

interface Stage extends Ends {
  readonly producers: number;
}

const TYPE = 7;
const GRANULE = 64;
const CAPACITY = 1024;
const INVALID = { code: "invalid-argument" };

const bytes = (byteLength: number, value = 1): Uint8Array => new Uint8Array(byteLength).fill(value);

/** Moves both ends on by so many granules. */
function moveTo({ producer, consumer }: Stage, granules: number): void {
  for (let granule = 0; granule < granules; granule++) {
    assert.equal(producer.write(bytes(1)), true);
    assert.equal(
      consumer.read(() => {}),
      1,
    );
  }
}

function lengths(consumer: MessageConsumer, limit?: number): number[] {
  const seen: number[] = [];
  consumer.read(({ byteLength }) => seen.push(byteLength), limit);
  return seen;
}

/** A message of the whole length goes round the end: padding of one granule before it. */
function wrapsWithPadding(stage: Stage, unread: boolean): void {
  const { ring, producer, consumer } = stage;
  moveTo(stage, CAPACITY / GRANULE - 2);
  producer.write(bytes(3));
  if (!unread) assert.deepEqual(lengths(consumer), [3]);
  assert.equal(producer.write(bytes(200, 9), TYPE), true);
  assert.equal(ring.usedByteLength, (unread ? GRANULE : 0) + GRANULE + 256);
  assert.deepEqual(lengths(consumer), unread ? [3, 200] : [200]);
  assert.deepEqual(ring.checkInvariants(), []);
}

/** Both ways to end a claim are refused once it was ended in either. */
function endsOnce({ producer }: Stage, first: "commit" | "abort", then: "commit" | "abort"): void {
  const claim = producer.tryClaim(8);
  claim?.[first]();
  assert.throws(() => claim?.[then](), { ...INVALID, message: /after it was committed or aborted/ });
}

function refusesType({ producer }: Stage): void {
  for (const type of [0.5, 2 ** 31, Number.NaN]) assert.throws(() => producer.tryClaim(10, type), INVALID);
}

function refusesLength({ producer, ring }: Stage): void {
  assert.throws(() => producer.tryClaim(ring.maxByteLength + 1), INVALID);
}

function claimsWhereItCanBeWritten(stage: Stage): void {
  const { producer, consumer, memory } = stage;
  const claim = producer.tryClaim(333, TYPE);
  assert.ok(claim);
  assert.equal(claim.byteOffset % GRANULE, 0);
  memory.u8.fill(5, claim.byteOffset, claim.byteOffset + 333);
  claim.commit();
  consumer.read((message) => {
    assert.deepEqual([message.type, message.byteOffset, message.byteLength], [TYPE, claim.byteOffset, 333]);
    assert.ok(message.bytes().every((byte) => byte === 5));
  });
}

function hasNoRoomToClaim({ producer, ring }: Stage): void {
  while (producer.write(bytes(GRANULE)));
  assert.equal(ring.usedByteLength, CAPACITY);
  assert.equal(producer.tryClaim(10), undefined);
}

function hasNoRoomBehindTheEnd(stage: Stage): void {
  const { producer, consumer, ring } = stage;
  moveTo(stage, CAPACITY / GRANULE - 1);
  // One granule is left before the end, and two before the head: neither takes three.
  for (let granule = 0; granule < CAPACITY / GRANULE - 3; granule++) producer.write(bytes(1));
  consumer.read(() => {}, CAPACITY / GRANULE - 4);
  producer.close();
  const next = ring.producer();
  while (next.write(bytes(GRANULE)));
  assert.equal(next.tryClaim(100), undefined);
}

function refusesIndex({ producer }: Stage, how: "commit" | "abort"): void {
  const claim = producer.tryClaim(8);
  for (const byteLength of [-2, 9, 0.5, CAPACITY + 1]) assert.throws(() => claim?.commit(byteLength), INVALID);
  claim?.[how]();
}

const BOTH: Readonly<Record<string, (stage: Stage) => void>> = {
  shouldThrowExceptionIfCapacityIsBelowMinCapacity({ producers }) {
    for (const byteCapacity of [2, 4, 8, 128])
      assert.throws(() => make(producers, byteCapacity), { ...INVALID, message: /byteCapacity=.*least=256/ });
  },
  shouldComputeMaxMessageLength({ producers }) {
    for (const byteCapacity of [256, 512, 1024, 65_536])
      assert.equal(make(producers, byteCapacity).ring.maxByteLength, byteCapacity / 2);
  },
  shouldWriteToEmptyBuffer({ ring, producer, consumer }) {
    assert.equal(producer.write(bytes(8, 3), TYPE), true);
    assert.equal(ring.usedByteLength, GRANULE);
    consumer.read((message) => assert.deepEqual([message.type, message.copy()], [TYPE, bytes(8, 3)]));
  },
  shouldRejectWriteWhenInsufficientSpace({ ring, producer }) {
    for (let used = 0; used < CAPACITY - 2 * GRANULE; used += GRANULE) producer.write(bytes(1));
    const before = ring.usedByteLength;
    assert.equal(producer.write(bytes(200)), false);
    assert.equal(ring.usedByteLength, before);
    assert.equal(producer.write(bytes(100)), true);
  },
  shouldRejectWriteWhenBufferFull(stage) {
    hasNoRoomToClaim(stage);
    assert.equal(stage.producer.write(bytes(8)), false);
    assert.equal(stage.ring.usedByteLength, CAPACITY);
  },
  shouldInsertPaddingRecordPlusMessageOnBufferWrap: (stage) => wrapsWithPadding(stage, true),
  shouldInsertPaddingRecordPlusMessageOnBufferWrapWithHeadEqualToTail: (stage) => wrapsWithPadding(stage, false),
  shouldReadNothingFromEmptyBuffer: ({ consumer }) =>
    assert.equal(
      consumer.read(() => assert.fail()),
      0,
    ),
  shouldNotReadSingleMessagePartWayThroughWriting({ producer, consumer }) {
    const claim = producer.tryClaim(8);
    assert.equal(
      consumer.read(() => assert.fail()),
      0,
    );
    claim?.commit();
    assert.deepEqual(lengths(consumer), [8]);
  },
  shouldReadTwoMessages({ ring, producer, consumer }) {
    for (const length of [16, 17]) producer.write(bytes(length));
    assert.deepEqual(lengths(consumer), [16, 17]);
    assert.equal(ring.usedByteLength, 0);
  },
  shouldLimitReadOfMessages({ ring, producer, consumer }) {
    for (const length of [16, 17]) producer.write(bytes(length));
    assert.deepEqual(lengths(consumer, 1), [16]);
    assert.equal(ring.usedByteLength, GRANULE);
  },
  shouldCopeWithExceptionFromHandler({ ring, producer, consumer }) {
    for (const length of [16, 17]) producer.write(bytes(length));
    let times = 0;
    const throwing = () => {
      if (++times === 2) throw new Error("of the handler");
    };
    assert.throws(() => consumer.read(throwing), /of the handler/);
    assert.equal(times, 2);
    assert.equal(ring.usedByteLength, 0);
  },
  shouldCalculateCapacityForBuffer: ({ ring }) => assert.equal(ring.byteCapacity, CAPACITY),
  shouldThrowExceptionForCapacityThatIsNotPowerOfTwo({ producers }) {
    assert.throws(() => make(producers, 777), { ...INVALID, message: /byteCapacity=777, next=1024/ });
  },
  shouldThrowExceptionWhenMaxMessageSizeExceeded({ ring, producer }) {
    assert.throws(() => producer.write(bytes(ring.maxByteLength + 1)), { ...INVALID, message: /maxByteLength=512/ });
    assert.equal(producer.write(bytes(ring.maxByteLength)), true);
  },
  shouldInsertPaddingAndWriteToBuffer(stage) {
    // Free are three granules before the end and all but those behind it: enough together, and a message of 400 bytes in one piece.
    moveTo(stage, CAPACITY / GRANULE - 3);
    assert.equal(stage.producer.write(bytes(400)), true);
    assert.equal(stage.ring.usedByteLength, 3 * GRANULE + 448);
    assert.deepEqual(lengths(stage.consumer), [400]);
  },
  commitThrowsIllegalStateExceptionIfSpaceWasAlreadyCommitted: (stage) => endsOnce(stage, "commit", "commit"),
  commitThrowsIllegalStateExceptionIfSpaceWasAlreadyAborted: (stage) => endsOnce(stage, "abort", "commit"),
  commitPublishesMessageByInvertingTheLengthValue({ producer, consumer }) {
    const claim = producer.tryClaim(11, TYPE);
    assert.equal(consumer.isReady, false);
    claim?.commit();
    assert.equal(consumer.isReady, true);
    assert.deepEqual(lengths(consumer), [11]);
  },
  abortThrowsIllegalArgumentExceptionIfIndexIsInvalid: (stage) => refusesIndex(stage, "abort"),
  abortThrowsIllegalStateExceptionIfSpaceWasAlreadyCommitted: (stage) => endsOnce(stage, "commit", "abort"),
  abortThrowsIllegalStateExceptionIfSpaceWasAlreadyAborted: (stage) => endsOnce(stage, "abort", "abort"),
  abortMarksUnusedSpaceAsPadding({ ring, producer, consumer }) {
    producer.tryClaim(100)?.abort();
    producer.write(bytes(5));
    assert.deepEqual(lengths(consumer), [5]);
    assert.equal(ring.usedByteLength, 0);
  },
  shouldContinueOnControlledRead({ ring, producer, consumer }) {
    producer.writeText("Hello World", TYPE);
    const read = consumer.controlledRead((message) => {
      assert.deepEqual([message.type, message.text()], [TYPE, "Hello World"]);
      return "continue";
    }, 1);
    assert.equal(read, 1);
    assert.equal(ring.usedByteLength, 0);
  },
  shouldAbortOnControlledRead({ ring, producer, consumer }) {
    producer.writeText("Hello World", TYPE);
    assert.equal(
      consumer.controlledRead(() => "abort", 1),
      0,
    );
    assert.equal(ring.usedByteLength, GRANULE);
    assert.deepEqual(lengths(consumer), [11]);
  },
  shouldAbortOnControlledReadOfSecondMessage({ ring, producer, consumer }) {
    for (let message = 0; message < 2; message++) producer.writeText("Hello World", TYPE);
    let times = 0;
    assert.equal(
      consumer.controlledRead(() => (times++ === 0 ? "continue" : "abort")),
      1,
    );
    assert.equal(times, 2);
    assert.equal(ring.usedByteLength, GRANULE);
  },
  shouldCommitOnEachMessage({ ring, producer, consumer }) {
    for (let message = 0; message < 2; message++) producer.writeText("Hello World", TYPE);
    const used: number[] = [];
    const read = consumer.controlledRead(() => {
      used.push(ring.usedByteLength);
      return "commit";
    });
    assert.equal(read, 2);
    assert.deepEqual(used, [2 * GRANULE, GRANULE]);
    assert.equal(ring.usedByteLength, 0);
  },
  shouldAllowWritingEmptyMessagesWhenCapacityIsMinimal({ producers }) {
    const { producer, consumer } = make(producers, 256);
    for (let round = 0; round < 3; round++) {
      for (let message = 0; message < 256 / GRANULE; message++) assert.equal(producer.write(bytes(0), 13), true);
      assert.equal(producer.write(bytes(0), 13), false);
      assert.deepEqual(lengths(consumer), [0, 0, 0, 0]);
    }
    assert.deepEqual(lengths(consumer), []);
  },
  shouldWriteMessageAfterInsertedPaddingIsConsumedThusMakeEnoughContiguousSpace({ producers }) {
    const { producer, consumer } = make(producers, 256);
    for (let message = 0; message < 3; message++) producer.write(bytes(1));
    assert.deepEqual(lengths(consumer, 1), [1]);
    // Two granules are free, one before the end and one behind it.
    assert.equal(producer.write(bytes(100)), false);
    assert.deepEqual(lengths(consumer), [1, 1]);
    assert.equal(producer.write(bytes(100, 8)), true);
    consumer.read((message) => assert.deepEqual(message.copy(), bytes(100, 8)));
    assert.deepEqual(lengths(consumer), []);
  },
};

/** Two producers, of which the first has claimed and is dead. */
function blocked(stage: Stage, fill: boolean): { readonly dead: number; readonly others: number } {
  const { ring, producer, consumer } = stage;
  producer.tryClaim(100);
  const other = ring.producer();
  let others = 0;
  if (fill) while (other.write(bytes(1))) others += 1;
  else others += Number(other.write(bytes(1)));
  assert.deepEqual(lengths(consumer), []);
  assert.equal(consumer.blockedBy, producer.seat);
  return { dead: producer.seat, others };
}

function unblocks(stage: Stage, fill: boolean): void {
  const { dead, others } = blocked(stage, fill);
  assert.equal(stage.consumer.unblock({ dead: [dead] }), true);
  assert.equal(lengths(stage.consumer).length, others);
  assert.equal(stage.ring.usedByteLength, 0);
  assert.deepEqual(stage.ring.checkInvariants(), []);
}

/** A claim that is being written is no gap, whatever comes behind it. */
function doesNotUnblockTheLiving(stage: Stage): void {
  const { ring, producer, consumer } = stage;
  const claim = producer.tryClaim(100);
  const other = ring.producer();
  other.write(bytes(1));
  assert.equal(consumer.unblock(), false);
  other.write(bytes(1));
  assert.equal(consumer.unblock(), false);
  claim?.commit();
  assert.deepEqual(lengths(consumer), [100, 1, 1]);
}

const MANY: Readonly<Record<string, (stage: Stage) => void>> = {
  shouldNotUnblockWhenEmpty: ({ consumer }) => assert.equal(consumer.unblock(), false),
  shouldUnblockMessageWithHeader: (stage) => unblocks(stage, false),
  shouldUnblockWhenFullWithHeader: (stage) => unblocks(stage, true),
  // A claim here is one compare-and-swap, owner and length included: a gap without a header cannot be, full or not.
  shouldUnblockWhenFullWithoutHeader: (stage) => unblocks(stage, true),
  shouldUnblockGapWithZeros: (stage) => unblocks(stage, false),
  shouldNotUnblockGapWithMessageRaceOnSecondMessageIncreasingTailThenInterrupting: doesNotUnblockTheLiving,
  shouldNotUnblockGapWithMessageRaceWhenScanForwardTakesAnInterrupt: doesNotUnblockTheLiving,
  tryClaimShouldThrowIllegalArgumentExceptionIfMessageTypeIsInvalid: refusesType,
  tryClaimShouldThrowIllegalArgumentExceptionIfLengthExceedsMaxMessageSize: refusesLength,
  tryClaimShouldThrowIllegalArgumentExceptionIfLengthIsNegative: ({ producer }) =>
    assert.throws(() => producer.tryClaim(-6), INVALID),
  tryClaimReturnsIndexAtWhichEncodedMessageStarts: claimsWhereItCanBeWritten,
  tryClaimReturnsIndexAtWhichEncodedMessageStartsAfterPadding(stage) {
    moveTo(stage, CAPACITY / GRANULE - 1);
    const first = stage.ring.byteLength - CAPACITY;
    assert.equal(stage.producer.tryClaim(100)?.byteOffset, first);
  },
  tryClaimReturnsInsufficientCapacityHead: hasNoRoomToClaim,
  tryClaimReturnsInsufficientCapacityTail: hasNoRoomBehindTheEnd,
  commitThrowsIllegalArgumentExceptionIfIndexIsOutOfBounds: (stage) => refusesIndex(stage, "commit"),
};

const ONE: Readonly<Record<string, (stage: Stage) => void>> = {
  shouldNotUnblockBecauseNotOtherProducersToRaceWith({ producer, consumer }) {
    producer.tryClaim(8);
    assert.equal(consumer.unblock({ revoke: true }), false);
  },
  tryClaimThrowsIllegalArgumentExceptionIfMessageTypeIdIsInvalid: refusesType,
  tryClaimThrowsIllegalArgumentExceptionIfLengthIsBiggerThanMaxMessageLength: refusesLength,
  tryClaimThrowsIllegalArgumentExceptionIfLengthIsNegative: ({ producer }) => assert.throws(() => producer.tryClaim(-5), INVALID),
  tryClaimReturnsOffsetAtWhichMessageBodyCanBeWritten: claimsWhereItCanBeWritten,
  tryClaimReturnsInsufficientCapacityIfThereIsNotEnoughSpaceInTheBuffer: hasNoRoomToClaim,
  tryClaimReturnsInsufficientCapacityIfThereIsNotEnoughSpaceInTheBufferAfterWrap: hasNoRoomBehindTheEnd,
  commitThrowsIllegalArgumentExceptionIfIndexIsInvalid: (stage) => refusesIndex(stage, "commit"),
};

for (const [title, producers, own] of [
  ["OneToOneRingBufferTest", 1, ONE],
  ["ManyToOneRingBufferTest", 3, MANY],
] as const) {
  describe(title, () => {
    for (const [name, test] of Object.entries({ ...BOTH, ...own }))
      it(name, () => test({ ...make(producers, CAPACITY), producers }));
  });
}

it("all cases of Agrona's rings are there", () => {
  assert.equal(Object.keys(BOTH).length + Object.keys(ONE).length, 37);
  assert.equal(Object.keys(BOTH).length + Object.keys(MANY).length, 44);
});
