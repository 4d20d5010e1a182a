import type { AuthenticatorType } from "../../../protocol/sync/policy.ts";

export interface AuthenticatorTables {
  authenticators: AuthenticatorTable;
  offlineRoots: OfflineRootTable;
  machineSeeds: MachineSeedTable;
  seedShowings: SeedShowingTable;
}

export interface AuthenticatorTable {
  id: string;
  userId: string;
  type: AuthenticatorType;
  /** What the user calls it; empty: nothing. */
  name: string;
  /** Sealed JSON: the key of a TOTP or HOTP authenticator, or salt and hashes of backup codes. */
  sealed: string;
  lastStep: number | null;
  counter: number;
  usedIds: string;
  /** Of a challenge-response key: challenges given until then are over for it, whether or not they were answered. */
  usedThroughMs: number | null;
  createdAtMs: number;
  /**
   * Keyed hashes of the secret alone, and of all that a code is computed from: an import recognises what is there already.
   * Null for backup codes, and where they have not been computed yet.
   */
  secretDigest: string | null;
  keyDigest: string | null;
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
  /** Which of the seeds that can be derived for the place counts. */
  round: number;
  /** The highest one that a screen has shown. */
  shownRound: number;
  /** When the one that counts was last given out, to be put into an app. */
  shownAtMs: number | null;
}

/** Granted sign-ins at whose screen the seed may be shown, and which one was. */
interface SeedShowingTable {
  machineId: string;
  dialogue: string;
  userId: string;
  grantedAtMs: number;
  /** Null: none yet. */
  round: number | null;
  /** Wrong codes. */
  failures: number;
}
