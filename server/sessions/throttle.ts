// Guessing at the server's own pages is slowed down: per user name, whether or not there is such a user, and per address.
// The counts are in the database: they outlive a restart and hold for all instances together.

import { hourMs, minuteMs } from "../../words/clock.ts";
import type { Vault } from "../identity/vault.ts";
import { prefixOf } from "../listen/request-limit.ts";
import type { Db, Tx } from "../store/store.ts";

export interface ThrottleRule {
  /** Wrong attempts that cost no wait. */
  readonly free: number;
  /** After so long without a wrong attempt all is forgotten. */
  readonly forgottenAfterMs: number;
}

export const throttleRules = {
  user: { free: 5, forgottenAfterMs: 24 * hourMs },
  address: { free: 30, forgottenAfterMs: hourMs },
} as const satisfies Record<string, ThrottleRule>;

/**
 * Longest wait between two attempts. Accepted: whoever goes on guessing at a name keeps its owner from signing in to
 * the pages meanwhile; `nightlatch-server admin unlock` lets the owner in, sign-ins at machines are never touched.
 */
const mostWaitMs = 15 * minuteMs;

export interface Throttled {
  readonly key: string;
  readonly rule: ThrottleRule;
}

/** The two counts that an attempt is under. Names are kept as a keyed hash: what was typed may be no name at all. */
export function throttlesOf(vault: Vault, lookAlike: string, address: string): Throttled[] {
  return [userThrottle(vault, lookAlike), addressThrottle(address)];
}

export function userThrottle(vault: Vault, lookAlike: string): Throttled {
  return { key: `user ${vault.digest(["nightlatch/throttle/1", lookAlike])}`, rule: throttleRules.user };
}

function addressThrottle(address: string): Throttled {
  return { key: `address ${prefixOf(address)}`, rule: throttleRules.address };
}

/** The first moment at which an attempt is looked at again; undefined when it is now. */
export async function blockedUntil(
  db: Db,
  throttled: readonly Throttled[],
  nowMs: number,
): Promise<number | undefined> {
  const row = await db
    .selectFrom("throttles")
    .select((expression) => expression.fn.max("blockedUntilMs").as("untilMs"))
    .where(
      "key",
      "in",
      throttled.map(({ key }) => key),
    )
    .where("blockedUntilMs", ">", nowMs)
    .executeTakeFirst();
  return row?.untilMs == null ? undefined : Number(row.untilMs);
}

/** One more wrong attempt, under each of them; those forgotten are dropped on the way. */
export async function countFailure(tx: Tx, throttled: readonly Throttled[], nowMs: number): Promise<void> {
  for (const { key, rule } of throttled) {
    const known = await tx
      .selectFrom("throttles")
      .select(["failures", "lastFailureAtMs"])
      .where("key", "=", key)
      .executeTakeFirst();
    const remembered = known !== undefined && nowMs - known.lastFailureAtMs < rule.forgottenAfterMs;
    const failures = (remembered ? known.failures : 0) + 1;
    const row = { failures, lastFailureAtMs: nowMs, blockedUntilMs: nowMs + waitMs(failures, rule) };
    await tx
      .insertInto("throttles")
      .values({ key, ...row })
      .onConflict((conflict) => conflict.column("key").doUpdateSet(row))
      .execute();
  }
  await tx
    .deleteFrom("throttles")
    .where("lastFailureAtMs", "<", nowMs - throttleRules.user.forgottenAfterMs)
    .execute();
}

/** A right sign-in, or an admin's word. What an address has failed at stays: it may be many people's. */
export async function forgetFailures(tx: Tx, throttled: Throttled): Promise<void> {
  await tx.deleteFrom("throttles").where("key", "=", throttled.key).execute();
}

/** Wrong attempts go along with a user who is called something else; those at that name stay. */
export async function moveFailures(tx: Tx, from: Throttled, to: Throttled): Promise<void> {
  if (from.key === to.key) return;
  const rows = await tx
    .deleteFrom("throttles")
    .where("key", "in", [from.key, to.key])
    .returning(["failures", "lastFailureAtMs", "blockedUntilMs"])
    .execute();
  if (rows.length === 0) return;
  const most = (of: keyof (typeof rows)[number]) => Math.max(...rows.map((row) => Number(row[of])));
  const row = {
    failures: most("failures"),
    lastFailureAtMs: most("lastFailureAtMs"),
    blockedUntilMs: most("blockedUntilMs"),
  };
  await tx
    .insertInto("throttles")
    .values({ key: to.key, ...row })
    .execute();
}

/** 0 while attempts are free, then a minute, doubling. */
export function waitMs(failures: number, rule: ThrottleRule): number {
  const beyond = failures - rule.free;
  return beyond < 0 ? 0 : Math.min(mostWaitMs, minuteMs * 2 ** Math.min(beyond, 10));
}
