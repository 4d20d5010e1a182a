// What went wrong between us and a directory, in words of our own, with what to do about it.

import { Failure } from "../failure.ts";

/** @throws Failure in place of whatever the work throws. */
export async function explain<T>(url: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Failure) throw error;
    const { name, code, message } = error as { name: string; code?: unknown; message: string };
    const known = typeof code === "number" ? `${name} (LDAP result ${code})` : String(code ?? message);
    const advice = adviceOn(code, known, message);
    throw new Failure(
      "invalid",
      `the directory ${url}: ${known}${advice === undefined ? "" : `; ${advice}`}`,
    );
  }
}

/** By the result codes of RFC 4511 section 4.1.9. */
const byResult: Readonly<Record<number, string>> = {
  4: "it gives less than all: have its limits raised for bindDn",
  8: "it wants TLS: url=ldaps://HOST, or startTls=yes",
  10: "that is another server's: look at userBase and groupBase, or ask that one",
  11: "it gives less than all: have its limits raised for bindDn",
  13: "it wants TLS: url=ldaps://HOST, or startTls=yes",
  32: "look at userBase and groupBase, and at what bindDn may read",
  34: "bindDn, userBase or groupBase is no name of an entry",
  48: "it wants somebody to ask: set bindDn and the password",
  49: "bindDn or its password is wrong",
  50: "bindDn may not read there",
};

/** Active Directory's `data 52e` behind a refused bind: the last digits of an error of Windows. */
const byState: Readonly<Record<string, string>> = {
  "525": "there is no such account as bindDn",
  "530": "the domain lets bindDn in at other hours only",
  "531": "the domain lets bindDn in from other computers only",
  "532": "the password of bindDn is too old there: set another, or one that does not expire",
  "533": "the account of bindDn is disabled there",
  "701": "the account of bindDn has expired there",
  "773": "bindDn has to change its password there first: set one that need not be changed",
  "775": "the account of bindDn is locked there: unlock it, and see who tries other passwords for it",
};

function adviceOn(code: unknown, known: string, said: string): string | undefined {
  if (code === 49) return byState[/\bdata ([\da-f]{3})\b/i.exec(said)?.[1] ?? ""] ?? byResult[code];
  // What Active Directory has instead of 48.
  if (code === 1 && /authentication|successful bind/i.test(said)) return byResult[48];
  if (typeof code === "number") return byResult[code];
  if (/^(ENOTFOUND|EAI_AGAIN)$/.test(known)) return "there is no such host: look at url";
  if (/^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT)$|timed? ?out/i.test(known))
    return "nothing answers there: look at url, and whether this host is let through to it";
  if (/^ERR_TLS_CERT_ALTNAME/.test(known))
    return "its certificate is for another name: ask it by that one in url";
  if (/CERT|SIGNATURE|ISSUER/.test(known))
    return "its certificate is not trusted: give the authorities (ca) that have signed it";
  if (/^ECONNRESET$|^EPROTO$|ERR_SSL|^Connection closed/.test(known))
    return "is it the right port? ldaps has 636, ldap 389";
  if (/parens?\b|^Invalid (expression|attribute name|escaped)/.test(known))
    return "look at userFilter and groupFilter";
  return undefined;
}
