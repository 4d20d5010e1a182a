// What users are mailed about their own authenticators: codes, invitations, and changes that they may not have made.

import { hourMs, minuteMs } from "../../words/clock.ts";
import type { Random } from "../../words/random.ts";
import { type Catalogue, type Speech, speechOf } from "../../words/texts.ts";
import type { Vault } from "../identity/vault.ts";
import { addressesOf, isMail } from "../mail/addresses.ts";
import type { Asker } from "../mail/code-limits.ts";
import { type Block, type Letter, writeLetter } from "../mail/letter.ts";
import { enqueue } from "../mail/queue.ts";
import { mailSetting } from "../mail/settings.ts";
import { readSetting } from "../settings/settings.ts";
import type { Db, Tx } from "../store/store.ts";
import { languageOf } from "../users/language.ts";
import type { User } from "../users/users.ts";
import { de } from "./languages/de.ts";
import { en } from "./languages/en.ts";
import { es } from "./languages/es.ts";
import { fr } from "./languages/fr.ts";
import { pl } from "./languages/pl.ts";
import { type MailCodePurpose, mailCodeMinutes } from "./mail-codes.ts";

export const letterTexts: Catalogue<typeof en> = { en, de, fr, es, pl };

type LetterSpeech = Speech<typeof en>;

type PinChange = "pin-set" | "pin-reset" | "pin-locked";

export type Change =
  | { readonly kind: "authenticator-added" | "authenticator-removed"; readonly name: string }
  | { readonly kind: "backup-codes-made" | "password-changed" | PinChange }
  | { readonly kind: "address-changed" | "address-removed"; readonly address: string };

const changeLifeMs = 24 * hourMs;

export async function isMailOn(db: Db): Promise<boolean> {
  return (await readSetting(db, mailSetting)).host !== "";
}

export interface PostParts {
  readonly vault: Vault;
  readonly random: Random;
}

/**
 * To every e-mail address of the user's, and those that `also` names, such as one that was just replaced. Does nothing
 * where mail is off: the change is in the audit all the same.
 */
export async function tellOfChange(
  tx: Tx,
  parts: PostParts,
  user: User,
  change: Change,
  nowMs: number,
  also: readonly string[] = [],
): Promise<void> {
  if (!(await isMailOn(tx))) return;
  const speech = await speechFor(tx, user.id);
  const what =
    change.kind === "authenticator-added" || change.kind === "authenticator-removed"
      ? speech.say(change.kind, { name: change.name === "" ? "–" : change.name })
      : change.kind === "address-changed" || change.kind === "address-removed"
        ? speech.say(change.kind, { address: change.address })
        : speech.say(change.kind);
  const letter = write(speech, "change-subject", [
    speech.say("hello", { user: user.name }),
    what,
    speech.say("change-not-you"),
  ]);
  const mails = (await addressesOf(tx, user.id)).filter(isMail).map(({ address }) => address);
  for (const recipient of new Set([...mails, ...also]))
    await post(tx, parts, user.id, "account-change", recipient, letter, changeLifeMs, nowMs);
}

export async function mailCode(
  tx: Tx,
  parts: PostParts,
  user: User,
  mail: {
    readonly purpose: MailCodePurpose;
    readonly code: string;
    readonly recipients: readonly string[];
    readonly by: Asker;
  },
  nowMs: number,
): Promise<void> {
  const speech = await speechFor(tx, user.id);
  const letter = writeLetter(speech.say("code-subject"), speech.language, [
    { kind: "paragraph", text: speech.say(`code-${mail.purpose}`) },
    { kind: "code", text: mail.code.replace(/^(....)/, "$1 ") },
    {
      kind: "paragraph",
      text: speech.say("code-good-for", { minutes: speech.say("minutes", { count: mailCodeMinutes }) }),
    },
    { kind: "paragraph", text: speech.say("code-not-you") },
  ]);
  for (const recipient of mail.recipients)
    await post(tx, parts, user.id, "code", recipient, letter, mailCodeMinutes * minuteMs, nowMs, mail.by);
}

/** False when there is nowhere to send it. */
export async function mailInvitation(
  tx: Tx,
  parts: PostParts,
  user: User,
  invitation: { readonly url: string; readonly hours: number },
  nowMs: number,
): Promise<boolean> {
  const recipients = await codeAddresses(tx, user.id);
  if (recipients.length === 0 || !(await isMailOn(tx))) return false;
  const speech = await speechFor(tx, user.id);
  const hours = speech.say("hours", { count: invitation.hours });
  const letter = write(speech, "invitation-subject", [
    speech.say("hello", { user: user.name }),
    speech.say("invitation-body"),
    invitation.url,
    speech.say("invitation-good-for", { hours }),
  ]);
  for (const recipient of recipients)
    await post(tx, parts, user.id, "invitation", recipient, letter, invitation.hours * hourMs, nowMs);
  return true;
}

export async function codeAddresses(db: Db, userId: string): Promise<string[]> {
  return (await addressesOf(db, userId))
    .filter((one) => isMail(one) && one.forCodes)
    .map(({ address }) => address);
}

async function speechFor(db: Db, userId: string): Promise<LetterSpeech> {
  const language = (await languageOf(db, userId)) ?? (await readSetting(db, mailSetting)).language;
  return speechOf(letterTexts, language);
}

function write(
  speech: LetterSpeech,
  subject: "change-subject" | "invitation-subject",
  lines: readonly string[],
): Letter {
  const blocks = lines.map((text): Block => ({ kind: "paragraph", text }));
  return writeLetter(speech.say(subject), speech.language, blocks);
}

async function post(
  tx: Tx,
  { vault, random }: PostParts,
  userId: string,
  kind: string,
  recipient: string,
  letter: Letter,
  lifeMs: number,
  nowMs: number,
  /** Of a code, which goes before everything else. */
  by?: Asker,
): Promise<void> {
  const code = by === undefined ? { urgent: false } : { urgent: true, by };
  const message = { channel: "mail", kind, userId, recipient, letter, lifeMs, ...code } as const;
  await enqueue(tx, vault, message, random, nowMs);
}
