// The way to a directory: TLS with a checked certificate, a bind, pages.

import { connect as connectPlain, isIP } from "node:net";
import { connect as connectTls } from "node:tls";
import type { Entry } from "ldapts";
import { BeforeTls } from "./before-tls.ts";
import { explain } from "./explain.ts";
import { type Directory, hostOf } from "./settings.ts";

const patienceMs = 10_000;
const searchMs = 60_000;

export interface Search {
  readonly base: string;
  readonly filter: string;
  readonly attributes: readonly string[];
  /** Those that are no text. */
  readonly binary?: readonly string[];
}

export interface Connection {
  /** Page by page. @throws Failure when the directory breaks off, or gives less than all. */
  search(search: Search): AsyncIterable<Entry>;
  close(): Promise<void>;
}

/** @throws Failure when it can't be reached or refuses. */
export async function connectTo(directory: Directory): Promise<Connection> {
  const { Client } = await import("ldapts");
  const { url, startTls, ca, bindDn } = directory;
  const tlsOptions = { minVersion: "TLSv1.2", ...(ca === "" ? {} : { ca }) } as const;
  const beforeTls = new BeforeTls();
  const listening = ((...to: Parameters<typeof connectPlain>) => {
    const socket = connectPlain(...to);
    beforeTls.hear(socket);
    return socket;
  }) as typeof connectPlain;
  // The client would make a connection that broke anew by itself: without StartTLS, and without a bind.
  const secure = url.startsWith("ldaps:")
    ? { tlsOptions, createSecureConnection: once(connectTls) }
    : { createConnection: once(listening) };
  const client = new Client({ url, timeout: searchMs, connectTimeout: patienceMs, ...secure });
  const explained = <T>(work: () => Promise<T>) => explain(url, work);
  try {
    await explained(async () => {
      if (startTls && url.startsWith("ldap:")) {
        const host = hostOf(url);
        // Without a host it would be checked whether the certificate is for `localhost`.
        const named = isIP(host) === 0 ? { servername: host } : {};
        await client.startTLS({ ...tlsOptions, host, ...named });
        beforeTls.checkOneMessage();
      }
      if (bindDn !== "") await directory.password.use((password) => client.bind(bindDn, password));
    });
  } catch (error) {
    await client.unbind().catch(() => undefined);
    throw error;
  }
  return {
    async *search({ base, filter, attributes, binary = [] }) {
      const pages = client.searchPaginated(base, {
        scope: "sub",
        filter,
        attributes: [...attributes],
        explicitBufferAttributes: [...binary],
        paged: { pageSize: directory.pageSize },
      });
      for (;;) {
        const page = await explained(() => pages.next());
        if (page.done === true) return;
        yield* page.value.searchEntries;
      }
    },
    close: () => client.unbind().catch(() => undefined),
  };
}

function once<T extends (...args: never[]) => unknown>(connect: T): T {
  let used = false;
  const guarded = (...args: Parameters<T>) => {
    if (used) throw new Error("the connection broke off");
    used = true;
    return connect(...args);
  };
  return guarded as T;
}

/** The values of an attribute as text; none where it is not there. */
export function texts(entry: Entry, attribute: string): readonly string[] {
  const key = Object.keys(entry).find((name) => name.toLowerCase() === attribute.toLowerCase());
  const value = key === undefined || attribute === "" ? [] : entry[key];
  const all = Array.isArray(value) ? value : value === undefined ? [] : [value];
  return all.map((one) => (typeof one === "string" ? one : one.toString("hex"))).filter((one) => one !== "");
}
