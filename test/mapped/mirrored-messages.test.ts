import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { attachMessageRing, messageRing, messageRingByteLength } from "../../src/concurrent/index.ts";
import { sharedMemory } from "../../src/index.ts";
import { mapFile, mapMirrored, mirroredByteLength } from "../../src/mapped/index.ts";
import { moduleUrl, runChild } from "../process/child.ts";
import { temporaryDirectory } from "../process/temporary-directory.ts";

const BYTES = mirroredByteLength(4096);

for (const producers of [1, 3]) {
  describe(`a message ring over mirrored memory, for ${producers} producers`, () => {
    const make = (mirror = mapMirrored(BYTES)) => {
      const shape = { byteCapacity: BYTES, producers, mirror };
      const memory = sharedMemory(messageRingByteLength(shape));
      const ring = messageRing(memory, shape);
      return { memory, mirror, ring, producer: ring.producer(), consumer: ring.consumer() };
    };

    it("needs no padding: a message goes over the end in one piece, wherever it begins, and may take the whole ring", () => {
      const { mirror, ring, producer, consumer } = make();
      assert.equal(ring.maxByteLength, BYTES);
      for (let start = 0; start < 70; start++) {
        const whole = Uint8Array.from({ length: BYTES }, (_, at) => at * 7 + start);
        assert.equal(producer.write(whole, start), true, `from granule ${start} on`);
        assert.equal(producer.write(new Uint8Array(0)), false);
        assert.equal(ring.usedByteLength, BYTES);
        consumer.read((message) => {
          assert.equal(message.memory, mirror);
          assert.deepEqual(message.copy(), whole);
        });
        assert.deepEqual(ring.checkInvariants(), []);
        // One granule further round each time.
        producer.write(new Uint8Array(1));
        consumer.read(() => {});
      }
    });

    it("loses and changes nothing, and never uses a byte for padding, in random programs", () => {
      const { ring, producer, consumer } = make();
      fc.assert(
        fc.property(
          fc.array(fc.tuple(fc.nat(BYTES), fc.constantFrom("write", "read", "abort", "short")), { maxLength: 60 }),
          (steps) => {
            const model: Uint8Array[] = [];
            let used = 0;
            const granules = (byteLength: number) => Math.max(1, Math.ceil(byteLength / 64)) * 64;
            for (const [byteLength, kind] of steps) {
              if (kind === "read") {
                consumer.read((message) => assert.deepEqual(message.copy(), model.shift()), 1);
                used = model.reduce((sum, bytes) => sum + granules(bytes.length), 0);
                continue;
              }
              const claim = producer.tryClaim(byteLength);
              assert.equal(
                claim !== undefined,
                used + granules(byteLength) <= BYTES,
                "it fits if there are enough bytes, wherever they are",
              );
              if (claim === undefined) continue;
              const bytes = Uint8Array.from({ length: byteLength }, (_, at) => at + byteLength);
              claim.bytes().set(bytes);
              if (kind === "abort") claim.abort();
              else if (kind === "write") claim.commit();
              if (kind === "write") model.push(bytes);
              if (kind === "short") {
                claim.commit(byteLength >> 1);
                model.push(bytes.slice(0, byteLength >> 1));
              }
              // What was aborted, or left over of a claim, goes when it is passed over.
              if (kind !== "write") {
                while (model.length > 0) consumer.read((message) => assert.deepEqual(message.copy(), model.shift()));
                consumer.read(() => {});
              }
              used = model.reduce((sum, message) => sum + granules(message.length), 0);
              assert.deepEqual(ring.checkInvariants(), []);
            }
            while (consumer.read((message) => assert.deepEqual(message.copy(), model.shift())) > 0);
            assert.equal(ring.usedByteLength, 0);
          },
        ),
        { numRuns: 100 },
      );
    });
  });
}

describe("a mirror of messages", () => {
  it("is refused where it is none, is too short, or was not what the ring was made with", () => {
    const byteCapacity = BYTES;
    const mirror = mapMirrored(BYTES);
    const memory = sharedMemory(messageRingByteLength({ byteCapacity }));
    const code = "invalid-argument";
    assert.throws(() => messageRing(memory, { byteCapacity, mirror: sharedMemory(2 * BYTES) }), { code, message: /mapMirrored/ });
    assert.throws(() => messageRing(memory, { byteCapacity: 2 * BYTES, mirror }), { code, message: /byteCapacity=/ });
    messageRing(memory, { byteCapacity, mirror });
    assert.throws(() => attachMessageRing(memory), { code: "layout-mismatch", message: /was not given/ });
    assert.throws(() => attachMessageRing(memory, { mirror: mapMirrored(2 * BYTES) }), { code });
    messageRing(memory, { byteCapacity });
    assert.throws(() => attachMessageRing(memory, { mirror }), { code: "layout-mismatch" });
  });

  it("is shared by processes", (t) => {
    const directory = temporaryDirectory(t);
    using mirror = mapMirrored(BYTES, { path: `${directory}/bytes`, create: true });
    const shape = { byteCapacity: BYTES, mirror };
    const byteLength = messageRingByteLength(shape);
    using memory = mapFile(`${directory}/words`, { mode: "readWrite", create: true, byteLength });
    using consumer = messageRing(memory, shape).consumer();
    const script = `
      import { attachMessageRing } from ${JSON.stringify(moduleUrl("concurrent/index.js"))};
      const [memory, mirror] = args.map((ticket) => mapped.attach(JSON.parse(ticket)));
      const producer = attachMessageRing(memory, { mirror }).producer();
      for (let at = 0; producer.write(new Uint8Array(900).fill(at), at); at++);
      producer.close();`;
    const args = [JSON.stringify(memory.ticket()), JSON.stringify(mirror.ticket())];
    const seen: number[] = [];
    for (let round = 0; round < 2; round++) {
      const { status, stderr } = runChild(script, { directory, args });
      assert.equal(status, 0, stderr);
      consumer.read((message) => {
        assert.ok(message.bytes().every((byte) => byte === message.type) && message.byteLength === 900);
        seen.push(message.type);
      });
    }
    assert.deepEqual(seen, [0, 1, 2, 3, 0, 1, 2, 3]);
  });
});
