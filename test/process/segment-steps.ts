import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { system } from "../../src/native/system.ts";
import { endOfFork, fork, killSelf, publishReplaced, wasKilled } from "./forks.ts";
import { ACTS, type Act, checkAfter, furnish, Image } from "./segment-acts.ts";

/*
 * A step is what changes something outside of the process, or in memory that it shares: an atomic operation, a call of node:fs, a call of the system; and
 * a store of many bytes at once.
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
  /** What these are, each once. */
  readonly labels: readonly string[];
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
  let killed = 0;
  let through: Through | undefined;
  for (let last = from; through === undefined && Date.now() < until; last += every) {
    if (image === undefined) fs.rmSync(path, { force: true });
    else image.restore(path);
    through = runTo(path, act, last);
    if (through === undefined) killed += 1;
    checkAfter(path, act, `killed in "${name}" at step ${last}`);
  }
  return { steps: through?.steps, killed, labels: through?.labels ?? [] };
}

interface Through {
  readonly steps: number;
  readonly labels: readonly string[];
}

/** Does the act up to the step `last`; where that is not reached, what steps there were. */
function runTo(path: string, act: Act, last: number): Through | undefined {
  const throughPath = `${path}.through`;
  const end = endOfFork(
    fork(() => {
      const stepper = stepping(last);
      act.run(path, stepper.begin);
      const through = stepper.end();
      fs.writeFileSync(throughPath, JSON.stringify(through));
    }),
  );
  if (wasKilled(end)) return undefined;
  assert.deepEqual(end, { status: 0, signal: 0 }, `the act did not go through, step ${last}`);
  return JSON.parse(fs.readFileSync(throughPath, "utf8"));
}

function imageBefore(path: string, { before }: Act): Image | undefined {
  if (before === "nothing") return undefined;
  furnish(path);
  // In the middle of it, where the log is sealed and its change half carried out.
  if (before === "left by a killed one") runTo(path, ACTS["make a structure"], 160);
  const image = new Image(path);
  return image;
}

interface Stepper {
  readonly begin: () => void;
  readonly end: () => Through;
}

/** From `begin` on this process dies before the step `last`. */
function stepping(last: number): Stepper {
  let isOn = false;
  let steps = 0;
  const labels = new Set<string>();
  const step = (label: string): void => {
    if (!isOn) return;
    if (steps === last) killSelf();
    steps += 1;
    labels.add(label);
  };
  instrument(Atomics, ATOMICS, step);
  instrument(fs, FILES, step);
  publishReplaced();
  instrument(system(), SYSTEM, step);
  for (const name of BYTES) instrumentBytes(name, step);
  return {
    begin() {
      isOn = true;
    },
    end() {
      isOn = false;
      return { steps, labels: [...labels] };
    },
  };
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
