// One sync: the directory's people as an import, and what becomes of those it does not have any more.

import { type SqlBool, sql } from "kysely";
import { isOnlyAdmin } from "../accounts/accounts.ts";
import { Failure } from "../failure.ts";
import type { ListedFault } from "../import/faults.ts";
import { type ImportParts, type ImportReport, importUsers, type Progress } from "../import/import-users.ts";
import type { Tx } from "../store/store.ts";
import { disableUser } from "../users/leave.ts";
import { enableUser, theUser } from "../users/users.ts";
import { type Affected, NotedUsers } from "./affected.ts";
import { connectTo } from "./connect.ts";
import { DirectoryEntries } from "./entries.ts";
import { followNames, namesToFollow } from "./follow-names.ts";
import { DirectoryGroups } from "./groups.ts";
import type { Directory } from "./settings.ts";

export interface SyncWish {
  readonly dryRun: boolean;
  /** Also when more would be disabled than the setting permits. */
  readonly force: boolean;
  /** An entry with the name of a user who came from another entry is the same person. */
  readonly adopt: boolean;
  /** Breaks it off: nothing is changed then. */
  readonly stop?: AbortSignal;
}

export interface SyncReport extends ImportReport {
  /** Disabled because the directory has them no more. */
  readonly gone: number;
  /** Enabled again, whom an earlier sync had disabled. */
  readonly returned: number;
  /** Renamed, because their entries are called something else. */
  readonly newNames: number;
  readonly unusableGroups: readonly string[];
  /** Who is gone or disabled there and stays here, because nobody else can sign in as an admin. */
  readonly adminsKept: readonly string[];
  /** Why it was not done, or would not be without `force`: more would be disabled than may be. */
  readonly tooMany: string | undefined;
  readonly affected: Affected;
  /** With the DN of the entry, where it is known. */
  readonly faults: readonly (ListedFault & { readonly dn: string | undefined })[];
}

const toldFaults = 1_000;

/** Says what the command line has for it; `why` is for those who have something else. */
export class TooManyDisabled extends Failure {
  readonly why: string;
  constructor(why: string) {
    super(
      "unsafe",
      `${why}: nothing was changed. See who with --dry-run --force; if it is right, say --force`,
    );
    this.why = why;
  }
}

/** @throws Failure when the directory can't be read to its end, or too many users would be disabled: nothing is changed. */
export async function synchroniseDirectory(
  parts: ImportParts,
  directory: Directory,
  wish: SyncWish,
  progress: Progress,
): Promise<SyncReport> {
  const connection = await connectTo(directory);
  const cut = () => void connection.close();
  wish.stop?.addEventListener("abort", cut);
  try {
    const groups = new DirectoryGroups(directory);
    await groups.load(connection);
    const entries = new DirectoryEntries(directory, groups, parts.clock.wallMs());
    const faults: (ListedFault & { readonly dn: string | undefined })[] = [];
    let others = { gone: 0, returned: 0, newNames: 0 };
    let enabledRenamed = 0;
    let adminsKept: readonly string[] = [];
    let tooMany: string | undefined;
    const noted = new NotedUsers(directory.groups !== "none");
    const report = await importUsers(
      parts,
      {
        source: entries.records(connection),
        from: directory.url,
        secretEncoding: "base32",
        otherGroups: directory.groups === "none" ? "keep" : "leave-those-of-the-directory",
        // One entry that can't be taken must not keep all the others from being disabled.
        skipBadLines: true,
        onlyAdmin: "keep",
        otherEntries: wish.adopt ? "take" : "refuse",
        dryRun: wish.dryRun,
        before: async (tx, importId, nowMs) => {
          if (wish.stop?.aborted === true) throw new Failure("conflict", "the sync was broken off");
          const { enabled, ofAtMost } = await namesToFollow(tx, importId);
          const early = whyTooMany(0, enabled, ofAtMost, directory.mostDisabledPercent);
          if (early !== undefined && !wish.force) throw new TooManyDisabled(early);
          // First, so that everything after it knows users by the names they will have.
          const followed = await followNames(tx, parts.vault, importId, nowMs);
          others = { gone: 0, returned: 0, newNames: followed.all };
          enabledRenamed = followed.enabled;
          await remember(tx, importId, nowMs);
          await noted.before(tx, importId);
        },
        behind: async (tx, importId, applied, nowMs) => {
          const followed = await followUsers(
            tx,
            parts.signingKey,
            importId,
            entries.unreadable,
            noted,
            nowMs,
          );
          others = { ...others, gone: followed.gone, returned: followed.returned };
          adminsKept = [...applied.adminsKept, ...followed.kept];
          const disabled = applied.disabled + others.gone;
          const before = (await enabledOfDirectory(tx)) + disabled;
          tooMany = whyTooMany(disabled, enabledRenamed, before, directory.mostDisabledPercent);
          if (tooMany !== undefined && !wish.force) throw new TooManyDisabled(tooMany);
          await noted.behind(tx, importId);
        },
        afterDryRun: (db, importId) => noted.compare(db, importId),
        entry: { kind: "directory-synchronised", detail: () => ({ ...others, adminsKept }) },
      },
      progress,
      (fault) => {
        if (faults.length < toldFaults) faults.push({ ...fault, dn: entries.dnOf(fault.line) });
      },
    );
    const affected = noted.affected(adminsKept);
    return {
      ...report,
      ...others,
      adminsKept,
      tooMany,
      affected,
      unusableGroups: groups.unusable,
      faults,
    };
  } finally {
    wish.stop?.removeEventListener("abort", cut);
    await connection.close();
  }
}

