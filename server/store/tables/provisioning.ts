export interface ProvisioningTables {
  pendingAuthenticators: PendingAuthenticatorTable;
  invitations: InvitationTable;
  mailCodes: MailCodeTable;
  handOvers: HandOverTable;
}

/** Shown to its user and not proved by a code yet: good for nothing. At most one for a user. */
interface PendingAuthenticatorTable {
  userId: string;
  id: string;
  /** Where it was begun; there alone it can be finished. */
  origin: "portal" | "invitation" | `sign-in ${string}`;
  /** Of the portal's: the session, with which it ends. */
  sessionHash: string | null;
  name: string;
  /** Sealed JSON: the key, as of an authenticator. */
  sealed: string;
  /** What a challenge-response key is proved with; null for the others. */
  challenge: string | null;
  /** Wrong codes. */
  failures: number;
  createdAtMs: number;
  expiresAtMs: number;
}

/** A link with which a user adds an authenticator without having one. At most one for a user: a new one ends it. */
interface InvitationTable {
  /** SHA-256 of the link's secret, in base64. */
  idHash: string;
  userId: string;
  /**
   * Who it came by: an admin, the user's own proof of who they are, or a machine's word that a password was asked there.
   * The last can be finished in that sign-in alone.
   */
  origin: "admin" | "self" | "sign-in";
  /** Machine and dialogue of the sign-in that a code proves it in, too; null: of none. */
  signIn: string | null;
  createdAtMs: number;
  expiresAtMs: number;
}

/** A code that was mailed, or, with no user, one that was not: nobody can tell from outside. */
interface MailCodeTable {
  /** SHA-256 of what the browser keeps meanwhile, in base64. */
  idHash: string;
  userId: string | null;
  purpose: "sign-in" | "first-authenticator" | "address";
  /** What the code is for, such as the address that it was sent to. */
  detail: string;
  /** The session that alone may type it, and with which it ends. */
  sessionHash: string | null;
  /** Keyed hash over code and id. */
  codeDigest: string;
  failures: number;
  createdAtMs: number;
  expiresAtMs: number;
}

/** A code on the screen of a sign-in, to be typed at the portal. At most one for a user: a new one ends it. */
interface HandOverTable {
  userId: string;
  machineId: string;
  dialogue: string;
  /** Keyed hash over the code and all of the above. */
  codeDigest: string;
  failures: number;
  createdAtMs: number;
  expiresAtMs: number;
}
