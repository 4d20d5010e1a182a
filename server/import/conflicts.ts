// What can only be seen with all of a source beside all of the users: names that are there twice or look like others,
// secrets that are there with other parameters, more authenticators than a user may have.

import { type Expression, type RawBuilder, type SqlBool, sql } from "kysely";
import { mostAuthenticators } from "../authenticators/manage.ts";
import type { Tx } from "../store/store.ts";
import { findRenamed, tellStillTaken, tellTaken } from "./entries-renamed.ts";
import type { ListedFault } from "./faults.ts";
import type { Field } from "./record.ts";

/**
 * An entry of a directory that has the name of a user who came from another one: refused, since it may be another person,
 * who would have the first one's authenticators; or taken for the same person, where somebody says so.
 */
export type OtherEntries = "refuse" | "take";

/**
 * Finds who is there already, and marks the lines that can't be imported as things are. To be called again in the
 * transaction that imports: users may have come and gone. Returns how many lines were found that had not been bad yet, or whose
 * user has gone since, or is called something else.
 */
export async function markConflicts(tx: Tx, importId: string, otherEntries: OtherEntries): Promise<number> {
  await findRenamed(tx, importId);
  const left = await findPresent(tx, importId);
  await sameInSource(tx, importId);
  await tellTaken(tx, importId);
  await tellStillTaken(tx, importId);
  await looksLikeExisting(tx, importId);
  await secretWithOtherParameters(tx, importId);
  await tooManyAuthenticators(tx, importId);
  if (otherEntries === "refuse") await otherEntryOfDirectory(tx, importId);
  const marked = await tx
    .updateTable("importUsers")
    .set({ bad: 1 })
    .where("importId", "=", importId)
    .where("bad", "=", 0)
    .where("line", "in", (from) =>
      from
        .selectFrom("importFaults")
        .select("importFaults.line")
        .where("importFaults.importId", "=", importId),
    )
    .executeTakeFirst();
  return left + Number(marked.numUpdatedRows);
}

/** Returns how many had been found before, and are not there any more by that name. */
async function findPresent(tx: Tx, importId: string): Promise<number> {
  // Whom a directory calls by other letters of the same look stays who it is, by the name that is here.
  await sql`update import_users set name = users.name
    from users inner join directory_users on directory_users.user_id = users.id
    where import_users.import_id = ${importId} and import_users.look_alike = users.look_alike
      and import_users.external_id = directory_users.external_id
      and import_users.name <> users.name`.execute(tx);
  const left = await tx
    .updateTable("importUsers")
    .set(({ ref }) => ({ userId: ref("importUsers.freshId"), present: 0, renamedFrom: null }))
    .where("importId", "=", importId)
    .where("present", "=", 1)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom("users")
            .select("users.id")
            .whereRef("users.id", "=", "importUsers.userId")
            .where("users.name", "=", ({ fn, ref }) =>
              fn.coalesce("importUsers.renamedFrom", ref("importUsers.name")),
            ),
        ),
      ),
    )
    .executeTakeFirst();
  await tx
    .updateTable("importUsers")
    .from("users")
    .set(({ ref }) => ({ userId: ref("users.id"), present: 1 }))
    .whereRef("users.name", "=", "importUsers.name")
    .where("importUsers.importId", "=", importId)
    .where("importUsers.present", "=", 0)
    .execute();
  return Number(left.numUpdatedRows);
}

/** Of lines about one user, or about users that look alike, the first is taken. */
async function sameInSource(tx: Tx, importId: string): Promise<void> {
  const alike = tx
    .selectFrom("importUsers")
    .where("importId", "=", importId)
    .where("bad", "=", 0)
    .select([
      "importId",
      "line",
      "name",
      sql<number>`first_value(line) over (partition by look_alike order by line)`.as("firstLine"),
      sql<string>`first_value(name) over (partition by look_alike order by line)`.as("firstName"),
    ]);
  const fault = sql<string>`case when name = first_name then 'the same user as on line '
    else 'looks like the user on line ' end || cast(first_line as text)`;
  await tell(
    tx,
    tx
      .selectFrom(alike.as("alike"))
      .whereRef("line", ">", "firstLine")
      .select(["importId", "line", named("name"), fault.as("fault")]),
  );
}

