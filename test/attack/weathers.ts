// Everything that a network may answer instead of the server's signed word. Each must mean "offline" and nothing else.

import type { ServerResponse } from "node:http";
import { signDocument } from "../../protocol/crypto/signed-document.ts";
import { signResponse } from "../../protocol/sync/http-signature.ts";
import type { Reply, Sent, Weather } from "./hostile-server.ts";
import { strangersIdentity } from "./insider.ts";

/** No answer lasts longer: the agent has hung up long before. */
const mostTicks = 200;

/** Does something every so many milliseconds until the other end has gone, or for 200 times. */
function repeat(response: ServerResponse, everyMs: number, act: () => void): void {
  let ticks = 0;
  const timer = setInterval(() => {
    ticks++;
    if (response.destroyed || response.socket?.destroyed !== false || ticks > mostTicks) {
      clearInterval(timer);
      response.destroy();
      return;
    }
    act();
  }, everyMs);
}

const page = (status: number, text: string, headers: Record<string, string> = {}): Weather => ({
  request: ({ answer }) =>
    answer({ status, headers: { "content-type": "text/html", ...headers }, body: Buffer.from(text) }),
});

const json = (status: number, value: unknown): Weather => ({
  request: ({ answer }) =>
    answer({
      status,
      headers: { "content-type": "application/json" },
      body: Buffer.from(JSON.stringify(value)),
    }),
});

const altered = (change: (reply: Reply, sent: Sent) => Reply): Weather => ({
  request: async ({ sent, pass, answer }) => answer(change(await pass(), sent)),
});

export function changeBody(reply: Reply, change: (body: Record<string, unknown>) => unknown): Reply {
  const parsed = JSON.parse(reply.body.toString()) as Record<string, unknown>;
  return { ...reply, body: Buffer.from(JSON.stringify(change(parsed))) };
}

/** As a server with another identity would sign it. */
const resigned = (change: (body: Record<string, unknown>, sent: Sent) => unknown): Weather => ({
  request: async ({ sent, pass, answer }) => {
    const reply = changeBody(await pass(), (body) => change(body, sent));
    const by = { keyId: "server", privateKey: strangersIdentity().signing.privateKey };
    const headers = signResponse(
      { status: 200, body: reply.body },
      sent.headers["signature"] ?? "",
      by,
      Date.now(),
    );
    answer({ status: 200, headers: { ...reply.headers, ...headers }, body: reply.body });
  },
});

const grantEverything = (body: Record<string, unknown>): unknown =>
  "result" in body
    ? {
        ...body,
        result: { verdict: "granted", method: "totp", bundle: null, mayEnrol: false, maySeed: false },
      }
    : body;
/** Well formed, for this very machine, under a key that is not the server's. */
const revokeEverything = (body: Record<string, unknown>, sent: Sent): unknown => {
  const machine = /keyid="([^"]+)"/.exec(sent.headers["signature-input"] ?? "")?.[1];
  const issuedAtMs = Date.now();
  const content = { serial: 999_999, machine, issuedAtMs, target: { scope: "machine" } };
  return {
    ...body,
    revocations: [signDocument("revocation", content, strangersIdentity().signing.privateKey)],
  };
};

export const weathers: Readonly<Record<string, Weather>> = {
  "connection refused": { connection: (socket) => void socket.resetAndDestroy() },
  "RST after the first bytes": {
    connection: (socket) => void socket.once("data", () => socket.resetAndDestroy()),
  },
  "black hole: accepts and never answers": { connection: () => undefined },
  "TLS, then silence": { request: () => undefined },
  "plain http with a kind word": {
    connection: (socket) =>
      void socket.end('HTTP/1.1 200 OK\r\ncontent-length: 21\r\n\r\n{"verdict":"granted"}'),
  },
  "garbage instead of TLS": { connection: (socket) => void socket.end(Buffer.alloc(4_096, 0x16)) },
  "certificate of an unknown CA": { certificate: "stranger" },
  "expired certificate": { certificate: "expired" },
  "certificate for another name (DNS to loopback)": { certificate: "other-name" },
  "500 with an error page": page(500, "<h1>Internal Server Error</h1>"),
  "503 with an empty body": page(503, "", { "retry-after": "1" }),
  "401, 403, 404, 410: not known here, gone": {
    request: ({ sent, answer }) => {
      const status = [401, 403, 404, 410][sent.body.length % 4] ?? 410;
      answer({ status, headers: {}, body: Buffer.from('{"error":{"code":"revoked","message":"gone"}}') });
    },
  },
  "redirect to a server that says granted": page(307, "", { location: "https://127.0.0.1:1/v1/verify" }),
  "captive portal: 200 with HTML": page(
    200,
    "<html><body>Welcome to Hotel Wi-Fi, please log in</body></html>",
  ),
  "captive portal: 511 with HTML": page(511, "<html><meta http-equiv=refresh content='0;url=/login'></html>"),
  "unsigned JSON that grants": json(200, {
    serverTimeMs: Date.now(),
    revocations: [],
    result: { verdict: "granted", method: "totp", bundle: null, mayEnrol: false, maySeed: false },
  }),
  "unsigned JSON that revokes": json(200, {
    serverTimeMs: Date.now(),
    revocations: [],
    result: { verdict: "revoked" },
  }),
  "JSON of another kind": json(200, ["granted", { __proto__: { verdict: "granted" } }, null]),
  "a granted answer signed by another server": resigned(grantEverything),
  "a revocation signed by another server": resigned(revokeEverything),
  "the server's answer with the verdict changed": altered((reply) => changeBody(reply, grantEverything)),
  "the server's answer with a revocation added": altered((reply, sent) =>
    changeBody(reply, (body) => revokeEverything(body, sent)),
  ),
  "the server's answer without its signature": altered(({ status, body }) => ({ status, headers: {}, body })),
  "the server's answer cut in the middle": {
    async request({ pass, response }) {
      const { status, headers, body } = await pass();
      response.writeHead(status, { ...headers, "content-length": String(body.length) });
      response.write(body.subarray(0, body.length >> 1), () => response.socket?.destroy());
    },
  },
  "the server's answer, shorter than it says": altered((reply) => ({
    ...reply,
    body: reply.body.subarray(0, reply.body.length - 7),
  })),
  "an answer without end": {
    request({ response }) {
      response.writeHead(200, { "content-type": "application/json" });
      repeat(response, 20, () => response.write(" ".repeat(65_536)));
    },
  },
  "a slow drip of the body": {
    request({ response }) {
      response.writeHead(200, { "content-type": "application/json", "content-length": "4096" });
      repeat(response, 100, () => response.write("{"));
    },
  },
  "a slow drip of the headers": {
    request({ response }) {
      response.socket?.write("HTTP/1.1 200 OK\r\nx-slow: ");
      repeat(response, 100, () => response.socket?.write("a"));
    },
  },
  "early hints for ever": {
    request: ({ response }) =>
      repeat(response, 50, () => response.writeEarlyHints({ link: "</x>; rel=preload" })),
  },
};
