// From the sealed box to answers that can be judged: everything slow, before the transaction begins.

import * as v from "valibot";
import { hashBackupCode, normaliseBackupCode } from "../../otp/backup-code.ts";
import { answersSchema, type RequestOf } from "../../protocol/sync/exchanges.ts";
import { authenticatorsOf } from "../authenticators/authenticators.ts";
import type { ServerIdentity } from "../identity/server-keys.ts";
import type { Vault } from "../identity/vault.ts";
import type { Db } from "../store/store.ts";
import { findUser } from "../users/users.ts";
import type { Answer } from "./judge.ts";

/** For users who have no backup codes, or don't exist: the hash takes as long, and comes to nothing. */
const nobodysSalt = new Uint8Array(16);

/** Undefined when the box or what is in it can't be read. */
export async function readAnswers(
  db: Db,
  vault: Vault,
  identity: ServerIdentity,
  request: RequestOf<"verify">,
): Promise<readonly Answer[] | undefined> {
  const texts = openAnswers(identity, request.sealedAnswers);
  return texts === undefined ? undefined : hashAnswers(db, vault, request.user, texts);
}

/** The same work whether or not there is such a user, and whether or not the user has backup codes. */
export async function hashAnswers(
  db: Db,
  vault: Vault,
  userName: string,
  texts: readonly string[],
): Promise<readonly Answer[]> {
  const codes = texts.map(normaliseBackupCode);
  if (codes.every((code) => code === undefined))
    return texts.map((text) => ({ text, backupCode: undefined }));
  const user = await findUser(db, userName);
  const authenticators = user === undefined ? [] : await authenticatorsOf(db, vault, user.id);
  const set = authenticators.find((authenticator) => authenticator.type === "backup-codes");
  const salt = set === undefined ? nobodysSalt : Buffer.from(set.salt, "base64");
  const answers: Answer[] = [];
  for (const [at, text] of texts.entries()) {
    const code = codes[at];
    const hash = code === undefined ? undefined : await hashBackupCode(code, salt);
    const backupCode = set === undefined || hash === undefined ? undefined : { authenticator: set.id, hash };
    answers.push({ text, backupCode });
  }
  return answers;
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
