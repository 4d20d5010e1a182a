export interface EnrolmentTables {
  enrolments: EnrolmentTable;
  dialogues: DialogueTable;
  unlocks: UnlockTable;
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
