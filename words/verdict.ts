/** What a dialogue ends in. `granted` is the one and only success; see protocol/dialogue.md. */
export const verdicts = ["granted", "denied", "locked", "unavailable"] as const;

export type Verdict = (typeof verdicts)[number];
