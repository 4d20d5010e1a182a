// In by password and code, or by a mailed code and one of an authenticator; out; and a code in between.

import { form, hidden } from "../pages/forms.ts";
import type { Notice } from "../pages/layout.ts";
import { html } from "../pages/markup.ts";
import type { SignInOutcome } from "../sessions/sign-in.ts";
import { languageOf } from "../users/language.ts";
import { pathWithin } from "../web/area.ts";
import type { Handlers } from "../web/gate.ts";
import { goOnConfirmed, keptFields } from "../web/kept-form.ts";
import { signInHandlers } from "../web/sign-in-pages.ts";
import type { SignedIn, Visit } from "../web/visit.ts";
import type { portalAccess } from "./access.ts";
import { speechOf } from "./area.ts";
import { challengeLine, challengePage } from "./challenge-door.ts";
import type { MailSignIns } from "./mail-sign-in.ts";
import { type Fault, openPage } from "./open-page.ts";
import { codeField, digitsField, nameField, passwordField, type PortalParts, waitText } from "./parts.ts";
import { languageCookie } from "./portal-speech.ts";

type Doors = Pick<
  Handlers<typeof portalAccess>,
  | "GET /portal/sign-in"
  | "POST /portal/sign-in"
  | "GET /portal/sign-in/mail"
  | "POST /portal/sign-in/mail"
  | "POST /portal/sign-in/mail-code"
  | "POST /portal/sign-out"
  | "POST /portal/sign-out-everywhere"
  | "GET /portal/confirm"
  | "POST /portal/confirm"
>;

export function doors(parts: PortalParts, mailSignIns: MailSignIns): Doors {
  const { signIns } = parts;
  const { signOut, signOutEverywhere } = signInHandlers(signIns);
  return {
    "GET /portal/sign-in": async (visit) =>
      visit.session === undefined
        ? signInPage(parts, visit, undefined, 200)
        : visit.goTo(pathWithin(visit.area, visit.query("to"))),
    "POST /portal/sign-in": async (visit) => {
      const { form: sent, address, browser } = visit;
      const outcome = await signIns.signIn({
        kind: "portal",
        name: sent.text("name"),
        password: sent.text("password"),
        code: sent.text("code"),
        challenge: sent.text("challenge") || undefined,
        address,
        browser,
      });
      if (outcome.kind === "in") return enter(parts, visit, outcome.id, sent.text("name"), sent.text("to"));
      const fault = refusal(visit, outcome, "sign-in-wrong");
      if (sent.text("challenge") !== "") return challengePage(parts, visit, fault);
      return signInPage(parts, visit, { tone: "fault", text: fault.text }, fault.status);
    },
    "GET /portal/sign-in/mail": async (visit) => askMailPage(visit),
    "POST /portal/sign-in/mail": async (visit) => {
      const name = visit.form.text("name");
      const asked = await mailSignIns.ask({ name, address: visit.address });
      if (asked.kind === "asked") return mailCodePage(parts, visit, { ...asked, name });
      return askMailPage(visit, refusal(visit, asked, "sign-in-wrong"));
    },
    "POST /portal/sign-in/mail-code": async (visit) => {
      const { form: sent, address, browser } = visit;
      const id = sent.text("id");
      const name = sent.text("name");
      const outcome = await mailSignIns.finish({
        id,
        name,
        mailCode: sent.text("mail-code"),
        code: sent.text("code"),
        address,
        browser,
      });
      if (outcome.kind === "in") return enter(parts, visit, outcome.id, name, "");
      const digits = await mailSignIns.challenge({ id, name, address });
      return mailCodePage(parts, visit, { id, name, digits }, refusal(visit, outcome, "mail-wrong"));
    },
    "POST /portal/sign-out": signOut,
    "POST /portal/sign-out-everywhere": signOutEverywhere,
    "GET /portal/confirm": async (visit) => confirmPage(parts, visit, undefined, 200),
    "POST /portal/confirm": async (visit) => {
      const outcome = await signIns.confirm(visit.session, visit.form.text("code"), visit.address);
      if (outcome.kind === "in") return goOnConfirmed(visit, outcome.id);
      const { text, status } = refusal(visit, outcome, "code-wrong");
      return confirmPage(parts, visit, { tone: "fault", text }, status);
    },
  };
}

