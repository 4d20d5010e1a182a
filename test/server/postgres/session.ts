import { sql } from "kysely";
import pg from "pg";
import type { Tx } from "../../../server/store/store.ts";

/** The transaction's session is ended by an administrator of the database, and is gone when this resolves. */
export async function endSession(tx: Tx, url: string): Promise<void> {
  const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(tx);
  const admin = new pg.Client({ connectionString: url });
  await admin.connect();
  await admin.query("select pg_terminate_backend($1, 10000)", [rows[0]?.pid]);
  await admin.end();
}
