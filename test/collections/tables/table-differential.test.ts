import { describe, it } from "node:test";
import { HOMES } from "../../conformance/homes.ts";
import { runDifferential, TABLE_KINDS } from "./table-differential.ts";

/** The short form of the soak `table-differential`. */
for (const home of HOMES) {
  describe(`tables beside a Map, in ${home.title}`, () => {
    for (const kind of TABLE_KINDS) {
      it(`${kind.name}: tens of thousands of operations`, () => {
        runDifferential(home, kind, 40_000, 5);
      });
    }
  });
}
