// Brings a database to the shape this program knows, one numbered step a transaction.

import { type Kysely, sql, type Transaction } from "kysely";
import { Failure } from "../failure.ts";
import { first } from "./migrations/0001-first.ts";
import { web } from "./migrations/0002-web.ts";
import { mail } from "./migrations/0003-mail.ts";
import { policies } from "./migrations/0004-policies.ts";
import { provisioning } from "./migrations/0005-provisioning.ts";
import { imports } from "./migrations/0006-import.ts";
import { serverKeys } from "./migrations/0007-server-keys.ts";
import { machineKeys } from "./migrations/0008-machine-keys.ts";
import { seedShowings } from "./migrations/0009-seed-showings.ts";
import { settings } from "./migrations/0010-settings.ts";
import { pins } from "./migrations/0011-pins.ts";
import { challenges } from "./migrations/0012-challenges.ts";
import { begunAndAsked } from "./migrations/0013-begun-and-asked.ts";
import { handOvers } from "./migrations/0014-hand-overs.ts";
import { policyMark } from "./migrations/0015-policy-mark.ts";
import { challengesDrawn } from "./migrations/0016-challenges-drawn.ts";
import { pageChallenges } from "./migrations/0017-page-challenges.ts";
import { importPins } from "./migrations/0018-import-pins.ts";
import { removedMachines } from "./migrations/0019-removed-machines.ts";
import { formerNames } from "./migrations/0020-former-names.ts";

const migrations = [
  first,
  web,
  mail,
  policies,
  provisioning,
  imports,
  serverKeys,
  machineKeys,
  seedShowings,
  settings,
  pins,
  challenges,
  begunAndAsked,
  handOvers,
  policyMark,
  challengesDrawn,
  pageChallenges,
  importPins,
  removedMachines,
  formerNames,
] as const;

/** Stands in place of a migration's number in a database that has moved elsewhere. */
export const movedMark = 1_000_000;

/**
 * `lock` keeps all others from writing until the transaction ends: programs may start at the same moment.
 * @throws Failure when the database was made by a newer program: an older one must not touch it.
 */
export async function migrate(
  db: Kysely<unknown>,
  lock: (tx: Transaction<unknown>) => Promise<void>,
): Promise<void> {
  for (;;) {
    const done = await db.transaction().execute(async (tx) => {
      await lock(tx);
      // With the first step, or not at all: a database in which something else is gets no table of ours.
      await sql`create table if not exists migrations (number integer primary key)`.execute(tx);
      const rows = await sql<{ n: number | null }>`select max(number) as n from migrations`.execute(tx);
      const reached = rows.rows[0]?.n ?? 0;
      if (reached === movedMark)
        throw new Failure(
          "conflict",
          "this database has moved to PostgreSQL; say where: --database, NIGHTLATCH_DATABASE or `database` of the file",
        );
      if (reached > migrations.length)
        throw new Failure(
          "conflict",
          "the database was made by a newer nightlatch-server; run that version or restore a backup",
        );
      const next = migrations[reached];
      if (next === undefined) return true;
      await next(tx);
      await sql`insert into migrations (number) values (${reached + 1})`.execute(tx);
      return false;
    });
    if (done) return;
  }
}
