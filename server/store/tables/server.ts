import type { Generated } from "kysely";

export interface ServerTables {
  server: ServerTable;
  policies: PolicyTable;
  audit: AuditTable;
  settings: SettingTable;
}

/** One row: whose database this is. */
interface ServerTable {
  id: number;
  /** The public signing key that belongs to `server.key`: another key file next to this database is noticed. */
  signingKey: string;
  createdAtMs: number;
}

interface PolicyTable {
  /** The group's name; empty for the default policy. */
  groupName: string;
  priority: number;
  policy: string;
  updatedAtMs: number;
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
