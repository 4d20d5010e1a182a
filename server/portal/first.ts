// The way in for somebody who has no authenticator yet, and may add one.

import { form, textField } from "../pages/forms.ts";
import type { Notice } from "../pages/layout.ts";
import { html } from "../pages/markup.ts";
import type { FirstAuthenticators, FirstOutcome } from "../provisioning/first-in-portal.ts";
import { invitationPath } from "../provisioning/invite.ts";
import type { Handlers } from "../web/gate.ts";
import type { Visit } from "../web/visit.ts";
import type { portalAccess } from "./access.ts";
import { speechOf } from "./area.ts";
import { refusal, toSignIn } from "./doors.ts";
import { digitsField, hidden, nameField } from "./parts.ts";

type First = Pick<
  Handlers<typeof portalAccess>,
  "GET /portal/first" | "POST /portal/first" | "POST /portal/first/code"
>;

export function firstPages(first: FirstAuthenticators): First {
  const answer = (visit: Visit, outcome: FirstOutcome, id: string | undefined): Response => {
    switch (outcome.kind) {
      case "invited":
        return visit.goTo(`${invitationPath}?link=${outcome.secret}`);
      case "asked":
        return codePage(visit, outcome.id, undefined, 200);
      default: {
        const { text, status } = refusal(
          visit,
          outcome,
          id === undefined ? "first-wrong" : "first-code-wrong",
        );
        const notice = { tone: "fault", text } as const;
        return id === undefined ? askPage(visit, notice, status) : codePage(visit, id, notice, status);
      }
    }
  };
  return {
    "GET /portal/first": async (visit) => askPage(visit, undefined, 200),
    "POST /portal/first": async (visit) => {
      const { form: sent, address } = visit;
      const wish = { name: sent.text("name"), password: sent.text("password"), address };
      return answer(visit, await first.ask(wish), undefined);
    },
    "POST /portal/first/code": async (visit) => {
      const { form: sent, address } = visit;
      const id = sent.text("id");
      return answer(visit, await first.finish({ id, code: sent.text("mail-code"), address }), id);
    },
  };
}

function askPage(visit: Visit, notice: Notice | undefined, status: number): Response {
  const speech = speechOf(visit);
  const { say } = speech;
  const fields = form({
    action: "/portal/first",
    token: undefined,
    className: "narrow card",
    submit: say("go-on"),
    content: [
      nameField(speech, visit.form.text("name")),
      textField({
        name: "password",
        label: say("password"),
        type: "password",
        autocomplete: "current-password",
        most: 200,
      }),
    ],
  });
  const content = html`<p>${say("first-text")}</p>${fields}${toSignIn(visit)}`;
  return visit.page({ title: say("first-title"), notice, content }, status);
}

function codePage(visit: Visit, id: string, notice: Notice | undefined, status: number): Response {
  const { say } = speechOf(visit);
  const fields = form({
    action: "/portal/first/code",
    token: undefined,
    className: "narrow card",
    submit: say("go-on"),
    content: [hidden("id", id), digitsField("mail-code", say("mail-code"))],
  });
  const content = html`<p>${say("mail-sent")}</p>${fields}${toSignIn(visit)}`;
  return visit.page({ title: say("first-title"), notice, content }, status);
}
