// Which database, where, and how the way there is kept: `postgres://reader@db.corp.example/hr`.

import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { Failure } from "../../failure.ts";
import { checkOwn } from "../../identity/data-folder.ts";
import { isLoopback } from "../../listen/address.ts";

export const sqlKinds = ["postgres", "mysql", "mssql", "oracle"] as const;
export type SqlKind = (typeof sqlKinds)[number];

const ports: Readonly<Record<SqlKind, number>> = { postgres: 5432, mysql: 3306, mssql: 1433, oracle: 1521 };

export interface SqlAddress {
  readonly kind: SqlKind;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** Undefined: without TLS. Its certificate is checked by these CAs, PEM, or by the system's. */
  readonly tls: { readonly ca: string | undefined } | undefined;
}

export interface AddressWish {
  readonly url: string;
  /** From a file or the environment: a command line can be read by others. */
  readonly password: string | undefined;
  readonly passwordFile: string | undefined;
  readonly caFile: string | undefined;
  /** Over a network without TLS, which somebody has to have asked for. */
  readonly plainText: boolean;
}

/** @throws Failure for a URL that can't be read, or has a password in it. */
export function readSqlAddress(wish: AddressWish): SqlAddress {
  const url = URL.canParse(wish.url) ? new URL(wish.url) : undefined;
  const word = url?.protocol.replace(/:$/, "").replace("postgresql", "postgres").replace("mariadb", "mysql");
  const kind = sqlKinds.find((known) => known === word);
  const database = decode(url?.pathname.slice(1) ?? "");
  if (
    url === undefined ||
    kind === undefined ||
    url.hostname === "" ||
    url.username === "" ||
    database === ""
  )
    throw new Failure(
      "invalid",
      `KIND://USER@HOST:PORT/DATABASE with one of ${sqlKinds.join(", ")} for KIND`,
    );
  if (url.password !== "")
    throw new Failure(
      "unsafe",
      "a password in a URL is seen by everybody on this host; use --password-file or NIGHTLATCH_IMPORT_PASSWORD",
    );
  if (url.search !== "" || url.hash !== "")
    throw new Failure(
      "invalid",
      "the URL has nothing behind the database's name; TLS is chosen by --ca-file and --plain-text",
    );
  const host = decode(url.hostname.replace(/^\[|\]$/g, ""));
  const near = isLoopback(host);
  const ca = wish.caFile === undefined ? undefined : readFileSync(wish.caFile, "utf8");
  const tls = ca === undefined && (near || wish.plainText) ? undefined : { ca };
  if (kind === "mysql" && tls !== undefined && isIP(host) !== 0 && !near)
    throw new Failure(
      "invalid",
      "over TLS a MySQL server is checked by its name alone: write the host's name, as its certificate has it",
    );
  return {
    kind,
    host,
    port: url.port === "" ? ports[kind] : Number(url.port),
    user: decode(url.username),
    password: wish.passwordFile === undefined ? (wish.password ?? "") : readPassword(wish.passwordFile),
    database,
    tls,
  };
}

function readPassword(path: string): string {
  checkOwn(path, "file", `chmod 600 ${path}`);
  return readFileSync(path, "utf8").replace(/\r?\n$/, "");
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new Failure("invalid", "the URL has a % that stands for nothing");
  }
}
