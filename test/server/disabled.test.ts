// A user who is disabled: nothing that was on its way to them lets anybody in, now or once they are let in again.

import { beforeEach, expect, it } from "vitest";
import { inviteByMail } from "../../server/provisioning/invite.ts";
import { disableUser } from "../../server/users/leave.ts";
import { enableUser, theUser } from "../../server/users/users.ts";
import { Browser, codeOf, goodPassword, offeredSecret, setupLink } from "./browser.ts";
import { random, type TestServer, testServer } from "./fixture.ts";
import { newestCode, newestInvitation } from "./mail/queued.ts";
import { addressFor, plainUser, withMail } from "./portal-fixture.ts";

let server: TestServer;

beforeEach(async () => {
  server = await testServer();
  await withMail(server);
  await plainUser(server, "alice");
  await addressFor(server, "alice", "alice@corp.example");
});

const disableAndEnable = () =>
  server.store.write(async (tx) => {
    const { privateKey } = server.identity.signing;
    await disableUser(tx, privateKey, await theUser(tx, "alice"), server.clock.nowMs);
    await enableUser(tx, await theUser(tx, "alice"), server.clock.nowMs);
  });

it("a set-up link that was given out before is no good any more", async () => {
  const link = await setupLink(server, "alice", "none");
  const browser = new Browser(server);
  const secret = offeredSecret((await browser.get(`/set-up?code=${link}`)).text);
  await disableAndEnable();
  const fields = { link, password: goodPassword, repeated: goodPassword, code: codeOf(server, secret) };
  expect((await browser.send("/set-up", fields)).status).toBe(404);
});

it("an invitation, and what was begun by it, are no good any more", async () => {
  await server.store.write(async (tx) =>
    inviteByMail(
      tx,
      { vault: server.vault, random },
      await theUser(tx, "alice"),
      { webAddress: "https://mfa.example", hours: 72 },
      server.clock.nowMs,
    ),
  );
  const link = (await newestInvitation(server)).link;
  const browser = new Browser(server);
  await browser.post("/portal/invitation", { link, type: "totp" });
  await disableAndEnable();
  expect((await browser.get(`/portal/invitation?link=${link}`)).status).toBe(404);
  expect(await server.store.db.selectFrom("pendingAuthenticators").selectAll().execute()).toEqual([]);
});

it("a code that was mailed is no good any more", async () => {
  const secret = await server.addTotp("alice");
  const browser = new Browser(server);
  const { text } = await browser.post("/portal/sign-in/mail", { name: "alice" });
  const id = /name="id" value="([^"]+)"/.exec(text)?.[1] ?? "";
  const mailed = await newestCode(server);
  await disableAndEnable();
  const fields = { id, name: "alice", "mail-code": mailed, code: codeOf(server, secret) };
  expect((await browser.post("/portal/sign-in/mail-code", fields)).status).toBe(401);
});

it("a code that was sent for a sign-in is no good any more", async () => {
  await server.policy("online.factors=email");
  const laptop = await server.machine();
  const dialogue = random.bytes(16).toBase64();
  const {
    sealedAnswers: _sealed,
    spent: _spent,
    ...wish
  } = laptop.verifyRequest("alice", ["-"], { dialogue });
  await laptop.ask("sendCode", { ...wish, types: ["email"], language: "en" });
  const code = await newestCode(server);
  await disableAndEnable();
  expect((await laptop.verify("alice", [code], { dialogue })).verdict).toBe("denied");
});

it("the audit says that links were withdrawn", async () => {
  await setupLink(server, "alice", "none");
  await disableAndEnable();
  const entry = (await server.audit()).find(({ kind }) => kind === "user-disabled");
  expect(entry?.detail).toMatchObject({ linksWithdrawn: 1 });
});
