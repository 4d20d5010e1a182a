// Users in pages, narrowed and sorted by the database.

import type { UserName } from "../../words/user-name.ts";
import type { Role } from "../accounts/roles.ts";
import { containing } from "../store/containing.ts";
import type { Db } from "../store/store.ts";

export const userSorts = ["name", "created"] as const;
export type UserSort = (typeof userSorts)[number];

export interface UserQuery {
  /** Part of the name or the display name; empty for all. */
  readonly search: string;
  readonly group?: string | undefined;
  readonly state?: "enabled" | "disabled" | "locked" | undefined;
  readonly sort: UserSort;
  readonly descending: boolean;
  readonly offset: number;
  readonly limit: number;
}

export interface UserRow {
  readonly id: string;
  readonly name: UserName;
  readonly displayName: string;
  readonly disabledAtMs: number | null;
  readonly createdAtMs: number;
  readonly lockedUntilMs: number | null;
  readonly selfLockedUntilMs: number | null;
  readonly role: Role;
  readonly groups: readonly string[];
  readonly authenticators: number;
}

export interface UserPage {
  readonly total: number;
  readonly rows: readonly UserRow[];
}

export async function pageOfUsers(db: Db, query: UserQuery, nowMs: number): Promise<UserPage> {
  const some = narrowed(db, query, nowMs);
  const { total } = await some
    .select((expression) => expression.fn.countAll<number>().as("total"))
    .executeTakeFirstOrThrow();
  const direction = query.descending ? "desc" : "asc";
  const rows = await some
    .leftJoin("accounts", "accounts.userId", "users.id")
    .select([
      "users.id",
      "users.name",
      "users.displayName",
      "users.disabledAtMs",
      "users.createdAtMs",
      "users.lockedUntilMs",
      "users.selfLockedUntilMs",
      "accounts.role",
    ])
    .orderBy(query.sort === "name" ? "users.lookAlike" : "users.createdAtMs", direction)
    .orderBy("users.id")
    .limit(query.limit)
    .offset(query.offset)
    .execute();
  const ids = rows.map((row) => row.id);
  const [groups, counts] = ids.length === 0 ? [[], []] : [await groupsOf(db, ids), await countsOf(db, ids)];
  return {
    total: Number(total),
    rows: rows.map(({ role, name, ...row }) => ({
      ...row,
      name: name as UserName,
      role: role ?? "none",
      groups: groups.filter((one) => one.userId === row.id).map((one) => one.groupName),
      authenticators: Number(counts.find((one) => one.userId === row.id)?.count ?? 0),
    })),
  };
}

function narrowed(db: Db, query: UserQuery, nowMs: number) {
  const { search, group, state } = query;
  return db
    .selectFrom("users")
    .$if(search !== "", (some) =>
      some.where((expression) =>
        expression.or([containing("users.lookAlike", search), containing("users.displayName", search)]),
      ),
    )
    .$if(group !== undefined, (some) =>
      some.where("users.id", "in", (sub) =>
        sub
          .selectFrom("userGroups")
          .select("userId")
          .where("groupName", "=", group ?? ""),
      ),
    )
    .$if(state === "enabled", (some) => some.where("users.disabledAtMs", "is", null))
    .$if(state === "disabled", (some) => some.where("users.disabledAtMs", "is not", null))
    .$if(state === "locked", (some) =>
      some.where((expression) =>
        expression.or([
          expression("users.lockedUntilMs", ">", nowMs),
          expression("users.selfLockedUntilMs", ">", nowMs),
        ]),
      ),
    );
}

function groupsOf(db: Db, userIds: readonly string[]) {
  return db
    .selectFrom("userGroups")
    .selectAll()
    .where("userId", "in", userIds)
    .orderBy("groupName")
    .execute();
}

function countsOf(db: Db, userIds: readonly string[]) {
  return db
    .selectFrom("authenticators")
    .select(["userId", (expression) => expression.fn.countAll<number>().as("count")])
    .where("userId", "in", userIds)
    .groupBy("userId")
    .execute();
}
