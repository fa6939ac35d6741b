#!/usr/bin/env node
import { failWith } from "./fail.ts";
import { program } from "./program.ts";

// A reader that has seen enough (`offheap export … | head`) closes the pipe: that is its right, and no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

try {
  await program().parseAsync(process.argv);
} catch (error) {
  failWith(error);
}
