import { system } from "../../native/system.ts";
import { errnoName, systemError } from "../../native/system-error.ts";
import { giveBlocks } from "../extend-file.ts";
import type { MappedMemory } from "../mapped-memory.ts";
import { withNamed } from "../open-file.ts";
import type { Blocks } from "./segment-core.ts";

const IF_REPLACED = {
  cannot: "cannot grow",
  cure: "Do not rename or remove a segment while it is open; replace it when all have closed it.",
};

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
  if (origin !== undefined) withNamed(subject, origin, IF_REPLACED, work);
}
