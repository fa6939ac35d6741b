import type { Memory } from "../core/memory.ts";
import type { Type } from "../layout/type.ts";

/** A borrow's way to the value. */
export interface Loan<View> {
  readonly value: View;
  /** Makes views of it stale, where they are ours. Ending twice is harmless. */
  end(event: string): void;
}

/** A view of the value at `byteOffset` through a lease of its own. */
export function lendPlace<View>(
  memory: Memory,
  type: Type<unknown, never, View>,
  byteOffset: number,
  subject: string,
  exclusive: boolean,
): Loan<View> {
  const lease = memory.openLease(subject, { readOnly: !exclusive });
  const end = (event: string): void => memory.closeLease(lease, event);
  try {
    return { value: type.view(lease, byteOffset), end };
  } catch (error) {
    end("was never made");
    throw error;
  }
}
