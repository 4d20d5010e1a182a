// What an export holds: lists with columns, read some rows at a time.

import type { Vault } from "../identity/vault.ts";
import { isoTime } from "../iso-time.ts";
import { machinesThere } from "../machines/machines.ts";
import { pinState } from "../pins/pins.ts";
import type { Db } from "../store/store.ts";
import { authenticatorRows, usersWithEverything } from "./people.ts";

export type Value = string | number | boolean | null | readonly string[] | object;
export type Row = Readonly<Record<string, Value>>;

export interface List {
  /** Of its files, without what stands behind the dot. */
  readonly name: string;
  readonly columns: readonly string[];
  rows(): AsyncIterable<Row>;
}

const atOnce = 1_000;

export function listsOf(db: Db, vault: Vault, withSecrets: boolean): readonly List[] {
  const userColumns = ["name", "displayName", "groups", "email", "email2", "phone", "disabled", "createdAt"];
  return [
    {
      name: "users",
      columns: withSecrets ? [...userColumns, "secret"] : userColumns,
      rows: () => usersWithEverything(db, vault, withSecrets),
    },
    {
      name: "addresses",
      columns: ["user", "place", "address", "forCodes", "provedAt"],
      rows: () => addressRows(db),
    },
    {
      name: "authenticators",
      columns: [
        "user",
        "id",
        "type",
        "name",
        "algorithm",
        "digits",
        "periodSeconds",
        "counter",
        "codesLeft",
        "suite",
        "createdAt",
      ],
      rows: () => authenticatorRows(db, vault),
    },
    {
      name: "pins",
      columns: ["user", "state", "wrongInARow", "setAt"],
      rows: () => pinRows(db),
    },
    {
      name: "machines",
      columns: [
        "id",
        "hostname",
        "platform",
        "agentVersion",
        "protector",
        "joinedAt",
        "lastSeenAt",
        "lastSyncAt",
        "revokedAt",
        "exempt",
        "flags",
        "tags",
      ],
      rows: () => machineRows(db),
    },
    {
      name: "enrolments",
      columns: [
        "user",
        "machine",
        "enrolledAt",
        "lastSyncedAt",
        "endedAt",
        "leaseExpiresAt",
        "leaseSignIns",
        "signInsUsed",
      ],
      rows: () => enrolmentRows(db),
    },
    {
      name: "policies",
      columns: ["name", "position", "groups", "tags", "policy", "updatedAt"],
      rows: () => policyRows(db),
    },
    {
      name: "audit",
      columns: ["id", "at", "kind", "source", "operator", "user", "machine", "detail"],
      rows: () => auditRows(db),
    },
  ];
}

const timeOrNull = (ms: number | null) => (ms === null ? null : isoTime(ms));

async function* addressRows(db: Db): AsyncGenerator<Row> {
  for (let after = ""; ; ) {
    const users = await db
      .selectFrom("users")
      .select(["id", "name"])
      .where("id", ">", after)
      .orderBy("id")
      .limit(atOnce)
      .execute();
    const last = users.at(-1);
    if (last === undefined) return;
    const rows = await db
      .selectFrom("addresses")
      .innerJoin("users", "users.id", "addresses.userId")
      .where("addresses.userId", ">", after)
      .where("addresses.userId", "<=", last.id)
      .orderBy("addresses.userId")
      .orderBy("addresses.place")
      .select([
        "users.name as user",
        "addresses.place",
        "addresses.address",
        "addresses.forCodes",
        "addresses.provedAtMs",
      ])
      .execute();
    yield* rows.map(({ forCodes, provedAtMs, ...row }) => ({
      ...row,
      forCodes: forCodes === 1,
      provedAt: timeOrNull(provedAtMs),
    }));
    after = last.id;
  }
}

