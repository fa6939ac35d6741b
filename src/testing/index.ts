export {
  type AllocatorUnderTest,
  type BadFree,
  type RegisterTest,
  runRandomProgram,
  testAllocator,
} from "./allocator-suite.ts";
export { ExpectationError } from "./expect.ts";
export { type ProgramStep, randomFrom, randomProgram, runProgram } from "./program.ts";
