export interface WebTables {
  accounts: AccountTable;
  setupLinks: SetupLinkTable;
  sessions: SessionTable;
  throttles: ThrottleTable;
}

/** What a user has for the server's own pages. A user without a row has no role and no password. */
interface AccountTable {
  userId: string;
  role: "none" | "help-desk" | "auditor" | "admin";
  /** Sealed JSON: Argon2id hash, salt and cost. Null: none was set yet, or it was taken away. */
  sealedPassword: string | null;
  passwordSetAtMs: number | null;
}

/** At most one for a user: a new one ends the one before. */
interface SetupLinkTable {
  /** SHA-256 of the link's secret, in base64. */
  idHash: string;
  userId: string;
  /** Sealed: the key of the authenticator that the page offers. */
  sealedSeed: string;
  createdAtMs: number;
  expiresAtMs: number;
}

interface SessionTable {
  /** SHA-256 of what the cookie holds, in base64. */
  idHash: string;
  userId: string;
  kind: "console" | "portal";
  begunAtMs: number;
  lastSeenAtMs: number;
  /** When a code was last given in it. */
  confirmedAtMs: number;
  address: string;
  /** What the browser says it is, cut. */
  browser: string;
}

/** Wrong attempts of late, under a key that stands for a user's name or an address. */
interface ThrottleTable {
  key: string;
  failures: number;
  lastFailureAtMs: number;
  blockedUntilMs: number;
}
