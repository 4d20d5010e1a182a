// The agent's admin socket: methods, addresses and bodies, through Node's own HTTP.

import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { serveAdmin } from "../../../agent/admin/http.ts";
import { FakeActions } from "../../agent/fake-actions.ts";
import { type Edit, edit, edited } from "../edits.ts";
import { canary, expectNothingOf, expectSame, expectSentence, expectThat } from "../oracles.ts";
import { target } from "../target.ts";

const paths = [
  "/v1/status",
  "/v1/sync",
  "/v1/join",
  "/v1/forget",
  "/v1/explain?user=alice&kind=logon",
  "/v1/explain",
  "*",
  "/",
  "//v1/sync",
];
const bodies = { join: { url: "https://mfa.test", token: canary }, forget: { user: "alice" } };

interface Input {
  readonly method: string;
  readonly path: string;
  readonly more: string;
  readonly of: keyof typeof bodies;
  readonly edits: readonly Edit[];
  readonly raw: string | null;
  readonly header: string;
}

export const adminBody = target<Input>({
  name: "admin-body",
  what: "requests to the agent's admin socket",
  inputs: fc.record({
    method: fc.constantFrom("GET", "POST", "POST", "PUT", "HEAD", "get", "OPTIONS"),
    path: fc.constantFrom(...paths),
    more: fc.constantFrom(
      "",
      "",
      `?${canary}=1`,
      "&user=bob",
      "%00",
      "/../join",
      "?kind=__proto__&user=a",
      "?user=%FF&kind=logon",
    ),
    of: fc.constantFrom("join", "forget"),
    edits: fc.array(edit, { maxLength: 2 }),
    raw: fc.option(
      fc.oneof(
        fc.string({ unit: "binary", maxLength: 60 }),
        fc.constantFrom("{", "[]", "\ufeff{}", `"${canary}`),
      ),
      { freq: 3 },
    ),
    header: fc.constantFrom(
      "",
      "",
      "Content-Length: 5\r\n",
      "Transfer-Encoding: chunked\r\n",
      `X-A: ${canary}\r\n`,
      "Content-Length: -1\r\n",
      "Content-Length: 99999999\r\n",
    ),
  }),
  open: async () => {
    const folder = mkdtempSync(join(tmpdir(), "nl-"));
    const path = join(folder, "admin.sock");
    const logged: unknown[] = [];
    const remember = (message: string, fields?: object) => void logged.push([message, fields]);
    const log = { debug: remember, info: remember, warn: remember, error: remember };
    const actions = new FakeActions();
    const peers = { of: () => ({ uid: 0, gid: 0, gids: [], pid: 1 }) };
    const listener = await serveAdmin({ at: { path }, actions, peers, mayAdminister: () => true, log });
    return {
      async try({ method, path: address, more, of, edits, raw, header }) {
        const body = Buffer.from(raw ?? JSON.stringify(edited(bodies[of], edits)) ?? "", "utf8");
        const length = /Content-Length|Transfer/.test(header) ? "" : `Content-Length: ${body.length}\r\n`;
        const head = `${method} ${address}${more} HTTP/1.1\r\n${header}${length}Connection: close\r\n\r\n`;
        actions.calls.length = 0;
        logged.length = 0;
        const answer = await say(path, Buffer.concat([Buffer.from(head, "latin1"), body]));
        const status = Number(answer.match(/^HTTP\/1\.1 (\d{3}) /)?.[1] ?? 0);
        expectThat([200, 400, 404, 405, 408, 413, 0].includes(status), `the agent answers ${status}`);
        const given = head + body.toString("utf8");
        expectNothingOf(given, JSON.stringify(logged), "the log");
        if (status === 200) {
          const well = actions.calls.every(([, ...values]) =>
            values.every((value) => typeof value === "string" && value !== ""),
          );
          expectThat(well, `called with ${JSON.stringify(actions.calls)}`);
          return;
        }
        expectSame(actions.calls, [], `answered ${status}, and something was done`);
        expectNothingOf(given, answer, `the answer ${status}`);
        // What is no HTTP at all is answered by Node, without a body.
        const said = answer.split("\r\n\r\n")[1] ?? "";
        if (said !== "" && method !== "HEAD")
          expectSentence((JSON.parse(said) as { error: { message: string } }).error.message, 200);
      },
      async close() {
        await listener.close();
        rmSync(folder, { recursive: true, force: true });
      },
    };
  },
});

/** All that comes back before the other end closes. */
function say(path: string, bytes: Buffer): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ path, allowHalfOpen: true });
    let heard = "";
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => {
      heard += text;
    });
    socket.on("error", () => undefined);
    socket.on("end", () => socket.destroy());
    socket.on("close", () => resolve(heard));
    socket.end(bytes);
  });
}
