// The pages that every area has: in, out, and a code in between. An area puts these routes into its table and handlers.

import { minuteMs } from "../../words/clock.ts";
import { form, hidden, textField } from "../pages/forms.ts";
import type { Notice } from "../pages/layout.ts";
import { html, type Markup } from "../pages/markup.ts";
import { endSession, endSessionsOf } from "../sessions/sessions.ts";
import type { SignInOutcome, SignIns } from "../sessions/sign-in.ts";
import { pathWithin } from "./area.ts";
import type { Handler, OpenHandler, SignedIn, Visit } from "./visit.ts";

export interface SignInHandlers {
  readonly showSignIn: OpenHandler;
  readonly signIn: OpenHandler;
  readonly signOut: Handler;
  /** In every browser, in every area. */
  readonly signOutEverywhere: Handler;
  readonly showConfirm: Handler;
  readonly confirm: Handler;
}

export function signInHandlers(signIns: SignIns): SignInHandlers {
  return {
    showSignIn: async (visit) =>
      visit.session === undefined
        ? signInPage(visit, undefined, 200)
        : visit.goTo(pathWithin(visit.area, visit.query("to"))),
    signIn: async (visit) => {
      const { form: sent, area, address, browser } = visit;
      const outcome = await signIns.signIn({
        kind: area.kind,
        name: sent.text("name"),
        password: sent.text("password"),
        code: sent.text("code"),
        address,
        browser,
      });
      if (outcome.kind === "in")
        return visit.withSession(visit.goTo(pathWithin(area, sent.text("to"))), outcome.id);
      const { text, status } = said(outcome, visit.nowMs, "Name, password or code is not right.");
      return signInPage(visit, { tone: "fault", text }, status);
    },
    signOut: async (visit) => {
      await visit.write((tx) => endSession(tx, visit.session));
      return visit.withSession(visit.goTo(`${visit.area.base}/sign-in`, "signed-out"), "");
    },
    signOutEverywhere: async (visit) => {
      await visit.write((tx) => endSessionsOf(tx, visit.session.userId));
      return visit.withSession(visit.goTo(`${visit.area.base}/sign-in`, "signed-out-everywhere"), "");
    },
    showConfirm: async (visit) => confirmPage(visit, undefined, 200),
    confirm: async (visit) => {
      const outcome = await signIns.confirm(visit.session, visit.form.text("code"), visit.address);
      if (outcome.kind === "in")
        return visit.withSession(visit.goTo(pathWithin(visit.area, visit.form.text("to"))), outcome.id);
      const { text, status } = said(outcome, visit.nowMs, "This code is not right. Wait for the next one.");
      return confirmPage(visit, { tone: "fault", text }, status);
    },
  };
}

/** What the notices of an area must know of these pages. */
export const signInNotices = {
  "signed-out": "You have signed out.",
  "signed-out-everywhere": "You have signed out, in every browser.",
} as const;

function signInPage(visit: Visit, notice: Notice | undefined, status: number): Response {
  const { form: sent, area } = visit;
  const to = pathWithin(area, sent.text("to") || visit.query("to"));
  const content = form({
    action: `${area.base}/sign-in`,
    token: undefined,
    className: "narrow card",
    submit: "Sign in",
    content: [
      hidden("to", to),
      textField({
        name: "name",
        label: "User name",
        value: sent.text("name"),
        autocomplete: "username",
        required: true,
        literal: true,
        most: 256,
      }),
      textField({
        name: "password",
        label: "Password",
        type: "password",
        autocomplete: "current-password",
        required: true,
        most: 200,
      }),
      codeField(),
    ],
  });
  return visit.page({ title: "Sign in", notice, content }, status);
}

function confirmPage(visit: SignedIn, notice: Notice | undefined, status: number): Response {
  const to = pathWithin(visit.area, visit.form.text("to") || visit.query("to"));
  const content = html`<p>What comes next needs a fresh code, so that nobody does it who finds your browser open.</p>
${form({
  action: `${visit.area.base}/confirm`,
  token: visit.token,
  className: "narrow card",
  submit: "Go on",
  back: visit.area.base,
  content: [hidden("to", to), codeField()],
})}`;
  return visit.page({ title: "Confirm with a code", notice, content }, status);
}

export function codeField(fault?: string): Markup {
  return textField({
    name: "code",
    label: "Code",
    hint: "From your authenticator app or token, with your PIN if you have one; or a backup code.",
    fault,
    autocomplete: "one-time-code",
    required: true,
    literal: true,
    most: 64,
    size: "short",
  });
}

/** The same words for everything that could be wrong. */
export function said(
  outcome: Exclude<SignInOutcome, { kind: "in" }>,
  nowMs: number,
  refused: string,
): { readonly text: string; readonly status: number } {
  switch (outcome.kind) {
    case "refused":
      return { text: refused, status: 401 };
    case "no-role":
      return { text: "Your account has no part in this area. Ask an admin for a role.", status: 403 };
    case "no-pin":
      return {
        text: "That was right, but you have no PIN of your own yet. Set one in the portal, at /portal/pin, and come back with the next code.",
        status: 403,
      };
    case "wait":
      return { text: waitText(outcome.untilMs, nowMs), status: 429 };
    case "busy":
      return { text: "Too many are signing in at this moment. Try again in a minute.", status: 503 };
  }
}

export function waitText(untilMs: number, nowMs: number): string {
  const minutes = Math.max(1, Math.ceil((untilMs - nowMs) / minuteMs));
  return `Too many attempts. Try again in ${minutes === 1 ? "a minute" : `${minutes} minutes`}.`;
}
