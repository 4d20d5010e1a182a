// `otpauth://` URIs, as authenticator apps read them out of a QR code.

import { generateHOTP, generateTOTP } from "@otplib/uri";
import { toBase32 } from "../../words/base32.ts";
import type { OtpAuthenticator } from "./manage.ts";

const issuer = "Nightlatch";

export function secretText(authenticator: OtpAuthenticator): string {
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

/**
 * What an app calls a seed of one machine. A host name is the machine's own word: nothing of it but letters, digits, dots and
 * hyphens gets into a label.
 */
export function labelOn(user: string, hostname: string): string {
  return `${user} on ${hostname.replaceAll(/[^A-Za-z0-9.-]/g, "_")}`;
}
