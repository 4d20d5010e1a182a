// HTTPS by Node's own client, certificates verified against the system's roots or a configured CA. Plain http only to
// loopback in development mode.

import {
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
  type RequestOptions,
} from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { createSecureContext } from "node:tls";
import type { Secret } from "../../words/secret.ts";
import { type Reply, type Transport, TransportFailure, type Weather } from "../sync/transport.ts";

export interface HttpsSettings {
  /** PEM; undefined: the system's roots. */
  readonly ca: string | undefined;
  /** `http://host:port` */
  readonly proxy: string | undefined;
  readonly headers: Readonly<Record<string, Secret>>;
  /** Plain http to loopback is allowed. */
  readonly development: boolean;
}

export function httpsTransport(settings: HttpsSettings): Transport {
  const keptAlive = { keepAlive: true, maxSockets: 4, scheduling: "lifo" } as const;
  const proxied = settings.proxy === undefined ? {} : { proxyEnv: { HTTPS_PROXY: settings.proxy } };
  const https = new HttpsAgent({
    ...keptAlive,
    ...proxied,
    // Made once: reading the certificates anew for each connection costs more than the rest of it.
    secureContext: createSecureContext({
      minVersion: "TLSv1.2",
      ...(settings.ca === undefined ? {} : { ca: settings.ca }),
    }),
  });
  const http = new HttpAgent(keptAlive);
  // Made when it is needed, and for one request at a time.
  const anybody = () => new HttpsAgent({ ...proxied, rejectUnauthorized: false, minVersion: "TLSv1.2" });
  const extra = Object.fromEntries(
    Object.entries(settings.headers).map(([name, value]) => [name, value.use((text) => text)]),
  );
  return {
    unverified: {
      async post(url, headers, body, maxReplyBytes, stop) {
        if (url.protocol !== "https:") throw new TransportFailure("certificate-refused");
        const agent = anybody();
        const options = { method: "POST", agent, signal: stop, headers: { ...ofJson(body), ...headers } };
        try {
          return await send(httpsRequest, url, options, body, maxReplyBytes);
        } finally {
          agent.destroy();
        }
      },
    },
    async post(url, headers, body, maxReplyBytes, stop) {
      const secure = url.protocol === "https:";
      if (!secure && !(settings.development && isLoopback(url.hostname)))
        throw new TransportFailure("certificate-refused");
      const options: RequestOptions = {
        method: "POST",
        agent: secure ? https : http,
        signal: stop,
        headers: { ...extra, ...ofJson(body), ...headers },
      };
      const once = () => send(secure ? httpsRequest : httpRequest, url, options, body, maxReplyBytes);
      try {
        return await once();
      } catch (error) {
        // A kept connection that was closed meanwhile says nothing about the server. Whether the request was taken before is
        // not to be known: it keeps its sequence number, so it can't be carried out twice.
        if (error instanceof StaleConnection && !stop.aborted) return await once();
        throw error;
      }
    },
    close() {
      https.destroy();
      http.destroy();
    },
  };
}

const ofJson = (body: Uint8Array) => ({
  "content-type": "application/json",
  "content-length": String(body.length),
});

class StaleConnection extends TransportFailure {}

function send(
  request: typeof httpsRequest,
  url: URL,
  options: RequestOptions,
  body: Uint8Array,
  maxReplyBytes: number,
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, options);
    outgoing.once("error", (error) => {
      const stale = outgoing.reusedSocket && codeOf(error) === "ECONNRESET";
      reject(
        stale ? new StaleConnection("unreachable", error) : new TransportFailure(weatherOf(error), error),
      );
    });
    outgoing.once("response", (incoming) => {
      read(incoming, maxReplyBytes).then(resolve, (error: unknown) => {
        incoming.destroy();
        reject(error instanceof TransportFailure ? error : new TransportFailure(weatherOf(error), error));
      });
    });
    outgoing.end(body);
  });
}

async function read(incoming: IncomingMessage, maxBytes: number): Promise<Reply> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of incoming) {
    size += chunk.length;
    if (size > maxBytes) throw new TransportFailure("too-large");
    chunks.push(chunk);
  }
  if (!incoming.complete) throw new TransportFailure("unreachable");
  return { status: incoming.statusCode ?? 0, headers: incoming.headers, body: Buffer.concat(chunks) };
}

function weatherOf(error: unknown): Weather {
  const code = codeOf(error);
  if (code === "ABORT_ERR") return "timed-out";
  if (code === "CERT_NOT_YET_VALID" || code === "CERT_HAS_EXPIRED") return "certificate-dated";
  const ofCertificate = /^(ERR_TLS|ERR_SSL|CERT_|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_|HOSTNAME_MISMATCH|EPROTO)/;
  return ofCertificate.test(code) ? "certificate-refused" : "unreachable";
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}
