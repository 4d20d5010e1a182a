// A server that was restored has forgotten what happened since the backup. Machines have not. So that they go on, and so
// that nothing which was used up is good once more, it steps ahead of what it may have said and ends what it may have given.

import { record, serverEntry } from "../audit/audit.ts";
import { spendTimeSteps } from "../authenticators/spend-time-steps.ts";
import type { Vault } from "../identity/vault.ts";
import { machinesThere } from "../machines/machines.ts";
import { listPolicies } from "../policies/policies.ts";
import type { Tx } from "../store/store.ts";

/** More documents than a machine can have been given since any backup. Serials have room for four thousand million of such steps. */
const serialStep = 2 ** 20;

export interface Settled {
  /** Of the newest entry in the audit that came along; null when there was none. */
  readonly lastKnownAtMs: number | null;
  readonly machines: number;
}

/**
 * Serials step over those that were given after the backup, or machines would take what comes next, revocations too, for
 * old. Chains of events begin anew with what machines send next, or each would look tampered with. Join tokens, set-up
 * links, invitations, codes on their way and sessions end: some have been used. Messages that wait are not sent again.
 * Codes that change with time are good from the next step on that could not have been used.
 */
export async function settleRestored(tx: Tx, vault: Vault, nowMs: number): Promise<Settled> {
  const { last } = await tx
    .selectFrom("audit")
    .select(({ fn }) => fn.max("atMs").as("last"))
    .executeTakeFirstOrThrow();
  const { there } = await machinesThere(tx)
    .select(({ fn }) => fn.countAll<number>().as("there"))
    .executeTakeFirstOrThrow();
  // Removed ones, too: their events go on to be told, and what they are told is signed under their serials.
  await tx
    .updateTable("machines")
    .set((expression) => ({ serial: expression("serial", "+", serialStep), eventsHash: null }))
    .execute();
  await tx.updateTable("joinTokens").set({ expiresAtMs: nowMs }).where("expiresAtMs", ">", nowMs).execute();
  await tx
    .updateTable("messages")
    .set({ state: "cancelled", sealed: null, leasedBy: null, leasedUntilMs: null, endedAtMs: nowMs })
    .where("state", "=", "waiting")
    .execute();
  for (const table of [
    "sessions",
    "setupLinks",
    "invitations",
    "mailCodes",
    "signInCodes",
    "handOvers",
    "pendingAuthenticators",
    "dialogues",
    "seedShowings",
    "challenges",
    "pageChallenges",
  ] as const)
    await tx.deleteFrom(table).execute();
  const ahead = Math.max(...(await listPolicies(tx)).map(({ policy }) => policy.totpWindow.future));
  await spendTimeSteps(tx, vault, ahead, nowMs);
  const settled = { lastKnownAtMs: last === null ? null : Number(last), machines: Number(there) };
  await record(tx, serverEntry(nowMs, "server-restored", {}, { ...settled }));
  return settled;
}
