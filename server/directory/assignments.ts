// `KEY=VALUE` of the command line, put into the setting of the directory. Whether a value fits is the schema's to say.

import { Failure } from "../failure.ts";
import type { DirectorySetting } from "./settings.ts";

export type DirectoryKey = Exclude<keyof DirectorySetting, "sealedPassword" | "ca">;
type Reader = (text: string) => unknown;

const text: Reader = (given) => given;
const whole: Reader = (given) => (/^\d{1,9}$/.test(given) ? Number(given) : given);
const yesOrNo: Reader = (given) => (given === "yes" ? true : given === "no" ? false : given);
/** `Domain Admins=admins;CN=Staff,DC=corp=staff`: the last `=` parts a directory's group from ours. */
const map: Reader = (given) =>
  Object.fromEntries(
    given
      .split(";")
      .filter((part) => part !== "")
      .map((part) => {
        const at = part.lastIndexOf("=");
        return [part.slice(0, Math.max(0, at)).trim(), part.slice(at + 1).trim()];
      }),
  );

const keys: Readonly<Record<DirectoryKey, { readonly read: Reader; readonly help: string }>> = {
  url: { read: text, help: "ldaps://HOST:PORT or ldap://HOST:PORT" },
  startTls: { read: yesOrNo, help: "yes | no: TLS on ldap://" },
  bindDn: { read: text, help: "who asks; empty: nobody" },
  userBase: { read: text, help: "where the users are, such as ou=people,dc=corp,dc=example" },
  userFilter: { read: text, help: "which of the entries there" },
  nameAttribute: { read: text, help: "what users are called here" },
  displayNameAttribute: { read: text, help: "may be empty, like the two below" },
  emailAttribute: { read: text, help: "" },
  phoneAttribute: { read: text, help: "" },
  idAttribute: { read: text, help: "what stays when an entry is renamed: entryUUID, objectGUID" },
  accountControl: { read: yesOrNo, help: "yes | no: whether userAccountControl and accountExpires disable" },
  groups: {
    read: text,
    help: "none | memberOf (users name their groups) | member (groups name their members)",
  },
  groupBase: { read: text, help: "where the groups are; with memberOf only for groups in groups" },
  groupFilter: { read: text, help: "which of the entries there" },
  groupNameAttribute: { read: text, help: "what groups are called here" },
  groupMemberAttribute: { read: text, help: "with groups=member" },
  nestedGroups: { read: whole, help: "how deep groups in groups are followed, 0 to 20" },
  groupMap: { read: map, help: "THEIRS=OURS;…: only these groups, by name or DN" },
  pageSize: { read: whole, help: "entries the directory is asked for at once" },
  mostDisabledPercent: {
    read: whole,
    help: "a sync that would disable or rename more of the directory's users is refused",
  },
  everyMinutes: { read: whole, help: "how often `serve` follows the directory by itself; 0: not" },
};

export const directoryKeys = Object.keys(keys) as DirectoryKey[];

/** One value as it is typed; what does not fit stays a text, which the schema refuses. */
export function readDirectoryKey(key: DirectoryKey, given: string): unknown {
  return keys[key].read(given);
}

/** As `readDirectoryKey` takes it. */
export function directoryText(key: DirectoryKey, setting: DirectorySetting): string {
  const value = setting[key];
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value !== "object") return String(value);
  return Object.entries(value)
    .map(([theirs, ours]) => `${theirs}=${ours}`)
    .join(";");
}

export const directoryHelp = Object.entries(keys)
  .map(([key, { help }]) => `  ${key.padEnd(21)} ${help}`)
  .join("\n");

/** @throws Failure for a text that sets none of the keys. */
export function assignDirectory(assignments: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    assignments.map((assignment) => {
      const at = assignment.indexOf("=");
      const name = assignment.slice(0, Math.max(0, at));
      if (!Object.hasOwn(keys, name))
        throw new Failure("invalid", `KEY=VALUE with one of: ${Object.keys(keys).join(", ")}`);
      return [name, keys[name as DirectoryKey].read(assignment.slice(at + 1))];
    }),
  );
}
