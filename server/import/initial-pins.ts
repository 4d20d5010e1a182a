// Initial PINs of an import: for users who have none, to be changed by each of them before they let in anywhere. They are
// hashed when every line has been checked, outside of any transaction; the one that imports only puts them in their place.

import { type SqlBool, sql } from "kysely";
import type { Random } from "../../words/random.ts";
import { Failure } from "../failure.ts";
import type { Vault } from "../identity/vault.ts";
import { demandAmong, freshPin, pinFaultText, plainRules } from "../pins/new-pin.ts";
import { pinContent, sealPin } from "../pins/pins.ts";
import { listPolicies } from "../policies/policies.ts";
import type { Db, Store, Tx } from "../store/store.ts";
import type { Fault, ImportedUser } from "./record.ts";

const rowsAtOnce = 500;
/** Argon2id takes 19 MiB each, and what else needs the process's threads waits for as many at most. */
const hashesAtOnce = 4;
const hashesAWrite = 64;

/** Of the users of some lines: PINs that break the rules of the policies that may hold for them, by their groups here and there. */
export async function pinFaults(db: Db, users: readonly ImportedUser[]): Promise<Fault[]> {
  const some = users.filter(({ pin }) => pin !== null);
  if (some.length === 0) return [];
  const policies = await listPolicies(db);
  const names = some.map(({ name }) => name);
  const memberships = await db
    .selectFrom("users")
    .innerJoin("userGroups", "userGroups.userId", "users.id")
    .where("users.name", "in", names)
    .orderBy("users.name")
    .orderBy("userGroups.groupName")
    .select(["users.name", "userGroups.groupName"])
    .execute();
  const present = Map.groupBy(memberships, ({ name }) => name);
  return some.flatMap(({ line, name, groups, pin }): Fault[] => {
    const all = [...(groups ?? []), ...(present.get(name) ?? []).map(({ groupName }) => groupName)];
    const fault = pinFaultText(pin ?? "", demandAmong(policies, all) ?? plainRules);
    return fault === undefined ? [] : [{ line, field: "pin", fault }];
  });
}

/** As they will lie in the staging table. */
export function toPinRows(vault: Vault, random: Random, importId: string, users: readonly ImportedUser[]) {
  return users.flatMap(({ line, pin }) => {
    if (pin === null) return [];
    const id = random.bytes(8).toHex();
    const sealed = vault.seal({ table: "import_pins", id }, Buffer.from(pin, "utf8"));
    return [{ id, importId, line, sealed, hashed: 0 }];
  });
}

/** Of good lines about users who have no PIN, in a query over `import_pins` and `import_users`. */
const wanted = sql<SqlBool>`import_users.bad = 0 and import_users.import_id = import_pins.import_id
  and not exists (select 1 from pins where pins.user_id = import_users.user_id)`;

const staged = (db: Db, importId: string) =>
  db
    .selectFrom("importPins")
    .innerJoin("importUsers", "importUsers.line", "importPins.line")
    .where("importPins.importId", "=", importId)
    .where(wanted);

export interface HashingParts {
  readonly store: Store;
  readonly vault: Vault;
  readonly random: Random;
}

/** The long part of an import that has PINs. `onPins` hears how many of how many are done. */
export async function hashPins(
  { store, vault, random }: HashingParts,
  importId: string,
  onPins: (done: number, all: number) => void,
): Promise<void> {
  const all = await countPins(store.db, importId);
  for (let done = 0; ; ) {
    const rows = await staged(store.db, importId)
      .where("importPins.hashed", "=", 0)
      .orderBy("importPins.line")
      .limit(hashesAWrite)
      .select(["importPins.id", "importPins.sealed"])
      .execute();
    if (rows.length === 0) return;
    const hashed: { readonly id: string; readonly content: Uint8Array }[] = [];
    for (let at = 0; at < rows.length; at += hashesAtOnce) {
      const some = rows.slice(at, at + hashesAtOnce).map(async ({ id, sealed }) => {
        const typed = Buffer.from(vault.open({ table: "import_pins", id }, sealed)).toString("utf8");
        return { id, content: pinContent(await freshPin(typed, random)) };
      });
      hashed.push(...(await Promise.all(some)));
      done += some.length;
      onPins(done, all);
    }
    await store.write(async (tx) => {
      // Under the lock: a rotation of the key finds all that was sealed before it.
      for (const { id, content } of hashed)
        await tx
          .updateTable("importPins")
          .set({ sealed: vault.seal({ table: "import_pins", id }, content), hashed: 1 })
          .where("id", "=", id)
          .execute();
    });
  }
}

/** `count`: they have not been hashed, and it is only said how many there would be. */
export async function setPins(
  tx: Tx,
  vault: Vault,
  importId: string,
  how: "set" | "count",
  nowMs: number,
): Promise<number> {
  const count = await countPins(tx, importId);
  if (count === 0) return 0;
  await sql`update import_users set changed = 1 where import_id = ${importId} and present = 1 and exists
    (select 1 from import_pins where import_pins.line = import_users.line and ${wanted})`.execute(tx);
  if (how === "count") return count;
  for (let after = 0; ; ) {
    const rows = await staged(tx, importId)
      .where("importPins.line", ">", after)
      .orderBy("importPins.line")
      .limit(rowsAtOnce)
      .select(["importPins.id", "importPins.line", "importPins.sealed", "importPins.hashed"])
      .select("importUsers.userId")
      .execute();
    const last = rows.at(-1);
    if (last === undefined) return count;
    if (rows.some(({ hashed }) => hashed === 0))
      throw new Failure("conflict", "users were changed while the import was checked; begin again");
    const pins = rows.map(({ id, sealed, userId }) => ({
      userId,
      sealed: sealPin(vault, userId, vault.open({ table: "import_pins", id }, sealed)),
      failures: 0,
      lockedAtMs: null,
      mustChange: 1,
      setAtMs: nowMs,
    }));
    await tx.insertInto("pins").values(pins).execute();
    after = last.line;
  }
}

async function countPins(db: Db, importId: string): Promise<number> {
  const row = await staged(db, importId)
    .select(({ fn }) => fn.countAll<number>().as("count"))
    .executeTakeFirstOrThrow();
  return Number(row.count);
}