/** With the language that the user has chosen, in whatever browser. */
async function enter(
  { store }: PortalParts,
  visit: Visit,
  id: string,
  name: string,
  to: string,
): Promise<Response> {
  const { db } = store;
  const row = await db
    .selectFrom("users")
    .select("id")
    .where("name", "=", name.normalize("NFC"))
    .executeTakeFirst();
  const language = row && (await languageOf(db, row.id));
  const answer = visit.withSession(visit.goTo(pathWithin(visit.area, to)), id);
  if (language !== undefined) answer.headers.append("set-cookie", languageCookie(visit.secure, language));
  return answer;
}

/** The same words for everything that could be wrong. */
export function refusal(
  visit: Visit,
  outcome: Exclude<SignInOutcome, { kind: "in" }>,
  refused:
    | "sign-in-wrong"
    | "mail-wrong"
    | "code-wrong"
    | "first-wrong"
    | "first-code-wrong"
    | "at-machine-wrong",
): Fault {
  const speech = speechOf(visit);
  switch (outcome.kind) {
    case "refused":
    case "no-role":
    case "no-pin":
      return { text: speech.say(refused), status: 401 };
    case "wait":
      return { text: waitText(speech, outcome.untilMs, visit.nowMs), status: 429 };
    case "busy":
      return { text: speech.say("busy"), status: 503 };
  }
}

async function signInPage(
  parts: PortalParts,
  visit: Visit,
  notice: Notice | undefined,
  status: number,
): Promise<Response> {
  const { form: sent, area } = visit;
  const speech = speechOf(visit);
  const { say } = speech;
  const to = pathWithin(area, sent.text("to") || visit.query("to"));
  const fields = form({
    action: "/portal/sign-in",
    token: undefined,
    className: "narrow card",
    submit: say("sign-in"),
    content: [
      hidden("to", to),
      nameField(speech, sent.text("name")),
      passwordField(speech),
      await codeField(parts, speech),
    ],
  });
  const content = html`${fields}
<p class="beside"><a href="/portal/sign-in/challenge?to=${encodeURIComponent(to)}">${say("challenge-link")}</a> <a href="/portal/sign-in/mail">${say("sign-in-by-mail")}</a> <a href="/portal/first">${say("no-authenticator-yet")}</a></p>`;
  return visit.page({ title: say("sign-in"), notice, content }, status);
}

function askMailPage(visit: Visit, fault?: Fault): Response {
  const speech = speechOf(visit);
  const { say } = speech;
  const page = {
    title: say("sign-in-by-mail"),
    text: say("mail-sign-in-text"),
    action: "/portal/sign-in/mail",
    submit: say("mail-send"),
    fields: [nameField(speech, visit.form.text("name"))],
  };
  return openPage(visit, page, fault);
}

async function mailCodePage(
  parts: PortalParts,
  visit: Visit,
  asked: { readonly id: string; readonly name: string; readonly digits: string },
  fault?: Fault,
): Promise<Response> {
  const speech = speechOf(visit);
  const { say } = speech;
  const page = {
    title: say("sign-in-by-mail"),
    text: say("mail-sent"),
    action: "/portal/sign-in/mail-code",
    submit: say("sign-in"),
    fields: [
      hidden("id", asked.id),
      hidden("name", asked.name),
      digitsField("mail-code", say("mail-code")),
      challengeLine(speech, asked.digits),
      await codeField(parts, speech),
    ],
  };
  return openPage(visit, page, fault);
}

async function confirmPage(
  parts: PortalParts,
  visit: SignedIn,
  notice: Notice | undefined,
  status: number,
): Promise<Response> {
  const speech = speechOf(visit);
  const { say } = speech;
  const fields = form({
    action: "/portal/confirm",
    token: visit.token,
    className: "narrow card",
    submit: say("go-on"),
    content: [
      hidden("to", pathWithin(visit.area, visit.form.text("to") || visit.query("to"))),
      keptFields(visit),
      challengeLine(speech, await parts.signIns.challengeWithin(visit.session, visit.address)),
      await codeField(parts, speech),
    ],
  });
  const content = html`<p>${say("confirm-text")}</p>${fields}`;
  return visit.page({ title: say("confirm-title"), notice, content }, status);
}
