// One's own account in the console: the password. Authenticators of one's own are in the portal.

import { changeOwnPassword, type PasswordOutcome } from "../accounts/own-password.ts";
import { form, textField } from "../pages/forms.ts";
import { html } from "../pages/markup.ts";
import type { SecretName } from "../pages/secret-fields.ts";
import type { FieldFaults } from "../web/form.ts";
import { waitText } from "../web/sign-in-pages.ts";
import type { SignedIn } from "../web/visit.ts";
import type { ConsoleHandlers, ConsoleParts } from "./parts.ts";

const path = "/admin/account";

export function ownAccountHandlers(parts: ConsoleParts) {
  return {
    "GET /admin/account": async (visit) => accountPage(visit, {}, 200),
    "POST /admin/account/password": async (visit) => {
      const { form: sent } = visit;
      const wish = { old: sent.text("old"), fresh: sent.text("fresh"), repeated: sent.text("repeated") };
      const outcome = await changeOwnPassword(parts, visit, wish);
      if (outcome.kind === "changed") return visit.withSession(visit.goTo(path, "password"), outcome.id);
      const { faults, status } = whatWasWrong(outcome, visit.nowMs);
      return accountPage(visit, faults, status);
    },
  } satisfies Partial<ConsoleHandlers>;
}

function whatWasWrong(
  outcome: Exclude<PasswordOutcome, { kind: "changed" }>,
  nowMs: number,
): { readonly faults: FieldFaults; readonly status: number } {
  switch (outcome.kind) {
    case "weak":
      return { faults: { fresh: outcome.why }, status: 400 };
    case "differs":
      return { faults: { repeated: "this is not the same" }, status: 400 };
    case "old-wrong":
      return { faults: { old: "this is not your present password" }, status: 400 };
    case "wait":
      return { faults: { old: waitText(outcome.untilMs, nowMs) }, status: 429 };
    case "busy":
      return {
        faults: { old: "too many are doing this at the moment; try again in a minute" },
        status: 503,
      };
  }
}

function accountPage(visit: SignedIn, faults: FieldFaults, status: number): Response {
  const field = (name: SecretName, label: string, autocomplete: string, hint?: string) =>
    textField({
      name,
      label,
      hint,
      type: "password",
      autocomplete,
      required: true,
      most: 200,
      fault: faults[name],
    });
  const content = html`<h2>Password</h2>
<p>All other sessions of yours end with the old one, here and in the portal.</p>
${form({
  action: `${path}/password`,
  token: visit.token,
  className: "narrow card",
  submit: "Change the password",
  back: "/admin",
  content: [
    html`<input type="text" name="username" value="${visit.session.userName}" autocomplete="username" readonly hidden>`,
    field("old", "Present password", "current-password"),
    field("fresh", "New password", "new-password", "At least 12 characters; a few words in a row are fine."),
    field("repeated", "The same once more", "new-password"),
  ],
})}
<p class="soft">Your authenticators and backup codes are in <a href="/portal">the portal</a>.</p>`;
  return visit.page({ title: "Your account", content }, status);
}
