// Which directory the users come from, and how they are found in it: the setting `directory`, its password sealed.

import { X509Certificate } from "node:crypto";
import * as v from "valibot";
import { Secret } from "../../words/secret.ts";
import { Failure } from "../failure.ts";
import type { Vault } from "../identity/vault.ts";
import { groupNameFault } from "../import/record.ts";
import { isLoopback } from "../listen/address.ts";
import { checkSetting, readSetting, type Setting, writeSetting } from "../settings/settings.ts";
import type { Db, Tx } from "../store/store.ts";

const row = { table: "settings", id: "directory.password" } as const;

const text = v.pipe(v.string(), v.maxLength(1_000), v.regex(/^\P{Cc}*$/u, "no control characters"));
const attribute = v.pipe(v.string(), v.regex(/^([A-Za-z][A-Za-z0-9-]{0,63})?$/, "the name of an attribute"));
const whole = (least: number, most: number) => {
  const sentence = `give a whole number from ${least} to ${most}`;
  const { number, integer, minValue, maxValue } = v;
  return v.pipe(number(sentence), integer(sentence), minValue(least, sentence), maxValue(most, sentence));
};
const named = v.minLength<string, 1, string>(1, "the name of an attribute");

const schema = v.pipe(
  v.strictObject({
    /** `ldaps://HOST` or `ldap://HOST`; empty: no directory. */
    url: v.pipe(
      text,
      v.check((url) => url === "" || isLdapUrl(url), "ldaps://HOST:PORT or ldap://HOST:PORT"),
    ),
    /** On `ldap://`, which carries nothing in plain text but to this very machine. */
    startTls: v.boolean(),
    ca: v.pipe(v.string(), v.maxLength(65_536), v.check(isCertificate, "not a certificate in PEM")),
    bindDn: text,
    sealedPassword: v.string(),
    userBase: text,
    userFilter: v.pipe(text, v.check(isFilter, "an LDAP filter in brackets")),
    nameAttribute: v.pipe(attribute, named),
    displayNameAttribute: attribute,
    emailAttribute: attribute,
    phoneAttribute: attribute,
    /** What stays the same when an entry is renamed. */
    idAttribute: v.pipe(attribute, named),
    /** Whether bit 2 of `userAccountControl` disables, and that the time of `accountExpires` is over. */
    accountControl: v.boolean(),
    /** `memberOf`: users say in which groups they are; `member`: groups say who is in them. */
    groups: v.picklist(["none", "memberOf", "member"]),
    groupBase: text,
    groupFilter: v.pipe(text, v.check(isFilter, "an LDAP filter in brackets")),
    groupNameAttribute: v.pipe(attribute, named),
    groupMemberAttribute: v.pipe(attribute, named),
    /** How many groups in groups are followed; 0: none. */
    nestedGroups: whole(0, 20),
    /** A directory's group by what it is called here; when there are any, all others are left out. */
    groupMap: v.pipe(
      v.record(v.string(), v.string()),
      v.check(
        (map) => Object.values(map).every((name) => groupNameFault(name) === undefined),
        "not the name of a group",
      ),
    ),
    pageSize: whole(1, 10_000),
    /** A sync that would disable more of the directory's users is refused. */
    mostDisabledPercent: whole(0, 100),
    /** How often the server follows the directory by itself; 0: not. */
    everyMinutes: v.optional(whole(0, 10_080), 0),
  }),
  v.forward(
    v.check(
      ({ url, startTls }) => !url.startsWith("ldap:") || startTls || isLoopback(hostOf(url)),
      "without TLS only this very machine is asked; use ldaps:// or startTls=yes",
    ),
    ["startTls"],
  ),
  v.forward(
    v.check(({ url, userBase }) => url === "" || userBase !== "", "say where the users are"),
    ["userBase"],
  ),
  v.forward(
    v.check(({ groups, groupBase }) => groups !== "member" || groupBase !== "", "say where the groups are"),
    ["groupBase"],
  ),
);
export type DirectorySetting = v.InferOutput<typeof schema>;

