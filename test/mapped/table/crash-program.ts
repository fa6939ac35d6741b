import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { privateMemory } from "../../../src/core/homes.ts";
import type { Memory } from "../../../src/core/memory.ts";
import { KiB } from "../../../src/core/size.ts";
import { blob } from "../../../src/layout/blob.ts";
import { text } from "../../../src/layout/text.ts";
import { type DurableTable, durableTable } from "./durable-memory.ts";
import { StoreLog, WentDown } from "./store-log.ts";

const MEMORY_BYTES = KiB(48);
const UNITS = [8, 8, 512, 4096];

/** A sequence of numbers in [0, 1) that a seed decides (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b_79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What may be there after a power failure. */
interface Expected {
  /** Noted before the operation begins. */
  change(key: string, value: string | undefined): void;
  beginFlush(): void;
  endFlush(): void;
  /** After a power failure. What was found is there from then on, and durable: opening has made it so. */
  checkAll(found: ReadonlyMap<string, string>, story: string): void;
}

/** What each key may be after a power failure: what it was when the last flush that has ended began, and everything since. */
class Expectation implements Expected {
  readonly now = new Map<string, string>();
  #allowed = new Map<string, Set<string | undefined>>();
  #sinceBegin = new Map<string, Set<string | undefined>>();

  /** Noted before the operation begins: a part of it may be seen. */
  change(key: string, value: string | undefined): void {
    for (const allowed of [this.#allowed, this.#sinceBegin]) {
      const values = allowed.get(key) ?? new Set([this.now.get(key)]);
      allowed.set(key, values.add(value));
    }
    if (value === undefined) this.now.delete(key);
    else this.now.set(key, value);
  }

  beginFlush(): void {
    this.#sinceBegin = new Map();
  }

  endFlush(): void {
    this.#allowed = this.#sinceBegin;
  }

  checkAll(found: ReadonlyMap<string, string>, story: string): void {
    for (const key of KEYS) {
      this.#check(key, found.get(key), story);
      this.#settle(key, found.get(key));
    }
    this.#allowed = new Map();
    this.#sinceBegin = new Map();
  }

  #check(key: string, found: string | undefined, story: string): void {
    const allowed = this.#allowed.get(key) ?? new Set([this.now.get(key)]);
    if (!allowed.has(found))
      assert.fail(`${story}: ${key} is ${found}, and can only be one of ${[...allowed].map(String).join(", ")}`);
  }

  /** After a recovery what was found is what is there. */
  #settle(key: string, found: string | undefined): void {
    if (found === undefined) this.now.delete(key);
    else this.now.set(key, found);
  }
}

/** What a table that has transactions may be after a power failure: as a whole what it was when the last flush that has ended began, or one that was going on. */
class WholeExpectation implements Expected {
  readonly now = new Map<string, string>();
  #before: ReadonlyMap<string, string> = new Map();
  #allowed: ReadonlyMap<string, string>[] = [new Map()];

  change(key: string, value: string | undefined): void {
    if (value === undefined) this.now.delete(key);
    else this.now.set(key, value);
  }

  beginFlush(): void {
    this.#allowed.push(new Map(this.now));
  }

  endFlush(): void {
    this.#allowed = this.#allowed.slice(-1);
  }

  checkAll(found: ReadonlyMap<string, string>, story: string): void {
    const isOne = this.#allowed.some((allowed) => isDeepStrictEqual(allowed, found));
    if (!isOne) assert.fail(`${story}: ${shown(found)} was found, and can only be one of ${this.#allowed.map(shown).join(" or ")}`);
    this.#settle(found);
    this.#allowed = [this.#before];
  }

  /** After the process alone was killed. It is as before the last operation or as after it; what a power failure leaves is what it was. */
  checkKilled(found: ReadonlyMap<string, string>, story: string): void {
    const isOne = [this.#before, this.now].some((allowed) => isDeepStrictEqual(allowed, found));
    if (!isOne) assert.fail(`${story}: ${shown(found)} was left, and can only be ${shown(this.#before)} or ${shown(this.now)}`);
    this.#settle(found);
  }

  /** An operation begins. */
  begin(): void {
    this.#before = new Map(this.now);
  }

  #settle(found: ReadonlyMap<string, string>): void {
    this.now.clear();
    for (const [key, value] of found) this.now.set(key, value);
    this.begin();
  }
}

function shown(entries: ReadonlyMap<string, string>): string {
  return `{${[...entries]
    .sort()
    .map(([key, value]) => `${key}: ${value}`)
    .join(", ")}}`;
}

const KEYS = Array.from({ length: 9 }, (_, key) => `key ${key}`);
const OPTIONS = { key: text, value: blob, seats: 1, seed: 5 } as const;

