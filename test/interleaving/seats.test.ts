import { describe, it } from "node:test";
import { assertFails, assertHolds, explore } from "./explorer.ts";
import { plays } from "./plays.ts";

type Plays = typeof import("./seats.scenario.ts");
const { comeAndGo, recovery, burial } = await plays<Plays>("seats");

describe("seats, in all orders of accesses", () => {
  it("are one holder's at a time, and none is lost whoever dies at any step", () => {
    assertHolds(explore(comeAndGo, { preemptions: 2 }));
    assertHolds(explore(comeAndGo, { preemptions: 1, deaths: 1 }));
  });

  it("are recovered once, by who finds them or who wants in", () => assertHolds(explore(recovery, { preemptions: 3 })));

  it("bury nobody who came after the one who is meant", () => assertHolds(explore(burial, { preemptions: 3 })));
});

describe("an exploration of seats finds", () => {
  const module = "core/seats";
  it("that a seat is claimed without looking", async () => {
    const from = "if (Atomics.compareExchange(this.memory.i64, this.#word(seat) / 2 + HOLDER, before, this.#holder) !== before)";
    const to =
      "if (this.#holderAt(seat) !== before || Atomics.store(this.memory.i64, this.#word(seat) / 2 + HOLDER, this.#holder) === 0n)";
    assertFails(explore((await plays<Plays>("seats", [{ module, from, to }])).comeAndGo, { preemptions: 2 }));
  });

  it("that a seat is recovered without having looked whether it still is the dead one's", async () => {
    const patch = { module, from: "if (this.#turnOf(seat) !== turn || this.#holderAt(seat) !== holder)", to: "if (false)" };
    assertFails(explore((await plays<Plays>("seats", [patch])).recovery, { preemptions: 2 }));
  });

  it("that who buries does not become a medic", async () => {
    const patch = { module, from: "token === this.token || !this.#becomeMedic(seat)", to: "token === this.token" };
    assertFails(explore((await plays<Plays>("seats", [patch])).burial, { preemptions: 2 }));
  });

  it("that a seat is emptied before its turn is over", async () => {
    const patch = {
      module,
      from: "this.#nextTurn(seat);\n        Atomics.store(this.memory.i64, this.#word(seat) / 2 + HOLDER, NO_HOLDER);",
      to: "Atomics.store(this.memory.i64, this.#word(seat) / 2 + HOLDER, NO_HOLDER);\n        this.#nextTurn(seat);",
    };
    assertFails(explore((await plays<Plays>("seats", [patch])).comeAndGo, { preemptions: 2 }));
  });
});
