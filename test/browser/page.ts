import { type Outcome, runTests } from "./node-test.ts";

/** What the test process calls in the page: loads one compiled test file and runs what it declares. */
export async function runFile(url: string): Promise<Outcome[]> {
  await import(url);
  return runTests();
}

/** What the engine of this page lets a script do. */
export function abilities(): { readonly sharedMemory: boolean; readonly codeGeneration: boolean } {
  let codeGeneration = true;
  try {
    new Function("return true")();
  } catch {
    codeGeneration = false;
  }
  return { sharedMemory: typeof SharedArrayBuffer !== "undefined", codeGeneration };
}
