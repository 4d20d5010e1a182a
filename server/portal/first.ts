// The ways in for somebody who has no authenticator yet, and may add one: by a password or a mailed code, or by the code on
// the screen of a sign-in.

import { hidden, textField } from "../pages/forms.ts";
import { html } from "../pages/markup.ts";
import type { FirstAuthenticators, FirstOutcome } from "../provisioning/first-in-portal.ts";
import { invitationPath } from "../provisioning/invite.ts";
import type { Handlers } from "../web/gate.ts";
import type { Visit } from "../web/visit.ts";
import type { portalAccess } from "./access.ts";
import { speechOf } from "./area.ts";
import { refusal } from "./doors.ts";
import { type Fault, openPage } from "./open-page.ts";
import { digitsField, nameField } from "./parts.ts";

type First = Pick<
  Handlers<typeof portalAccess>,
  | "GET /portal/first"
  | "POST /portal/first"
  | "POST /portal/first/code"
  | "GET /portal/at-machine"
  | "POST /portal/at-machine"
>;

type Refused = Exclude<FirstOutcome, { kind: "invited" | "asked" }>;

export function firstPages(first: FirstAuthenticators): First {
  const answer = (visit: Visit, outcome: FirstOutcome, again: (refused: Refused) => Response): Response => {
    switch (outcome.kind) {
      case "invited":
        return visit.goTo(`${invitationPath}?link=${outcome.secret}`);
      case "asked":
        return codePage(visit, outcome.id);
      default:
        return again(outcome);
    }
  };
  return {
    "GET /portal/first": async (visit) => askPage(visit),
    "POST /portal/first": async (visit) => {
      const { form: sent, address } = visit;
      const wish = { name: sent.text("name"), password: sent.text("password"), address };
      return answer(visit, await first.ask(wish), (refused) =>
        askPage(visit, refusal(visit, refused, "first-wrong")),
      );
    },
    "POST /portal/first/code": async (visit) => {
      const { form: sent, address } = visit;
      const id = sent.text("id");
      const outcome = await first.finish({ id, code: sent.text("mail-code"), address });
      return answer(visit, outcome, (refused) =>
        codePage(visit, id, refusal(visit, refused, "first-code-wrong")),
      );
    },
    "GET /portal/at-machine": async (visit) => atMachinePage(visit),
    "POST /portal/at-machine": async (visit) => {
      const { form: sent, address } = visit;
      const wish = { name: sent.text("name"), code: sent.text("screen-code"), address };
      return answer(visit, await first.goOn(wish), (refused) =>
        atMachinePage(visit, refusal(visit, refused, "at-machine-wrong")),
      );
    },
  };
}

function askPage(visit: Visit, fault?: Fault): Response {
  const speech = speechOf(visit);
  const { say } = speech;
  const page = {
    title: say("first-title"),
    text: say("first-text"),
    action: "/portal/first",
    submit: say("go-on"),
    fields: [
      nameField(speech, visit.form.text("name")),
      textField({
        name: "password",
        label: say("password"),
        type: "password",
        autocomplete: "current-password",
        most: 200,
      }),
    ],
    beside: html`<a href="/portal/at-machine">${say("at-machine-link")}</a>`,
  };
  return openPage(visit, page, fault);
}

function codePage(visit: Visit, id: string, fault?: Fault): Response {
  const { say } = speechOf(visit);
  const page = {
    title: say("first-title"),
    text: say("mail-sent"),
    action: "/portal/first/code",
    submit: say("go-on"),
    fields: [hidden("id", id), digitsField("mail-code", say("mail-code"))],
  };
  return openPage(visit, page, fault);
}

function atMachinePage(visit: Visit, fault?: Fault): Response {
  const speech = speechOf(visit);
  const { say } = speech;
  const page = {
    title: say("first-title"),
    text: say("at-machine-text"),
    action: "/portal/at-machine",
    submit: say("go-on"),
    fields: [nameField(speech, visit.form.text("name")), digitsField("screen-code", say("at-machine-code"))],
  };
  return openPage(visit, page, fault);
}
