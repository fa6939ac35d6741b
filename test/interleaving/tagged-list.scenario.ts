import assert from "node:assert/strict";
import { TaggedList } from "../../src/concurrent/pools/tagged-list.ts";
import type { Play } from "./run.ts";
import { stageMemory } from "./stage.ts";

const CAPACITY = 4;

/** What threads have taken they hold alone; together with what is on the list it is everything. */
function game(works: readonly ((list: TaggedList, mine: number[]) => void)[]): ReturnType<Play> {
  const links = { isThere: (number: number) => number >= 0 && number < CAPACITY, linkOf: (number: number) => 2 + number };
  const list = new TaggedList(stageMemory(8 + CAPACITY * 4), 0, links);
  list.push(Array.from({ length: CAPACITY }, (_, number) => number));
  const hands = works.map((): number[] => []);
  return {
    threads: works.map((work, thread) => () => work(list, hands[thread])),
    check: () => assert.deepEqual([...list.list(), ...hands.flat()].sort(), [0, 1, 2, 3], "a number is lost, or two have it"),
  };
}

const take = (list: TaggedList, mine: number[], most: number): void => void mine.push(...list.pop(most));
const giveBack = (list: TaggedList, mine: number[]): void => list.push(mine.splice(0, 1));

export const takes: Play = () => game([0, 1, 2].map(() => (list, mine) => take(list, mine, 2)));

/** The number on top is taken, with the one below, and comes back, while another is about to take it. */
export const comesBack: Play = () =>
  game([
    (list, mine) => take(list, mine, 1),
    (list, mine) => {
      take(list, mine, 1);
      take(list, mine, 1);
      giveBack(list, mine);
    },
  ]);

export const passesRound: Play = () =>
  game(
    [0, 1].map(() => (list, mine) => {
      take(list, mine, 2);
      giveBack(list, mine);
      giveBack(list, mine);
    }),
  );
