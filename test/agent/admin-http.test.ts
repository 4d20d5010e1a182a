import { chmodSync, chownSync, existsSync, lstatSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { AdminError } from "../../agent/admin/actions.ts";
import { serveAdmin } from "../../agent/admin/http.ts";
import { administrators, type MayAdminister } from "../../agent/socket/administrators.ts";
import { sayAs } from "./as-user.ts";
import { FakeActions } from "./fake-actions.ts";
import { dial, folder, isRoot, realPeers, rememberingLog } from "./workspace.ts";

async function admin({
  actions = new FakeActions(),
  mayAdminister = () => true,
  gid,
}: {
  actions?: FakeActions;
  mayAdminister?: MayAdminister;
  gid?: number;
} = {}) {
  const path = join(folder(), "admin.sock");
  const log = rememberingLog();
  const listener = await serveAdmin({
    at: { path, ...(gid === undefined ? {} : { gid }) },
    actions,
    peers: realPeers,
    mayAdminister,
    log,
  });
  onTestFinished(() => listener.close());
  return { path, actions, log, listener };
}

function ask(
  socketPath: string,
  method: string,
  path: string,
  body?: string | Buffer,
  headers: Record<string, string> = {},
): Promise<{ status: number | undefined; value: unknown; allow: string | undefined }> {
  return new Promise((resolve, reject) => {
    const asking = request({ socketPath, method, path, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () =>
        resolve({
          status: response.statusCode,
          value: JSON.parse(Buffer.concat(chunks).toString() || "null"),
          allow: response.headers.allow,
        }),
      );
    });
    asking.on("error", reject);
    asking.end(body);
  });
}

const error = (code: string, message: unknown = expect.any(String)) => ({ error: { code, message } });

describe("the admin socket", () => {
  test("says how the agent is", async () => {
    const { path, actions } = await admin();
    expect(await ask(path, "GET", "/v1/status")).toMatchObject({
      status: 200,
      value: await actions.status(),
    });
  });

  test("syncs, with or without an empty body", async () => {
    const { path } = await admin();
    const report = { eventsSent: 3, bundlesReceived: 2, revocationsApplied: 1 };
    expect(await ask(path, "POST", "/v1/sync")).toMatchObject({ status: 200, value: report });
    expect(await ask(path, "POST", "/v1/sync", "{}")).toMatchObject({ status: 200, value: report });
  });

  test("joins, explains and forgets with what was given, checked", async () => {
    const { path, actions } = await admin();
    await ask(path, "POST", "/v1/join", JSON.stringify({ url: "https://mfa.corp.example", token: "nlj1-x" }));
    await ask(path, "GET", "/v1/explain?user=zoe%CC%88&kind=unlock");
    expect(await ask(path, "POST", "/v1/forget", JSON.stringify({ user: "alice" }))).toMatchObject({
      status: 200,
      value: { forgotten: true },
    });
    expect(actions.calls).toEqual([
      ["join", "https://mfa.corp.example", "nlj1-x"],
      ["explain", "zo\u00eb", "unlock"],
      ["forget", "alice"],
    ]);
  });

  test.each([
    ["GET", "/", 404],
    ["GET", "/v1/status/", 404],
    ["GET", "/v1/../v1/status", 404],
    ["GET", "/v1/status?x=1", 400],
    ["GET", "/v1/status??", 404],
    ["GET", "/constructor", 404],
    ["GET", "/__proto__", 404],
    ["POST", "/v1/status", 405],
    ["HEAD", "/v1/status", 405],
    ["OPTIONS", "/v1/sync", 405],
    ["GET", "/v1/sync", 405],
    ["GET", "/v1/forget", 405],
    ["GET", "/v1/explain", 400],
    ["GET", "/v1/explain?user=alice", 400],
    ["GET", "/v1/explain?user=alice&kind=x", 400],
    ["GET", "/v1/explain?user=alice&user=bob&kind=logon", 400],
    ["GET", "/v1/explain?user=alice&kind=logon&x=1", 400],
    ["GET", "/v1/explain?user=a%0Ab&kind=logon", 400],
  ])("answers %s %s with %i", async (method, path, status) => {
    const on = await admin();
    expect((await ask(on.path, method, path)).status).toBe(status);
    expect(on.actions.calls).toEqual([]);
  });

  test.each([
    ["/v1/sync", '{"x":1}'],
    ["/v1/sync", "[]"],
    ["/v1/join", ""],
    ["/v1/join", "{}"],
    ["/v1/join", '{"url":"https://x"}'],
    ["/v1/join", '{"url":"https://x","token":7}'],
    ["/v1/join", '{"url":"https://x","token":""}'],
    ["/v1/join", '{"url":"https://x","token":"t","more":1}'],
    ["/v1/rotate-keys", "{}"],
    ["/v1/rotate-keys", '{"protector":"tpm3"}'],
    ["/v1/forget", "null"],
    ["/v1/forget", '{"user":"a\\u0000"}'],
    ["/v1/forget", '{"user":["alice"]}'],
    ["/v1/forget", "{"],
    ["/v1/forget", '{"user":"hunter2"} hunter2'],
  ])("refuses POST %s of %s without repeating it", async (path, body) => {
    const on = await admin();
    const reply = await ask(on.path, "POST", path, body);
    expect(reply).toMatchObject({ status: 400, value: error("bad-request") });
    expect(JSON.stringify(reply.value)).not.toMatch(/hunter2/);
    expect(on.actions.calls).toEqual([]);
  });

  test("refuses a token that is too long", async () => {
    const { path } = await admin();
    const body = JSON.stringify({ url: "https://x", token: "t".repeat(5_000) });
    expect(await ask(path, "POST", "/v1/join", body)).toMatchObject({ status: 400 });
  });

  test("refuses a body that is not UTF-8", async () => {
    const { path } = await admin();
    const body = Buffer.from([0x22, 0xff, 0x22]);
    expect(await ask(path, "POST", "/v1/forget", body)).toMatchObject({ status: 400 });
  });

  test.each([{}, { "transfer-encoding": "chunked" }])(
    "refuses a body of 64 KiB and more: %j",
    async (headers) => {
      const { path, actions } = await admin();
      const body = JSON.stringify({ user: "a".repeat(70_000) });
      const reply = await ask(path, "POST", "/v1/forget", body, headers).catch(() => ({ status: 413 }));
      expect(reply).toMatchObject({ status: 413 });
      expect(actions.calls).toEqual([]);
    },
  );

  test.each([
    ["not-joined", 409],
    ["already-joined", 409],
    ["server-unreachable", 502],
    ["refused", 422],
    ["not-found", 404],
    ["bad-request", 400],
    ["unavailable", 503],
  ] as const)("answers %s with %i and the sentence", async (code, status) => {
    const actions = new FakeActions();
    actions.fail = new AdminError(code, "do this instead");
    const { path } = await admin({ actions });
    expect(await ask(path, "POST", "/v1/sync")).toMatchObject({
      status,
      value: error(code, "do this instead"),
    });
  });

  test("says nothing of a fault of its own, but its log does", async () => {
    const actions = new FakeActions();
    actions.fail = new Error("SELECT secret FROM seeds");
    const { path, log } = await admin({ actions });
    const reply = await ask(path, "POST", "/v1/sync");
    expect(reply).toMatchObject({
      status: 500,
      value: error("internal", "the agent failed; its log says why, at request 1"),
    });
    expect(log.lines.at(-1)).toMatchObject({ level: "error", fields: { request: 1, error: actions.fail } });
  });

  test("is not upset by what is no HTTP", async () => {
    const { path } = await admin();
    const line = await dial(path);
    line.socket.write("\0\0\0 hello\r\n\r\n");
    expect(await line.whole).toMatch(/^HTTP\/1\.1 400 /);
    expect((await ask(path, "GET", "/v1/status")).status).toBe(200);
  });

  test("is open to its account and group only, and is removed at the end", async () => {
    const { path, listener } = await admin();
    expect(lstatSync(path).mode & 0o777).toBe(0o660);
    await listener.close();
    expect(existsSync(path)).toBe(false);
  });
});

