// In with a token that answers a challenge: who it is, then the challenge, which everybody is shown.

import { inGroups } from "../../otp/help-desk.ts";
import { hidden, textField } from "../pages/forms.ts";
import { html, type Markup } from "../pages/markup.ts";
import { isPinAsked } from "../pins/new-pin.ts";
import { pathWithin } from "../web/area.ts";
import type { Handlers } from "../web/gate.ts";
import type { Visit } from "../web/visit.ts";
import type { portalAccess } from "./access.ts";
import { speechOf } from "./area.ts";
import { type Fault, openPage } from "./open-page.ts";
import { nameField, passwordField, type PortalParts } from "./parts.ts";
import type { PortalSpeech } from "./portal-speech.ts";

type Door = Pick<
  Handlers<typeof portalAccess>,
  "GET /portal/sign-in/challenge" | "POST /portal/sign-in/challenge"
>;

export function challengeDoor(parts: PortalParts): Door {
  return {
    "GET /portal/sign-in/challenge": async (visit) => {
      const speech = speechOf(visit);
      const { say } = speech;
      return openPage(visit, {
        title: say("challenge-title"),
        text: say("challenge-text"),
        action: "/portal/sign-in/challenge",
        submit: say("go-on"),
        fields: [hidden("to", pathWithin(visit.area, visit.query("to"))), nameField(speech, "")],
      });
    },
    "POST /portal/sign-in/challenge": (visit) => challengePage(parts, visit),
  };
}

/** After an answer that was wrong, with another challenge. */
export async function challengePage(
  { signIns, store }: PortalParts,
  visit: Visit,
  fault?: Fault,
): Promise<Response> {
  const { form: sent, address } = visit;
  const speech = speechOf(visit);
  const { say } = speech;
  const name = sent.text("name").slice(0, 256);
  const known = sent.text("challenge") || undefined;
  const { id, digits } = await signIns.challenge({ kind: "portal", name, address, id: known });
  const page = {
    title: say("challenge-title"),
    text: say("challenge-good"),
    action: "/portal/sign-in",
    submit: say("sign-in"),
    fields: [
      hidden("to", pathWithin(visit.area, sent.text("to"))),
      hidden("challenge", id),
      hidden("name", name),
      html`<dl class="facts"><dt>${say("name")}</dt><dd>${name}</dd></dl>`,
      passwordField(speech),
      textField({
        name: "code",
        label: say("response-to", { challenge: inGroups(digits) }),
        hint: say((await isPinAsked(store.db)) ? "response-hint-pin" : "response-hint"),
        autocomplete: "one-time-code",
        required: true,
        literal: true,
        most: 64,
        size: "short",
      }),
    ],
  };
  return openPage(visit, page, fault);
}

/** Beside a field for a code. */
export function challengeLine({ say }: PortalSpeech, digits: string | undefined): Markup {
  if (digits === undefined) return html``;
  return html`<p>${say("challenge-at-hand")} <b class="challenge">${inGroups(digits)}</b></p>`;
}
