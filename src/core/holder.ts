import type { Brand } from "./brand.ts";
import { LEFT, type Participant } from "./participant.ts";

/** Who has a seat or a role, in one word that is taken and left by one atomic write: the low half its identity, the high half its stamp; 0 nobody. */
export type Holder = Brand<bigint, "Holder">;

export const NO_HOLDER = 0n as Holder;
/** The last one has left in good order; somebody else may still have to end its affairs. */
export const LEFT_HOLDER = holderOf(LEFT, 0);

export function holderOf(identity: number, stamp: number): Holder {
  return BigInt.asIntN(64, (BigInt(stamp) << 32n) | BigInt(identity >>> 0)) as Holder;
}

export function identityIn(holder: Holder): number {
  return Number(BigInt.asIntN(32, holder));
}

export function stampIn(holder: Holder): number {
  return Number(holder >> 32n);
}

/** Whether a holder has left, or is dead as far as `isAlive` knows. */
export function isOver(holder: Holder, isAlive: Participant["isAlive"]): boolean {
  return holder === LEFT_HOLDER || isAlive?.(identityIn(holder), stampIn(holder)) === false;
}
