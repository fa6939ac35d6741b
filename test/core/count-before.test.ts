import assert from "node:assert/strict";
import { test } from "node:test";
import { countBefore } from "../../src/core/count-before.ts";

test("those that come first are counted, in as many looks as the length has bits", () => {
  for (const end of [0, 1, 2, 7, 8, 1000]) {
    for (const border of new Set([0, 1, end >> 1, Math.max(0, end - 1), end].filter((each) => each <= end))) {
      let looks = 0;
      const holds = (index: number): boolean => {
        assert.ok(index >= 0 && index < end);
        looks += 1;
        return index < border;
      };
      assert.equal(countBefore(end, holds), border);
      assert.ok(looks <= Math.ceil(Math.log2(end + 1)), `${looks} looks among ${end}`);
    }
  }
  assert.equal(
    countBefore(2 ** 40, (index) => index < 2 ** 39 + 5),
    2 ** 39 + 5,
  );
});
