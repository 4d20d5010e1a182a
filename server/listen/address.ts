// `ADDR:PORT` as given at the command line.

import { isIP } from "node:net";
import { type Parsed, parsed, unparsed } from "../../words/parsed.ts";

export interface ListenAddress {
  readonly host: string;
  /** 0 = whichever is free. */
  readonly port: number;
}

/** Accepts `127.0.0.1:8443`, `[::1]:8443`, `localhost:8443`. */
export function parseListenAddress(text: string): Parsed<ListenAddress> {
  const found = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]+)):(\d{1,5})$/.exec(text);
  const host = found?.[1] ?? found?.[2];
  const port = Number(found?.[3]);
  if (host === undefined || port > 65_535) return unparsed(`${JSON.stringify(text)} is not ADDRESS:PORT`);
  if (found?.[1] !== undefined && isIP(host) !== 6) return unparsed(`${host} is not an IPv6 address`);
  return parsed({ host, port });
}

export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

/** The URL of an address, with brackets where IPv6 wants them. */
export function urlOf(scheme: "https" | "http", { host, port }: ListenAddress): string {
  return `${scheme}://${host.includes(":") ? `[${host}]` : host}:${port}`;
}
