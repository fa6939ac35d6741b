/** `KiB(4)`: 4096 bytes. */
export const KiB = (count: number): number => count * 1024;
/** `MiB(64)`: 64 times 1024² bytes. */
export const MiB = (count: number): number => count * 1024 ** 2;
/** `GiB(4)`: 4 times 1024³ bytes. */
export const GiB = (count: number): number => count * 1024 ** 3;
