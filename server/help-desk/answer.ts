// What the help desk reads back to a user who can't sign in: the answer to the challenge on that machine's screen.

import { challengeKind, unlockAnswer } from "../../otp/help-desk.ts";
import { hourMs } from "../../words/clock.ts";
import { record, serverEntry } from "../audit/audit.ts";
import { enrolmentEver } from "../enrolments/enrolments.ts";
import type { Vault } from "../identity/vault.ts";
import type { Machine } from "../machines/machines.ts";
import { policyOf } from "../policies/applicable.ts";
import type { Tx } from "../store/store.ts";
import type { User } from "../users/users.ts";
import { openUnlockKey } from "./unlock-key.ts";

/** For one user on one machine. */
const mostAnswersAnHour = 10;

export interface Question {
  readonly user: User;
  readonly machine: Machine;
  /** As `parseChallenge` gives it. */
  readonly challenge: string;
  /** Who asks: the account that runs the command, for the audit. */
  readonly operator: string;
}

export type Answered =
  | { readonly kind: "answered"; readonly answer: string }
  /** `why` is for the audit, `say` for the person at the help desk. */
  | { readonly kind: "refused"; readonly why: string; readonly say: string };

/**
 * The answer is of this hour, by this server's clock. Counted and put into the audit in the same transaction, and a refusal
 * too: it is a value, so that throwing doesn't take its own record away.
 */
export async function answerChallenge(
  tx: Tx,
  vault: Vault,
  question: Question,
  nowMs: number,
): Promise<Answered> {
  const { user, machine, challenge, operator } = question;
  const answered = await decide(tx, vault, question, nowMs);
  const about = { user: user.name, machine: machine.id };
  if (answered.kind === "refused") {
    await record(tx, serverEntry(nowMs, "help-desk-refused", about, { operator, reason: answered.why }));
    return answered;
  }
  await tx.insertInto("unlocks").values({ machineId: machine.id, userId: user.id, atMs: nowMs }).execute();
  const clockKnown = challengeKind(challenge) === "hourly";
  await record(tx, serverEntry(nowMs, "help-desk-answered", about, { operator, clockKnown }));
  return answered;
}

async function decide(tx: Tx, vault: Vault, question: Question, nowMs: number): Promise<Answered> {
  const { user, machine, challenge } = question;
  if (machine.revokedAtMs !== null) return refuse("machine-revoked", "this machine is revoked");
  if (user.disabledAtMs !== null) return refuse("user-disabled", `${user.name} is disabled`);
  const enrolment = await enrolmentEver(tx, machine.id, user.id);
  if (enrolment === undefined || enrolment.endedAtMs !== null)
    return refuse("not-enrolled", `${user.name} is not enrolled on ${machine.hostname} (${machine.id})`);
  const { name, policy } = await policyOf(tx, { userId: user.id, machineId: machine.id });
  if (policy.helpDesk === "off")
    return refuse("policy", `the policy "${name}" has help-desk unlock switched off`);
  if (challengeKind(challenge) === "timeless" && policy.helpDesk !== "on-also-clock")
    return refuse(
      "policy-clock",
      `this machine doesn't know the time, and the policy "${name}" has no help-desk unlock for that (helpDesk=on-also-clock)`,
    );
  if ((await answersThisHour(tx, machine, user, nowMs)) >= mostAnswersAnHour)
    return refuse(
      "too-many",
      `${mostAnswersAnHour} answers for ${user.name} on ${machine.hostname} were given within an hour; wait, and find out why`,
    );
  return { kind: "answered", answer: unlockAnswer(openUnlockKey(vault, enrolment), challenge, nowMs) };
}

/** Those of older hours are dropped on the way. A clock set back makes this count more, never less. */
async function answersThisHour(tx: Tx, machine: Machine, user: User, nowMs: number): Promise<number> {
  await tx
    .deleteFrom("unlocks")
    .where("atMs", "<=", nowMs - hourMs)
    .execute();
  const given = await tx
    .selectFrom("unlocks")
    .select("atMs")
    .where("machineId", "=", machine.id)
    .where("userId", "=", user.id)
    .execute();
  return given.length;
}

function refuse(why: string, say: string): Answered {
  return { kind: "refused", why, say };
}
