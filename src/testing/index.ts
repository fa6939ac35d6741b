/// <reference lib="esnext.disposable" preserve="true" />
export { runRandomProgram, testAllocator } from "./allocator-suite.ts";
export type { AllocatorUnderTest, BadFree, RegisterTest } from "./allocator-under-test.ts";
export { ExpectationError } from "./expect.ts";
export { type ProgramStep, randomFrom, randomProgram, runProgram } from "./program.ts";
