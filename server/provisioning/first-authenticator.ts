// A first authenticator for a user who has none, added on the screen of a sign-in that policy demands a code of. The password
// was asked by the relay's stack, not by this server: decision 28 says what its thief gains, and why nobody may by default.

import { type KeyType, isSentType } from "../../protocol/sync/policy.ts";
import type { Random } from "../../words/random.ts";
import { record, serverEntry } from "../audit/audit.ts";
import type { OtpAuthenticator } from "../authenticators/manage.ts";
import { mayMake } from "../authenticators/template.ts";
import { enrolmentEver } from "../enrolments/enrolments.ts";
import type { Vault } from "../identity/vault.ts";
import type { Machine } from "../machines/machines.ts";
import { masked } from "../mail/address.ts";
import { machineAsks } from "../mail/code-limits.ts";
import type { NamedPolicy } from "../policies/policies.ts";
import { readSetting } from "../settings/settings.ts";
import type { Db, Tx } from "../store/store.ts";
import type { User } from "../users/users.ts";
import { askMailCode } from "./ask-mail-code.ts";
import { createHandOver, isHandingOver } from "./hand-over.ts";
import { finishInSignIn, isInvitedTo } from "./invitations.ts";
import { codeAddresses, isMailOn, tellOfChange } from "./letters.ts";
import { judgeMailCode, spendMailCode } from "./mail-codes.ts";
import { beginPending, findPending, provePending } from "./pending.ts";
import { type Provisioning, provisioningSetting } from "./provisioning-setting.ts";
import { mayProvision } from "./who-may.ts";

/** One sign-in of one user at one machine: what is begun in it can be finished in it alone. */
export interface Place {
  readonly machine: Machine;
  readonly dialogue: string;
  readonly user: User;
}

const origin = ({ machine, dialogue }: Place) => `sign-in ${machine.id} ${dialogue}` as const;

/**
 * Which of policy's questions this user may now add a first authenticator for; undefined: none. All others have to be such
 * as a code that is sent answers: with one authenticator nobody answers two. Only in root's dialogues: there a password was
 * asked before, where the stack is as documented.
 */
export async function mayAddFirst(
  db: Db,
  user: User,
  { policy }: NamedPolicy,
  caller: "system" | "self",
): Promise<number | undefined> {
  const { factors } = policy.online;
  const at = factors.findIndex((question) => question.includes("totp"));
  const answerable = at >= 0 && factors.every((question, index) => index === at || question.some(isSentType));
  if (caller !== "system" || policy.mfa !== "required" || !answerable || user.disabledAtMs !== null)
    return undefined;
  const setting = await readSetting(db, provisioningSetting);
  const may = (await mayProvision(db, user.id)) && (await mayMake(db, user.id, "totp"));
  if (!setting.types.includes("totp") || !may) return undefined;
  const has = await db
    .selectFrom("authenticators")
    .select("id")
    .where("userId", "=", user.id)
    .limit(1)
    .executeTakeFirst();
  const reached = !setting.mailCode || (await mailboxes(db, user)).length > 0;
  return has === undefined && reached ? at : undefined;
}

export type FirstStep =
  | { readonly kind: "shown"; readonly authenticator: OtpAuthenticator }
  | { readonly kind: "mailed"; readonly ticket: string; readonly to: string }
  | { readonly kind: "wrong" }
  | { readonly kind: "refused" };

/** `mayAddFirst` has been asked in the same transaction. */
export async function beginFirst(
  tx: Tx,
  vault: Vault,
  place: Place,
  random: Random,
  nowMs: number,
): Promise<FirstStep> {
  const setting = await readSetting(tx, provisioningSetting);
  if (!setting.mailCode) return showFirst(tx, vault, place, setting, random, nowMs);
  const { user, machine } = place;
  const by = machineAsks(machine.id, (await enrolmentEver(tx, machine.id, user.id)) !== undefined);
  const asked = { user, purpose: "first-authenticator", detail: origin(place), by } as const;
  const { id, sent } = await askMailCode(tx, { vault, random }, asked, nowMs);
  const [first] = await mailboxes(tx, user);
  if (!sent || first === undefined) return { kind: "refused" };
  const about = { user: user.name, machine: machine.id };
  await record(tx, serverEntry(nowMs, "authenticator-code-mailed", about, { to: masked(first) }));
  return { kind: "mailed", ticket: id, to: masked(first) };
}

export async function proveMail(
  tx: Tx,
  vault: Vault,
  place: Place,
  proof: { readonly ticket: string; readonly code: string },
  random: Random,
  nowMs: number,
): Promise<FirstStep> {
  const right = await judgeMailCode(tx, vault, proof.ticket, "first-authenticator", proof.code, nowMs);
  if (right?.userId !== place.user.id || right.detail !== origin(place)) return { kind: "wrong" };
  await spendMailCode(tx, proof.ticket);
  const setting = await readSetting(tx, provisioningSetting);
  return showFirst(tx, vault, place, setting, random, nowMs);
}

/** For a screen that can't show a key: the code by which a phone goes on. `mayAddFirst` has been asked in this transaction. */
export function handOver(tx: Tx, vault: Vault, place: Place, random: Random, nowMs: number): Promise<string> {
  return createHandOver(tx, vault, place.user, signInOf(place), random, nowMs);
}

export type FirstProof =
  | { readonly is: "added"; readonly type: KeyType }
  /** `waiting`: the phone has not shown a key yet. */
  | { readonly is: "wrong" | "waiting" | "refused" };

/** Whether the key was shown here or on a phone. @throws Failure when the user has got too many meanwhile. */
export async function proveFirst(
  tx: Tx,
  vault: Vault,
  place: Place,
  code: string,
  random: Random,
  nowMs: number,
): Promise<FirstProof> {
  const { user } = place;
  const here = await provePending(tx, vault, user, origin(place), code, random, nowMs);
  const outcome =
    here.kind === "none" ? await finishInSignIn(tx, vault, user, signInOf(place), code, random, nowMs) : here;
  // Whoever it was: the mailbox hears of it.
  if (outcome.kind === "added")
    await tellOfChange(tx, { vault, random }, place.user, { kind: "authenticator-added", name: "" }, nowMs);
  if (outcome.kind === "added") return { is: "added", type: outcome.authenticator.type };
  if (outcome.kind === "wrong") return { is: "wrong" };
  const waits =
    (await isHandingOver(tx, user.id, signInOf(place), nowMs)) ||
    (await isInvitedTo(tx, user, signInOf(place), nowMs));
  return { is: waits ? "waiting" : "refused" };
}

function signInOf({ machine, dialogue }: Place) {
  return { machineId: machine.id, dialogue };
}

async function showFirst(
  tx: Tx,
  vault: Vault,
  place: Place,
  setting: Provisioning,
  random: Random,
  nowMs: number,
): Promise<FirstStep> {
  const wish = { origin: origin(place), type: "totp", name: "" } as const;
  await beginPending(tx, vault, place.user, wish, setting, random, nowMs);
  const pending = await findPending(tx, vault, place.user.id, wish.origin, nowMs);
  const authenticator = pending?.authenticator;
  return authenticator?.type === "totp" ? { kind: "shown", authenticator } : { kind: "refused" };
}

/** None where the server sends no mail. */
async function mailboxes(db: Db, user: User): Promise<string[]> {
  return (await isMailOn(db)) ? await codeAddresses(db, user.id) : [];
}
