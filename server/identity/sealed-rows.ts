// Where sealed content lies, table by table: for sealing all of it anew under another key, and for telling whether it opens.

import { sql } from "kysely";
import { sealedSettings } from "../settings/sealed.ts";
import type { Store, Tx } from "../store/store.ts";
import type { Tables } from "../store/tables.ts";
import type { RowName, Vault } from "./vault.ts";

/** Rows of one table in the order of a key of text; `after` is the last one seen. */
export interface SealedTable {
  page(tx: Tx, after: string, limit: number): Promise<readonly SealedRow[]>;
  put(tx: Tx, id: string, sealed: string): Promise<void>;
}

export interface SealedRow {
  /** As in the row's name in the vault. */
  readonly id: string;
  readonly sealed: string;
}

/** A column of text beside a key of text, by which the row is named in the vault as well. */
function column(table: keyof Tables, key: string, content: string): SealedTable {
  const [name, sealed] = [sql.ref(key), sql.ref(content)];
  return {
    page: async (tx, after, limit) => {
      const { rows } = await sql<SealedRow>`select ${name} as id, ${sealed} as sealed from ${sql.table(table)}
        where ${name} > ${after} and ${sealed} is not null order by ${name} limit ${limit}`.execute(tx);
      return rows;
    },
    put: async (tx, id, fresh) => {
      await sql`update ${sql.table(table)} set ${sealed} = ${fresh} where ${name} = ${id}`.execute(tx);
    },
  };
}

/** Every table that the vault knows: the compiler asks for one that is forgotten. */
const sealedRows: Readonly<Record<RowName["table"], SealedTable>> = {
  // First: by it a key is known for this database's, and one that comes back in the middle for one that is not.
  server_secrets: column("serverSecrets", "name", "sealed"),
  // Those that an import has staged are sealed as they will be there. An id is in one of both, or with the same content in both.
  authenticators: {
    page: async (tx, after, limit) => {
      const { rows } = await sql<SealedRow>`select id, sealed from authenticators where id > ${after}
        union select id, sealed from import_keys where id > ${after} order by id limit ${limit}`.execute(tx);
      return rows;
    },
    put: async (tx, id, sealed) => {
      await tx.updateTable("authenticators").set({ sealed }).where("id", "=", id).execute();
      await tx.updateTable("importKeys").set({ sealed }).where("id", "=", id).execute();
    },
  },
  join_tokens: column("joinTokens", "id", "sealedProofKey"),
  offline_roots: column("offlineRoots", "userId", "sealed"),
  accounts: column("accounts", "userId", "sealedPassword"),
  setup_links: column("setupLinks", "idHash", "sealedSeed"),
  messages: column("messages", "id", "sealed"),
  pending_authenticators: column("pendingAuthenticators", "id", "sealed"),
  pins: column("pins", "userId", "sealed"),
  import_pins: column("importPins", "id", "sealed"),
  settings: sealedSettings,
  enrolments: {
    page: async (tx, after, limit) => {
      const [machineId = "", userId = ""] = after.split(" ");
      const rows = await tx
        .selectFrom("enrolments")
        .select(["machineId", "userId", "sealedUnlockKey"])
        .where(({ eb, or, and }) =>
          or([
            eb("machineId", ">", machineId),
            and([eb("machineId", "=", machineId), eb("userId", ">", userId)]),
          ]),
        )
        .orderBy("machineId")
        .orderBy("userId")
        .limit(limit)
        .execute();
      return rows.map((row) => ({ id: `${row.machineId} ${row.userId}`, sealed: row.sealedUnlockKey }));
    },
    put: async (tx, id, sealedUnlockKey) => {
      const [machineId = "", userId = ""] = id.split(" ");
      await tx
        .updateTable("enrolments")
        .set({ sealedUnlockKey })
        .where("machineId", "=", machineId)
        .where("userId", "=", userId)
        .execute();
    },
  },
  server_keys: {
    page: async (tx, after, limit) => {
      const rows = await tx
        .selectFrom("serverKeys")
        .select(["number", "sealed"])
        .where("number", ">", after === "" ? -1 : Number(after))
        .orderBy("number")
        .limit(limit)
        .execute();
      return rows.map(({ number, sealed }) => ({ id: String(number), sealed }));
    },
    put: async (tx, id, sealed) => {
      await tx.updateTable("serverKeys").set({ sealed }).where("number", "=", Number(id)).execute();
    },
  },
};

const rowsAtOnce = 100;

/** Batch by batch, a short transaction each, so that a server that runs goes on answering. How many were not yet. */
export async function resealAll(store: Store, vault: Vault): Promise<number> {
  let resealed = 0;
  for (const [table, sealedTable] of tables()) {
    for (let after: string | undefined = ""; after !== undefined; ) {
      const from: string = after;
      const batch = await store.write(async (tx) => {
        let changed = 0;
        const rows = await sealedTable.page(tx, from, rowsAtOnce);
        for (const { id, sealed } of rows) {
          const fresh = vault.reseal({ table, id }, sealed);
          if (fresh === undefined) continue;
          await sealedTable.put(tx, id, fresh);
          changed += 1;
        }
        return { changed, last: rows.at(-1)?.id };
      });
      resealed += batch.changed;
      after = batch.last;
    }
  }
  return resealed;
}

/** How many there are. @throws Error at the first that does not open: key and database don't belong together. */
export async function checkAll(store: Store, vault: Vault): Promise<number> {
  let opened = 0;
  for (const [table, sealedTable] of tables()) {
    for (let after: string | undefined = ""; after !== undefined; ) {
      const from: string = after;
      const rows = await store.write((tx) => sealedTable.page(tx, from, rowsAtOnce));
      for (const { id, sealed } of rows) vault.open({ table, id }, sealed);
      opened += rows.length;
      after = rows.at(-1)?.id;
    }
  }
  return opened;
}

function tables(): (readonly [RowName["table"], SealedTable])[] {
  return Object.entries(sealedRows) as [RowName["table"], SealedTable][];
}
