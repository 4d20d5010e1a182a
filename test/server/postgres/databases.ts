// Which database a server of the tests has: its folder's own, or one in the cluster that the tier has started.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";

/** Set by the tier that runs on PostgreSQL, to the URL of the cluster's first database. */
export const clusterVariable = "NIGHTLATCH_TEST_CLUSTER";

/** A database with all tables and nothing in them, made once for all tests. */
export const template = "nightlatch_template";

export function urlOf(cluster: string, database: string): string {
  return cluster.replace("/postgres?", `/${database}?`);
}

/** The URL of the database that belongs to a data folder, made when it is first asked for; undefined for SQLite. */
export async function databaseFor(folder: string): Promise<string | undefined> {
  const cluster = process.env[clusterVariable];
  if (cluster === undefined) return undefined;
  const name = `t_${createHash("sha256").update(folder).digest("hex").slice(0, 24)}`;
  const client = new pg.Client({ connectionString: cluster });
  await client.connect();
  try {
    await client.query(`create database ${name} template ${template}`);
  } catch (error) {
    // There already, or being made by another process at this moment.
    if (!["42P04", "23505"].includes(String((error as { code?: string }).code))) throw error;
  } finally {
    await client.end();
  }
  return urlOf(cluster, name);
}

/** All that the database of a folder holds, and the folder's files but the key: what somebody finds who has stolen them. */
export async function everyByte(folder: string): Promise<Buffer> {
  const url = await databaseFor(folder);
  const names = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = names.filter((entry) => entry.isFile() && entry.name !== "server.key");
  const bytes = files.map((entry) => readFileSync(join(entry.parentPath, entry.name)));
  if (url !== undefined) bytes.push(execFileSync("pg_dump", [url], { maxBuffer: 1 << 28 }));
  return Buffer.concat(bytes);
}
