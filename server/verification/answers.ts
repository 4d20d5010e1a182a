// From the sealed box to answers that can be judged: everything slow, before the transaction begins.

import * as v from "valibot";
import { hashBackupCode, normaliseBackupCode } from "../../otp/backup-code.ts";
import { answersSchema } from "../../protocol/sync/exchanges.ts";
import { authenticatorsOf } from "../authenticators/authenticators.ts";
import type { ServerIdentity } from "../identity/server-keys.ts";
import type { Vault } from "../identity/vault.ts";
import { hashTypedPins } from "../pins/judge-pin.ts";
import { policiesOn, policyAmong } from "../policies/applicable.ts";
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

/** Undefined when the box or what is in it can't be read. */
export async function readAnswers(
  db: Db,
  vault: Vault,
  identity: ServerIdentity,
  who: Answering,
  sealedAnswers: string,
): Promise<readonly Answer[] | undefined> {
  const texts = openAnswers(identity, sealedAnswers);
  return texts === undefined ? undefined : hashAnswers(db, vault, who, texts);
}

/**
 * The same work whether or not there is such a user, and whether or not the user has backup codes, or a PIN, or is asked for one:
 * as soon as somebody is here.
 */
export async function hashAnswers(
  db: Db,
  vault: Vault,
  who: Answering,
  texts: readonly string[],
): Promise<readonly Answer[]> {
  const user = await findUser(db, who.user);
  const here = await policiesOn(db, who.machineId);
  const { place } = (await policyAmong(db, here, user?.id ?? null)).policy.pin;
  const isAnybodyAsked = here.some(({ policy }) => policy.pin.place !== "none");
  const pins = isAnybodyAsked ? await hashTypedPins(db, vault, user?.id, place, texts) : [];
  const backupCodes = await hashBackupCodes(db, vault, user?.id, texts);
  return texts.map((text, at) => ({ text, backupCode: backupCodes[at], pin: pins[at] }));
}

async function hashBackupCodes(
  db: Db,
  vault: Vault,
  userId: string | undefined,
  texts: readonly string[],
): Promise<Answer["backupCode"][]> {
  const codes = texts.map(normaliseBackupCode);
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

function openAnswers(identity: ServerIdentity, sealedAnswers: string): string[] | undefined {
  const opened = identity.open(Buffer.from(sealedAnswers, "base64"));
  if (opened === undefined) return undefined;
  try {
    const answers = v.safeParse(answersSchema, JSON.parse(Buffer.from(opened).toString("utf8")));
    return answers.success ? answers.output : undefined;
  } catch {
    return undefined;
  }
}
