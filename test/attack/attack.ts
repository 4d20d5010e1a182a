// What an attack is: something done to the real programs, what is expected to come of it, and what was seen.

export type Verdict = "holds" | "BROKEN" | "known limit" | "not run";

export interface Seen {
  readonly verdict: Verdict;
  readonly seen: string;
  /** The longest time that a person waited for a verdict meanwhile. */
  readonly longestMs?: number;
  /** What the modules that people use today did under the same attack. */
  readonly beside?: { readonly google: string; readonly oath: string };
}

/** A number of the threat model's promises, or what the server owes besides. */
export type Promised = number | "server";

interface Attack<Stage> {
  readonly name: string;
  readonly expected: string;
  /** Also part of the short run. */
  readonly quick?: true;
  run(stage: Stage): Promise<Seen>;
}

interface GroupOf<Stage> {
  readonly promise: Promised;
  readonly title: string;
  open(): Promise<Stage>;
  close(stage: Stage): Promise<void>;
  readonly attacks: readonly Attack<Stage>[];
}

/** Attacks that share a stage, with the stage's type forgotten. */
export interface Group {
  readonly promise: Promised;
  readonly title: string;
  readonly attacks: readonly {
    readonly name: string;
    readonly expected: string;
    readonly quick: boolean;
    run(): Promise<Seen>;
  }[];
  close(): Promise<void>;
}

/** The stage is set up when its first attack runs, so that a run of a few attacks is quick. */
export function group<Stage>(given: GroupOf<Stage>): Group {
  let stage: Promise<Stage> | undefined;
  const open = () => {
    stage ??= given.open();
    return stage;
  };
  return {
    promise: given.promise,
    title: given.title,
    attacks: given.attacks.map(({ name, expected, quick, run }) => ({
      name,
      expected,
      quick: quick === true,
      run: async () => await run(await open()),
    })),
    async close() {
      const opened = stage;
      stage = undefined;
      const live = await opened?.catch(() => undefined);
      if (live !== undefined) await given.close(live);
    },
  };
}

export const check = (holds: boolean, seen: string, longestMs?: number): Seen => ({
  verdict: holds ? "holds" : "BROKEN",
  seen,
  ...(longestMs === undefined ? {} : { longestMs }),
});

/** The attack goes as far as docs/known-limits.md says, and no further. */
export const knownLimit = (asDocumented: boolean, seen: string): Seen => ({
  verdict: asDocumented ? "known limit" : "BROKEN",
  seen,
});

export const notRun = (why: string): Seen => ({ verdict: "not run", seen: why });

/** For attacks that need what isn't here: counted, and told with the reason. */
export const cannotRun = (name: string, why: string) => ({
  name,
  expected: "-",
  quick: true as const,
  run: () => Promise.resolve(notRun(why)),
});

/** `["denied", "denied", "locked"]` as "2 denied, 1 locked". */
export function tally(words: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].map(([word, count]) => `${count} ${word}`).join(", ");
}
