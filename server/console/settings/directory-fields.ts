// The fields of the directory, and what was typed into them as a change.

import * as v from "valibot";
import {
  type DirectoryKey,
  directoryKeys,
  directoryText,
  readDirectoryKey,
} from "../../directory/assignments.ts";
import { type DirectorySetting, directorySetting } from "../../directory/settings.ts";
import { fieldset, selectField, textArea, textField } from "../../pages/forms.ts";
import { html, type Markup } from "../../pages/markup.ts";
import { readSetting } from "../../settings/settings.ts";
import type { Db } from "../../store/store.ts";
import type { FieldFaults, Form } from "../../web/form.ts";

/** Each with the word that errors, the command line and the manual have for it. */
const labels: Readonly<Record<DirectoryKey, readonly [label: string, hint?: string]>> = {
  url: [
    "Address",
    "ldaps://HOST:PORT, or ldap://HOST:PORT. Empty: no directory, and the password is forgotten; users stay as they are.",
  ],
  startTls: ["TLS on ldap://"],
  bindDn: [
    "Who asks",
    "The name of an entry that may read users and groups. Empty: nobody, without a password.",
  ],
  userBase: ["Where the users are", "Such as ou=people,dc=corp,dc=example."],
  userFilter: ["Which of the entries there"],
  nameAttribute: ["What users are called here"],
  displayNameAttribute: ["Their display name", "Empty: none is taken over. So with the next two."],
  emailAttribute: ["Their e-mail address"],
  phoneAttribute: ["Their telephone number"],
  idAttribute: ["What stays when an entry is renamed", "entryUUID; in Active Directory objectGUID."],
  accountControl: [
    "Whether userAccountControl and accountExpires disable",
    "Active Directory's own ways of shutting an account: disabled, or its time is over.",
  ],
  groups: ["Groups"],
  groupBase: ["Where the groups are", "Where users name their groups: only for groups in groups."],
  groupFilter: ["Which of the entries there"],
  groupNameAttribute: ["What groups are called here"],
  groupMemberAttribute: ["Their members", "Where groups name them."],
  nestedGroups: ["How deep groups in groups are followed", "0 to 20."],
  groupMap: [
    "Only these groups",
    "One a line: THEIRS=OURS, where THEIRS is a name or the whole DN. Empty: all groups, by their own names.",
  ],
  pageSize: ["Entries that are asked for at once"],
  mostDisabledPercent: [
    "Most users disabled or renamed by one sync, in percent",
    "One that would do more is refused.",
  ],
  everyMinutes: ["How often the server follows the directory by itself, in minutes", "0: not by itself."],
};

const sections: readonly (readonly [string, readonly DirectoryKey[]])[] = [
  [
    "Users",
    [
      "userBase",
      "userFilter",
      "nameAttribute",
      "displayNameAttribute",
      "emailAttribute",
      "phoneAttribute",
      "idAttribute",
      "accountControl",
    ],
  ],
  [
    "Groups",
    [
      "groups",
      "groupBase",
      "groupFilter",
      "groupNameAttribute",
      "groupMemberAttribute",
      "nestedGroups",
      "groupMap",
    ],
  ],
  ["Following it", ["pageSize", "mostDisabledPercent", "everyMinutes"]],
];

const choices = {
  startTls: [
    ["yes", "Yes"],
    ["no", "No: plain text, to this very machine only"],
  ],
  accountControl: [
    ["yes", "Yes"],
    ["no", "No"],
  ],
  groups: [
    ["none", "None are taken over"],
    ["memberOf", "Users name their groups (memberOf)"],
    ["member", "Groups name their members"],
  ],
} as const;

const numbers: readonly DirectoryKey[] = ["nestedGroups", "pageSize", "mostDisabledPercent", "everyMinutes"];

export async function directoryFields(db: Db, sent: Form | undefined, faults: FieldFaults): Promise<Markup> {
  const setting = await readSetting(db, directorySetting);
  const isSet = setting.sealedPassword !== "";
  const one = (key: DirectoryKey) =>
    fieldOf(key, sent === undefined ? shownText(key, setting) : sent.text(key), faults[key]);
  const where = html`${one("url")}${one("startTls")}${textArea({
    name: "ca",
    label: "Authorities (ca)",
    hint: "Certificates in PEM that the directory's is checked by. Empty: the system's.",
    fault: faults["ca"],
    value: sent?.text("ca") ?? setting.ca,
    rows: 4,
    most: 60_000,
  })}${one("bindDn")}${textField({
    name: "password",
    label: "Its password",
    hint: isSet
      ? "One is set. Empty: it stays. To be given again when address, TLS, authorities or who asks change."
      : "None is set.",
    fault: faults["password"],
    type: "password",
    autocomplete: "new-password",
    most: 1_000,
  })}`;
  return html`${fieldset("The directory", where)}${sections.map(([legend, keys]) => fieldset(legend, keys.map(one)))}`;
}

function fieldOf(key: DirectoryKey, value: string, fault: string | undefined): Markup {
  const [label, hint] = labels[key];
  const about = { name: key, label: `${label} (${key})`, hint, fault };
  if (key === "groupMap") return textArea({ ...about, value, rows: 4, most: 20_000 });
  if (Object.hasOwn(choices, key))
    return selectField({
      ...about,
      value,
      choices: choices[key as keyof typeof choices].map(([word, text]) => ({ value: word, label: text })),
    });
  const type = numbers.includes(key) ? "number" : "text";
  return textField({
    ...about,
    type,
    value,
    most: type === "text" ? 1_000 : 9,
    literal: true,
    autocomplete: "off",
  });
}

/** A pair of groups a line, as the field has it. */
function shownText(key: DirectoryKey, setting: DirectorySetting): string {
  const text = directoryText(key, setting);
  return key === "groupMap" ? text.replaceAll(";", "\n") : text;
}

const typed = v.strictObject({
  ...v.entriesFromList(directoryKeys, v.pipe(v.string(), v.trim())),
  ca: v.pipe(v.string(), v.trim()),
  password: v.string(),
});

export interface DirectoryWish {
  readonly change: Readonly<Record<string, unknown>>;
  /** Undefined: the one that is set stays. */
  readonly password: string | undefined;
}

/** Faults for a form that lacks a field; whether a value fits is the setting's to say. */
export async function readWish(
  db: Db,
  form: Form,
): Promise<
  { readonly ok: true; readonly value: DirectoryWish } | { readonly ok: false; readonly faults: FieldFaults }
> {
  const read = form.read(typed);
  if (!read.ok) return read;
  const { ca, password, ...texts } = read.value;
  const change = Object.fromEntries(
    directoryKeys.map((key) => [
      key,
      readDirectoryKey(key, key === "groupMap" ? texts[key].replaceAll("\n", ";") : texts[key]),
    ]),
  );
  // White space around it is no change, which would ask for the password.
  const present = (await readSetting(db, directorySetting)).ca.replaceAll("\r\n", "\n").trim();
  const off = texts.url === "";
  return {
    ok: true,
    value: {
      change: { ...change, ...(ca === present ? {} : { ca }), ...(off ? { bindDn: "" } : {}) },
      password: off || texts.bindDn === "" ? "" : password === "" ? undefined : password,
    },
  };
}
