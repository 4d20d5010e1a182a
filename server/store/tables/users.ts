export interface UserTables {
  users: UserTable;
  userGroups: UserGroupTable;
}

interface UserTable {
  id: string;
  name: string;
  /** `lookAlikeKey(name)`, unique: no two users whose names can be taken for one another. */
  lookAlike: string;
  displayName: string;
  /** The language chosen in the portal; null: none was. */
  language: string | null;
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
