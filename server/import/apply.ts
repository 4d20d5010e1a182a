// From the staging tables into users, groups and authenticators: statements over whole tables, since everybody else waits
// for the transaction they are in.

import { sql } from "kysely";
import { isOnlyAdmin } from "../accounts/accounts.ts";
import type { Vault } from "../identity/vault.ts";
import type { Tx } from "../store/store.ts";
import { addressPlaces } from "../store/tables.ts";
import { disableUser } from "../users/leave.ts";
import { enableUser, theUser } from "../users/users.ts";
import { unknownKey } from "./conflicts.ts";
import { setPins } from "./initial-pins.ts";

/**
 * What becomes of groups that a user is in and the source does not name: they stay; they are left; or only those that a
 * directory decides are left. A user of whom the source says nothing about groups stays in all of them.
 */
export type OtherGroups = "keep" | "leave" | "leave-those-of-the-directory";

export interface Applied {
  readonly added: number;
  readonly changed: number;
  readonly unchanged: number;
  readonly renamed: number;
  readonly disabled: number;
  readonly enabled: number;
  readonly groupsJoined: number;
  readonly groupsLeft: number;
  readonly addressesSet: number;
  readonly authenticatorsAdded: number;
  readonly pinsSet: number;
  /** Who was to be disabled and was not, because nobody else can sign in as an admin. */
  readonly adminsKept: readonly string[];
}

/** What becomes of an import that would disable the only admin: nothing of it, or all the rest. */
export type OnlyAdmin = "refuse-all" | "keep";

export interface ApplyWish {
  readonly otherGroups: OtherGroups;
  readonly onlyAdmin: OnlyAdmin;
  /** `count`: what is done will be undone, and they were not hashed. */
  readonly pins: "set" | "count";
}

/** Of all lines that are not bad. The conflicts must have been looked for in the same transaction. */
export async function apply(
  tx: Tx,
  { signingKey, vault }: { readonly signingKey: Uint8Array; readonly vault: Vault },
  importId: string,
  { otherGroups, onlyAdmin, pins }: ApplyWish,
  nowMs: number,
): Promise<Applied> {
  await addUsers(tx, importId, nowMs);
  const renamed = await renameUsers(tx, importId);
  const groupsLeft = otherGroups === "keep" ? 0 : await leaveGroups(tx, importId, otherGroups);
  const groupsJoined = await joinGroups(tx, importId);
  const addressesSet = await setAddresses(tx, importId);
  const authenticatorsAdded = await addAuthenticators(tx, importId, nowMs);
  const pinsSet = await setPins(tx, vault, importId, pins, nowMs);
  const adminsKept: string[] = [];
  const disabled = await disableUsers(tx, signingKey, importId, onlyAdmin, adminsKept, nowMs);
  const enabled = await enableUsers(tx, importId, nowMs);
  return {
    ...(await countUsers(tx, importId)),
    renamed,
    disabled,
    enabled,
    groupsJoined,
    groupsLeft,
    addressesSet,
    authenticatorsAdded,
    pinsSet,
    adminsKept,
  };
}

async function addUsers(tx: Tx, importId: string, nowMs: number): Promise<void> {
  const now = sql<number>`cast(${nowMs} as bigint)`;
  await tx
    .insertInto("users")
    .columns(["id", "name", "lookAlike", "displayName", "disabledAtMs", "createdAtMs"])
    .expression((from) =>
      from
        .selectFrom("importUsers")
        .where("importId", "=", importId)
        .where("bad", "=", 0)
        .where("present", "=", 0)
        .orderBy("line")
        .select([
          "userId",
          "name",
          "lookAlike",
          sql<string>`coalesce(display_name, '')`.as("displayName"),
          sql<number | null>`case when disabled = 1 then ${now} end`.as("disabledAtMs"),
          now.as("createdAtMs"),
        ]),
    )
    .execute();
}