describe("who may administer:", () => {
  const peer = (uid: number, ...gids: number[]) => ({ uid, pid: 1, gids });

  test.each([
    ["root", peer(0, 0), true],
    ["the agent's account", peer(990, 990), true],
    ["a member of the admin group", peer(1000, 1000, 27), true],
    ["anybody else", peer(1000, 1000), false],
    ["root's group is not root", peer(1000, 0), false],
    ["somebody whom the kernel does not name", undefined, false],
  ])("%s: %j is %s", (_who, who, may) => expect(administrators(990, 27)(who)).toBe(may));

  test("nobody by group when there is none", () =>
    expect(administrators(990, undefined)(peer(1000, 1000, 27))).toBe(false));

  test("everybody else gets 403 and nothing is done", async () => {
    const { path, actions, log } = await admin({ mayAdminister: () => false });
    expect(await ask(path, "POST", "/v1/sync")).toMatchObject({ status: 403, value: error("forbidden") });
    expect(await ask(path, "GET", "/nothing")).toMatchObject({ status: 403 });
    expect(actions.calls).toEqual([]);
    expect(log.lines[0]).toMatchObject({ level: "warn", fields: { uid: process.geteuid?.() } });
  });

  test.runIf(isRoot)("the kernel keeps strangers out, and lets the group in", async () => {
    const { path } = await admin({ gid: 27, mayAdminister: administrators(0, 27) });
    chmodSync(join(path, ".."), 0o755);
    const status = "GET /v1/status HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    expect(lstatSync(path).gid).toBe(27);
    expect(await sayAs(1, path, status)).toBe("not permitted");
    expect(await sayAs(1, path, status, [27])).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    // A socket that is too open by mistake is still closed by the second look.
    chownSync(path, 0, 1);
    expect(await sayAs(1, path, status)).toMatch(/^HTTP\/1\.1 403 /);
  });
});
