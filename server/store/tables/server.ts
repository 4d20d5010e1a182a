import type { Generated } from "kysely";

export interface ServerTables {
  server: ServerTable;
  audit: AuditTable;
  settings: SettingTable;
  serverKeys: ServerKeyTable;
  serverSecrets: ServerSecretTable;
}

/** One row: whose database this is. */
interface ServerTable {
  id: number;
  /** The public signing key that belongs to `server.key`: another key file next to this database is noticed. */
  signingKey: string;
  createdAtMs: number;
}

interface AuditTable {
  id: Generated<number>;
  atMs: number;
  kind: string;
  source: "server" | "machine";
  userName: string | null;
  machineId: string | null;
  /** Who made the change; null for what nobody did by hand. */
  operator: string | null;
  detail: string;
}

interface SettingTable {
  name: string;
  content: string;
  updatedAtMs: number;
}

/** The server's identities. Number 0 came with the server; each later one is signed by the one before. */
interface ServerKeyTable {
  number: number;
  signingKey: string;
  boxKey: string;
  /** JSON of two seeds, of which the one for signing goes when the key's time is over. */
  sealed: string;
  createdAtMs: number;
  /** Until when machines that know the next one accept this one as well; null for the newest. */
  endsAtMs: number | null;
  /** The document by which the one before names it; null for number 0. */
  payload: string | null;
  signature: string | null;
}

/** What the server keeps for itself, under a stable word. */
interface ServerSecretTable {
  name: string;
  sealed: string;
}
