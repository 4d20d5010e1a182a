// What the portal's pages are handed, and what they are made of.

import type { Identity } from "../../protocol/crypto/keys.ts";
import { minuteMs } from "../../words/clock.ts";
import type { Random } from "../../words/random.ts";
import type { PasswordCost } from "../accounts/password.ts";
import type { Vault } from "../identity/vault.ts";
import { isoTime } from "../iso-time.ts";
import { textField } from "../pages/forms.ts";
import { html, type Markup } from "../pages/markup.ts";
import { isPinAsked } from "../pins/new-pin.ts";
import type { SignIns } from "../sessions/sign-in.ts";
import type { Store, Tx } from "../store/store.ts";
import { theUser, type User } from "../users/users.ts";
import type { SlowLane } from "../verification/slow-lane.ts";
import type { SignedIn } from "../web/visit.ts";
import type { PortalSpeech } from "./portal-speech.ts";

export interface PortalParts {
  readonly store: Store;
  readonly vault: Vault;
  readonly identity: Identity;
  readonly random: Random;
  readonly signIns: SignIns;
  readonly passwordCost: PasswordCost;
  readonly lane: SlowLane;
}

/** Whose session it is, as of this transaction: no page of the portal speaks of anybody else. */
export function ownUser(db: Tx | Store["db"], visit: SignedIn): Promise<User> {
  return theUser(db, visit.session.userName);
}

/** Says of a PIN where anybody is asked for one: who it is, is not known yet. */
export async function codeField({ store }: PortalParts, { say }: PortalSpeech): Promise<Markup> {
  return textField({
    name: "code",
    label: say("code"),
    hint: say((await isPinAsked(store.db)) ? "code-hint-pin" : "code-hint"),
    autocomplete: "one-time-code",
    required: true,
    literal: true,
    most: 64,
    size: "short",
  });
}

export function nameField({ say }: PortalSpeech, value: string): Markup {
  const looks = { autocomplete: "username", required: true, literal: true, most: 256 };
  return textField({ name: "name", label: say("name"), value, ...looks });
}

export function passwordField({ say }: PortalSpeech): Markup {
  return textField({
    name: "password",
    label: say("password"),
    type: "password",
    autocomplete: "current-password",
    required: true,
    most: 200,
  });
}

/** A code of digits alone: mailed, or of one certain authenticator. */
export function digitsField(name: string, label: string, fault?: string): Markup {
  return textField({
    name,
    label,
    fault,
    autocomplete: "one-time-code",
    inputmode: "numeric",
    required: true,
    literal: true,
    most: 20,
    size: "short",
  });
}

export function waitText({ say }: PortalSpeech, untilMs: number, nowMs: number): string {
  const count = Math.max(1, Math.ceil((untilMs - nowMs) / minuteMs));
  return say("wait", { minutes: say("minutes", { count }) });
}

/** In UTC, and says so: the server does not know where the reader is. */
export function timeText({ say, language }: PortalSpeech, ms: number): string {
  const format = new Intl.DateTimeFormat(language, {
    dateStyle: "medium",
    timeStyle: "short",
    timeZone: "UTC",
  });
  return say("utc", { time: format.format(ms) });
}

export function time(speech: PortalSpeech, ms: number | null): Markup | string {
  if (ms === null) return speech.say("never");
  return html`<time datetime="${isoTime(ms)}">${timeText(speech, ms)}</time>`;
}

/** A few rows; lists without an end are not in the portal. */
export function simpleTable(
  caption: string,
  heads: readonly string[],
  rows: readonly (readonly (Markup | string | null)[])[],
): Markup {
  return html`<div class="scroll" role="region" aria-label="${caption}" tabindex="0"><table>
<caption class="unseen">${caption}</caption>
<thead><tr>${heads.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead>
<tbody>${rows.map((row) => html`<tr>${row.map((cell) => html`<td>${cell}</td>`)}</tr>\n`)}</tbody>
</table></div>`;
}
