// An old copy of a state put back repeats request numbers, which the server refuses. What it must hear in spite of that it
// hears: the refusal is signed for this very request, and brings revocations. It brings nothing else, and nobody can make one up.

import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Reply } from "../../agent/sync/transport.ts";
import { fine, House, said, type Token } from "./house.ts";

let house: House;
let alice: Token;
const folder = () => join(house.folder, "state");
const copy = () => join(house.folder, "copy");

/** Alice is enrolled, and a copy of the state is made; then the machine goes on for some requests. */
beforeEach(async () => {
  house = await House.build();
  alice = await house.user("alice");
  await house.join();
  await house.agent.signIn("alice", [alice.code()]);
  await house.clock.advance(30_000);
  house.agent.stop();
  cpSync(folder(), copy(), { recursive: true, preserveTimestamps: true });
  house.startAgent();
  for (let request = 0; request < 5; request++) await house.agent.actions.sync();
});

afterEach(() => house.tearDown());

function putBack(): void {
  house.agent.stop();
  rmSync(folder(), { recursive: true });
  cpSync(copy(), folder(), { recursive: true, preserveTimestamps: true });
  house.startAgent();
}

const machine = async () => ((await house.admin("machine", "list")) as { id: string }[])[0]?.id ?? "";

describe("a copy put back", () => {
  test("of a revoked machine is erased by its first request, and nobody gets in", async () => {
    await house.admin("machine", "revoke", await machine());
    await house.agent.actions.sync();
    putBack();
    expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("unavailable");
    expect((await house.agent.actions.status()).state).toBe("revoked");
    house.startAgent();
    expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("unavailable");
  });

  test("is erased too when the refused request is the sign-in's own", async () => {
    await house.admin("machine", "revoke", await machine());
    putBack();
    await house.agent.online.probe();
    expect((await house.agent.actions.status()).state).toBe("revoked");
  });

  test("from before a user was disabled no longer lets that user in", async () => {
    await house.admin("user", "disable", "alice");
    await house.agent.actions.sync();
    putBack();
    expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("unavailable");
    const { state, enrolments } = await house.agent.actions.status();
    expect([state, enrolments]).toEqual(["healthy", []]);
  });

  test("with nothing to carry out is offline as in any weather, and says what it is", async () => {
    putBack();
    const { time } = house.agent.keeper.store().head;
    expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("granted offline by totp");
    expect(house.agent.keeper.store().head.time.anchor).toEqual(time.anchor);
    expect((await house.agent.actions.status()).server.lastFailure).toBe("sequence-used");
  });
});

describe("a line that breaks after the server has taken a request", () => {
  const flagged = async () => ((await house.admin("machine", "list")) as { flags: string[] }[])[0]?.flags;

  test("makes the agent send it once more: refused, judged offline, and no clone", async () => {
    house.line = async (sent, pass) => {
      if (sent.path === "/v1/verify") await pass(sent);
      return pass(sent);
    };
    expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("granted offline by totp");
    house.line = fine;
    await house.clock.advance(30_000);
    await house.agent.online.probe();
    expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("granted online by totp");
    expect(await flagged()).toEqual([]);
  });
});

describe("a refusal that is not the server's for this very request revokes nothing", () => {
  const forgeries: Record<string, (own: Reply, earlier: Reply) => Reply> = {
    "of another request": (_own, earlier) => earlier,
    "without a signature": ({ status, body }) => ({ status, body, headers: {} }),
    "with a revocation less": (own) => ({
      ...own,
      body: Buffer.from(JSON.stringify({ ...JSON.parse(Buffer.from(own.body).toString()), revocations: [] })),
    }),
    "under another status": (own) => ({ ...own, status: 410 }),
    "passed off as an answer": (own) => ({ ...own, status: 200 }),
    "with a body of the sender's own": (own) => ({
      ...own,
      body: Buffer.from('{"error":{"code":"sequence-conflict"},"revoked":true}'),
    }),
  };

  test.each(Object.entries(forgeries))("%s", async (_name, forge) => {
    await house.admin("machine", "revoke", await machine());
    putBack();
    let earlier: Reply | undefined;
    house.line = async (sent, pass) => {
      earlier = await pass(sent);
      return { status: 503, headers: {}, body: new Uint8Array() };
    };
    await house.agent.online.probe();
    house.line = async (sent, pass) => {
      const own = await pass(sent);
      if (earlier === undefined) throw new Error("nothing was recorded");
      expect([own.status, earlier.status]).toEqual([409, 409]);
      return forge(own, earlier);
    };
    await house.agent.online.probe();
    expect((await house.agent.actions.status()).state).toBe("healthy");
    expect((await house.agent.actions.status()).enrolments).toHaveLength(1);
    house.line = fine;
    await house.agent.online.probe();
    expect((await house.agent.actions.status()).state).toBe("revoked");
  });
});
