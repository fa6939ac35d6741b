import { statfsSync } from "node:fs";
import { MemoryError } from "../core/errors.ts";
import { system } from "../native/system.ts";
import type { OpenFile } from "./open-file.ts";
import { descriptorPath } from "./unnamed-file.ts";

/** Which file systems a file may lie on. See {@link checkFileSystem}. */
export type FileSystems = "local" | "any";

type Kind = "remote" | "made-up";

/** What statfs(2) of Linux calls file systems that cannot keep the promises of a mapping. */
const KINDS: Readonly<Record<number, readonly [name: string, kind: Kind]>> = {
  26985: ["NFS", "remote"],
  20859: ["SMB", "remote"],
  4283649346: ["CIFS", "remote"],
  4266872130: ["SMB2", "remote"],
  22092: ["NCP", "remote"],
  1397113167: ["AFS", "remote"],
  1799439955: ["AFS", "remote"],
  1937076805: ["Coda", "remote"],
  12805120: ["Ceph", "remote"],
  198183888: ["Lustre", "remote"],
  1196443219: ["GPFS", "remote"],
  16914839: ["9P, a folder shared with a virtual machine", "remote"],
  2020557398: ["vboxsf, a folder shared with a virtual machine", "remote"],
  1702057286: ["FUSE, which may be a network", "remote"],
  40864: ["procfs", "made-up"],
  1650812274: ["sysfs", "made-up"],
  1684170528: ["debugfs", "made-up"],
  1953653091: ["tracefs", "made-up"],
  2613483: ["cgroupfs", "made-up"],
  1667723888: ["cgroupfs", "made-up"],
};

/** A file system stays what it is as long as it is mounted, so each is asked once. */
const known = new Map<string, readonly [string, Kind] | undefined>();

/**
 * Throws `unsupported` for a file on a file system where a mapping is no good: one that other machines share sees stores late or never, keeps
 * locks elsewhere or nowhere, and may lose the file under a mapping; one that makes its contents up has none to map. `"any"` lets the shared ones
 * through, for files that nobody changes any more.
 */
export function checkFileSystem(subject: string, { fd, device }: OpenFile, allowed: FileSystems): void {
  if (!known.has(device)) known.set(device, kindOf(fd));
  const found = known.get(device);
  if (found === undefined) return;
  const [name, kind] = found;
  if (kind === "remote" && allowed === "any") return;
  throw new MemoryError("unsupported", {
    subject,
    event:
      kind === "remote"
        ? "lies on a file system that other machines may change, where mappings and locks cannot be relied on"
        : "lies on a file system that makes its contents up when they are read, so there is nothing to map",
    numbers: { fileSystem: name },
    cure:
      kind === "remote"
        ? 'Put it on a local disk, read it with loadFile, or, when nobody changes it, pass { fileSystem: "any" }.'
        : "Read it with node:fs.",
  });
}

function kindOf(fd: number): readonly [string, Kind] | undefined {
  if (system().isRemote?.(fd) === true) return ["a network share", "remote"];
  if (process.platform !== "linux") return undefined;
  try {
    return KINDS[statfsSync(descriptorPath(fd)).type];
  } catch {
    // No /proc: nothing is known, and the mapping tells what it cannot do.
    return undefined;
  }
}