async function looksLikeExisting(tx: Tx, importId: string): Promise<void> {
  await tell(
    tx,
    goodLines(tx, importId)
      .where("importUsers.renamedFrom", "is", null)
      .innerJoin("users", "users.lookAlike", "importUsers.lookAlike")
      .whereRef("users.name", "<>", "importUsers.name")
      .select(about("name", sql`'looks like the existing user "' || users.name || '"'`)),
  );
}

/** Two authenticators with one secret would make every code of it good twice. */
async function secretWithOtherParameters(tx: Tx, importId: string): Promise<void> {
  const fault = sql<string>`'the user has this secret already, with another type, algorithm, length, period or suite'`;
  await tell(
    tx,
    keysOfPresent(tx, importId)
      .innerJoin("authenticators", (join) =>
        join
          .onRef("authenticators.userId", "=", "importUsers.userId")
          .onRef("authenticators.secretDigest", "=", "importKeys.secretDigest"),
      )
      .whereRef("authenticators.keyDigest", "<>", "importKeys.keyDigest")
      .select(about("secret", fault)),
  );
}

async function tooManyAuthenticators(tx: Tx, importId: string): Promise<void> {
  const fault = sql.lit(`the user would have more than ${mostAuthenticators} authenticators`);
  await tell(
    tx,
    keysOfPresent(tx, importId)
      .where(unknownKey)
      .groupBy(["importUsers.importId", "importUsers.line", "importUsers.userId"])
      .having(
        sql<number>`count(*) + (select count(*) from authenticators
          where authenticators.user_id = import_users.user_id)`,
        ">",
        mostAuthenticators,
      )
      .select(about("secret", sql`${fault}`)),
  );
}

async function otherEntryOfDirectory(tx: Tx, importId: string): Promise<void> {
  const advice = sql.lit(
    '" came from another entry of the directory: remove that user first if this is somebody else, or run "directory sync --adopt" if it is the same person',
  );
  await tell(
    tx,
    goodLines(tx, importId)
      .innerJoin("directoryUsers", "directoryUsers.userId", "importUsers.userId")
      .where("importUsers.present", "=", 1)
      .whereRef("directoryUsers.externalId", "<>", "importUsers.externalId")
      .where(
        sql<SqlBool>`import_users.user_id not in (select user_id from import_users as others
          where others.import_id = ${importId} and others.renamed_from is not null)`,
      )
      .select(about("name", sql`'"' || import_users.name || ${advice}`)),
  );
}

function goodLines(tx: Tx, importId: string) {
  return tx
    .selectFrom("importUsers")
    .where("importUsers.importId", "=", importId)
    .where("importUsers.bad", "=", 0);
}

/** Of users who are there already. */
function keysOfPresent(tx: Tx, importId: string) {
  return goodLines(tx, importId)
    .where("importUsers.present", "=", 1)
    .innerJoin("importKeys", (join) =>
      join
        .onRef("importKeys.line", "=", "importUsers.line")
        .onRef("importKeys.importId", "=", "importUsers.importId"),
    );
}

function about(field: Field, fault: RawBuilder<string>) {
  return ["importUsers.importId", "importUsers.line", named(field), fault.as("fault")] as const;
}

function named(field: Field) {
  return sql<string>`${sql.lit(field)}`.as("field");
}

async function tell(tx: Tx, faults: Expression<ListedFault & { readonly importId: string }>): Promise<void> {
  await tx
    .insertInto("importFaults")
    .columns(["importId", "line", "field", "fault"])
    .expression(faults)
    .execute();
}

/** In a query that joins `import_users` with `import_keys`: the user does not have this very authenticator yet. */
export const unknownKey = sql<SqlBool>`not exists (select 1 from authenticators
  where authenticators.user_id = import_users.user_id and authenticators.key_digest = import_keys.key_digest)`;
