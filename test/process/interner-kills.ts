import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { StringId } from "../../src/index.ts";
import { mapFile, openInterner } from "../../src/mapped/index.ts";
import { messageOf, moduleUrl, startChild } from "./child.ts";

const LOG_ENTRIES = 1 << 14;
const TEXTS = 20_000;

/** Interns texts for ever, and writes each id that it was told, with its text's number, to a mapped log: that survives it. */
const SCRIPT = `
  const { openInterner } = await import(${JSON.stringify(moduleUrl("mapped/interner/open-interner.js"))});
  const names = openInterner(args[0]);
  const log = mapped.mapFile(args[1], { mode: "readWrite", create: true, byteLength: ${8 + LOG_ENTRIES * 8} }).u32;
  const bytes = new TextEncoder();
  let entry = log[0];
  process.send("ready");
  for (;;) {
    const number = Math.floor(Math.random() * ${TEXTS});
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

/**
 * Two processes intern into one file; again and again one of them is killed, and another begins. Every id that one of them was ever told must resolve to
 * its string, be the only one of it, and be the same for all. Throws when one does not.
 */
export async function killWhileInterning(
  directory: string,
  kills: number,
  report: (done: number) => void = () => {},
): Promise<Killed> {
  const path = join(directory, "names");
  using names = openInterner(path);
  const idOf = new Map<number, number>();
  let idsTold = 0;
  let starts = 0;
  const begin = async (): Promise<{ readonly child: ChildProcess; readonly log: string }> => {
    starts += 1;
    const log = join(directory, `log-${starts % 3}`);
    const child = startChild(SCRIPT, { directory, args: [path, log] });
    await messageOf(child);
    return { child, log };
  };
  const settle = (log: string): void => {
    using told = mapFile(log, { mode: "readWrite" });
    const count = told.u32[0];
    // Where the log is full, the entry that was being written when it ended takes the place of the oldest.
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
  let running = [await begin(), await begin()];
  for (let kill = 1; kill <= kills; kill++) {
    await new Promise((resolve) => setTimeout(resolve, 3 + ((kill * 7) % 23)));
    const [victim, other] = running;
    const end = once(victim.child, "exit");
    victim.child.kill("SIGKILL");
    await end;
    settle(victim.log);
    if (kill % 50 === 0) report(kill);
    running = kill < kills ? [other, await begin()] : [other];
  }
  for (const { child, log } of running) {
    const end = once(child, "exit");
    child.kill("SIGKILL");
    await end;
    settle(log);
  }
  assert.deepEqual(names.verify(), []);
  assert.equal(new Set(names).size, names.size);
  for (const [number, id] of idOf) assert.equal(names.lookup(`text number ${number}`), id);
  using again = openInterner(path);
  assert.deepEqual(again.verify(), []);
  return { kills, idsTold, strings: names.size };
}
