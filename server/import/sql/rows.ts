// A query's answer as a source of records. Drivers are loaded when a database of their kind is asked for.

import { Failure } from "../../failure.ts";
import { type ColumnMap, type Columns, columnsOf } from "../columns.ts";
import type { Cells, Source } from "../record.ts";
import type { SqlAddress } from "./address.ts";
import { openMysql } from "./mysql.ts";
import { openOracle } from "./oracle.ts";
import { openPostgres } from "./postgres.ts";
import { openSqlServer } from "./sql-server.ts";

/** What a driver makes of a query: row after row, at most some in memory. */
export interface SqlAnswer {
  readonly columns: readonly string[];
  readonly rows: AsyncIterable<readonly unknown[]>;
  close(): Promise<void>;
}

export interface SqlSource {
  readonly columns: Columns;
  readonly records: Source;
  close(): Promise<void>;
}

/** @throws Failure when the database can't be reached, or does not take the query. */
export async function openSql(
  address: SqlAddress,
  query: string,
  map: ColumnMap,
  driverFolder: string | undefined,
): Promise<SqlSource> {
  const answer = await explained(address, () => openAnswer(address, query, driverFolder));
  try {
    const columns = columnsOf(answer.columns, map);
    return { columns, records: toRecords(address, answer, columns), close: () => answer.close() };
  } catch (error) {
    await answer.close();
    throw error;
  }
}

function openAnswer(
  address: SqlAddress,
  query: string,
  driverFolder: string | undefined,
): Promise<SqlAnswer> {
  switch (address.kind) {
    case "postgres":
      return openPostgres(address, query);
    case "mysql":
      return openMysql(address, query);
    case "mssql":
      return openSqlServer(address, query, driverFolder);
    case "oracle":
      return openOracle(address, query, driverFolder);
  }
}

/** A record's line is the row's number in the answer. */
async function* toRecords(address: SqlAddress, answer: SqlAnswer, columns: Columns): Source {
  const rows = answer.rows[Symbol.asyncIterator]();
  for (let line = 1; ; line += 1) {
    const next = await explained(address, () => rows.next());
    if (next.done === true) return;
    const cells: { -readonly [field in keyof Cells]: Cells[field] } = {};
    for (const [field, at] of columns.places) cells[field] = toText(next.value[at]);
    yield { line, cells };
  }
}

function toText(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (value instanceof Uint8Array) return value.toHex();
  return String(value);
}

/** SQLSTATE classes whose messages speak of the query or the account, and never of what stands in a row. */
const sayable = /^(08|28|3D|3F|42|57|HY)/;

async function explained<T>(address: SqlAddress, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Failure) throw error;
    const { code, sqlState, message } = error as { code?: unknown; sqlState?: unknown; message?: unknown };
    const state = String(sqlState ?? code ?? "");
    const where = `${address.kind} at ${address.host}`;
    const words = sayable.test(state) ? `${String(message)} (${state})` : state || "it broke off";
    const advice = adviceOn(state);
    throw new Failure("invalid", `${where}: ${words}${advice === undefined ? "" : `; ${advice}`}`);
  }
}

function adviceOn(code: string): string | undefined {
  if (/^(ENOTFOUND|EAI_AGAIN)$/.test(code)) return "there is no such host: look at --from";
  if (/^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT)$/.test(code))
    return "nothing answers there: look at host and port in --from";
  if (/^ERR_TLS_CERT_ALTNAME/.test(code))
    return "its certificate is for another name: ask it by that one in --from";
  if (/EXPIRED|NOT_YET_VALID/.test(code))
    return "its certificate is out of date: another one is needed there, or this clock is wrong";
  if (/CERT|SIGNATURE|ISSUER|HANDSHAKE_SSL/.test(code))
    return "its certificate is not trusted: give the authorities that have signed it with --ca-file";
  return undefined;
}
