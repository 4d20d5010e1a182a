// From an app to a listening socket, and an orderly end.

import { createServer as createHttp } from "node:http";
import { createServer as createHttps } from "node:https";
import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
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

/** Rejects when the address can't be had. Without `tls` it is plain http: the caller allows that only on loopback. */
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
    server.once("error", reject);
    server.listen(address.port, address.host, () => {
      server.off("error", reject);
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
