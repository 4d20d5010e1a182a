// Authenticators at rest and in hand. In hand they have the protocol's shape; at rest everything secret is sealed, and
// what is spent stands beside it.

import * as v from "valibot";
import { type Authenticator, authenticatorSchema } from "../../protocol/sync/documents.ts";
import type { Policy } from "../../protocol/sync/policy.ts";
import type { Random } from "../../words/random.ts";
import type { Vault } from "../identity/vault.ts";
import { send } from "../store/send.ts";
import { statement } from "../store/statement.ts";
import type { Db, Tx } from "../store/store.ts";
import type { AuthenticatorTable } from "../store/tables.ts";
import { isMachineSeed, machineSeedOf } from "./machine-seed.ts";

/** All of one user's, the oldest first. @throws Error when one of them does not open. */
export async function authenticatorsOf(db: Db, vault: Vault, userId: string): Promise<Authenticator[]> {
  const rows = await ofUser.rows(db, userId);
  return rows.map((row) => openAuthenticator(row, vault));
}

const ofUser = statement((db, userId: string) =>
  db
    .selectFrom("authenticators")
    .selectAll()
    .where("userId", "=", userId)
    .orderBy("createdAtMs")
    .orderBy("id"),
);

/** The user's, and behind them, where policy has it, the seed of this machine. */
export async function authenticatorsHere(
  tx: Tx,
  vault: Vault,
  place: { readonly userId: string; readonly machineId: string; readonly policy: Policy },
  random: Random,
): Promise<Authenticator[]> {
  const own = await authenticatorsOf(tx, vault, place.userId);
  if (place.policy.seeds === "shared") return own;
  return [...own, await machineSeedOf(tx, vault, place.userId, place.machineId, random)];
}

export async function insertAuthenticator(
  tx: Tx,
  vault: Vault,
  userId: string,
  authenticator: Authenticator,
  nowMs: number,
): Promise<void> {
  const { id, type } = authenticator;
  await tx
    .insertInto("authenticators")
    .values({
      id,
      userId,
      type,
      name: "",
      createdAtMs: nowMs,
      ...sealedColumns(vault, authenticator),
      ...spentColumns(authenticator),
    })
    .execute();
}

/** All that the database keeps of what never changes. */
export function sealedColumns(vault: Vault, authenticator: Authenticator) {
  const { id } = authenticator;
  const secret = Buffer.from(JSON.stringify(secretPart(authenticator)), "utf8");
  return { sealed: vault.seal({ table: "authenticators", id }, secret), ...digests(vault, authenticator) };
}

const digestsAtOnce = 500;

/** Computes the digests that are missing, some in each of `writes`; when it resolves there were none left. */
export async function completeDigests(
  write: <T>(work: (tx: Tx) => Promise<T>) => Promise<T>,
  vault: Vault,
): Promise<void> {
  for (;;) {
    const found = await write(async (tx) => {
      const rows = await tx
        .selectFrom("authenticators")
        .selectAll()
        .where("type", "<>", "backup-codes")
        .where("keyDigest", "is", null)
        .orderBy("id")
        .limit(digestsAtOnce)
        .execute();
      for (const row of rows)
        await tx
          .updateTable("authenticators")
          .set(digests(vault, openAuthenticator(row, vault)))
          .where("id", "=", row.id)
          .execute();
      return rows.length;
    });
    if (found < digestsAtOnce) return;
  }
}

function digests(vault: Vault, authenticator: Authenticator) {
  if (authenticator.type === "backup-codes") return { secretDigest: null, keyDigest: null };
  const { type, secret } = authenticator;
  return {
    secretDigest: vault.digest(["authenticator secret", secret]),
    keyDigest: vault.digest(["authenticator key", type, secret, ...parametersOf(authenticator)]),
  };
}

function parametersOf(authenticator: Extract<Authenticator, { secret: string }>): (string | number | null)[] {
  if (authenticator.type === "ocra") return [authenticator.suite];
  const { algorithm, digits } = authenticator;
  return [algorithm, digits, authenticator.type === "totp" ? authenticator.periodSeconds : null];
}

/** Writes what is spent; only ever called with the later of what is there and what is known (`mergeSpent`). */
export async function saveSpent(tx: Tx, authenticator: Authenticator): Promise<void> {
  if (isMachineSeed(authenticator)) {
    const { lastStep } = spentColumns(authenticator);
    await send(tx, tx.updateTable("machineSeeds").set({ lastStep }).where("id", "=", authenticator.id));
    return;
  }
  const { lastStep, counter, usedIds, usedThroughMs } = spentColumns(authenticator);
  await keepSpent.send(tx, authenticator.id, lastStep, counter, usedIds, usedThroughMs);
}

const keepSpent = statement(
  (db, id: string, lastStep: number | null, counter: number, usedIds: string, usedThroughMs: number | null) =>
    db.updateTable("authenticators").set({ lastStep, counter, usedIds, usedThroughMs }).where("id", "=", id),
);

/** @throws Error when it does not open. */
export function openAuthenticator(row: AuthenticatorTable, vault: Vault): Authenticator {
  const secret = JSON.parse(
    Buffer.from(vault.open({ table: "authenticators", id: row.id }, row.sealed)).toString("utf8"),
  );
  const spent = {
    totp: { lastStep: row.lastStep },
    hotp: { counter: row.counter },
    "backup-codes": { usedIds: JSON.parse(row.usedIds) },
    ocra: { usedThroughMs: row.usedThroughMs },
  }[row.type];
  return v.parse(authenticatorSchema, { type: row.type, id: row.id, ...secret, ...spent });
}

/** What never changes once the authenticator is there. */
function secretPart(authenticator: Authenticator): object {
  switch (authenticator.type) {
    case "totp": {
      const { secret, algorithm, digits, periodSeconds } = authenticator;
      return { secret, algorithm, digits, periodSeconds };
    }
    case "hotp": {
      const { secret, algorithm, digits } = authenticator;
      return { secret, algorithm, digits };
    }
    case "backup-codes": {
      const { salt, codes } = authenticator;
      return { salt, codes };
    }
    case "ocra": {
      const { secret, suite } = authenticator;
      return { secret, suite };
    }
  }
}

function spentColumns(authenticator: Authenticator) {
  return {
    lastStep: authenticator.type === "totp" ? authenticator.lastStep : null,
    counter: authenticator.type === "hotp" ? authenticator.counter : 0,
    usedIds: authenticator.type === "backup-codes" ? JSON.stringify(authenticator.usedIds) : "[]",
    usedThroughMs: authenticator.type === "ocra" ? authenticator.usedThroughMs : null,
  };
}
