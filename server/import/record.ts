// One person as a file, a database or a directory tells of them, read field by field. Pure; no fault repeats what stood in
// a cell: a secret may have got into any column.

import type { Parsed } from "../../words/parsed.ts";
import { parseUserName, type UserName } from "../../words/user-name.ts";
import { mostAuthenticators } from "../authenticators/manage.ts";
import { Failure } from "../failure.ts";
import { parseMailAddress, parsePhoneNumber } from "../mail/address.ts";
import { checkGroupName } from "../policies/policies.ts";
import type { AddressPlace } from "../store/tables.ts";
import { displayNameFault } from "../users/users.ts";
import type { SecretEncoding } from "../authenticators/written-secret.ts";
import { type KeyCells, type OtpKey, readKeys } from "./key-cells.ts";

/** What can be said of a person. Only `name` has to be. */
export const fields = [
  "name",
  "displayName",
  "groups",
  "email",
  "email2",
  "phone",
  "disabled",
  "secret",
  "type",
  "algorithm",
  "digits",
  "period",
  "counter",
  "suite",
  "pin",
] as const;
export type Field = (typeof fields)[number];

/** An empty cell says nothing, like one that is not there. */
export type Cells = Readonly<Partial<Record<Field, string>>>;

export interface SourceRecord {
  /** The line of a file, the number of a row or an entry: where somebody finds it again. */
  readonly line: number;
  readonly cells: Cells;
  /** What a directory calls it. A directory knows all groups of its users: that there are none is said, too. */
  readonly externalId?: string;
}

/** A record that can't be read as one. */
export interface UnreadableRecord {
  readonly line: number;
  readonly fault: string;
}

/** Where records come from: read once, one after the other. */
export type Source = AsyncIterable<SourceRecord | UnreadableRecord>;

export interface ImportedUser {
  readonly line: number;
  readonly name: UserName;
  /** Null here and below: the source says nothing about it. */
  readonly displayName: string | null;
  readonly groups: readonly string[] | null;
  readonly addresses: readonly ImportedAddress[];
  readonly disabled: boolean | null;
  readonly keys: readonly OtpKey[];
  /** As it was typed; the rules for it are their policies'. */
  readonly pin: string | null;
  readonly externalId: string | null;
}

export interface ImportedAddress {
  readonly place: AddressPlace;
  readonly address: string;
}

export interface Fault {
  readonly line: number;
  readonly field: Field | "";
  readonly fault: string;
}

export type ReadRecord =
  | { readonly ok: true; readonly user: ImportedUser }
  | { readonly ok: false; readonly faults: readonly Fault[] };

/** Every fault of the record, not only the first. */
export function readRecord(record: SourceRecord | UnreadableRecord, encoding: SecretEncoding): ReadRecord {
  const { line } = record;
  if ("fault" in record) return { ok: false, faults: [{ line, field: "", fault: record.fault }] };
  const { cells } = record;
  const faults: Fault[] = [];
  const add = (field: Field, fault: string) => {
    faults.push({ line, field, fault });
  };
  const name = parseUserName(cells.name ?? "");
  if (!name.ok) add("name", name.error);
  const displayName = cells.displayName || null;
  const unfit = displayName === null ? undefined : displayNameFault(displayName);
  if (unfit !== undefined) add("displayName", unfit);
  const groups = readGroups(cells.groups ?? "");
  if (!groups.ok) add("groups", groups.error);
  const addresses: ImportedAddress[] = [];
  for (const { field, place, parse } of addressFields) {
    const text = (cells[field] ?? "").trim();
    if (text === "") continue;
    const address = parse(text);
    if (address.ok) addresses.push({ place, address: address.value });
    else add(field, address.error);
  }
  const disabled = readYesOrNo(cells.disabled ?? "");
  if (disabled === undefined) add("disabled", "give yes or no");
  const keys = readKeys(keyCells(cells), encoding);
  if (!keys.ok) add(keys.field, keys.error);
  if (!name.ok || !groups.ok || disabled === undefined || !keys.ok || faults.length > 0)
    return { ok: false, faults };
  const externalId = record.externalId ?? null;
  const none = externalId === null ? null : [];
  const said = {
    displayName,
    groups: groups.value ?? none,
    addresses,
    disabled,
    keys: keys.value,
    pin: (cells.pin ?? "").trim() || null,
    externalId,
  };
  return { ok: true, user: { line, name: name.value, ...said } };
}

const addressFields: readonly {
  readonly field: Field;
  readonly place: AddressPlace;
  readonly parse: (text: string) => Parsed<string>;
}[] = [
  { field: "email", place: "mail-1", parse: parseMailAddress },
  { field: "email2", place: "mail-2", parse: parseMailAddress },
  { field: "phone", place: "phone", parse: parsePhoneNumber },
];

function keyCells(cells: Cells): KeyCells {
  const cell = (field: Field) => (cells[field] ?? "").trim();
  return {
    secret: cell("secret"),
    type: cell("type"),
    algorithm: cell("algorithm"),
    digits: cell("digits"),
    period: cell("period"),
    counter: cell("counter"),
    suite: cell("suite"),
    most: mostAuthenticators,
  };
}

const mostGroups = 200;

/** Group names have none of the signs that part them here. */
function readGroups(text: string) {
  const names = [...new Set(text.split(/[|;,]/).map((name) => name.trim()))].filter((name) => name !== "");
  if (names.length > mostGroups) return { ok: false, error: `more than ${mostGroups} groups` } as const;
  for (const name of names) {
    const fault = groupNameFault(name);
    if (fault !== undefined) return { ok: false, error: fault } as const;
  }
  return { ok: true, value: names.length === 0 ? null : names } as const;
}

/** Why a group can't be called so. */
export function groupNameFault(name: string): string | undefined {
  try {
    checkGroupName(name);
    return undefined;
  } catch (error) {
    if (error instanceof Failure) return error.message;
    throw error;
  }
}

/** `t` and `f` are how PostgreSQL writes it. */
const yes = ["yes", "true", "t", "1"];
const no = ["no", "false", "f", "0"];

function readYesOrNo(text: string): boolean | null | undefined {
  const word = text.trim().toLowerCase();
  if (word === "") return null;
  if (yes.includes(word)) return true;
  return no.includes(word) ? false : undefined;
}
