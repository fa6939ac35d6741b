// Every bit of a small segment's metadata flipped in turn, all 163,840 of them: npm run soak -- segment-bits
import { flipBits } from "../mapped/segment/flip-bits.ts";

const started = performance.now();
const { flips, refused } = flipBits(() => true);
const seconds = ((performance.now() - started) / 1000).toFixed(1);
console.log(`${flips} bits flipped: ${refused} refused, ${flips - refused} without effect or repaired, none wrong (${seconds} s)`);
