import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { mapFile } from "../../src/mapped/map-file.ts";
import { endOf, messageOf, startChild } from "./child.ts";

const RECORD_BYTES = 64;

/**
 * A writer that makes a file, appends records, grows it, saves it, closes it, opens it again and now and then makes it anew, for ever:
 *
 *     0    i32   how many records are whole, stored last of all
 *     64   records of 16 words, all of them `index * 31 + seed`
 *     60   i32   seed
 */
const WRITER = `
  const mapped = load("mapped/index");
  const path = directory + "/file";
  let state = Number(args[0]);
  const random = (below) => { state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff; return state % below; };
  // What takes longest comes first, and once: a kill is to meet the work.
  mapped.participantIn(mapped.mapAnonymous(1));
  process.send("writing");
  const parent = process.ppid;
  while (process.ppid === parent) {
    const memory = mapped.mapFile(path, {
      mode: "readWrite", create: true, byteLength: 4096, maxByteLength: 1 << 20, lock: "exclusive", lockTimeoutMs: 10_000,
    });
    const participant = mapped.participantIn(memory);
    const begun = Atomics.load(memory.i32, 0);
    if (begun === 0) memory.i32[15] = random(1000);
    const seed = memory.i32[15];
    for (let n = begun, end = begun + 1 + random(800); n < end; n++) {
      const needed = ${RECORD_BYTES} * (n + 2);
      if (needed > memory.maxByteLength) memory.reserve(2 * needed);
      if (needed > memory.byteLength) memory.grow(Math.min(needed + random(300_000), memory.maxByteLength));
      memory.i32.fill(n * 31 + seed, needed / 4 - 16, needed / 4);
      Atomics.store(memory.i32, 0, n + 1);
      if (random(200) === 0) memory.flush(0, needed);
      if (random(300) === 0) memory.check();
    }
    const anew = memory.byteLength > 3_000_000;
    if (random(2) === 0) participant.close();
    if (anew) fs.unlinkSync(path);
    memory.close();
    if (random(4) === 0) await new Promise(setImmediate);
  }
`;

/** Kills so many writers, one after the other, and looks at the file after each. Returns how many records it found in all. */
export async function killWriters(directory: string, kills: number, seed: number): Promise<number> {
  let state = seed;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return state % below;
  };
  let records = 0;
  for (let kill = 0; kill < kills; kill++) {
    const child = startChild(WRITER, { directory, args: [String(random(1_000_000))], bundled: true });
    const end = endOf(child);
    await messageOf(child);
    await new Promise((resolve) => setTimeout(resolve, random(40)));
    child.kill("SIGKILL");
    assert.deepEqual(await end, [null, "SIGKILL"], `seed ${seed}, kill ${kill}`);
    records += verify(join(directory, "file"), `seed ${seed}, kill ${kill}`);
  }
  const left = readdirSync(directory).filter((name) => name !== "file" && !name.startsWith("child-"));
  assert.deepEqual(left, []);
  return records;
}

function verify(path: string, where: string): number {
  if (!existsSync(path)) return 0;
  // The dead hold nothing.
  using memory = mapFile(path, { mode: "readWrite", lock: "exclusive" });
  if (memory.byteLength < 4096) return 0;
  memory.check();
  const [count, seed] = [memory.i32[0], memory.i32[15]];
  assert.ok((count + 1) * RECORD_BYTES <= memory.byteLength, where);
  for (let record = 0; record < count; record++) {
    const at = (record + 1) * (RECORD_BYTES / 4);
    const found = memory.i32.subarray(at, at + 16).find((word) => word !== record * 31 + seed);
    assert.equal(found, undefined, `${where}: record ${record} of ${count}`);
  }
  return count;
}
