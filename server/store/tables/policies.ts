export interface PolicyTables {
  policies: PolicyTable;
  machineTags: MachineTagTable;
  policyMark: PolicyMarkTable;
}

interface PolicyTable {
  /** `default` for the one that comes last. */
  name: string;
  /** Policies are looked through by it, rising; the default one's says nothing. */
  position: number;
  /** JSON array; empty = users in any group, or in none. */
  groupNames: string;
  /** JSON array; empty = machines with any tags, or with none. */
  machineTags: string;
  policy: string;
  updatedAtMs: number;
}

/** One row. */
interface PolicyMarkTable {
  /** Drawn anew by the database when a policy, a group's members or an enabled user come or go. */
  mark: string;
}

interface MachineTagTable {
  machineId: string;
  tag: string;
}
