import { MemoryError } from "../core/errors.ts";

/** How a structure in a file is opened: with `"read"` nothing in the file changes through this, and it need not be writable. */
export type OpenMode = "read" | "readWrite";

/** Throws `invalid-argument` for what is no mode. */
export function checkOpenMode(subject: string, mode: OpenMode): void {
  if (mode === "read" || mode === "readWrite") return;
  throw new MemoryError("invalid-argument", {
    subject,
    event: "was given a mode that does not exist",
    numbers: { mode: String(mode) },
    cure: 'Pass "read" or "readWrite".',
  });
}
