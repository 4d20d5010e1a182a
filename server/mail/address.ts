// Where a message may go: e-mail addresses and telephone numbers, strictly read. Narrower than RFC 5321 on purpose: no
// quotes, comments, white space or line ends, so that no address can say anything to a mail server but where to deliver.

import { type Parsed, parsed, unparsed } from "../../words/parsed.ts";

export type MailAddress = string & { readonly __brand: "MailAddress" };
export type PhoneNumber = string & { readonly __brand: "PhoneNumber" };

// RFC 5322 dot-atom, and host names (RFC 1123) whose last label is no number.
const local = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;
const label = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;

/** At most 254 bytes in all and 64 before the `@` (RFC 5321 section 4.5.3.1); a domain of at least two labels. */
export function parseMailAddress(raw: unknown): Parsed<MailAddress> {
  if (typeof raw !== "string") return unparsed("an e-mail address is text");
  const at = raw.lastIndexOf("@");
  const [name, domain] = [raw.slice(0, Math.max(0, at)), raw.slice(at + 1)];
  if (raw.length > 254 || name.length > 64) return unparsed("the e-mail address is too long");
  if (/[^\x00-\x7f]/.test(domain))
    return unparsed("write the domain of the e-mail address in its ASCII form: xn--…");
  const labels = domain.split(".");
  const isDomain =
    labels.length >= 2 && labels.every((one) => label.test(one)) && !/^\d+$/.test(labels.at(-1) ?? "");
  if (!local.test(name) || !isDomain)
    return unparsed("that is no e-mail address: NAME@DOMAIN, in letters, digits and . _ - +");
  return parsed(raw as MailAddress);
}

/** E.164: `+` and 7 to 15 digits; spaces, hyphens, dots and brackets between them are dropped. */
export function parsePhoneNumber(raw: unknown): Parsed<PhoneNumber> {
  const digits = typeof raw === "string" && raw.length <= 40 ? raw.replaceAll(/[ ().-]/g, "") : "";
  if (!/^\+[1-9]\d{6,14}$/.test(digits))
    return unparsed("that is no telephone number: write it with its country, such as +49 30 1234567");
  return parsed(digits as PhoneNumber);
}

/** The same for all ways of writing one mailbox that limits must not count apart. */
export function mailboxOf(address: string): string {
  return address.toLowerCase();
}

/** Enough for its owner to know which one: `a***@e***.org`, `***67`. ASCII alone, for any terminal. */
export function masked(address: string): string {
  const at = address.lastIndexOf("@");
  if (at === -1) return `***${address.slice(-2)}`;
  const domain = address.slice(at + 1);
  return `${address.slice(0, 1)}***@${domain.slice(0, 1)}***${domain.slice(domain.lastIndexOf(".")).slice(0, 12)}`;
}
