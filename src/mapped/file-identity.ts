import { type BigIntStats, fstatSync } from "node:fs";

/** Which file it is, whatever its name: what a path or a descriptor leads to is known again by it. */
export interface FileIdentity {
  readonly device: string;
  readonly inode: string;
}

export function identityIn({ dev, ino }: Pick<BigIntStats, "dev" | "ino">): FileIdentity {
  return { device: String(dev), inode: String(ino) };
}

/** Of the file that is open under this descriptor. */
export function identityOfOpen(fd: number): FileIdentity {
  return identityIn(fstatSync(fd, { bigint: true }));
}

export function isSameFile(one: FileIdentity, other: FileIdentity): boolean {
  return one.device === other.device && one.inode === other.inode;
}
