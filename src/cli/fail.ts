import colors from "picocolors";
import { MemoryError } from "../core/errors.ts";

/** A failure that is an answer (`get` of a key that no row has): told in one line, exit status 1. */
export class Answer extends Error {}

/** Tells what went wrong on standard error and ends with status 1. A mistake of offheap itself keeps its stack. */
export function failWith(error: unknown): never {
  if (error instanceof MemoryError) process.stderr.write(`${colors.red("error:")} ${error.message}\n`);
  else if (error instanceof Answer) process.stderr.write(`${error.message}\n`);
  else process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(1);
}