/** What has to be known before anything is changed. */
async function remember(tx: Tx, importId: string, nowMs: number): Promise<void> {
  // A group that the directory has named once is its own from then on, also when it has no members any more.
  await sql`insert into directory_groups (group_name)
    select distinct group_name from import_groups where import_id = ${importId}
      and group_name not in (select group_name from directory_groups)`.execute(tx);
  await sql`update directory_users set external_id = import_users.external_id from import_users
    where import_users.import_id = ${importId} and import_users.bad = 0
      and directory_users.user_id = import_users.user_id
      and directory_users.external_id <> import_users.external_id`.execute(tx);
  await sql`insert into directory_users (user_id, external_id)
    select user_id, external_id from import_users where import_id = ${importId} and bad = 0 and present = 1
      and user_id not in (select user_id from directory_users)`.execute(tx);
  // Who was disabled by hand before is not the directory's to enable again.
  await sql`update directory_users set gone_at_ms = cast(${nowMs} as bigint)
    where gone_at_ms is null and user_id in
      (select import_users.user_id from import_users inner join users on users.id = import_users.user_id
        where import_users.import_id = ${importId} and import_users.bad = 0 and import_users.disabled = 1
          and users.disabled_at_ms is null)`.execute(tx);
}

async function followUsers(
  tx: Tx,
  signingKey: Uint8Array,
  importId: string,
  unreadable: ReadonlySet<string>,
  noted: NotedUsers,
  nowMs: number,
) {
  await sql`insert into directory_users (user_id, external_id, gone_at_ms)
    select user_id, external_id, case when disabled = 1 then cast(${nowMs} as bigint) end
    from import_users where import_id = ${importId} and bad = 0 and present = 0`.execute(tx);
  // First who is back: an admin among them may take the place of one who goes.
  const returned = await enableReturned(tx, importId, noted, nowMs);
  return { ...(await disableGone(tx, signingKey, importId, unreadable, noted, nowMs)), returned };
}

const atOnce = 500;

/**
 * Not gone is also who is there and could not be read, or not taken, unless they are disabled there. The only admin who can
 * sign in is kept, and asked about again at the next sync.
 */
