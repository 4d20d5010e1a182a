// How long entries are kept: for ever, or so many days by the running server.

import * as v from "valibot";
import { dayMs } from "../../words/clock.ts";
import { readSetting, type Setting, writeSetting } from "../settings/settings.ts";
import type { Db, Tx } from "../store/store.ts";
import { forgetSteadiness, steadySinceMs } from "./steady-clock.ts";

/**
 * What was done in the last of these is never pruned: nobody removes the traces of what they have just done, the first page
 * counts the sign-ins of as many days, and the weekly report looks at some of them.
 */
export const leastDays = 30;
export const mostDays = 36_500;

export const keepSentence = `give 0 for ever, or from ${leastDays} to ${mostDays} days: what was done in the last ${leastDays} has to stay to be seen`;

const schema = v.strictObject({
  /** 0: for ever. */
  keepDays: v.pipe(
    v.number(keepSentence),
    v.integer(keepSentence),
    v.check((days) => days === 0 || (days >= leastDays && days <= mostDays), keepSentence),
  ),
});

export type Retention = v.InferOutput<typeof schema>;

export const retentionSetting: Setting<Retention> = {
  name: "audit-retention",
  schema,
  whenUnset: { keepDays: 0 },
  told: true,
};

/** Between a change of it, or a leap of the clock, and the first pruning: time in which somebody notices. */
export const waitMs = 7 * dayMs;

/**
 * The week begins anew with a change: not where a script says every day what is set already.
 * @throws Failure with the field at fault when `value` is no such setting.
 */
export async function setRetention(tx: Tx, value: unknown, nowMs: number): Promise<Retention> {
  const { keepDays: was } = await readSetting(tx, retentionSetting);
  const is = await writeSetting(tx, retentionSetting, value, nowMs);
  if (is.keepDays !== was) await forgetSteadiness(tx);
  return is;
}

export interface RetentionStands extends Retention {
  /** When the running server begins to prune, if it is later than now; null: it has not looked at its clock yet. */
  readonly beginsAtMs: number | null;
}

export async function retentionStands(db: Db): Promise<RetentionStands> {
  const since = await steadySinceMs(db);
  return {
    ...(await readSetting(db, retentionSetting)),
    beginsAtMs: since === undefined ? null : since + waitMs,
  };
}
