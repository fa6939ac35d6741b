import { closeSync, constants } from "node:fs";
import { MemoryError } from "../../core/errors.ts";
import { system } from "../../native/system.ts";
import { errnoName, systemError } from "../../native/system-error.ts";
import { giveBlocks } from "../extend-file.ts";
import { isSameFile } from "../file-identity.ts";
import type { MappedMemory } from "../mapped-memory.ts";
import { openRegularFile } from "../open-file.ts";
import type { Blocks } from "./segment-core.ts";

/**
 * The blocks on the disk of a mapped file with holes. Giving a hole its blocks tells of a full disk here, and not by a signal at the first store to the page.
 * Throws `disk-full`, and `io` where the file cannot be opened by its name any more.
 */
export function blocksOf(memory: MappedMemory): Blocks {
  const { subject } = memory;
  return {
    give: (from, to) => withFile(memory, (fd) => giveBlocks(subject, fd, from, to)),
    takeBack: (from, to) =>
      withFile(memory, (fd) => {
        const refused = system().punchHole(fd, from, to - from);
        // Some file systems cannot: then the file keeps them.
        if (refused !== 0 && errnoName(refused) !== "ENOTSUP") throw systemError(subject, "could not give blocks back", refused);
      }),
  };
}

function withFile({ subject, origin }: MappedMemory, work: (fd: number) => void): void {
  if (origin === undefined) return;
  const file = openRegularFile(subject, origin.path, constants.O_RDWR);
  try {
    if (!isSameFile(file, origin)) throwReplaced(subject, origin.path);
    work(file.fd);
  } finally {
    closeSync(file.fd);
  }
}

function throwReplaced(subject: string, path: string): never {
  throw new MemoryError("io", {
    subject,
    event: "is another file under its name by now, so it cannot grow",
    numbers: { path },
    cure: "Do not rename or remove a segment while it is open; replace it when all have closed it.",
  });
}