/** Their display names. */
async function renameUsers(tx: Tx, importId: string): Promise<number> {
  const marked = await tx
    .updateTable("importUsers")
    .from("users")
    .set({ changed: 1 })
    .where("importUsers.importId", "=", importId)
    .where("importUsers.bad", "=", 0)
    .where("importUsers.present", "=", 1)
    .whereRef("users.id", "=", "importUsers.userId")
    .whereRef("users.displayName", "<>", "importUsers.displayName")
    .executeTakeFirst();
  if (marked.numUpdatedRows === 0n) return 0;
  await tx
    .updateTable("users")
    .from("importUsers")
    .set(({ fn, ref }) => ({ displayName: fn.coalesce("importUsers.displayName", ref("users.displayName")) }))
    .where("importUsers.importId", "=", importId)
    .where("importUsers.changed", "=", 1)
    .whereRef("users.id", "=", "importUsers.userId")
    .execute();
  return Number(marked.numUpdatedRows);
}

async function leaveGroups(tx: Tx, importId: string, which: Exclude<OtherGroups, "keep">): Promise<number> {
  const named = sql`select 1 from import_groups where import_groups.import_id = import_users.import_id
    and import_groups.line = import_users.line and import_groups.group_name = user_groups.group_name`;
  const ofDirectory = sql`and user_groups.group_name in (select group_name from directory_groups)`;
  const left = sql`user_groups.user_id = import_users.user_id and not exists (${named})
    ${which === "leave" ? sql`` : ofDirectory}`;
  const these = sql`import_users.import_id = ${importId} and import_users.bad = 0
    and import_users.present = 1 and import_users.says_groups = 1`;
  await sql`update import_users set changed = 1
    where ${these} and exists (select 1 from user_groups where ${left})`.execute(tx);
  const done = await sql`delete from user_groups
    where exists (select 1 from import_users where ${these} and ${left})`.execute(tx);
  return Number(done.numAffectedRows ?? 0n);
}

async function joinGroups(tx: Tx, importId: string): Promise<number> {
  const missing = sql`import_users.import_id = ${importId} and import_users.bad = 0
    and import_groups.import_id = import_users.import_id and import_groups.line = import_users.line
    and not exists (select 1 from user_groups where user_groups.user_id = import_users.user_id
      and user_groups.group_name = import_groups.group_name)`;
  await sql`update import_users set changed = 1
    where import_id = ${importId} and present = 1
      and exists (select 1 from import_groups where ${missing})`.execute(tx);
  const done = await sql`insert into user_groups (user_id, group_name)
    select import_users.user_id, import_groups.group_name from import_users, import_groups
    where ${missing}`.execute(tx);
  return Number(done.numAffectedRows ?? 0n);
}

/**
 * As when they are set one by one: the first e-mail address of a user gets codes, a second one not, a telephone number
 * always; one that is replaced goes on as it was.
 */
async function setAddresses(tx: Tx, importId: string): Promise<number> {
  const theirs = sql`import_users.import_id = ${importId} and import_users.bad = 0
    and import_addresses.import_id = import_users.import_id and import_addresses.line = import_users.line`;
  const same = sql`select 1 from addresses where addresses.user_id = import_users.user_id
    and addresses.place = import_addresses.place and addresses.address = import_addresses.address`;
  await sql`update import_users set changed = 1 where import_id = ${importId} and present = 1
    and exists (select 1 from import_addresses where ${theirs} and not exists (${same}))`.execute(tx);
  let set = 0;
  for (const place of addressPlaces) {
    const forCodes = sql`case when import_addresses.place <> 'phone' and exists (select 1 from addresses as others
      where others.user_id = import_users.user_id and others.place <> 'phone' and others.for_codes = 1)
      then 0 else 1 end`;
    const done = await sql`insert into addresses (user_id, place, address, for_codes)
      select import_users.user_id, import_addresses.place, import_addresses.address, ${forCodes}
      from import_users, import_addresses
      where ${theirs} and import_addresses.place = ${place} and not exists (${same})
      on conflict (user_id, place) do update set address = excluded.address, proved_at_ms = null`.execute(tx);
    set += Number(done.numAffectedRows ?? 0n);
  }
  return set;
}

