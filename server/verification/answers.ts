// From the sealed box to answers that can be judged: everything slow, before the transaction begins.

import * as v from "valibot";
import { hashBackupCode, normaliseBackupCode } from "../../otp/backup-code.ts";
import type { PinPlace } from "../../otp/pin.ts";
import { answersSchema } from "../../protocol/sync/exchanges.ts";
import { authenticatorsOf } from "../authenticators/authenticators.ts";
import type { ServerIdentity } from "../identity/server-keys.ts";
import type { Vault } from "../identity/vault.ts";
import { hashTypedPins } from "../pins/judge-pin.ts";
import { policiesOn, policyAmong } from "../policies/applicable.ts";
import type { NamedPolicy } from "../policies/policies.ts";
import type { Db } from "../store/store.ts";
import { findUser } from "../users/users.ts";
import type { Answer } from "./judge.ts";

/** For users who have no backup codes, or don't exist: the hash takes as long, and comes to nothing. */
const nobodysSalt = new Uint8Array(16);

/** Who answers, and where: null for the server's own pages. */
export interface Answering {
  readonly user: string;
  readonly machineId: string | null;
}

/** What was worked out before the transaction, by policies that may not be the newest when it is judged. */
export interface PreparedAnswers {
  readonly answers: readonly Answer[];
  /** Where a PIN was looked for in them; undefined where nothing was hashed, whoever answers. */
  readonly place: PinPlace | undefined;
}

/**
 * Whether they can't be judged by these policies, of which `place` is the user's. The same for everybody as far as it can be:
 * how long it takes does not tell who is asked for a PIN.
 */
export function isOutworn(
  prepared: PreparedAnswers,
  policies: readonly NamedPolicy[],
  place: PinPlace,
): boolean {
  if (prepared.place === undefined) return isAnybodyAsked(policies);
  return place !== "none" && place !== prepared.place;
}

export async function hashAnswers(
  db: Db,
  vault: Vault,
  { user, machineId }: Answering,
  texts: readonly string[],
): Promise<readonly Answer[]> {
  return (await hashAnswersUnder(db, vault, user, await policiesOn(db, machineId), texts)).answers;
}

/** Of answers that nothing is hashed for, whoever gives them. */
export function plainAnswers(texts: readonly string[]): PreparedAnswers {
  return {
    answers: texts.map((text) => ({ text, backupCode: undefined, pin: undefined })),
    place: undefined,
  };
}

/**
 * The same work whether or not there is such a user, and whether or not the user has backup codes, or a PIN, or is asked for
 * one: as soon as somebody is here. `policies` are those of the place, as `policiesOn` gives them.
 */
export async function hashAnswersUnder(
  db: Db,
  vault: Vault,
  userName: string,
  policies: readonly NamedPolicy[],
  texts: readonly string[],
): Promise<PreparedAnswers> {
  // Where nothing is hashed, whoever answers, nobody is looked up.
  if (!isHashed(policies, texts)) return plainAnswers(texts);
  const user = await findUser(db, userName);
  const { policy } = await policyAmong(db, policies, user?.id ?? null);
  const { place } = policy.pin;
  const pins = isAnybodyAsked(policies) ? await hashTypedPins(db, vault, user?.id, place, texts) : [];
  const backupCodes = await hashBackupCodes(db, vault, user?.id, texts.map(normaliseBackupCode));
  return {
    answers: texts.map((text, at) => ({ text, backupCode: backupCodes[at], pin: pins[at] })),
    place,
  };
}

/** Whether judging these takes slow work, whoever answers. */
export function isHashed(policies: readonly NamedPolicy[], texts: readonly string[]): boolean {
  return isAnybodyAsked(policies) || texts.some((text) => normaliseBackupCode(text) !== undefined);
}

/** For a PIN. */
function isAnybodyAsked(policies: readonly NamedPolicy[]): boolean {
  return policies.some(({ policy }) => policy.pin.place !== "none");
}

async function hashBackupCodes(
  db: Db,
  vault: Vault,
  userId: string | undefined,
  codes: readonly (string | undefined)[],
): Promise<Answer["backupCode"][]> {
  if (codes.every((code) => code === undefined)) return [];
  const authenticators = userId === undefined ? [] : await authenticatorsOf(db, vault, userId);
  const set = authenticators.find((authenticator) => authenticator.type === "backup-codes");
  const salt = set === undefined ? nobodysSalt : Buffer.from(set.salt, "base64");
  const found: Answer["backupCode"][] = [];
  for (const code of codes) {
    const hash = code === undefined ? undefined : await hashBackupCode(code, salt);
    found.push(set === undefined || hash === undefined ? undefined : { authenticator: set.id, hash });
  }
  return found;
}

/** Undefined when the box or what is in it can't be read. */
export function openAnswers(identity: ServerIdentity, sealedAnswers: string): string[] | undefined {
  const opened = identity.open(Buffer.from(sealedAnswers, "base64"));
  if (opened === undefined) return undefined;
  try {
    const answers = v.safeParse(answersSchema, JSON.parse(Buffer.from(opened).toString("utf8")));
    return answers.success ? answers.output : undefined;
  } catch {
    return undefined;
  }
}
