import type { AuthenticatorType } from "../../../protocol/sync/policy.ts";
import type { AddressPlace } from "./mail.ts";

export interface ImportTables {
  imports: ImportTable;
  importUsers: ImportUserTable;
  importGroups: ImportGroupTable;
  importKeys: ImportKeyTable;
  importAddresses: ImportAddressTable;
  importPins: ImportPinTable;
  importFaults: ImportFaultTable;
  directoryUsers: DirectoryUserTable;
  directoryGroups: DirectoryGroupTable;
}

/** Rows of the staging tables live from the reading of a source to the end of its import. */
interface ImportTable {
  id: string;
  startedAtMs: number;
}

export interface ImportUserTable {
  importId: string;
  /** Where it stands in the source. */
  line: number;
  /** The id of the user, should there be none of this name. */
  freshId: string;
  /** The id of the user of this name, or `freshId`. */
  userId: string;
  name: string;
  lookAlike: string;
  /** Null: the source says nothing about it. */
  displayName: string | null;
  disabled: number | null;
  externalId: string | null;
  /** Whether the source says anything about groups. */
  saysGroups: number;
  /** Whether there was a user of this name before. */
  present: number;
  /** What the user is called until this import gives them `name`; null: as the line says. */
  renamedFrom: string | null;
  changed: number;
  bad: number;
}

interface ImportGroupTable {
  importId: string;
  line: number;
  groupName: string;
}

export interface ImportKeyTable {
  importId: string;
  line: number;
  /** What the authenticator will be called: `sealed` is bound to it. */
  id: string;
  type: AuthenticatorType;
  sealed: string;
  counter: number;
  secretDigest: string;
  keyDigest: string;
}

interface ImportAddressTable {
  importId: string;
  line: number;
  place: AddressPlace;
  address: string;
}

interface ImportPinTable {
  id: string;
  importId: string;
  line: number;
  /** As it was typed, or what will be kept of it. */
  sealed: string;
  hashed: number;
}

/** What is wrong with a line, in words that repeat nothing of it. */
export interface ImportFaultTable {
  importId: string;
  line: number;
  field: string;
  fault: string;
}

/** A user whom a directory answers for. */
interface DirectoryUserTable {
  userId: string;
  /** What the directory calls the entry, whatever its name is. */
  externalId: string;
  /** Since when the user is disabled because the directory says so, or has no such entry any more. */
  goneAtMs: number | null;
}

/** A group whose members a directory decides. */
interface DirectoryGroupTable {
  groupName: string;
}
