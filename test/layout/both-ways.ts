import { describe } from "node:test";
import { composed } from "../../src/layout/generation.ts";

/** Makes types in one of the two ways: runs `define` and returns what it returns. */
export type Way = <Result>(define: () => Result) => Result;

/** The same suite with generated accessors and with composed ones, which must not differ but in speed. */
export function bothWays(title: string, define: (way: Way) => void): void {
  describe(`${title}, generated`, () => define((work) => work()));
  describe(`${title}, composed`, () => define(composed));
}

/** The error that a mistake gives, as `assert.throws` takes it. */
export function mistake(code: string, message?: RegExp): { name: string; code: string; message?: RegExp } {
  return message === undefined ? { name: "MemoryError", code } : { name: "MemoryError", code, message };
}