/** How they stand; of the PINs themselves there are hashes only, and those stay. */
async function* pinRows(db: Db): AsyncGenerator<Row> {
  for (let after = ""; ; ) {
    const rows = await db
      .selectFrom("pins")
      .innerJoin("users", "users.id", "pins.userId")
      .where("pins.userId", ">", after)
      .orderBy("pins.userId")
      .limit(atOnce)
      .select([
        "pins.userId",
        "users.name as user",
        "pins.failures",
        "pins.lockedAtMs",
        "pins.mustChange",
        "pins.setAtMs",
      ])
      .execute();
    for (const { user, lockedAtMs, mustChange, failures, setAtMs } of rows)
      yield {
        user,
        state: pinState({ lockedAtMs, mustChange: mustChange !== 0 }),
        wrongInARow: failures,
        setAt: isoTime(setAtMs),
      };
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.userId;
  }
}

async function* machineRows(db: Db): AsyncGenerator<Row> {
  for (let after = ""; ; ) {
    const rows = await machinesThere(db)
      .selectAll()
      .where("id", ">", after)
      .orderBy("id")
      .limit(atOnce)
      .execute();
    const tags = Map.groupBy(
      await db
        .selectFrom("machineTags")
        .selectAll()
        .where("machineId", ">", after)
        .where("machineId", "<=", rows.at(-1)?.id ?? after)
        .orderBy("machineId")
        .orderBy("tag")
        .execute(),
      ({ machineId }) => machineId,
    );
    for (const row of rows)
      yield {
        id: row.id,
        hostname: row.hostname,
        platform: row.platform,
        agentVersion: row.agentVersion,
        protector: row.protector,
        joinedAt: isoTime(row.joinedAtMs),
        lastSeenAt: isoTime(row.lastSeenAtMs),
        lastSyncAt: timeOrNull(row.lastSyncAtMs),
        revokedAt: timeOrNull(row.revokedAtMs),
        exempt: row.exempt === 1,
        flags: JSON.parse(row.flags),
        tags: (tags.get(row.id) ?? []).map(({ tag }) => tag),
      };
    if (rows.length < atOnce) return;
    after = rows.at(-1)?.id ?? after;
  }
}

async function* enrolmentRows(db: Db): AsyncGenerator<Row> {
  for (let [machine, user] = ["", ""]; ; ) {
    const rows = await db
      .selectFrom("enrolments")
      .innerJoin("users", "users.id", "enrolments.userId")
      .where(({ eb, or, and }) =>
        or([
          eb("enrolments.machineId", ">", machine),
          and([eb("enrolments.machineId", "=", machine), eb("enrolments.userId", ">", user)]),
        ]),
      )
      .orderBy("enrolments.machineId")
      .orderBy("enrolments.userId")
      .limit(atOnce)
      .selectAll("enrolments")
      .select("users.name as user")
      .execute();
    for (const row of rows)
      yield {
        user: row.user,
        machine: row.machineId,
        enrolledAt: isoTime(row.enrolledAtMs),
        lastSyncedAt: isoTime(row.lastSyncedAtMs),
        endedAt: timeOrNull(row.endedAtMs),
        leaseExpiresAt: isoTime(row.leaseExpiresAtMs),
        leaseSignIns: row.leaseSignIns,
        signInsUsed: row.signInsUsed,
      };
    const last = rows.at(-1);
    if (last === undefined || rows.length < atOnce) return;
    machine = last.machineId;
    user = last.userId;
  }
}

async function* policyRows(db: Db): AsyncGenerator<Row> {
  const rows = await db.selectFrom("policies").selectAll().orderBy("position").orderBy("name").execute();
  for (const { name, position, groupNames, machineTags, policy, updatedAtMs } of rows)
    yield {
      name,
      position,
      groups: JSON.parse(groupNames),
      tags: JSON.parse(machineTags),
      policy: JSON.parse(policy),
      updatedAt: isoTime(updatedAtMs),
    };
}

async function* auditRows(db: Db): AsyncGenerator<Row> {
  for (let after = 0; ; ) {
    const rows = await db
      .selectFrom("audit")
      .selectAll()
      .where("id", ">", after)
      .orderBy("id")
      .limit(atOnce)
      .execute();
    for (const row of rows)
      yield {
        id: row.id,
        at: isoTime(row.atMs),
        kind: row.kind,
        source: row.source,
        operator: row.operator,
        user: row.userName,
        machine: row.machineId,
        detail: JSON.parse(row.detail),
      };
    if (rows.length < atOnce) return;
    after = rows.at(-1)?.id ?? after;
  }
}
