export interface MachineTables {
  joinTokens: JoinTokenTable;
  machines: MachineTable;
  revocations: RevocationTable;
  events: EventTable;
  machineKeys: MachineKeyTable;
  formerNames: FormerNameTable;
}

interface JoinTokenTable {
  id: string;
  sealedProofKey: string;
  uses: number;
  usesLeft: number;
  /** JSON array: what machines that join with it are tagged with. */
  tags: string;
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
  /** Revoked before, and in no list since: ../../machines/remove.ts. */
  removedAtMs: number | null;
  exempt: number;
  /** JSON array of stable words, such as `sequence-conflict`. */
  flags: string;
  /** The highest sequence of an accepted request. */
  sequence: number;
  /** The last of them, with what each came with: ../machines/recent-requests.ts. */
  recentRequests: string;
  /** The highest serial given to a bundle, machine policy or revocation of this machine. */
  serial: number;
  /** The highest revocation serial that the machine has reported as carried out. */
  revokedThrough: number;
  policySerial: number;
  policyDigest: string;
  eventsThrough: number;
  /** The chain's hash after event `eventsThrough`; null = begin anew with what the machine sends next. */
  eventsHash: string | null;
  /** When it found its clock behind the last time, as it has told; null: never. */
  clockTurnedBackAtMs: number | null;
  /** 1 while it has rows in `formerNames`: the others are not looked up for each request. */
  holdsFormerNames: number;
}

/** A name that a user had, at a machine that may still hold what it got under it: ../../machines/former-names.ts. */
interface FormerNameTable {
  machineId: string;
  userName: string;
  userId: string;
  /** Since when it is a former one. */
  atMs: number;
  /** Of the revocation that tells the machine to erase what it holds; null: the machine has not spoken of the name since. */
  revocationSerial: number | null;
}

/** Keys beside those a machine has now. */
export interface MachineKeyTable {
  machineId: string;
  signingKey: string;
  boxKey: string;
  atMs: number;
  /** Of keys that were replaced: the revocation of whoever still has them. Null for those that are to take their place. */
  payload: string | null;
  signature: string | null;
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
