import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { system } from "../../src/native/system.ts";
import { endOfFork, fork, killSelf, publishReplaced, wasKilled } from "./forks.ts";
import { ACTS, type Act, checkAfter, furnish, Image } from "./segment-acts.ts";

/*
 * A step is what changes something outside of the process, or in memory that it shares: an atomic operation, a call of node:fs, a call of the system; and of
 * stores of many bytes at once the beginning and the middle.
 */
const ATOMICS = ["store", "compareExchange", "exchange", "or", "and", "add", "sub"];
const FILES = [
  "openSync",
  "closeSync",
  "fsyncSync",
  "ftruncateSync",
  "readSync",
  "fstatSync",
  "unlinkSync",
  "linkSync",
  "renameSync",
  "writeSync",
];
const SYSTEM = ["mapFile", "mapZeros", "sync", "allocate", "punchHole", "lockByte", "linkUnnamed", "createMemoryFile"];
const BYTES = ["copyWithin", "set", "fill"];

export interface Steps {
  /** How many the act has; undefined while that was not seen. */
  readonly steps: number | undefined;
  readonly killed: number;
  /** How often it was killed at what. */
  readonly labels: Readonly<Record<string, number>>;
}

/**
 * Lets copies of this process do the act and be killed, each at a step further, from step `from` on; looks at what is left each time. Ends when the act has gone
 * through, or at the time `until`.
 */
export function killAtSteps(
  directory: string,
  name: string,
  { from = 0, every = 1, until = Number.POSITIVE_INFINITY } = {},
): Steps {
  const act = ACTS[name];
  const path = join(directory, "segment");
  const image = imageBefore(path, act);
  const labelsPath = join(directory, "labels");
  const labelsFd = fs.openSync(labelsPath, "w");
  let killed = 0;
  let steps: number | undefined;
  for (let last = from; steps === undefined && Date.now() < until; last += every) {
    if (image === undefined) fs.rmSync(path, { force: true });
    else image.restore(path);
    const count = runTo(path, act, last, labelsFd);
    if (count === undefined) killed += 1;
    else steps = count;
    checkAfter(path, act, `killed in "${name}" at step ${last}`);
  }
  fs.closeSync(labelsFd);
  const labels: Record<string, number> = {};
  for (const label of fs.readFileSync(labelsPath, "utf8").split("\n").slice(0, -1)) labels[label] = (labels[label] ?? 0) + 1;
  return { steps, killed, labels };
}

/** Does the act up to the step `last`; where that is not reached, how many steps there were. */
function runTo(path: string, act: Act, last: number, labelsFd: number): number | undefined {
  const countPath = `${path}.count`;
  const end = endOfFork(
    fork(() => {
      const count = stepping(last, labelsFd);
      act.run(path, count.begin);
      count.end();
      fs.writeFileSync(countPath, String(count.steps));
    }),
  );
  if (wasKilled(end)) return undefined;
  assert.deepEqual(end, { status: 0, signal: 0 }, `the act did not go through, step ${last}`);
  return Number(fs.readFileSync(countPath, "utf8"));
}

function imageBefore(path: string, { before }: Act): Image | undefined {
  if (before === "nothing") return undefined;
  furnish(path);
  // In the middle of it, where the log is sealed and its change half carried out.
  if (before === "left by a killed one") runTo(path, ACTS["make a structure"], 160, -1);
  const image = new Image(path);
  return image;
}

interface Stepping {
  steps: number;
  readonly begin: () => void;
  readonly end: () => void;
}

/** From `begin` on this process dies before the step `last`. */
function stepping(last: number, labelsFd: number): Stepping {
  let isOn = false;
  const counter: Stepping = {
    steps: 0,
    begin() {
      isOn = true;
    },
    end() {
      isOn = false;
    },
  };
  const { writeSync } = fs;
  const step = (label: string): void => {
    if (!isOn || counter.steps++ !== last) return;
    if (labelsFd >= 0) writeSync(labelsFd, `${label}\n`);
    killSelf();
  };
  instrument(Atomics, ATOMICS, step);
  instrument(fs, FILES, step);
  publishReplaced();
  instrument(system(), SYSTEM, step);
  for (const name of BYTES) instrumentBytes(name, step);
  return counter;
}

function instrument(object: object, names: readonly string[], step: (label: string) => void): void {
  for (const name of names) {
    const original: unknown = Reflect.get(object, name);
    if (typeof original !== "function") continue;
    const value = (...given: unknown[]): unknown => {
      step(name);
      return Reflect.apply(original, object, given);
    };
    Object.defineProperty(object, name, { configurable: true, writable: true, value });
  }
}

/** Stores of many bytes of shared memory, by views of whatever type. */
function instrumentBytes(name: string, step: (label: string) => void): void {
  const prototype: object = Object.getPrototypeOf(Uint8Array.prototype);
  const original: unknown = Reflect.get(prototype, name);
  if (typeof original !== "function") return;
  Object.defineProperty(prototype, name, {
    configurable: true,
    writable: true,
    value(this: Uint8Array, ...given: unknown[]): unknown {
      if (!(this.buffer instanceof SharedArrayBuffer)) return Reflect.apply(original, this, given);
      step(name);
      return Reflect.apply(original, this, given);
    },
  });
}
