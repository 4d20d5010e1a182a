// The page behind a one-time link: a password, and for who has none an authenticator, proved by its first code.

import type { OpenSetUp, SettingUp, SetUpOutcome } from "../accounts/set-up.ts";
import { setupPath } from "../accounts/setup-links.ts";
import { provisioningUri, secretText } from "../authenticators/provisioning-uri.ts";
import { fieldset, form, hidden, textField } from "../pages/forms.ts";
import { html, type Markup } from "../pages/markup.ts";
import { qrCode } from "../pages/qr-code.ts";
import type { AccessTable } from "./access.ts";
import type { Area } from "./area.ts";
import type { Handlers } from "./gate.ts";
import { challengeLine, codeField, waitText } from "./sign-in-pages.ts";
import type { Visit } from "./visit.ts";

export const setUpAccess = {
  "GET /set-up": { may: "anyone" },
  "POST /set-up": { may: "anyone" },
} as const satisfies AccessTable;

export const setUpArea: Area = {
  kind: "portal",
  base: setupPath,
  name: "Nightlatch",
  notices: {},
  wayOut: html``,
  frame: () => ({
    area: "Nightlatch",
    home: setupPath,
    navigation: [],
    person: null,
    language: "en",
    skipLabel: "Skip to content",
    navigationLabel: "Main",
  }),
};

type Faults = Partial<Record<"password" | "repeated" | "code", string>>;

/** `consoleHome`: where somebody with a role goes on. */
export function setUpHandlers(settingUp: SettingUp, consoleHome: string): Handlers<typeof setUpAccess> {
  return {
    "GET /set-up": async (visit) => {
      const open = await settingUp.look(visit.query("code"));
      return open === undefined ? noLink(visit) : page(visit, open, visit.query("code"), {}, 200);
    },
    "POST /set-up": async (visit) => {
      const { form: sent, address, browser } = visit;
      const secret = sent.text("link");
      const outcome = await settingUp.finish({
        secret,
        password: sent.text("password"),
        repeated: sent.text("repeated"),
        code: sent.text("code"),
        address,
        browser,
      });
      if (outcome.kind === "done")
        return outcome.area === "console"
          ? visit.withSession(visit.goTo(consoleHome), outcome.id, "console")
          : done(visit, outcome.lacksPin);
      const open = await settingUp.look(secret);
      if (outcome.kind === "no-link" || open === undefined) return noLink(visit);
      const { faults, status } = whatWasWrong(outcome, visit.nowMs);
      return page(visit, open, secret, faults, status);
    },
  };

  async function page(visit: Visit, open: OpenSetUp, secret: string, faults: Faults, status: number) {
    const challenge = await settingUp.challenge(open, visit.address);
    return setUpPage(visit, open, secret, challenge, faults, status);
  }
}

function whatWasWrong(
  outcome: Exclude<SetUpOutcome, { kind: "done" | "no-link" }>,
  nowMs: number,
): { faults: Faults; status: number } {
  switch (outcome.kind) {
    case "wrong":
      return { faults: { [outcome.field]: outcome.why }, status: 400 };
    case "wait":
      return { faults: { code: waitText(outcome.untilMs, nowMs) }, status: 429 };
    case "busy":
      return {
        faults: { code: "too many are doing this at the moment; try again in a minute" },
        status: 503,
      };
  }
}

function done(visit: Visit, lacksPin: boolean): Response {
  const next = lacksPin
    ? "You need a PIN with each code as well: sign in at /portal/pin, and set one if you have none."
    : "You can close this page.";
  return visit.page({
    title: "Done",
    notice: { tone: "done", text: `Your password is set. ${next}` },
    content: html``,
  });
}

function noLink(visit: Visit): Response {
  return visit.fault(
    "This link is no longer good",
    "It was used, has run out, or another one took its place. Ask for a new one.",
    404,
  );
}

function setUpPage(
  visit: Visit,
  open: OpenSetUp,
  secret: string,
  challenge: string | undefined,
  faults: Faults,
  status: number,
): Response {
  const { user } = open.link;
  const content = form({
    action: setupPath,
    token: undefined,
    className: "narrow card",
    submit: "Set up",
    content: [
      hidden("link", secret),
      html`<input type="text" name="username" value="${user.name}" autocomplete="username" readonly hidden>`,
      textField({
        name: "password",
        label: "New password",
        hint: "At least 12 characters; a few words in a row are fine.",
        type: "password",
        autocomplete: "new-password",
        required: true,
        most: 200,
        fault: faults.password,
      }),
      textField({
        name: "repeated",
        label: "The same once more",
        type: "password",
        autocomplete: "new-password",
        required: true,
        most: 200,
        fault: faults.repeated,
      }),
      open.hasAuthenticator ? html`` : offered(open),
      challengeLine(challenge) ?? html``,
      codeField(faults.code),
    ],
  });
  const title = `Set up ${user.name}`;
  return visit.page({ title, content }, status);
}

function offered({ link }: OpenSetUp): Markup {
  const uri = provisioningUri(link.offered, link.user.name);
  const text = secretText(link.offered).replaceAll(/(.{4})(?=.)/g, "$1 ");
  return fieldset(
    "Your authenticator",
    html`<p>Scan this with an authenticator app, then type the code that it shows.</p>
${qrCode(uri, "QR code of a new authenticator")}
<details><summary>I can't scan it</summary><p>Type this key into the app (time-based, 6 digits, 30 seconds):</p><p><code class="key">${text}</code></p></details>`,
  );
}
