import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { Segments } from "../../src/collections/strings/segments.ts";
import { KiB, MiB } from "../../src/core/size.ts";
import { interner, privateMemory, type StringId, sharedInterner, sharedMemory } from "../../src/index.ts";
import { isMappingSupported, mapFile, openDictionary, openInterner, writeDictionary } from "../../src/mapped/index.ts";
import { refuses } from "../conformance/allocators.ts";
import { temporaryDirectory } from "../process/temporary-directory.ts";

const skip = !isMappingSupported();

describe("an interner in a file", { skip }, () => {
  test("is there again with all ids, for all who open it", (context) => {
    const path = join(temporaryDirectory(context), "names");
    const texts = Array.from({ length: 5000 }, (_, n) => (n % 5 === 0 ? `half \ud800 ${n}` : `name ${n}`));
    {
      using names = openInterner(path, { name: "names", ids: "u16", reserve: MiB(16) });
      assert.equal(names.subject, "shared interner names");
      for (const text of texts.slice(0, 3000)) names.intern(text);
      // Another handle, with a mapping of its own, as another process has it: it follows while the file grows.
      using other = openInterner(path);
      assert.equal(other.ids, "u16");
      for (const text of texts) names.intern(text);
      texts.forEach((text, at) => {
        assert.equal(other.lookup(text), at + 1);
        assert.equal(other.resolve((at + 1) as StringId), text);
      });
      assert.equal(other.intern("from the other"), 5001);
      assert.equal(names.resolve(5001 as StringId<"names">), "from the other");
      names.flush();
      assert.deepEqual([names.verify(), other.verify()], [[], []]);
    }
    using again = openInterner(path);
    assert.deepEqual([...again], [...texts, "from the other"]);
    assert.deepEqual(again.verify(), []);
    using reader = openInterner(path, { mode: "read" });
    assert.equal(reader.lookup("from the other"), 5001);
    refuses("read-only", () => reader.intern("new"));
    again.intern("x".repeat(KiB(200)));
    assert.equal(reader.resolve(5002 as StringId).length, KiB(200));
    again.close();
    again.close();
    refuses("closed", () => again.resolve(1 as StringId));
  });

  test("is full where its reserve ends, and stays whole", (context) => {
    const path = join(temporaryDirectory(context), "names");
    using names = openInterner(path, { reserve: KiB(128) });
    let count = 0;
    while (names.tryIntern(`string ${count}`) !== 0) count += 1;
    assert.ok(count > 1000);
    assert.match(refuses("out-of-memory", () => names.intern("more".repeat(20))).message, /reserved=131072/);
    assert.deepEqual([names.size, names.verify()], [count, []]);
    refuses("invalid-argument", () => openInterner(path, { reserve: 5 }));
    assert.match(
      refuses("invalid-argument", () => Reflect.apply(openInterner, undefined, [path, { mode: "write" }])).message,
      /mode=write/,
    );
  });

  test("refuses files that are none, cut short, damaged or of another version", (context) => {
    const directory = temporaryDirectory(context);
    const path = join(directory, "names");
    {
      using names = openInterner(path);
      for (let n = 0; n < 1000; n++) names.intern(`string ${n}`);
    }
    const changed = (change: (bytes: Buffer) => void): string => {
      const copy = join(directory, "copy");
      const bytes = readFileSync(path);
      change(bytes);
      writeFileSync(copy, bytes);
      return copy;
    };
    refuses("not-an-offheap-file", () => openInterner(changed((bytes) => bytes.write("foreign"))));
    refuses("corrupt", () => openInterner(changed((bytes) => bytes.writeUInt8(9, 30))));
    refuses("unsupported-format", () => openInterner(changed((bytes) => bytes.writeUInt32LE(2, 8))));
    refuses("corrupt", () => openInterner(changed((bytes) => bytes.writeUInt32LE(5, 128))));
    refuses("corrupt", () => openInterner(changed((bytes) => bytes.writeInt32LE(-5, 64))));
    const short = join(directory, "short");
    copyFileSync(path, short);
    truncateSync(short, 4096);
    assert.match(refuses("corrupt", () => openInterner(short)).message, /cut short/);
    refuses("io", () => openInterner(join(directory, "missing"), { mode: "read" }));
    mkdirSync(join(directory, "folder"));
    refuses("io", () => openInterner(join(directory, "folder")));
    writeFileSync(join(directory, "text"), "just text");
    refuses("not-an-offheap-file", () => openInterner(join(directory, "text")));

    // A string that was changed on the disk is found by its hash.
    using damaged = openInterner(
      changed((bytes) => {
        bytes[bytes.indexOf("string 500") + 2] ^= 1;
      }),
    );
    assert.match(damaged.verify().join(), /another hash than it says/);
  });

  test("is not opened as something else, nor the other way round", (context) => {
    const directory = temporaryDirectory(context);
    const [names, words] = [join(directory, "names"), join(directory, "words")];
    openInterner(names).close();
    writeDictionary(words, interner(privateMemory(KiB(8))));
    assert.match(refuses("layout-mismatch", () => openDictionary(names)).message, /interner, not dictionary/);
    refuses("layout-mismatch", () => openInterner(words));
  });
});

