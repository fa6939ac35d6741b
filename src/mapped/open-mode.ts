import { checkChoice } from "../core/check-choice.ts";

/** How a structure in a file is opened: with `"read"` nothing in the file changes through this, and it need not be writable. */
export type OpenMode = "read" | "readWrite";

/** Throws `invalid-argument` for what is no mode. */
export function checkOpenMode(subject: string, mode: OpenMode): void {
  checkChoice(subject, "a mode", "mode", mode, ["read", "readWrite"]);
}
