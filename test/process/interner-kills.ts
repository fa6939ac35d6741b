import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { StringId } from "../../src/index.ts";
import { mapFile, openInterner } from "../../src/mapped/index.ts";
import { messageOf, startChild } from "./child.ts";

const LOG_ENTRIES = 1 << 14;
/** After so many kills all is verified, and a fresh file is begun. */
const ROUND_KILLS = 25;

/**
 * Told a path, interns for ever what is new or nearly so, and writes each id that it was told, with its text's number, to a mapped log: that survives it. All race for the same
 * strings, so at every kill some are half way in.
 */
const SCRIPT = `
  const { openInterner } = load("mapped/interner/open-interner");
  const { mapFile } = load("mapped/map-file");
  const log = mapFile(args[0], { mode: "readWrite", create: true, byteLength: ${8 + LOG_ENTRIES * 8} }).u32;
  const bytes = new TextEncoder();
  const path = new Promise((resolve) => process.once("message", resolve));
  process.send("ready");
  const names = openInterner(await path);
  process.send("working");
  const parent = process.ppid;
  let entry = log[0];
  while (entry % 1024 !== 0 || process.ppid === parent) {
    const number = Math.max(0, names.size + 4 - Math.floor(Math.random() * 64));
    const text = "text number " + number;
    const source = number % 2 === 0 ? undefined : bytes.encode(text);
    const id = source === undefined ? names.intern(text) : names.internBytes(source, 0, source.length);
    const at = 2 + (entry % ${LOG_ENTRIES}) * 2;
    log[at] = number;
    log[at + 1] = id;
    entry += 1;
    log[0] = entry;
  }
`;

/** What was seen. */
export interface Killed {
  readonly kills: number;
  readonly idsTold: number;
  readonly strings: number;
}

interface Writer {
  readonly child: ChildProcess;
  readonly log: string;
  readonly ready: Promise<unknown>;
}

/**
 * Two processes intern into one file; again and again one of them is killed, and another begins. Every id that one of them was ever told must resolve to
 * its string, be the only one of it, and be the same for all. Throws when one does not.
 */
export async function killWhileInterning(
  directory: string,
  kills: number,
  report: (seen: Killed) => void = () => {},
): Promise<Killed> {
  const seen = { kills: 0, idsTold: 0, strings: 0 };
  const writers = new Writers(directory);
  try {
    while (seen.kills < kills) {
      const path = join(directory, `names-${seen.kills}`);
      const round = await killInOneFile(path, Math.min(ROUND_KILLS, kills - seen.kills), writers);
      seen.kills += round.kills;
      seen.idsTold += round.idsTold;
      seen.strings += round.strings;
      report({ ...seen });
      rmSync(path);
    }
  } finally {
    await writers.end();
  }
  return seen;
}

async function killInOneFile(path: string, kills: number, writers: Writers): Promise<Killed> {
  const idOf = new Map<number, number>();
  let idsTold = 0;
  // Both make the file at once.
  let running = await Promise.all([writers.begin(path), writers.begin(path)]);
  using names = openInterner(path);
  const settle = ({ log }: Writer): void => {
    using told = mapFile(log, { mode: "readWrite" });
    const count = told.u32[0];
    // Where the log is full, the entry that was being written at the end has taken the place of the oldest.
    for (let entry = Math.max(0, count - LOG_ENTRIES + 1); entry < count; entry++) {
      const at = 2 + (entry % LOG_ENTRIES) * 2;
      const [number, id] = [told.u32[at], told.u32[at + 1]];
      const before = idOf.get(number);
      if (before === undefined) {
        assert.equal(names.resolve(id as StringId), `text number ${number}`);
        idOf.set(number, id);
      } else assert.equal(id, before, `text number ${number} has two ids`);
      idsTold += 1;
    }
    told.u32[0] = 0;
  };
  for (let kill = 1; kill <= kills; kill++) {
    await new Promise((resolve) => setTimeout(resolve, 3 + ((kill * 7) % 23)));
    const [victim, other] = running;
    // The last one and its fellow end at the same moment.
    if (kill === kills) await writers.kill(other);
    await writers.kill(victim);
    settle(victim);
    if (kill === kills) settle(other);
    else running = [other, await writers.begin(path)];
  }
  assert.deepEqual(names.verify(), []);
  assert.equal(new Set(names).size, names.size);
  for (const [number, id] of idOf) assert.equal(names.lookup(`text number ${number}`), id);
  using again = openInterner(path);
  assert.equal(again.size, names.size);
  assert.deepEqual(again.verify(), []);
  return { kills, idsTold, strings: names.size };
}

/** Processes that intern. One more than are at work is always starting, so that a kill does not wait for that. */
class Writers {
  readonly #directory: string;
  readonly #alive = new Set<ChildProcess>();
  #started = 0;
  #spare: Writer;

  constructor(directory: string) {
    this.#directory = directory;
    this.#spare = this.#start();
  }

  /** One that is at work on this file. */
  async begin(path: string): Promise<Writer> {
    const writer = this.#spare;
    this.#spare = this.#start();
    await writer.ready;
    const working = messageOf(writer.child);
    writer.child.send(path);
    await working;
    return writer;
  }

  async kill({ child }: Writer): Promise<void> {
    const end = once(child, "exit");
    child.kill("SIGKILL");
    await end;
    this.#alive.delete(child);
  }

  /** Nothing of them is left, however the test has ended. */
  async end(): Promise<void> {
    await this.#spare.ready;
    for (const child of this.#alive) child.kill("SIGKILL");
  }

  #start(): Writer {
    this.#started += 1;
    // Of the logs of two at work, one just killed and two that start, none is another's.
    const log = join(this.#directory, `log-${this.#started % 6}`);
    const child = startChild(SCRIPT, { directory: this.#directory, args: [log], bundled: true });
    this.#alive.add(child);
    return { child, log, ready: messageOf(child) };
  }
}
