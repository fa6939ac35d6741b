import assert from "node:assert/strict";
import fs from "node:fs";
import { system } from "../../src/native/system.ts";
import { endOfFork, fork, killSelf, publishReplaced, wasKilled } from "./forks.ts";

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

/** What steps there were. */
export interface Through {
  readonly steps: number;
  readonly labels: readonly string[];
}

interface Stepper {
  readonly begin: () => void;
  readonly end: () => Through;
}

/**
 * Does the work in a copy of this process, which dies before the step `last` since the work has called `begin`. Where there are fewer, what steps there were: the copy writes
 * them to a file beside `path`.
 */
export function dieAtStep(path: string, last: number, work: (begin: () => void) => void): Through | undefined {
  const throughPath = `${path}.through`;
  const end = endOfFork(
    fork(() => {
      const stepper = stepping(last);
      work(stepper.begin);
      const through = stepper.end();
      fs.writeFileSync(throughPath, JSON.stringify(through));
    }),
  );
  if (wasKilled(end)) return undefined;
  assert.deepEqual(end, { status: 0, signal: 0 }, `the work did not go through, step ${last}`);
  return JSON.parse(fs.readFileSync(throughPath, "utf8"));
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
