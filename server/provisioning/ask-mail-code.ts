// A code that is asked for by mail: made and queued in one transaction, or made for nobody where none is to be sent.

import { type Asker, tooManyCodes } from "../mail/code-limits.ts";
import type { Tx } from "../store/store.ts";
import type { User } from "../users/users.ts";
import { codeAddresses, isMailOn, mailCode, type PostParts } from "./letters.ts";
import { createMailCode, type MailCodePurpose } from "./mail-codes.ts";

export interface MailCodeAsked {
  /** Undefined: nobody gets it, and nobody is to know. */
  readonly user: User | undefined;
  readonly purpose: MailCodePurpose;
  readonly detail: string;
  readonly by: Asker;
  /** To be proved by the code; else the user's addresses for codes. */
  readonly to?: string;
  readonly sessionHash?: string;
}

/** `id` is there either way; `sent` is for who may know. */
export async function askMailCode(
  tx: Tx,
  parts: PostParts,
  asked: MailCodeAsked,
  nowMs: number,
): Promise<{ readonly id: string; readonly sent: boolean }> {
  const { user, purpose, detail, by, to, sessionHash } = asked;
  const recipients = to === undefined ? await addressesFor(tx, user) : [to];
  const wanted = user !== undefined && recipients.length > 0 && (await isMailOn(tx));
  const getter = wanted && !(await tooManyCodes(tx, by, user.id, recipients, nowMs)) ? user : undefined;
  const session = sessionHash === undefined ? {} : { sessionHash };
  const wish = { userId: getter?.id, purpose, detail, ...session };
  const { id, code } = await createMailCode(tx, parts.vault, wish, parts.random, nowMs);
  if (getter !== undefined) await mailCode(tx, parts, getter, { purpose, code, recipients, by }, nowMs);
  return { id, sent: getter !== undefined };
}

async function addressesFor(tx: Tx, user: User | undefined): Promise<string[]> {
  return user === undefined ? [] : codeAddresses(tx, user.id);
}
