// A user's name, as typed at a sign-in or by an admin. Two names are the same user only when they are the same
// characters after NFC; the server keeps look-alikes from existing side by side (see `lookAlikeKey`).

import { type Parsed, parsed, unparsed } from "./parsed.ts";

export type UserName = string & { readonly __brand: "UserName" };

export const maxUserNameBytes = 256;

// Controls, format characters (zero width, bidirectional overrides), surrogates, private use, line and paragraph ends.
const forbidden = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/u;

/**
 * Accepts 1 to 256 bytes of UTF-8 without control or format characters, and without leading or trailing white space
 * or a trailing dot: several systems drop those silently, which would make two names of one.
 */
export function parseUserName(raw: unknown): Parsed<UserName> {
  if (typeof raw !== "string") return unparsed("user name must be text");
  const name = raw.normalize("NFC");
  if (name === "") return unparsed("user name is empty");
  if (Buffer.byteLength(name, "utf8") > maxUserNameBytes)
    return unparsed(`user name is longer than ${maxUserNameBytes} bytes`);
  if (forbidden.test(name)) return unparsed("user name has a control or invisible character");
  if (name.trim() !== name) return unparsed("user name begins or ends with white space");
  if (name.endsWith(".")) return unparsed("user name ends with a dot");
  return parsed(name as UserName);
}

/** Names with the same key look alike (case, width, compatibility forms); at most one of them may exist at a server. */
export function lookAlikeKey(name: UserName): string {
  return name.normalize("NFKC").toLowerCase().normalize("NFKC");
}

/**
 * The server's name for a local one: `alice` becomes `alice@corp.example` under the suffix `@corp.example`.
 * A name that carries a domain of its own (`user@domain`, `DOMAIN\user`) is left as it is.
 */
export function withSuffix(name: UserName, suffix: string): Parsed<UserName> {
  return suffix === "" || /[@\\]/.test(name) ? parsed(name) : parseUserName(name + suffix);
}