describe("a dictionary in a file", { skip }, () => {
  test("has the strings of what it was written from, with or without an index", (context) => {
    const path = join(temporaryDirectory(context), "words");
    const texts = ["alpha", "", "水", "half \udc00"];
    const local = interner(privateMemory(KiB(8)));
    const shared = sharedInterner(sharedMemory(KiB(64)));
    for (const text of texts) {
      local.intern(text);
      shared.intern(text);
    }
    for (const strings of [local, shared]) {
      for (const index of [true, false]) {
        writeDictionary(path, strings, { index });
        using words = openDictionary(path);
        assert.deepEqual([[...words], words.hasIndex, words.verify()], [texts, index, []]);
        if (index) assert.equal(words.lookup("水"), 3);
        else refuses("unsupported", () => words.lookup("水"));
        words.close();
        refuses("closed", () => words.resolve(1 as StringId));
      }
    }
  });

  test("refuses what was cut short, and finds out what was changed", (context) => {
    const path = join(temporaryDirectory(context), "words");
    const local = interner(privateMemory(0, { maxByteLength: KiB(64) }));
    for (let n = 0; n < 200; n++) local.intern(`string ${n}`);
    writeDictionary(path, local);
    {
      using file = mapFile(path, { mode: "readWrite" });
      file.u8[file.byteLength - 1000] ^= 1;
    }
    {
      using words = openDictionary(path);
      assert.match(words.verify().join(), /checksum/);
    }
    truncateSync(path, 3000);
    assert.match(refuses("corrupt", () => openDictionary(path)).message, /cut short/);
    writeFileSync(path, "text");
    refuses("not-an-offheap-file", () => openDictionary(path));
  });
});

test("words that another mapping has made, beyond what this one shows, are the same for both", { skip }, (context) => {
  const path = join(temporaryDirectory(context), "words");
  using one = mapFile(path, { mode: "readWrite", create: true, byteLength: 4096, maxByteLength: MiB(1) });
  using other = mapFile(path, { mode: "readWrite", maxByteLength: MiB(1) });
  one.grow(MiB(1));
  one.i32[0] = MiB(1) / 16; // the ref of segment 0, in units of 8 bytes
  const word = new Segments(other, 0).wordOf(3);
  assert.equal(word, MiB(1) / 8 + 3);
  Atomics.store(other.i32, word, 7);
  assert.equal(one.i32[word], 7);
  one.i32[1] = MiB(1) / 8;
  assert.throws(() => new Segments(other, 0).wordOf(16), { code: "corrupt" });
});
