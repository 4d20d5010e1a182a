// PostgreSQL under Kysely: several instances of the server on one database.

import { createHash } from "node:crypto";
import { PostgresDialect, sql } from "kysely";
import pg from "pg";
import { harmless } from "../../words/harmless.ts";
import { Failure } from "../failure.ts";
import { isLoopback } from "../listen/address.ts";
import { Client } from "./client.ts";
import { PipelineDialect } from "./pipeline.ts";
import { send } from "./send.ts";
import type { Tx } from "./store.ts";

const mostConnections = 20;
/** As SQLite: another one's write is waited for up to ten seconds. */
const patienceMs = 10_000;
/** A process that hangs in a transaction, or has lost its network, gives its locks back. */
const abandonedMs = 30_000;

/** `bigint`, and what sums of it come as. */
const wholeNumberTypes: readonly number[] = [pg.types.builtins.INT8, pg.types.builtins.NUMERIC];

const types: pg.CustomTypesConfig = {
  getTypeParser: (type, format) =>
    wholeNumberTypes.includes(type) ? readWholeNumber : pg.types.getTypeParser(type, format),
};

/** @throws Error for a number that JavaScript can't hold: a wrong one would be worse. */
function readWholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new Error("a number in the database is too large");
  return value;
}

/**
 * The pool behind a `postgres://` URL. Nothing is connected yet.
 * @throws Failure for a URL that can't be read, or one over the network without a certificate that is checked.
 */
export function openPool(url: string): pg.Pool {
  checkWay(url);
  const pool = new pg.Pool({
    Client,
    connectionString: url,
    max: mostConnections,
    pipeline: true,
    types,
    application_name: "nightlatch-server",
    connectionTimeoutMillis: patienceMs,
    lock_timeout: patienceMs,
    idle_in_transaction_session_timeout: abandonedMs,
    keepAlive: true,
  });
  // An idle connection that breaks is replaced by the next query; one in use rejects its query. Either says so by an event
  // too, which ends the whole process where nobody listens.
  pool.on("error", () => undefined);
  pool.on("connect", (client) => client.on("error", () => undefined));
  return pool;
}

function checkWay(url: string): void {
  let parsed: URL;
  try {
    // A URL with a socket for its host has no host between the slashes, which `URL` wants after a user's name.
    parsed = new URL(url.replace(/^(postgres(?:ql)?:\/\/[^@/]*@)\//, "$1localhost/"));
  } catch {
    throw new Failure("invalid", "the database's URL can't be read: postgres://USER@HOST:PORT/DATABASE");
  }
  if (parsed.protocol !== "postgres:" && parsed.protocol !== "postgresql:")
    throw new Failure("invalid", "the database's URL begins with postgres://");
  // The driver takes the last of several, which is not the one that is looked at here.
  const keys = [...parsed.searchParams.keys()];
  const twice = keys.find((key, at) => keys.indexOf(key) !== at);
  if (twice !== undefined) throw new Failure("invalid", `the database's URL says ${harmless(twice)} twice`);
  const host = parsed.searchParams.get("host") ?? parsed.hostname;
  const near = host === "" || host.startsWith("/") || isLoopback(host.replace(/^\[|\]$/g, ""));
  if (!near && parsed.searchParams.get("sslmode") !== "verify-full")
    throw new Failure(
      "unsafe",
      "a database on another host needs sslmode=verify-full in its URL, with sslrootcert=FILE for a CA of your own",
    );
}

export function postgresDialect(pool: pg.Pool): PostgresDialect {
  return new PostgresDialect({ pool });
}

/** For exchanges, which are of few kinds and many a second. */
export function exchangeDialect(pool: pg.Pool): PostgresDialect {
  return new PipelineDialect(pool);
}

/** @throws Failure when a commit that has returned would not survive a power cut. */
export async function checkDurable(pool: pg.Pool): Promise<void> {
  for (const setting of ["fsync", "synchronous_commit", "full_page_writes"]) {
    const { rows } = await pool.query<{ value: string }>("select current_setting($1) as value", [setting]);
    if (rows[0]?.value === "off")
      throw new Failure(
        "unsafe",
        `${setting} is off at the PostgreSQL server: a used code could be good again after a power cut`,
      );
  }
}

/** Held by every write: shared by exchanges, alone by everything else. */
const wholeDatabase = "the whole database";

/** One writer at a time, over all instances. Given back at the transaction's end, however it ends. */
export async function lockAll(tx: Tx): Promise<void> {
  await sql`select pg_advisory_xact_lock(${lockNumber(wholeDatabase)}::bigint)`.execute(tx);
}

/** One writer at a time for each of the names; all ask in the same order, so that nobody waits in a circle. */
export async function lockSome(tx: Tx, names: readonly string[]): Promise<void> {
  const numbers = [...new Set(names.map(lockNumber))].sort();
  const all = [
    `select pg_advisory_xact_lock_shared(${lockNumber(wholeDatabase)})`,
    ...numbers.map((number) => `select pg_advisory_xact_lock(${number})`),
  ];
  // One message, and still one statement after the other.
  await send(tx, { compile: () => sql.raw(all.join("; ")).compile(tx) });
}

/** Two names with one number only wait for one another. */
function lockNumber(name: string): string {
  return createHash("sha256")
    .update(`nightlatch/lock\0${name}`, "utf8")
    .digest()
    .readBigInt64BE(0)
    .toString();
}
