// What authenticators may be made with, as policy has it: when one is made, and at no other time.

import { describe, expect, it } from "vitest";
import { addOtp, type NewOtp } from "../../server/authenticators/manage.ts";
import { theUser } from "../../server/users/users.ts";
import { random, type TestServer, testServer } from "./fixture.ts";

const make = (server: TestServer, name: string, wish: Partial<NewOtp> = {}) =>
  server.store.write(async (tx) => {
    const whole = { type: "totp", counter: 0, secret: undefined, ...wish } as const;
    return addOtp(tx, server.vault, await theUser(tx, name), whole, random, server.clock.nowMs);
  });

async function withTemplate(...assignments: string[]): Promise<TestServer> {
  const server = await testServer();
  await server.userWithTotp("alice", ["staff"]);
  await server.groupPolicy("staff", 1, ...assignments);
  return server;
}

describe("a policy's tokens", () => {
  it("say how new keys are made, and leave those that are there alone", async () => {
    const server = await withTemplate(
      "tokens.digits=8",
      "tokens.algorithm=sha256",
      "tokens.periodSeconds=60",
    );
    expect(await make(server, "alice")).toMatchObject({ digits: 8, algorithm: "sha256", periodSeconds: 60 });
    await server.groupPolicy("staff", 1, "tokens.digits=6");
    const user = await theUser(server.store.db, "alice");
    const rows = await server.store.db
      .selectFrom("authenticators")
      .select("id")
      .where("userId", "=", user.id)
      .execute();
    expect(rows).toHaveLength(2);
    expect(await make(server, "alice")).toMatchObject({ digits: 6, algorithm: "sha256" });
  });

  it("refuse what they don't have, by name, and make nothing", async () => {
    const server = await withTemplate("tokens.digits=8", "tokens.types=totp");
    await expect(make(server, "alice", { digits: 6 })).rejects.toThrow(
      'the policy "staff" has tokens.digits=8',
    );
    await expect(make(server, "alice", { type: "hotp" })).rejects.toThrow("no new hotp authenticators");
    const { count } = await server.store.db
      .selectFrom("authenticators")
      .select((e) => e.fn.countAll<number>().as("count"))
      .executeTakeFirstOrThrow();
    expect(Number(count)).toBe(1);
  });

  it("leave a key from elsewhere as it is", async () => {
    const server = await withTemplate("tokens.digits=8");
    const secret = random.bytes(20);
    expect(await make(server, "alice", { secret, digits: 6 })).toMatchObject({ digits: 6 });
  });

  it("of a policy for some machines say nothing: an authenticator is made on none", async () => {
    const server = await testServer();
    await server.userWithTotp("alice");
    await server.namedPolicy("road", { tags: ["laptop"] }, "tokens.digits=8");
    expect(await make(server, "alice")).toMatchObject({ digits: 6, periodSeconds: 30, algorithm: "sha1" });
  });
});

describe("a policy's texts", () => {
  it.each([
    ["texts.login=two\nlines"],
    ["texts.help=\u202eright to left"],
    ["texts.help=zero\u200bwidth"],
    ["texts.login=\u001b[2J"],
    [`texts.login=${"x".repeat(251)}`],
    ["texts.passwordUrl=http://portal.example"],
    ["texts.passwordUrl=javascript:alert(1)"],
    ["texts.passwordUrl=https://"],
    ["texts.passwordUrl=https://a b"],
  ])("refuse %j", async (assignment) => {
    const server = await testServer();
    await expect(server.policy(assignment)).rejects.toThrow(/^texts\.(login|help|passwordUrl): give /);
  });
});
