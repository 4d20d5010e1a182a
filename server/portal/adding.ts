// The two pages on which an authenticator is added, in the portal and by invitation: what it is, then the QR code and the
// first code.

import type { OtpAuthenticator } from "../authenticators/manage.ts";
import { provisioningUri, secretText } from "../authenticators/provisioning-uri.ts";
import { Failure } from "../failure.ts";
import { form, selectField, textField } from "../pages/forms.ts";
import { html, type Markup } from "../pages/markup.ts";
import { qrCode } from "../pages/qr-code.ts";
import type { Pending } from "../provisioning/pending.ts";
import type { Provisioning } from "../provisioning/provisioning-setting.ts";
import type { Form } from "../web/form.ts";
import { digitsField, hidden, timeText } from "./parts.ts";
import type { PortalSpeech } from "./portal-speech.ts";

interface Sending {
  readonly action: string;
  readonly token: string | undefined;
  /** Fields that the page carries along. */
  readonly along?: Readonly<Record<string, string>>;
}

export function readWish(
  sent: Form,
  setting: Provisioning,
): { readonly type: OtpAuthenticator["type"]; readonly name: string } {
  const type = setting.types.find((known) => known === sent.text("type")) ?? setting.types[0] ?? "totp";
  return { type, name: sent.text("authenticator-name").trim() };
}

export function choosing(
  speech: PortalSpeech,
  setting: Provisioning,
  sending: Sending,
  name = "",
  fault?: string,
): Markup {
  const { say } = speech;
  const choices = setting.types.map((type) => ({ value: type, label: say(`type-${type}`) }));
  return form({
    action: sending.action,
    token: sending.token,
    className: "narrow card",
    submit: say("add-begin"),
    content: [
      ...along(sending),
      choices.length === 1
        ? hidden("type", choices[0]?.value ?? "totp")
        : selectField({ name: "type", label: say("add-what"), value: "totp", choices }),
      textField({
        name: "authenticator-name",
        label: say("authenticator-name"),
        hint: say("authenticator-name-hint"),
        value: name,
        fault,
        most: 50,
      }),
    ],
  });
}

export function scanning(
  speech: PortalSpeech,
  pending: Pending,
  userName: string,
  sending: Sending,
  fault?: string,
): Markup {
  const { say } = speech;
  const { authenticator } = pending;
  return html`<p>${say("scan-text")}</p>
${keyToScan(speech, authenticator, userName, say("qr-label"))}
<p class="soft">${say("pending-until", { time: timeText(speech, pending.expiresAtMs) })}</p>
${form({
  action: sending.action,
  token: sending.token,
  className: "narrow card",
  submit: say("prove-button"),
  content: [...along(sending), digitsField("code", say("code"), fault)],
})}`;
}

/** To be scanned, or typed where there is no camera. */
export function keyToScan(
  { say }: PortalSpeech,
  authenticator: OtpAuthenticator,
  label: string,
  title: string,
): Markup {
  const { algorithm: name, digits } = authenticator;
  const algorithm = name.replace("sha", "SHA-");
  const how =
    authenticator.type === "totp"
      ? say("type-key-totp", { algorithm, digits, seconds: authenticator.periodSeconds })
      : say("type-key-hotp", { algorithm, digits });
  const key = secretText(authenticator).replaceAll(/(.{4})(?=.)/g, "$1 ");
  return html`${qrCode(provisioningUri(authenticator, label), title)}
<details><summary>${say("cannot-scan")}</summary><p>${how}</p><p><code class="key">${key}</code></p></details>`;
}

/** What the use case has refused, in the reader's words. Everything else is thrown on. */
export function faultOf({ say }: PortalSpeech, error: unknown): string {
  if (error instanceof Failure && error.code === "invalid") return say("authenticator-name-wrong");
  if (error instanceof Failure && error.code === "conflict") return say("too-many-authenticators");
  throw error;
}

function along({ along: fields = {} }: Sending): Markup[] {
  return Object.entries(fields).map(([name, value]) => hidden(name, value));
}