/** Random operations and flushes, power failures in the middle, and what must be there afterwards. Returns how many failures there were. Throws, naming the seed. */
export function runCrashProgram(seed: number, failures = 4): number {
  const random = randomFrom(seed);
  const shards = random() < 0.5 ? 1 : 2;
  const isWhole = random() < 0.5;
  const expected = isWhole ? new WholeExpectation() : new Expectation();
  let memory = privateMemory(MEMORY_BYTES);
  let isNew = true;
  let boot = 1;
  let log = new StoreLog(memory);
  // Whether the power has failed since somebody has looked.
  let isPower = true;
  for (let failure = 0; failure < failures; failure++) {
    const story = `seed ${seed}, failure ${failure}`;
    // Sometimes it goes down while the table is still being made sound.
    log.left = isNew ? 1500 + Math.floor(random() * 3000) : Math.floor(random() * random() * 4000) + 1;
    try {
      const sync = log.sync.bind(log);
      const durable = durableTable(memory, { ...OPTIONS, shards }, { isNew, boot, sync });
      if (!isNew) checkAll(durable, expected, isPower, story);
      isPower = false;
      if (isNew && isWhole) beginWhole(durable, expected);
      isNew = false;
      operate(durable, log, expected, random);
    } catch (error) {
      if (!(error instanceof WentDown))
        throw error instanceof Error ? new Error(`${story}: ${error.message}`, { cause: error }) : error;
      if (isNew) return failure;
    }
    if (isWhole && random() < 0.4) {
      // Only the process was killed.
      memory = memoryOf(log.words());
      log = log.handedOver(memory);
    } else {
      memory = memoryOf(log.image(random, UNITS[Math.floor(random() * UNITS.length)], random() < 0.2));
      log = new StoreLog(memory);
      boot += 1;
      isPower = true;
    }
  }
  const durable = durableTable(memory, { ...OPTIONS, shards }, { boot });
  checkAll(durable, expected, isPower, `seed ${seed}, at the end`);
  return failures;
}

function operate(durable: DurableTable<string, Uint8Array>, log: StoreLog, expected: Expected, random: () => number): void {
  for (;;) {
    const key = KEYS[Math.floor(random() * KEYS.length)];
    const chance = random();
    if (expected instanceof WholeExpectation) expected.begin();
    // To clear a table is no transaction.
    if (expected instanceof WholeExpectation && (random() < 0.3 || (chance >= 0.95 && chance < 0.96))) {
      changeSeveral(durable, log, expected, random);
    } else if (chance < 0.6) {
      const value = newValue(log, random);
      expected.change(key, value);
      durable.table.set(key, bytesOf(value));
    } else if (chance < 0.85) {
      expected.change(key, undefined);
      durable.table.delete(key);
    } else if (chance < 0.95) {
      expected.beginFlush();
      durable.flush();
      expected.endFlush();
    } else if (chance < 0.96) {
      for (const gone of KEYS) expected.change(gone, undefined);
      durable.table.clear();
    } else if (chance < 0.98) {
      durable.table.shrink();
    } else {
      // It begins with a flush, which may have ended when the power fails, or not.
      expected.beginFlush();
      durable.compact();
      expected.endFlush();
    }
  }
}

/** The first transaction of several keys. It begins with a flush. */
function beginWhole(durable: DurableTable<string, Uint8Array>, expected: Expected): void {
  expected.beginFlush();
  durable.table.transaction((t) => {
    for (const key of KEYS.slice(0, 2)) t.set(key, bytesOf("first"));
  });
  expected.endFlush();
  for (const key of KEYS.slice(0, 2)) expected.change(key, "first");
}

/** Some keys are set and some deleted, at once. */
function changeSeveral(
  durable: DurableTable<string, Uint8Array>,
  log: StoreLog,
  expected: WholeExpectation,
  random: () => number,
): void {
  const changes = KEYS.filter(() => random() < 0.4).map(
    (key) => [key, random() < 0.6 ? newValue(log, random) : undefined] as const,
  );
  for (const [key, value] of changes) expected.change(key, value);
  durable.table.transaction((t) => {
    for (const [key, value] of changes) {
      if (value === undefined) t.delete(key);
      else t.set(key, bytesOf(value));
    }
  });
}

function newValue(log: StoreLog, random: () => number): string {
  return `${log.count}${"x".repeat(Math.floor(random() * random() * 120))}`;
}

function bytesOf(value: string): Uint8Array {
  return Uint8Array.from(value, (char) => char.charCodeAt(0));
}

function checkAll({ table }: DurableTable<string, Uint8Array>, expected: Expected, isPower: boolean, story: string): void {
  assert.deepEqual(table.checkInvariants(), [], story);
  const found = new Map<string, string>();
  for (const key of KEYS) {
    const bytes = table.get(key);
    if (bytes !== undefined) found.set(key, String.fromCharCode(...bytes));
  }
  if (!isPower && expected instanceof WholeExpectation) expected.checkKilled(found, story);
  else expected.checkAll(found, story);
}

function memoryOf(words: Uint32Array): Memory {
  const memory = privateMemory(MEMORY_BYTES);
  memory.u32.set(words);
  return memory;
}
