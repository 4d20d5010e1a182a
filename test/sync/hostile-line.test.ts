// The network as an attacker: it may alter, hold, replay, swap and invent, and gains nothing.

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Reply } from "../../agent/sync/transport.ts";
import { fine, House, type Line, type Sent, said, storm, type Token } from "./house.ts";

let house: House;
let alice: Token;

beforeEach(async () => {
  house = await House.build();
  alice = await house.user("alice");
  await house.join();
});

afterEach(() => house.tearDown());

const tamperings: Record<string, (reply: Reply) => Reply> = {
  "another body": (reply) => ({
    ...reply,
    body: Buffer.from(text(reply).replace('"serverTimeMs":1', '"serverTimeMs":2')),
  }),
  "a body with a field more": (reply) => ({
    ...reply,
    body: Buffer.from(text(reply).replace("{", '{"x":1,')),
  }),
  "a body cut short": (reply) => ({ ...reply, body: reply.body.slice(0, -1) }),
  "no signature": ({ status, body }) => ({ status, body, headers: {} }),
  "another digest": (reply) => header(reply, "content-digest", "sha-256=:AAAA:"),
  "another signature": (reply) => header(reply, "signature", `sig1=:${"A".repeat(86)}==:`),
  "another status": (reply) => ({ ...reply, status: 500 }),
  "an empty page": () => ({ status: 200, headers: {}, body: new Uint8Array() }),
  "a captive portal": () => ({ status: 200, headers: {}, body: Buffer.from("<html>Welcome</html>") }),
  "a redirect": () => ({
    status: 302,
    headers: { location: "https://elsewhere.test/" },
    body: new Uint8Array(),
  }),
};

describe("what comes back", () => {
  test.each(Object.entries(tamperings))(
    "%s is weather: no success, no revocation, nothing committed",
    async (_name, tamper) => {
      await house.agent.signIn("alice", [alice.code()]);
      const generation = house.agent.keeper.store().head.generation;
      house.line = async (sent, pass) => tamper(await pass(sent));
      await house.agent.online.probe();
      expect(house.agent.reach.state).toBe("unreachable");
      expect(house.agent.keeper.store().head.generation).toBe(generation);
      await house.clock.advance(30_000);
      expect(said(await house.agent.signIn("alice", ["000000"]))).toBe("denied");
      expect((await house.agent.actions.status()).enrolments).toHaveLength(1);
    },
  );

  test("an answer to another request is not taken for this one", async () => {
    const replies: Reply[] = [];
    house.line = async (sent, pass) => {
      const reply = await pass(sent);
      if (sent.path === "/v1/verify") replies.push(reply);
      return reply;
    };
    expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("granted online by totp");
    const granted = replies[0];
    house.line = async (sent, pass) =>
      sent.path === "/v1/verify" && granted !== undefined ? granted : await pass(sent);
    await house.clock.advance(30_000);
    expect(said(await house.agent.signIn("alice", ["000000"]))).toBe("denied");
    expect(house.agent.reach.lastFailure).toBe("not-the-server");
  });

  test("another server with a certificate of its own is not the one that was joined", async () => {
    const other = await House.build();
    await other.user("alice");
    house.line = (sent) => other.deliver(sent);
    await house.agent.online.probe();
    expect(house.agent.reach.state).toBe("unreachable");
    await other.tearDown();
  });
});

describe("what goes out", () => {
  async function recorded(path: string, work: () => Promise<unknown>): Promise<Sent> {
    const before = house.heard.length;
    await work();
    const sent = house.heard.slice(before).find((one) => one.path === path);
    if (sent === undefined) throw new Error(`nothing was sent to ${path}`);
    return sent;
  }

  test("a replayed request is refused, and the server notes it", async () => {
    const sent = await recorded("/v1/verify", () => house.agent.signIn("alice", [alice.code()]));
    await house.agent.online.probe();
    expect((await house.deliver(sent)).status).toBe(409);
    const [machine] = (await house.admin("machine", "list")) as { flags: string[] }[];
    expect(machine?.flags).toContain("sequence-conflict");
  });

  test.each([
    [
      "another body",
      (sent: Sent) => ({
        ...sent,
        body: Buffer.from(Buffer.from(sent.body).toString().replace("alice", "alicf")),
      }),
    ],
    ["another path", (sent: Sent) => ({ ...sent, path: "/v1/sync" })],
    ["no signature", (sent: Sent) => ({ ...sent, headers: {} })],
    [
      "another machine's name",
      (sent: Sent) => ({
        ...sent,
        headers: {
          ...sent.headers,
          "signature-input": (sent.headers["signature-input"] ?? "").replace(
            /keyid="(.)/,
            (_, first: string) => `keyid="${first === "2" ? "3" : "2"}`,
          ),
        },
      }),
    ],
  ])("%s is refused by the server, and the machine's next request is fine", async (_name, alter) => {
    const line: Line = (sent, pass) => (sent.path === "/v1/verify" ? pass(alter(sent)) : pass(sent));
    house.line = line;
    expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("unavailable");
    house.line = fine;
    await house.agent.online.probe();
    expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("granted online by totp");
  });

  test("a join through an interceptor with another identity fails, and gives the token to nobody", async () => {
    const other = await House.build();
    const victim = await House.build();
    const { token } = (await house.admin("join-token", "create")) as { token: string };
    const seen: Sent[] = [];
    victim.line = (sent) => {
      seen.push(sent);
      return other.deliver(sent);
    };
    await expect(victim.agent.actions.join("https://server.test", token)).rejects.toThrow(/refused/);
    const secret = token.split("-")[1] ?? "";
    for (const sent of seen) expect(Buffer.from(sent.body).toString()).not.toContain(secret);
    victim.line = (sent) => house.deliver(sent);
    await victim.agent.actions.join("https://server.test", token);
    expect((await victim.agent.actions.status()).state).toBe("healthy");
    await other.tearDown();
    await victim.tearDown();
  });

  test("events arrive once, whatever breaks in between", async () => {
    await house.agent.signIn("alice", [alice.code()]);
    await house.clock.advance(30_000);
    house.line = storm("unreachable");
    expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("granted offline by totp");
    // The server takes them, and its answer is lost; twice.
    house.line = async (sent, pass) => {
      await pass(sent);
      return await storm("unreachable")(sent, pass, new AbortController().signal);
    };
    await expect(house.agent.actions.sync()).rejects.toThrow();
    await expect(house.agent.actions.sync()).rejects.toThrow();
    house.startAgent();
    house.line = fine;
    await house.agent.actions.sync();
    const audit = (await house.admin("audit", "--user", "alice")) as { kind: string; source: string }[];
    const grants = audit.filter(({ kind, source }) => source === "machine" && kind === "sign-in-granted");
    expect(grants).toHaveLength(1);
    expect((await house.agent.actions.status()).eventsWaiting).toBeLessThanOrEqual(1);
    const [machine] = (await house.admin("machine", "list")) as { flags: string[] }[];
    expect(machine?.flags).toEqual([]);
  });
});

function text(reply: Reply): string {
  return Buffer.from(reply.body).toString("utf8");
}

function header(reply: Reply, name: string, value: string): Reply {
  return { ...reply, headers: { ...reply.headers, [name]: value } };
}