async function addAuthenticators(tx: Tx, importId: string, nowMs: number): Promise<number> {
  const theirs = sql`import_users.import_id = ${importId} and import_users.bad = 0
    and import_keys.import_id = import_users.import_id and import_keys.line = import_users.line
    and ${unknownKey}`;
  await sql`update import_users set changed = 1
    where import_id = ${importId} and present = 1
      and exists (select 1 from import_keys where ${theirs})`.execute(tx);
  const done = await sql`insert into authenticators
      (id, user_id, type, sealed, counter, created_at_ms, secret_digest, key_digest)
    select import_keys.id, import_users.user_id, import_keys.type, import_keys.sealed, import_keys.counter,
      cast(${nowMs} as bigint), import_keys.secret_digest, import_keys.key_digest
    from import_users, import_keys where ${theirs}`.execute(tx);
  return Number(done.numAffectedRows ?? 0n);
}

/** One by one: each ends the user's offline use on every machine. */
async function disableUsers(
  tx: Tx,
  signingKey: Uint8Array,
  importId: string,
  onlyAdmin: OnlyAdmin,
  adminsKept: string[],
  nowMs: number,
): Promise<number> {
  const disabled = await eachToSwitch(tx, importId, 1, async (name, line) => {
    const user = await theUser(tx, name);
    if (onlyAdmin === "keep" && (await isOnlyAdmin(tx, user))) {
      adminsKept.push(name);
      // As if nothing had been said about them: they are not asked for again.
      await tx
        .updateTable("importUsers")
        .set({ disabled: null })
        .where("importId", "=", importId)
        .where("line", "=", line)
        .execute();
    } else await disableUser(tx, signingKey, user, nowMs);
  });
  return disabled - adminsKept.length;
}

async function enableUsers(tx: Tx, importId: string, nowMs: number): Promise<number> {
  return eachToSwitch(tx, importId, 0, async (name) => {
    await enableUser(tx, await theUser(tx, name), nowMs);
  });
}

const atOnce = 500;

/** Those who are there and are to be disabled (1) or enabled (0), and are not yet. */
export function toSwitch(tx: Tx, importId: string, wanted: 0 | 1) {
  return tx
    .selectFrom("importUsers")
    .innerJoin("users", "users.id", "importUsers.userId")
    .where("importUsers.importId", "=", importId)
    .where("importUsers.bad", "=", 0)
    .where("importUsers.present", "=", 1)
    .where("importUsers.disabled", "=", wanted)
    .where("users.disabledAtMs", wanted === 1 ? "is" : "is not", null)
    .select(["users.name", "importUsers.line"]);
}

async function eachToSwitch(
  tx: Tx,
  importId: string,
  wanted: 0 | 1,
  act: (name: string, line: number) => Promise<void>,
): Promise<number> {
  let done = 0;
  for (;;) {
    const rows = await toSwitch(tx, importId, wanted).orderBy("importUsers.line").limit(atOnce).execute();
    if (rows.length === 0) return done;
    for (const { name, line } of rows) await act(name, line);
    await tx
      .updateTable("importUsers")
      .set({ changed: 1 })
      .where("importId", "=", importId)
      .where(
        "line",
        "in",
        rows.map(({ line }) => line),
      )
      .execute();
    done += rows.length;
  }
}

async function countUsers(tx: Tx, importId: string) {
  const rows = await tx
    .selectFrom("importUsers")
    .where("importId", "=", importId)
    .where("bad", "=", 0)
    .groupBy(["present", "changed"])
    .select(({ fn }) => ["present", "changed", fn.countAll<number>().as("count")])
    .execute();
  const of = (present: number, changed?: number) =>
    rows
      .filter((row) => row.present === present && (changed === undefined || row.changed === changed))
      .reduce((sum, row) => sum + Number(row.count), 0);
  return { added: of(0), changed: of(1, 1), unchanged: of(1, 0) };
}
