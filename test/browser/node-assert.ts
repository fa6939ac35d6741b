import { deepEqual as sameDeep } from "./deep-equal.ts";

/** The part of `node:assert/strict` that the tests use, for a browser. */

export class AssertionError extends Error {
  override readonly name = "AssertionError";
}

type Expected = RegExp | ErrorConstructor | (new (...given: never[]) => Error) | ((error: unknown) => boolean) | object;

export function fail(message: string | Error = "failed"): never {
  throw message instanceof Error ? message : new AssertionError(message);
}

export function ok(value: unknown, message?: string): asserts value {
  if (!value) fail(message ?? `expected something true, not ${told(value)}`);
}

export function equal(actual: unknown, expected: unknown, message?: string): void {
  if (!Object.is(actual, expected)) fail(comparison("expected", actual, expected, message));
}

export function notEqual(actual: unknown, expected: unknown, message?: string): void {
  if (Object.is(actual, expected)) fail(comparison("expected anything but", actual, expected, message));
}

export function deepEqual(actual: unknown, expected: unknown, message?: string): void {
  if (!sameDeep(actual, expected)) fail(comparison("expected", actual, expected, message));
}

export function notDeepEqual(actual: unknown, expected: unknown, message?: string): void {
  if (sameDeep(actual, expected)) fail(comparison("expected anything but", actual, expected, message));
}

export function match(actual: string, pattern: RegExp, message?: string): void {
  if (!pattern.test(actual)) fail(comparison("expected a match of", actual, pattern, message));
}

export function doesNotMatch(actual: string, pattern: RegExp, message?: string): void {
  if (pattern.test(actual)) fail(comparison("expected no match of", actual, pattern, message));
}

export function throws(work: () => unknown, expected?: Expected | string, message?: string): void {
  let thrown: unknown;
  try {
    work();
  } catch (error) {
    thrown = error;
    checkThrown(thrown, expected, message);
    return;
  }
  fail(`nothing was thrown${suffix(typeof expected === "string" ? expected : message)}`);
}

export async function rejects(
  work: Promise<unknown> | (() => Promise<unknown>),
  expected?: Expected | string,
  message?: string,
): Promise<void> {
  try {
    await (typeof work === "function" ? work() : work);
  } catch (error) {
    checkThrown(error, expected, message);
    return;
  }
  fail(`nothing was rejected${suffix(typeof expected === "string" ? expected : message)}`);
}

export function doesNotThrow(work: () => unknown): void {
  work();
}

export async function doesNotReject(work: Promise<unknown> | (() => Promise<unknown>)): Promise<void> {
  await (typeof work === "function" ? work() : work);
}

export function ifError(value: unknown): void {
  if (value !== null && value !== undefined) throw value;
}

const assert = Object.assign((value: unknown, message?: string): void => ok(value, message), {
  AssertionError,
  fail,
  ok,
  equal,
  strictEqual: equal,
  notEqual,
  notStrictEqual: notEqual,
  deepEqual,
  deepStrictEqual: deepEqual,
  notDeepEqual,
  notDeepStrictEqual: notDeepEqual,
  match,
  doesNotMatch,
  throws,
  rejects,
  doesNotThrow,
  doesNotReject,
  ifError,
});
export default assert;

function checkThrown(error: unknown, expected: Expected | string | undefined, message: string | undefined): void {
  if (expected === undefined || typeof expected === "string") return;
  if (expected instanceof RegExp) {
    match(String(error), expected, message);
    return;
  }
  if (typeof expected === "function") {
    if (expected.prototype instanceof Error || Object.is(expected, Error)) {
      if (error instanceof Object && Object.getPrototypeOf(error) !== null && isInstance(error, expected)) return;
      fail(comparison(`expected an instance of ${expected.name}`, error, expected, message));
    }
    const isRight: unknown = Reflect.apply(expected, undefined, [error]);
    if (isRight !== true) fail(comparison("the check refused", error, expected, message));
    return;
  }
  for (const [key, wanted] of Object.entries(expected)) {
    const found: unknown = error instanceof Object ? Reflect.get(error, key) : undefined;
    const same = wanted instanceof RegExp && typeof found === "string" ? wanted.test(found) : sameDeep(found, wanted);
    if (!same) fail(comparison(`expected ${key} of the error to be`, found, wanted, message));
  }
}

function isInstance(value: object, type: Expected): boolean {
  return typeof type === "function" && value instanceof type;
}

function comparison(how: string, actual: unknown, expected: unknown, message: string | undefined): string {
  return `${how} ${told(expected)}, found ${told(actual)}${suffix(message)}`;
}

function suffix(message: string | undefined): string {
  return message === undefined ? "" : `: ${message}`;
}

function told(value: unknown): string {
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value !== "object" || value === null || value instanceof RegExp) return String(value);
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  try {
    return JSON.stringify(value, (_, part: unknown) => (typeof part === "bigint" ? `${part}n` : part)).slice(0, 2000);
  } catch {
    return String(value);
  }
}
