// The line between machine and server in an attacker's hands: a TLS server on loopback in front of the real one, with a
// certificate that the machine trusts. It hands on, holds, alters, replays, invents, and lies about who it is.

import type { IncomingMessage, ServerResponse } from "node:http";
import { request as httpsRequest, type Server, createServer as secureServer } from "node:https";
import { type AddressInfo, createServer, type Server as NetServer, type Socket } from "node:net";
import type { CertificateName, Certificates } from "./certificates.ts";
import { certificateNames } from "./certificates.ts";

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface Sent {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface Exchange {
  readonly sent: Sent;
  readonly response: ServerResponse;
  /** Hands the request on, altered or not. */
  pass(altered?: Sent): Promise<Reply>;
  answer(reply: Reply): void;
}

export interface Weather {
  /** What happens to a connection before any TLS; unset: TLS. */
  readonly connection?: (socket: Socket) => void;
  readonly certificate?: CertificateName;
  /** What happens to a request; unset: handed on. */
  readonly request?: (exchange: Exchange) => void | Promise<void>;
}

export const fine: Weather = {};
/** The cheapest way to be offline. */
export const unreachable: Weather = { connection: (socket) => void socket.resetAndDestroy() };

const connectionHeaders = new Set([
  "connection",
  "content-length",
  "host",
  "keep-alive",
  "transfer-encoding",
]);
const plain = (headers: IncomingMessage["headers"]): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      connectionHeaders.has(name) || value === undefined ? [] : [[name, String(value)]],
    ),
  );

/** More than any exchange of a test has; what a stream of bytes without end is cut at. */
const mostBytes = 32 * 1024 * 1024;

async function readAll(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > mostBytes) throw new Error("too much");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

export class HostileServer {
  readonly #upstream: () => string;
  readonly #door: NetServer;
  readonly #rooms: Readonly<Record<CertificateName, Server>>;
  readonly #sockets = new Set<Socket>();
  #weather: Weather = fine;
  /** Everything that went by in the clear, as a rogue CA sees it. */
  readonly seen: { sent: Sent; reply: Reply }[] = [];

  private constructor(upstream: () => string, certificates: Certificates) {
    this.#upstream = upstream;
    const handle = (request: IncomingMessage, response: ServerResponse) => {
      this.#handle(request, response).catch(() => response.destroy());
    };
    const room = (name: CertificateName) => {
      const server = secureServer(certificates.pairs[name], handle);
      server.on("tlsClientError", () => undefined);
      return server;
    };
    this.#rooms = Object.fromEntries(certificateNames.map((name) => [name, room(name)])) as Record<
      CertificateName,
      Server
    >;
    this.#door = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
      socket.on("error", () => undefined);
      const { connection, certificate = "good" } = this.#weather;
      if (connection === undefined) this.#rooms[certificate].emit("connection", socket);
      else connection(socket);
    });
  }

  static async start(upstream: () => string, certificates: Certificates): Promise<HostileServer> {
    const server = new HostileServer(upstream, certificates);
    await new Promise<void>((resolve, reject) => {
      server.#door.once("error", reject);
      server.#door.listen(0, "127.0.0.1", resolve);
    });
    return server;
  }

  get url(): string {
    return `https://127.0.0.1:${(this.#door.address() as AddressInfo).port}`;
  }

  /** Takes effect at once, also for connections that are kept open. */
  set weather(weather: Weather) {
    this.#weather = weather;
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#door.close(() => resolve()));
  }

  /** A request straight to the real server. */
  async deliver(sent: Sent): Promise<Reply> {
    const { promise, resolve, reject } = Promise.withResolvers<Reply>();
    const options = {
      method: "POST",
      headers: { ...sent.headers, "content-length": String(sent.body.length) },
      // The attacker's own connection to the real server, on loopback: nothing of the product relies on it.
      rejectUnauthorized: false,
    };
    const outgoing = httpsRequest(new URL(sent.path, this.#upstream()), options, (incoming) => {
      const { statusCode = 0, headers } = incoming;
      readAll(incoming).then(
        (body) => resolve({ status: statusCode, headers: plain(headers), body }),
        reject,
      );
    });
    outgoing.setTimeout(10_000, () => outgoing.destroy(new Error("the real server is silent")));
    outgoing.on("error", reject);
    outgoing.end(sent.body);
    return await promise;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readAll(request);
    const sent: Sent = { path: request.url ?? "", headers: plain(request.headers), body };
    const pass = async (altered: Sent = sent) => {
      const reply = await this.deliver(altered);
      this.seen.push({ sent, reply });
      return reply;
    };
    const answer = (reply: Reply) => {
      response.writeHead(reply.status, {
        ...reply.headers,
        "content-length": String(reply.body.length),
      });
      response.end(reply.body);
    };
    const { request: happens } = this.#weather;
    if (happens === undefined) answer(await pass());
    else await happens({ sent, response, pass, answer });
  }
}
