// What the database holds. Times are milliseconds since 1970, keys and sealed content are base64, lists and objects are
// JSON text: the same in SQLite and in PostgreSQL.

import type { Generated } from "kysely";
import type { AuthenticatorType } from "../../protocol/sync/policy.ts";

export interface Tables {
  server: ServerTable;
  users: UserTable;
  userGroups: UserGroupTable;
  policies: PolicyTable;
  authenticators: AuthenticatorTable;
  joinTokens: JoinTokenTable;
  machines: MachineTable;
  enrolments: EnrolmentTable;
  revocations: RevocationTable;
  events: EventTable;
  dialogues: DialogueTable;
  unlocks: UnlockTable;
  offlineRoots: OfflineRootTable;
  machineSeeds: MachineSeedTable;
  audit: AuditTable;
}

/** One row: whose database this is. */
interface ServerTable {
  id: number;
  /** The public signing key that belongs to `server.key`: another key file next to this database is noticed. */
  signingKey: string;
  createdAtMs: number;
}

interface UserTable {
  id: string;
  name: string;
  /** `lookAlikeKey(name)`, unique: no two users whose names can be taken for one another. */
  lookAlike: string;
  displayName: string;
  disabledAtMs: number | null;
  createdAtMs: number;
  /** Wrong sign-ins in a row since the last right one or the last lockout. */
  failures: number;
  lockedUntilMs: number | null;
  /** The same for dialogues begun by programs of the user's own. */
  selfFailures: number;
  selfLockedUntilMs: number | null;
}

interface UserGroupTable {
  userId: string;
  groupName: string;
}

interface PolicyTable {
  /** The group's name; empty for the default policy. */
  groupName: string;
  priority: number;
  policy: string;
  updatedAtMs: number;
}

export interface AuthenticatorTable {
  id: string;
  userId: string;
  type: AuthenticatorType;
  /** Sealed JSON: the key of a TOTP or HOTP authenticator, or salt and hashes of backup codes. */
  sealed: string;
  lastStep: number | null;
  counter: number;
  usedIds: string;
  createdAtMs: number;
}

interface JoinTokenTable {
  id: string;
  sealedProofKey: string;
  uses: number;
  usesLeft: number;
  createdAtMs: number;
  expiresAtMs: number;
}

export interface MachineTable {
  id: string;
  signingKey: string;
  boxKey: string;
  hostname: string;
  platform: string;
  agentVersion: string;
  protector: string;
  joinToken: string;
  /** The machine whose place it takes once it has spoken; null for one that joined, or has spoken. */
  recoveredFrom: string | null;
  joinedAtMs: number;
  lastSeenAtMs: number;
  lastSyncAtMs: number | null;
  revokedAtMs: number | null;
  exempt: number;
  /** JSON array of stable words, such as `sequence-conflict`. */
  flags: string;
  /** The highest sequence of an accepted request. */
  sequence: number;
  /** The highest serial given to a bundle, machine policy or revocation of this machine. */
  serial: number;
  /** The highest revocation serial that the machine has reported as carried out. */
  revokedThrough: number;
  policySerial: number;
  policyDigest: string;
  eventsThrough: number;
  /** The chain's hash after event `eventsThrough`; null = begin anew with what the machine sends next. */
  eventsHash: string | null;
}

export interface EnrolmentTable {
  machineId: string;
  userId: string;
  enrolledAtMs: number;
  lastSyncedAtMs: number;
  endedAtMs: number | null;
  leaseId: string;
  leaseStartedAtMs: number;
  leaseExpiresAtMs: number;
  leaseSignIns: number | null;
  signInsUsed: number;
  bundleSerial: number;
  /** Keyed hash of what the last bundle said, without what was spent. */
  bundleDigest: string;
  /** JSON of what the last bundle said is spent. */
  bundleSpent: string;
  /** Sealed: for help-desk unlock; the same from the enrolment's beginning to its end. */
  sealedUnlockKey: string;
}

interface RevocationTable {
  machineId: string;
  serial: number;
  /** Null when the whole machine is revoked. */
  userName: string | null;
  payload: string;
  signature: string;
  createdAtMs: number;
}

interface EventTable {
  machineId: string;
  sequence: number;
  line: string;
  /** The chain's hash after this line. */
  hash: string;
  receivedAtMs: number;
}

/** Granted sign-ins whose user may still say yes to offline use. */
interface DialogueTable {
  machineId: string;
  dialogue: string;
  userId: string;
  grantedAtMs: number;
}

/** Answers given to the help desk within the last hour, for the limit on them. */
interface UnlockTable {
  machineId: string;
  userId: string;
  atMs: number;
}

/** What a user's seeds of all machines are derived from; made when the first one is needed. */
interface OfflineRootTable {
  userId: string;
  sealed: string;
}

/** What is known of a user's own seed on one machine, beside the seed itself, which is derived. */
interface MachineSeedTable {
  /** `machine-` and 16 hex digits: in bundles and reports it stands among the ids of authenticators. */
  id: string;
  userId: string;
  machineId: string;
  lastStep: number | null;
  /** When it was last shown, to be put into an app. */
  shownAtMs: number | null;
}

interface AuditTable {
  id: Generated<number>;
  atMs: number;
  kind: string;
  source: "server" | "machine";
  userName: string | null;
  machineId: string | null;
  detail: string;
}