async function disableGone(
  tx: Tx,
  signingKey: Uint8Array,
  importId: string,
  unreadable: ReadonlySet<string>,
  noted: NotedUsers,
  nowMs: number,
): Promise<{ readonly gone: number; readonly kept: readonly string[] }> {
  const kept: string[] = [];
  let gone = 0;
  let after = "";
  for (;;) {
    const rows = await tx
      .selectFrom("directoryUsers")
      .innerJoin("users", "users.id", "directoryUsers.userId")
      .where("directoryUsers.goneAtMs", "is", null)
      .where("directoryUsers.userId", ">", after)
      .where(
        sql<SqlBool>`not exists (select 1 from import_users where import_users.import_id = ${importId}
          and import_users.bad = 0 and import_users.user_id = directory_users.user_id)`,
      )
      .where(
        sql<SqlBool>`not exists (select 1 from import_users where import_users.import_id = ${importId}
          and import_users.bad = 1 and import_users.disabled is null
          and import_users.external_id = directory_users.external_id)`,
      )
      .orderBy("directoryUsers.userId")
      .limit(atOnce)
      .select(["users.name", "users.disabledAtMs", "directoryUsers.userId", "directoryUsers.externalId"])
      .execute();
    for (const { name, userId, externalId, disabledAtMs } of rows) {
      if (unreadable.has(externalId)) continue;
      const user = await theUser(tx, name);
      if (disabledAtMs === null && (await isOnlyAdmin(tx, user))) {
        kept.push(name);
        continue;
      }
      await tx
        .updateTable("directoryUsers")
        // Who was disabled by hand is not the directory's to enable again.
        .set({ goneAtMs: disabledAtMs === null ? nowMs : null })
        .where("userId", "=", userId)
        .execute();
      if (disabledAtMs !== null) continue;
      await disableUser(tx, signingKey, user, nowMs);
      noted.gone(name);
      gone += 1;
    }
    after = rows.at(-1)?.userId ?? after;
    if (rows.length < atOnce) return { gone, kept };
  }
}

async function enableReturned(tx: Tx, importId: string, noted: NotedUsers, nowMs: number): Promise<number> {
  let count = 0;
  for (;;) {
    const rows = await tx
      .selectFrom("directoryUsers")
      .innerJoin("users", "users.id", "directoryUsers.userId")
      .innerJoin("importUsers", "importUsers.userId", "directoryUsers.userId")
      .where("importUsers.importId", "=", importId)
      .where("importUsers.bad", "=", 0)
      .where("importUsers.disabled", "is", null)
      .where("directoryUsers.goneAtMs", "is not", null)
      .orderBy("directoryUsers.userId")
      .limit(atOnce)
      .select(["users.name", "users.disabledAtMs", "directoryUsers.userId"])
      .execute();
    for (const { name, userId, disabledAtMs } of rows) {
      await tx.updateTable("directoryUsers").set({ goneAtMs: null }).where("userId", "=", userId).execute();
      if (disabledAtMs === null) continue;
      await enableUser(tx, await theUser(tx, name), nowMs);
      noted.returned(name);
      count += 1;
    }
    if (rows.length < atOnce) return count;
  }
}

/**
 * Against a filter that was changed, a base that was moved, a directory that answers with less than it has; and against another
 * `nameAttribute`: who is renamed is signed out everywhere, and starts anew on every machine.
 */
function whyTooMany(
  disabled: number,
  renamed: number,
  before: number,
  mostPercent: number,
): string | undefined {
  const hit = disabled + renamed;
  const what = renamed === 0 ? "disabled" : "disabled or renamed";
  return hit > 1 && hit * 100 > before * mostPercent
    ? `${hit} of the directory's ${before} users would be ${what}, more than ${mostPercent} %`
    : undefined;
}

async function enabledOfDirectory(tx: Tx): Promise<number> {
  const row = await tx
    .selectFrom("directoryUsers")
    .innerJoin("users", "users.id", "directoryUsers.userId")
    .where("users.disabledAtMs", "is", null)
    .select(({ fn }) => fn.countAll<number>().as("count"))
    .executeTakeFirstOrThrow();
  return Number(row.count);
}
