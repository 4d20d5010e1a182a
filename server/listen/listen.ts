// From an app to a listening socket, and an orderly end.

import { createServer as createHttp } from "node:http";
import { createServer as createHttps } from "node:https";
import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import { Failure } from "../failure.ts";
import type { ListenAddress } from "./address.ts";
import type { Fetch } from "./admit.ts";
import type { Tls } from "./tls.ts";

export interface Listening {
  readonly address: ListenAddress;
  /** For new connections; those there are stay as they are. */
  replaceTls(tls: Tls): void;
  /** Takes no new connections, lets requests in progress end, and cuts what is left when `patience` is aborted. */
  close(patience: AbortSignal): Promise<void>;
}

/** A connection that sends its headers or body too slowly is closed; so are those beyond the number. */
const limits = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  maxHeaderSize: 16_384,
  keepAliveTimeout: 15_000,
};
const mostConnections = 4_096;
const minVersion = "TLSv1.2";

/** Why an address can't be had, by the system's word for it. */
const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program listens there already, perhaps this server",
  EADDRNOTAVAIL: "this machine has no such address",
  EACCES: "this account may not; ports below 1024 are root's as a rule",
  ENOTFOUND: "there is no host of this name",
};

/** @throws Failure when the address can't be had. Without `tls` it is plain http: the caller allows that only on loopback. */
export async function listen(fetch: Fetch, address: ListenAddress, tls: Tls | undefined): Promise<Listening> {
  const server =
    tls === undefined
      ? createAdaptorServer({ fetch, createServer: createHttp, serverOptions: limits })
      : createAdaptorServer({
          fetch,
          createServer: createHttps,
          serverOptions: { ...limits, ...tls, minVersion },
        });
  if ("maxConnections" in server) server.maxConnections = mostConnections;
  await new Promise<void>((resolve, reject) => {
    const refused = ({ code = "" }: NodeJS.ErrnoException) =>
      reject(
        new Failure("conflict", `can't listen on ${address.host}:${address.port}: ${reasons[code] ?? code}`),
      );
    server.once("error", refused);
    server.listen(address.port, address.host, () => {
      server.off("error", refused);
      resolve();
    });
  });
  const { port } = server.address() as AddressInfo;
  return {
    address: { host: address.host, port },
    replaceTls: (fresh) => {
      if ("setSecureContext" in server) server.setSecureContext({ ...fresh, minVersion });
    },
    close: (patience) =>
      new Promise((resolve) => {
        server.close(() => resolve());
        if (!("closeIdleConnections" in server)) return;
        server.closeIdleConnections();
        if (patience.aborted) server.closeAllConnections();
        patience.addEventListener("abort", () => server.closeAllConnections());
      }),
  };
}
