// The two pages on which an authenticator is added, in the portal and by invitation: what it is, then the QR code and the
// first code.

import { inGroups } from "../../otp/help-desk.ts";
import type { Authenticator } from "../../protocol/sync/documents.ts";
import type { KeyType } from "../../protocol/sync/policy.ts";
import type { OtpAuthenticator } from "../authenticators/manage.ts";
import { provisioningUri, secretText } from "../authenticators/provisioning-uri.ts";
import { TypeRefused } from "../authenticators/template.ts";
import { Failure } from "../failure.ts";
import { form, hidden, selectField, textField } from "../pages/forms.ts";
import { html, type Markup } from "../pages/markup.ts";
import { qrCode } from "../pages/qr-code.ts";
import type { Pending } from "../provisioning/pending.ts";
import type { Form } from "../web/form.ts";
import { digitsField, timeText } from "./parts.ts";
import type { PortalSpeech } from "./portal-speech.ts";

interface Sending {
  readonly action: string;
  readonly token: string | undefined;
  /** Fields that the page carries along. */
  readonly along?: Readonly<Record<string, string>>;
}

/** What a page says went wrong, and at which of its fields. */
export interface Fault {
  readonly field: "type" | "authenticator-name" | "code";
  readonly text: string;
}

export function readName(sent: Form): string {
  return sent.text("authenticator-name").trim();
}

/** The first one where a form says none. @throws TypeRefused for one that is not offered. */
export function readType(sent: Form, offered: readonly KeyType[]): KeyType {
  const asked = sent.text("type");
  const type = asked === "" ? offered[0] : offered.find((known) => known === asked);
  if (type === undefined) throw new TypeRefused("authenticators of this type are not offered to this user");
  return type;
}

/** `offered`: what both the setting and the user's policy permit. */
export function choosing(
  speech: PortalSpeech,
  offered: readonly KeyType[],
  sending: Sending,
  name = "",
  fault?: Fault,
): Markup {
  const { say } = speech;
  if (offered.length === 0) return html`<p class="nothing">${say("type-refused")}</p>`;
  const at = (field: Fault["field"]) => (fault?.field === field ? fault.text : undefined);
  const choices = offered.map((type) => ({ value: type, label: say(`type-${type}`) }));
  const [only] = offered.length === 1 && at("type") === undefined ? offered : [];
  return form({
    action: sending.action,
    token: sending.token,
    className: "narrow card",
    submit: say(offered.includes("ocra") ? "go-on" : "add-begin"),
    content: [
      ...along(sending),
      only === undefined
        ? selectField({
            name: "type",
            label: say("add-what"),
            value: offered[0] ?? "",
            choices,
            fault: at("type"),
          })
        : hidden("type", only),
      textField({
        name: "authenticator-name",
        label: say("authenticator-name"),
        hint: say("authenticator-name-hint"),
        value: name,
        fault: at("authenticator-name"),
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
  { machine, alone = false, fault }: ScanningIn = {},
): Markup {
  const { say } = speech;
  const { authenticator } = pending;
  const asked =
    pending.challenge === null ? say("code") : say("response-to", { challenge: inGroups(pending.challenge) });
  const here = form({
    action: sending.action,
    token: sending.token,
    className: "narrow card",
    submit: say("prove-button"),
    content: [...along(sending), digitsField("code", asked, fault?.text)],
  });
  const key =
    authenticator.type === "ocra"
      ? keyToType(speech, authenticator)
      : html`<p>${machine === undefined ? say("scan-text") : say("scan-for-machine", { machine })}</p>
${keyToScan(speech, authenticator, userName, say("qr-label"))}`;
  return html`${key}
<p class="soft">${say("pending-until", { time: timeText(speech, pending.expiresAtMs) })}</p>
${machine !== undefined && html`<p>${say(alone ? "machine-over-alone" : "machine-over", { machine })}</p>`}
${!alone && here}`;
}

interface ScanningIn {
  /** Where a sign-in waits for the code. */
  readonly machine?: string;
  /** It counts there alone. */
  readonly alone?: boolean;
  readonly fault?: Fault | undefined;
}

/** No standard has a QR code for these: the key is put into the token, or typed into the app, as it is. */
function keyToType({ say }: PortalSpeech, authenticator: Extract<Authenticator, { type: "ocra" }>): Markup {
  const hex = Buffer.from(authenticator.secret, "base64").toString("hex");
  const spaced = (text: string) => text.replaceAll(/(.{4})(?=.)/g, "$1 ");
  return html`<p>${say("type-key-ocra")}</p>
<dl class="facts"><dt>OCRA</dt><dd><code class="key">${authenticator.suite}</code></dd>
<dt>${say("key-base32")}</dt><dd><code class="key">${spaced(secretText(authenticator))}</code></dd>
<dt>${say("key-hex")}</dt><dd><code class="key">${spaced(hex)}</code></dd></dl>`;
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
  const uri = provisioningUri(authenticator, label);
  return html`${qrCode(uri, title)}
<p class="screen"><a class="button quiet" href="${uri}">${say("open-in-app")}</a></p>
<details><summary>${say("cannot-scan")}</summary><p>${how}</p><p><code class="key">${key}</code></p></details>`;
}

export function faultAt(speech: PortalSpeech, error: unknown): Fault {
  return error instanceof TypeRefused
    ? { field: "type", text: speech.say("type-refused") }
    : { field: "authenticator-name", text: faultOf(speech, error) };
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
