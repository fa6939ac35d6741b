/** Who did something with an owned value, when, and, where the owner traces, from which place of the program. */
export interface Mark {
  readonly by: string;
  readonly sinceMs: number;
  /** Its stack tells the place. */
  readonly place: Error | undefined;
}

export function mark(by: string, trace: boolean): Mark {
  return { by, sinceMs: Date.now(), place: trace ? new Error(by) : undefined };
}

/** As errors tell it: `2026-01-31T12:00:00.000Z`. */
export function since({ sinceMs }: Mark): string {
  return new Date(sinceMs).toISOString();
}

/** `render`; `render and audio`; `render, audio and 3 others`. */
export function namesOf(marks: readonly Mark[]): string {
  const names = marks.map(({ by }) => by);
  if (names.length <= 2) return names.join(" and ");
  const others = names.length - 2;
  return `${names[0]}, ${names[1]} and ${others} other${others === 1 ? "" : "s"}`;
}