export const directorySetting: Setting<DirectorySetting> = {
  name: "directory",
  schema,
  whenUnset: {
    url: "",
    startTls: false,
    ca: "",
    bindDn: "",
    sealedPassword: "",
    userBase: "",
    userFilter: "(objectClass=person)",
    nameAttribute: "uid",
    displayNameAttribute: "cn",
    emailAttribute: "mail",
    phoneAttribute: "",
    idAttribute: "entryUUID",
    accountControl: false,
    groups: "none",
    groupBase: "",
    groupFilter: "(objectClass=groupOfNames)",
    groupNameAttribute: "cn",
    groupMemberAttribute: "member",
    nestedGroups: 5,
    groupMap: {},
    pageSize: 500,
    mostDisabledPercent: 10,
    everyMinutes: 0,
  },
};

/** As Active Directory has it. */
export const activeDirectory: Partial<DirectorySetting> = {
  // People's accounts: neither computers, which are users there, nor the accounts by which domains trust each other.
  userFilter: "(sAMAccountType=805306368)",
  nameAttribute: "sAMAccountName",
  displayNameAttribute: "displayName",
  idAttribute: "objectGUID",
  accountControl: true,
  groups: "memberOf",
  groupFilter: "(objectClass=group)",
};

export interface Directory extends Omit<DirectorySetting, "sealedPassword"> {
  readonly password: Secret;
}

/** @throws Failure when none is set. */
export async function theDirectory(db: Db, vault: Vault): Promise<Directory> {
  return opened(await readSetting(db, directorySetting), vault);
}

function opened({ sealedPassword, ...setting }: DirectorySetting, vault: Vault): Directory {
  if (setting.url === "")
    throw new Failure("not-found", "no directory is set: directory set, or Settings in the console");
  const password = sealedPassword === "" ? "" : Buffer.from(vault.open(row, sealedPassword)).toString("utf8");
  return { ...setting, password: new Secret(password) };
}

type Change = Readonly<Record<string, unknown>>;

/** What is not named stays. @throws Failure with the field at fault. */
export async function changeDirectory(
  tx: Tx,
  vault: Vault,
  change: Change,
  password: string | undefined,
  nowMs: number,
): Promise<DirectorySetting> {
  const present = await readSetting(tx, directorySetting);
  return writeSetting(tx, directorySetting, changed(present, vault, change, password), nowMs);
}

/** The directory as it would be, to be tried. @throws Failure with the field at fault, or when there would be none. */
export async function directoryAsChanged(
  db: Db,
  vault: Vault,
  change: Change,
  password: string | undefined,
): Promise<Directory> {
  const present = await readSetting(db, directorySetting);
  return opened(checkSetting(directorySetting, changed(present, vault, change, password)), vault);
}

const whereItGoes = ["url", "startTls", "ca", "bindDn"] as const;

/** The password stays with what is not named, but not where it would go to another server, or another way. */
function changed(
  present: DirectorySetting,
  vault: Vault,
  change: Change,
  password: string | undefined,
): DirectorySetting {
  const elsewhere = whereItGoes.some((field) => field in change && change[field] !== present[field]);
  if (elsewhere && present.sealedPassword !== "" && password === undefined && change["url"] !== "")
    throw new Failure(
      "invalid",
      "password: give it again (--password-file), since it would go to another server, or another way",
    );
  const kept = change["url"] === "" ? "" : present.sealedPassword;
  const given = password === "" ? "" : password && vault.seal(row, Buffer.from(password, "utf8"));
  const next = { ...present, ...change, sealedPassword: given ?? kept };
  // A bind with a name and no password succeeds at many servers, as nobody (RFC 4513 section 5.1.2).
  if (next.url !== "" && (next.bindDn === "") !== (next.sealedPassword === ""))
    throw new Failure(
      "invalid",
      "bindDn: it goes together with the password; leave out both to ask as nobody",
    );
  return next;
}

function isLdapUrl(url: string): boolean {
  return /^ldaps?:\/\/[A-Za-z0-9.:[\]-]+$/.test(url) && URL.canParse(url) && hostOf(url) !== "";
}

/** Without the brackets of an IPv6 address; empty where there is none. */
export function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname.replace(/^\[|\]$/g, "") : "";
}

function isFilter(filter: string): boolean {
  return /^\(.+\)$/.test(filter);
}

function isCertificate(pem: string): boolean {
  if (pem === "") return true;
  const each = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g);
  try {
    return each?.every((one) => new X509Certificate(one).raw.length > 0) ?? false;
  } catch {
    return false;
  }
}
