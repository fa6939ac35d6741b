import { MemoryError } from "../core/errors.ts";
import type { Memory } from "../core/memory.ts";
import { BoxedType } from "./boxed.ts";
import type { Place } from "./place.ts";
import type { DirectCodec } from "./type.ts";

const MOST_IN_A_BYTE = 256;
const MOST_MEMBERS = 65_536;

/** A type of few strings, stored as their numbers. */
export class EnumType<Member extends string> extends BoxedType<Member, Member> {
  /** In the order of their numbers. */
  readonly members: readonly Member[];
  readonly codec: DirectCodec;
  readonly #numbers: ReadonlyMap<unknown, number>;

  /** Use `enumOf`. */
  constructor(members: readonly Member[]) {
    const byteSize = members.length <= MOST_IN_A_BYTE ? 1 : 2;
    const spelled = members.map((member) => JSON.stringify(member)).join("|");
    super({
      name: `enum(${members.join("|")})`,
      kind: "enum",
      byteSize,
      align: byteSize,
      signature: `enum${byteSize * 8}(${spelled})`,
    });
    this.members = Object.freeze([...members]);
    this.#numbers = new Map(members.map((member, number) => [member, number]));
    this.codec = {
      shape: "direct",
      view: byteSize === 1 ? "u8" : "u16",
      decode: (stored) => members[stored] ?? this.#throwNoMember(stored),
    };
  }

  rawRead(memory: Memory, byteOffset: number): Member {
    const number = this.byteSize === 1 ? memory.u8[byteOffset] : memory.u16[byteOffset / 2];
    return this.members[number] ?? this.#throwNoMember(number);
  }

  rawCheck(value: unknown, place: Place): number {
    return this.#numbers.get(value) ?? place.refuse(value, `Pass one of ${this.#told()}.`);
  }

  rawStore(memory: Memory, byteOffset: number, checked: unknown): void {
    const number = Number(checked);
    if (this.byteSize === 1) memory.u8[byteOffset] = number;
    else memory.u16[byteOffset / 2] = number;
  }

  #told(): string {
    const shown = this.members.slice(0, 10).map((member) => JSON.stringify(member));
    return shown.join(", ") + (this.members.length > shown.length ? `, … (${this.members.length} in all)` : "");
  }

  #throwNoMember(number: number): never {
    throw new MemoryError("corrupt", {
      subject: this.name,
      event: "was read where a number lies that is none of its members'",
      numbers: { number, members: this.members.length },
      cure: "The bytes were written with another layout, or not through one.",
    });
  }
}

/**
 * One of these strings: `enumOf("buy", "sell")`. Stored as its number from 0, in one byte, in two where there are more than 256. Zero
 * bytes are the first member. The order is part of the layout: add new members at the end.
 */
export function enumOf<const Members extends readonly [string, ...string[]]>(...members: Members): EnumType<Members[number]> {
  const refuse = (event: string, cure: string, numbers = {}): never => {
    throw new MemoryError("invalid-argument", { subject: "enumOf", event, numbers, cure });
  };
  if (members.length === 0) refuse("has no members", 'Pass some: enumOf("buy", "sell").');
  if (members.length > MOST_MEMBERS)
    refuse("has too many members", "Intern the strings instead.", { members: members.length, most: MOST_MEMBERS });
  const seen = new Set<string>();
  members.forEach((member, number) => {
    if (typeof member !== "string")
      refuse("has a member that is not a string", 'Pass the strings themselves: enumOf("buy", "sell"), or enumOf(...names).', {
        number,
      });
    if (seen.has(member)) refuse(`has the member ${JSON.stringify(member)} twice`, "Name each once.");
    seen.add(member);
  });
  return new EnumType<Members[number]>(members);
}
