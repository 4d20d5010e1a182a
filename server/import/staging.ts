// Where a source's people wait, checked one by one, until all have been read: in tables of their own, so that a hundred
// thousand take no memory and nobody waits while a file is read.

import { type Insertable, sql } from "kysely";
import { hourMs } from "../../words/clock.ts";
import type { Random } from "../../words/random.ts";
import { lookAlikeKey } from "../../words/user-name.ts";
import { sealedColumns } from "../authenticators/authenticators.ts";
import { type KeyAuthenticator, newKey } from "../authenticators/manage.ts";
import { commonParameters } from "../authenticators/template.ts";
import type { Vault } from "../identity/vault.ts";
import type { Store, Tx } from "../store/store.ts";
import type { ImportTables, ImportUserTable } from "../store/tables/imports.ts";
import { pinFaults, toPinRows } from "./initial-pins.ts";
import type { SecretEncoding } from "../authenticators/written-secret.ts";
import type { OtpKey } from "./key-cells.ts";
import { type Fault, type ImportedUser, readRecord, type Source } from "./record.ts";

/** Rows of one insert: PostgreSQL and SQLite bound how many values a statement may have. */
const rowsAtOnce = 500;
/** What an import that was killed left behind goes when another one begins, after this. */
const abandonedMs = 24 * hourMs;

export interface StagingParts {
  readonly store: Store;
  readonly vault: Vault;
  readonly random: Random;
}

const stagingTables = [
  "importUsers",
  "importGroups",
  "importKeys",
  "importAddresses",
  "importPins",
  "importFaults",
] as const;

/** Begins an import: its id. */
export async function beginImport({ store, random }: StagingParts, nowMs: number): Promise<string> {
  const abandoned = await store.db
    .selectFrom("imports")
    .select("id")
    .where("startedAtMs", "<", nowMs - abandonedMs)
    .orderBy("id")
    .execute();
  for (const { id } of abandoned) await endImport(store, id);
  const id = random.bytes(8).toHex();
  await store.write((tx) => tx.insertInto("imports").values({ id, startedAtMs: nowMs }).execute());
  return id;
}

/** Forgets all that is staged. */
export async function endImport(store: Store, importId: string): Promise<void> {
  await store.write(async (tx) => {
    for (const name of stagingTables) await tx.deleteFrom(name).where("importId", "=", importId).execute();
    await tx.deleteFrom("imports").where("id", "=", importId).execute();
  });
}

/** Reads the whole source. `onRows` hears after each step how many rows there have been. */
export async function stage(
  parts: StagingParts,
  importId: string,
  source: Source,
  encoding: SecretEncoding,
  onRows: (rows: number) => void,
): Promise<number> {
  let users: ImportedUser[] = [];
  let faults: Fault[] = [];
  let rows = 0;
  const flush = async () => {
    const unfit = await pinFaults(parts.store.db, users);
    const unfitLines = new Set(unfit.map(({ line }) => line));
    const fit = users.filter(({ line }) => !unfitLines.has(line));
    const wrong = [...faults, ...unfit].map((fault) => ({ importId, ...fault }));
    await parts.store.write(async (tx) => {
      // Under the lock: a rotation of the key finds all that was sealed before it.
      const staged = toRows(parts, importId, fit);
      await insertAll(tx, "importUsers", staged.users);
      await insertAll(tx, "importGroups", staged.groups);
      await insertAll(tx, "importKeys", staged.keys);
      await insertAll(tx, "importAddresses", staged.addresses);
      await insertAll(tx, "importPins", staged.pins);
      await insertAll(tx, "importFaults", wrong);
    });
    users = [];
    faults = [];
    onRows(rows);
  };
  for await (const record of source) {
    rows += 1;
    const read = readRecord(record, encoding);
    if (read.ok) users.push(read.user);
    else faults.push(...read.faults);
    if (users.length + faults.length >= rowsAtOnce) await flush();
  }
  await flush();
  // Else the database takes what is staged for a handful of rows, and goes through all of them for each.
  await parts.store.write(async (tx) => {
    for (const name of stagingTables) await sql`analyze ${sql.table(name)}`.execute(tx);
  });
  return rows;
}

function toRows({ vault, random }: StagingParts, importId: string, users: readonly ImportedUser[]) {
  const staged = users.map((user): Insertable<ImportUserTable> => {
    const freshId = random.bytes(8).toHex();
    return {
      importId,
      line: user.line,
      freshId,
      userId: freshId,
      name: user.name,
      lookAlike: lookAlikeKey(user.name),
      displayName: user.displayName,
      disabled: user.disabled === null ? null : Number(user.disabled),
      externalId: user.externalId,
      saysGroups: user.groups === null ? 0 : 1,
      present: 0,
      renamedFrom: null,
      changed: 0,
      bad: 0,
    };
  });
  const groups = users.flatMap(({ line, groups: names }) =>
    (names ?? []).map((groupName) => ({ importId, line, groupName })),
  );
  const addresses = users.flatMap(({ line, addresses: all }) =>
    all.map((address) => ({ importId, line, ...address })),
  );
  const keys = users.flatMap(({ line, keys: all }) =>
    all.map((key) => {
      const authenticator = toAuthenticator(key, random.bytes(8).toHex());
      const { sealed, secretDigest, keyDigest } = sealedColumns(vault, authenticator);
      const counter = key.type === "hotp" ? key.counter : 0;
      const { id, type } = authenticator;
      // Only backup codes have none.
      if (secretDigest === null || keyDigest === null) throw new Error("a secret without a digest");
      return { importId, line, id, type, sealed, counter, secretDigest, keyDigest };
    }),
  );
  const pins = toPinRows(vault, random, importId, users);
  return { users: staged, groups, addresses, keys, pins };
}

function toAuthenticator(key: OtpKey, id: string): KeyAuthenticator {
  const made = newKey(key.type, { id, secret: key.secret.toBase64() }, { ...commonParameters, ...key });
  return made.type === "hotp" && key.type === "hotp" ? { ...made, counter: key.counter } : made;
}

async function insertAll<T extends (typeof stagingTables)[number]>(
  tx: Tx,
  name: T,
  rows: readonly Insertable<ImportTables[T]>[],
): Promise<void> {
  for (let at = 0; at < rows.length; at += rowsAtOnce)
    await tx
      .insertInto(name)
      .values(rows.slice(at, at + rowsAtOnce) as never)
      .execute();
}
