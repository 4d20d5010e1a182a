// The pages that every area has: in, out, and a code in between. An area puts these routes into its table and handlers.

import { inGroups } from "../../otp/help-desk.ts";
import { minuteMs } from "../../words/clock.ts";
import { form, hidden, textField } from "../pages/forms.ts";
import type { Notice } from "../pages/layout.ts";
import { html, type Markup } from "../pages/markup.ts";
import { endSession, endSessionsOf } from "../sessions/sessions.ts";
import type { SignInOutcome, SignIns } from "../sessions/sign-in.ts";
import { pathWithin } from "./area.ts";
import { goOnConfirmed, keptFields } from "./kept-form.ts";
import type { Handler, OpenHandler, SignedIn, Visit } from "./visit.ts";

export interface SignInHandlers {
  readonly showSignIn: OpenHandler;
  readonly signIn: OpenHandler;
  /** For a token that answers a challenge: who it is, then the challenge. */
  readonly showChallengeSignIn: OpenHandler;
  readonly askChallenge: OpenHandler;
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
        challenge: sent.text("challenge") || undefined,
        address,
        browser,
      });
      if (outcome.kind === "in")
        return visit.withSession(visit.goTo(pathWithin(area, sent.text("to"))), outcome.id);
      const { text, status } = said(outcome, visit.nowMs, "Name, password or code is not right.");
      const notice = { tone: "fault", text } as const;
      if (sent.text("challenge") !== "") return challengePage(signIns, visit, notice, status);
      return signInPage(visit, notice, status);
    },
    showChallengeSignIn: async (visit) => challengeNamePage(visit),
    askChallenge: async (visit) => challengePage(signIns, visit, undefined, 200),
    signOut: async (visit) => {
      await visit.write((tx) => endSession(tx, visit.session));
      return visit.withSession(visit.goTo(`${visit.area.base}/sign-in`, "signed-out"), "");
    },
    signOutEverywhere: async (visit) => {
      await visit.write((tx) => endSessionsOf(tx, visit.session.userId));
      return visit.withSession(visit.goTo(`${visit.area.base}/sign-in`, "signed-out-everywhere"), "");
    },
    showConfirm: async (visit) => confirmPage(signIns, visit, undefined, 200),
    confirm: async (visit) => {
      const outcome = await signIns.confirm(visit.session, visit.form.text("code"), visit.address);
      if (outcome.kind === "in") return goOnConfirmed(visit, outcome.id);
      const { text, status } = said(outcome, visit.nowMs, "This code is not right. Wait for the next one.");
      return confirmPage(signIns, visit, { tone: "fault", text }, status);
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
  const content = html`${form({
    action: `${area.base}/sign-in`,
    token: undefined,
    className: "narrow card",
    submit: "Sign in",
    content: [hidden("to", to), nameField(sent.text("name")), passwordField(), codeField()],
  })}
<p class="beside"><a href="${area.base}/sign-in/challenge?to=${encodeURIComponent(to)}">My token answers challenges</a></p>`;
  return visit.page({ title: "Sign in", notice, content }, status);
}

const challengeTitle = "Sign in with a token that answers challenges";

function challengeNamePage(visit: Visit): Response {
  const { area } = visit;
  const content = html`${form({
    action: `${area.base}/sign-in/challenge`,
    token: undefined,
    className: "narrow card",
    submit: "Show a challenge",
    back: `${area.base}/sign-in`,
    content: [hidden("to", pathWithin(area, visit.query("to"))), nameField("")],
  })}`;
  return visit.page({ title: challengeTitle, content });
}

/** For every name the same, known or not. After an answer that was wrong with another challenge. */
async function challengePage(
  signIns: SignIns,
  visit: Visit,
  notice: Notice | undefined,
  status: number,
): Promise<Response> {
  const { form: sent, area, address } = visit;
  const name = sent.text("name").slice(0, 256);
  const known = sent.text("challenge") || undefined;
  const { id, digits } = await signIns.challenge({ kind: area.kind, name, address, id: known });
  const content = form({
    action: `${area.base}/sign-in`,
    token: undefined,
    className: "narrow card",
    submit: "Sign in",
    back: `${area.base}/sign-in/challenge`,
    content: [
      hidden("to", pathWithin(area, sent.text("to"))),
      hidden("challenge", id),
      hidden("name", name),
      html`<dl class="facts"><dt>User name</dt><dd>${name}</dd></dl>`,
      passwordField(),
      textField({
        name: "code",
        label: `Response to ${inGroups(digits)}`,
        hint: "What your token answers to this challenge, with your PIN if you have one. Good once, for ten minutes.",
        autocomplete: "one-time-code",
        required: true,
        literal: true,
        most: 64,
        size: "short",
      }),
    ],
  });
  return visit.page({ title: challengeTitle, notice, content }, status);
}

/** Beside a field for a code, for who has a token that answers it. */
export function challengeLine(digits: string | undefined): Markup | null {
  if (digits === undefined) return null;
  return html`<p>For a token that answers challenges: <b class="challenge">${inGroups(digits)}</b></p>`;
}

async function confirmPage(
  signIns: SignIns,
  visit: SignedIn,
  notice: Notice | undefined,
  status: number,
): Promise<Response> {
  const challenge = await signIns.challengeWithin(visit.session, visit.address);
  const to = pathWithin(visit.area, visit.form.text("to") || visit.query("to"));
  const content = html`<p>What comes next needs a fresh code, so that nobody does it who finds your browser open.</p>
${form({
  action: `${visit.area.base}/confirm`,
  token: visit.token,
  className: "narrow card",
  submit: "Go on",
  back: visit.area.base,
  content: [hidden("to", to), keptFields(visit), challengeLine(challenge) ?? html``, codeField()],
})}`;
  return visit.page({ title: "Confirm with a code", notice, content }, status);
}

function nameField(value: string): Markup {
  return textField({
    name: "name",
    label: "User name",
    value,
    autocomplete: "username",
    required: true,
    literal: true,
    most: 256,
  });
}

function passwordField(): Markup {
  return textField({
    name: "password",
    label: "Password",
    type: "password",
    autocomplete: "current-password",
    required: true,
    most: 200,
  });
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
