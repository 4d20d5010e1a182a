// The admin socket: HTTP and JSON for the command line and for curl --unix-socket. Who may, what is asked, what comes back.

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Log } from "../log/log.ts";
import type { MayAdminister } from "../socket/administrators.ts";
import { listen } from "../socket/listen.ts";
import type { Peer, Peers } from "../socket/peer.ts";
import { type AdminActions, AdminError } from "./actions.ts";
import { readBody } from "./body.ts";
import { findRoute } from "./routes.ts";

export interface AdminListener {
  close(): Promise<void>;
}

export interface AdminListenerParts {
  /** A path is made with mode 0660 for the agent's account and `gid`. */
  readonly at: { readonly path: string; readonly gid?: number } | { readonly fd: number };
  readonly actions: AdminActions;
  readonly peers: Pick<Peers, "of">;
  readonly mayAdminister: MayAdminister;
  readonly log: Log;
}

const mostConnections = 16;

export async function serveAdmin(parts: AdminListenerParts): Promise<AdminListener> {
  const { at, log, peers } = parts;
  const callers = new WeakMap<Socket, Peer>();
  let count = 0;
  const server = createServer(
    {
      maxHeaderSize: 16_384,
      headersTimeout: 5_000,
      requestTimeout: 10_000,
      keepAliveTimeout: 1_000,
      // The sockets are local and the caller is known: a Host says nothing here.
      requireHostHeader: false,
    },
    (request, response) => {
      count += 1;
      void handle(parts, callers.get(request.socket), count, request, response);
    },
  );
  server.maxConnections = mostConnections;
  server.on("connection", (socket: Socket) => {
    const peer = peers.of(socket);
    if (peer !== undefined) callers.set(socket, peer);
  });
  await listen(server, "path" in at ? { ...at, mode: 0o660 } : at);
  server.on("error", (error) => log.error("the admin socket failed", { error }));
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function handle(
  parts: AdminListenerParts,
  peer: Peer | undefined,
  id: number,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { actions, log, mayAdminister } = parts;
  const reply = (status: number, value: unknown, more: Record<string, string> = {}): void => {
    const body = `${JSON.stringify(value)}\n`;
    response.writeHead(status, {
      "content-type": "application/json; charset=utf-8",
      "content-length": Buffer.byteLength(body),
      "cache-control": "no-store",
      ...more,
    });
    response.end(body);
  };
  const fail = (status: number, code: string, message: string, more: Record<string, string> = {}): void =>
    // What is left of the request is not worth reading.
    reply(status, { error: { code, message } }, { connection: "close", ...more });
  try {
    if (!mayAdminister(peer)) {
      log.warn("an admin request was refused", { request: id, uid: peer?.uid, pid: peer?.pid });
      fail(403, "forbidden", "only root and the members of the admin group may do this");
      return;
    }
    const found = findRoute(request.method ?? "", request.url ?? "");
    if (found.kind === "unknown") {
      fail(404, "not-found", "there is no such address");
      return;
    }
    if (found.kind === "other-method") {
      fail(405, "bad-request", `use ${found.allowed.join(" or ")}`, { allow: found.allowed.join(", ") });
      return;
    }
    const body = await readBody(request);
    if (!body.ok) {
      fail(body.tooLarge ? 413 : 400, "bad-request", body.error);
      return;
    }
    const input = found.route.read(found.query, body.value);
    if (!input.ok) {
      fail(400, "bad-request", input.error);
      return;
    }
    const { name, method } = found.route;
    log[method === "GET" ? "debug" : "info"]("admin request", { request: id, uid: peer?.uid, action: name });
    reply(200, await input.value(actions));
  } catch (error) {
    if (response.headersSent || response.destroyed) return;
    if (error instanceof AdminError) {
      fail(statusOf[error.code], error.code, error.message);
    } else {
      log.error("an admin request failed", { request: id, error });
      fail(500, "internal", `the agent failed; its log says why, at request ${id}`);
    }
  }
}

const statusOf = {
  "not-joined": 409,
  "already-joined": 409,
  "server-unreachable": 502,
  refused: 422,
  "not-found": 404,
  "bad-request": 400,
  unavailable: 503,
} as const satisfies Record<AdminError["code"], number>;
