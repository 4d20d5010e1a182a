// The server's pages over a real connection, asked with whatever bytes a path, a method or a header may have.

import { type IncomingMessage, request } from "node:http";
import { pino } from "pino";
import { onTestFinished } from "vitest";
import { type AppParts, makeApp } from "../../server/api/app.ts";
import { listen } from "../../server/listen/listen.ts";
import { formToken, type SessionKind } from "../../server/sessions/sessions.ts";
import { type Person, codeOf } from "./browser.ts";
import { random, type TestServer } from "./fixture.ts";

export interface Answer {
  readonly status: number;
  readonly to: string | undefined;
  readonly cookies: readonly string[];
  readonly text: string;
}

export interface Wire {
  readonly routes: readonly string[];
  send(
    method: string,
    path: string,
    headers?: Readonly<Record<string, string>>,
    body?: string,
  ): Promise<Answer>;
}

/** Plain http on loopback; ends with the test. */
export async function wireTo(server: TestServer, parts: Pick<AppParts, "metrics"> = {}): Promise<Wire> {
  const passwordCost = { memory: 8, passes: 1, parallelism: 1 };
  const app = makeApp({
    ...server,
    ...parts,
    passwordCost,
    random,
    log: pino({ level: "silent" }),
    syncMinutes: 60,
  });
  const at = { host: "127.0.0.1", port: 0 };
  const listening = await listen((asked, env) => app.fetch(asked, env), at, undefined);
  onTestFinished(() => listening.close(AbortSignal.abort()));
  const { port } = listening.address;
  const host = `127.0.0.1:${port}`;
  return {
    routes: app.routes
      .filter(({ method }) => method !== "ALL")
      .map(({ method, path }) => `${method} ${path}`),
    send: (method, path, headers = {}, body) =>
      new Promise((resolve, reject) => {
        const usual =
          body === undefined
            ? {}
            : {
                "content-type": "application/x-www-form-urlencoded",
                "content-length": String(Buffer.byteLength(body)),
                origin: `http://${host}`,
                "sec-fetch-site": "same-origin",
              };
        const all = { host, ...usual, ...headers };
        const outgoing = request({ host: "127.0.0.1", port, method, path, headers: all, agent: false });
        outgoing.on("error", reject);
        outgoing.on("response", (incoming) => {
          read(incoming).then(resolve, reject);
        });
        outgoing.end(body);
      }),
  };
}

async function read(incoming: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const { statusCode = 0, headers } = incoming;
  const cookies = headers["set-cookie"] ?? [];
  return { status: statusCode, to: headers.location, cookies, text: Buffer.concat(chunks).toString("utf8") };
}

/** A browser's cookie, and what its forms carry. */
export interface Signed {
  readonly kind: SessionKind;
  readonly id: string;
  readonly cookie: string;
  readonly token: string;
}

/** By name, password and code, as at the page. */
export async function signInBy(
  wire: Wire,
  server: TestServer,
  who: Person,
  kind: SessionKind,
): Promise<Signed> {
  const path = kind === "console" ? "/admin/sign-in" : "/portal/sign-in";
  const fields = { name: who.name, password: who.password, code: codeOf(server, who.secret) };
  const seen = await wire.send("POST", path, {}, new URLSearchParams(fields).toString());
  const id = /=([A-Za-z0-9_-]{43});/.exec(seen.cookies.join("\n"))?.[1];
  if (id === undefined) throw new Error(`${who.name} was not let in: ${seen.status}`);
  server.clock.pass(30_000);
  return asSession(kind, id);
}

export function asSession(kind: SessionKind, id: string): Signed {
  return { kind, id, cookie: `nightlatch-${kind}=${id}`, token: formToken(id) };
}
