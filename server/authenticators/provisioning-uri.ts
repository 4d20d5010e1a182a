// `otpauth://` URIs, as authenticator apps read them out of a QR code.

import { generateHOTP, generateTOTP } from "@otplib/uri";
import type { Authenticator } from "../../protocol/sync/documents.ts";
import { toBase32 } from "../../words/base32.ts";
import type { KeyAuthenticator, OtpAuthenticator } from "./manage.ts";

const issuer = "Nightlatch";

export function secretText(authenticator: KeyAuthenticator): string {
  return toBase32(Buffer.from(authenticator.secret, "base64"));
}

/** `label`: how the app calls it, behind the issuer's name. */
export function provisioningUri(authenticator: OtpAuthenticator, label: string): string {
  const { algorithm, digits } = authenticator;
  const common = { issuer, label, secret: secretText(authenticator), algorithm, digits };
  return authenticator.type === "totp"
    ? generateTOTP({ ...common, period: authenticator.periodSeconds })
    : generateHOTP({ ...common, counter: authenticator.counter });
}

/** What tells one from another in a list. */
export function inShort(one: Authenticator): string {
  switch (one.type) {
    case "totp":
    case "hotp":
      return `${one.digits} digits`;
    case "backup-codes":
      return `${one.codes.length - one.usedIds.length} left`;
    case "ocra":
      return one.suite;
  }
}

/**
 * Of a challenge-response key. No standard has such URIs, and no app in wide use reads one: it is how this server writes such
 * keys into exports, and takes them from imports.
 */
export function ocraUri(authenticator: Extract<KeyAuthenticator, { type: "ocra" }>, label: string): string {
  const parameters = { secret: secretText(authenticator), issuer, ocrasuite: authenticator.suite };
  const query = Object.entries(parameters).map(([key, value]) => `${key}=${encodeURIComponent(value)}`);
  return `otpauth://ocra/${encodeURIComponent(issuer)}:${encodeURIComponent(label)}?${query.join("&")}`;
}

/**
 * What an app calls a seed of one machine. A host name is the machine's own word: nothing of it but letters, digits, dots and
 * hyphens gets into a label.
 */
export function labelOn(user: string, hostname: string): string {
  return `${user} on ${hostname.replaceAll(/[^A-Za-z0-9.-]/g, "_")}`;
}
