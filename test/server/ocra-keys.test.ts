// Keys of tokens that answer challenges: how they are made, shown and listed, and what they are not good for.

import { describe, expect, it } from "vitest";
import { responseTo } from "../../otp/response.ts";
import { authenticatorsOf } from "../../server/authenticators/authenticators.ts";
import { theUser } from "../../server/users/users.ts";
import { fromBase32 } from "../../words/base32.ts";
import { offeredSecret, signedIn } from "./browser.ts";
import { commandLine } from "./command-line.ts";
import { type TestServer, testServer, wrongCode } from "./fixture.ts";
import { allow, inPortal } from "./portal-fixture.ts";

const common = "OCRA-1:HOTP-SHA1-6:QN08";

describe("at the command line", () => {
  async function line() {
    const site = commandLine();
    await site.call("user", "add", "alice");
    return site;
  }

  it("suite and key are shown once, and the list has the suite", async () => {
    const { json, call } = await line();
    const made = await json("authenticator", "add", "ocra", "alice");
    expect(made).toMatchObject({ user: "alice", type: "ocra", suite: common });
    expect(made.uri).toBe(
      `otpauth://ocra/Nightlatch:alice?secret=${made.secret}&issuer=Nightlatch&ocrasuite=OCRA-1%3AHOTP-SHA1-6%3AQN08`,
    );
    const { out } = await call("authenticator", "list", "alice");
    expect(out).toMatch(new RegExp(`ocra +${common}`));
    expect(out).not.toContain(made.secret);
  });

  it("it is said where the policy asks for no response", async () => {
    const { call } = await line();
    const { err } = await call("authenticator", "add", "ocra", "alice");
    expect(err).toBe('note: the policy "default" asks for no response; put ocra into its online.factors\n');
    await call("policy", "set", "online.factors=totp/ocra");
    expect((await call("authenticator", "add", "ocra", "alice")).err).toBe("");
  });

  it("for people it says suite, key and key in hexadecimal", async () => {
    const { call } = await line();
    const { out } = await call(
      "authenticator",
      "add",
      "ocra",
      "alice",
      "--suite",
      "OCRA-1:HOTP-SHA256-8:QN08-T1M",
    );
    const [, base32 = "", hex = ""] =
      /^suite {3}OCRA-1:HOTP-SHA256-8:QN08-T1M\nbase32 {2}([A-Z2-7]{32})\nhex {5}([0-9a-f]{40})\n$/.exec(
        out,
      ) ?? [];
    expect(fromBase32(base32)?.toHex()).toBe(hex);
  });

  it.each([
    "OCRA-1:HOTP-SHA1-6:C-QN08",
    "OCRA-1:HOTP-SHA1-6:QN08-PSHA1",
    "OCRA-1:HOTP-SHA1-4:QN08",
    "OCRA-1:HOTP-SHA1-6:QA08",
    "OCRA-1:HOTP-SHA1-6:QN10",
    "OCRA-1:HOTP-SHA1-6:QN08-T5S",
    "OCRA-1:HOTP-SHA1-6:QN08-T60M",
    "OCRA-1:HOTP-SHA1-6:QN08-T2H",
    "ocra-1:hotp-sha1-6:qn08",
    "",
  ])("the suite %j is refused, and nothing is made", async (suite) => {
    const { call, json } = await line();
    const ran = await call("authenticator", "add", "ocra", "alice", "--suite", suite);
    expect(ran.code).not.toBe(0);
    expect(ran.err).toContain("--suite");
    expect(await json("authenticator", "list", "alice")).toEqual([]);
  });

  it("a policy has the first word on the suite, and on whether there are any", async () => {
    const { call, json } = await line();
    const timed = "OCRA-1:HOTP-SHA256-8:QN08-T30S";
    await call("policy", "set", `tokens.ocraSuite=${timed}`);
    expect(await json("authenticator", "add", "ocra", "alice")).toMatchObject({ suite: timed });
    const other = await call("authenticator", "add", "ocra", "alice", "--suite", common);
    expect(other.err).toContain(`tokens.ocraSuite=${timed}`);
    const bad = await call("policy", "set", "tokens.ocraSuite=OCRA-1:HOTP-SHA1-6:QH40");
    expect(bad.err).toContain("tokens.ocraSuite: give a suite like");
    await call("policy", "set", "tokens.types=totp");
    expect((await call("authenticator", "add", "ocra", "alice")).err).toContain("no new ocra authenticators");
  });

  it("users may add such keys by themselves where the setting says so", async () => {
    const { json, call } = await line();
    expect(await json("provisioning", "set", "types=totp,ocra")).toMatchObject({ types: ["totp", "ocra"] });
    expect((await call("provisioning", "set", "types=push")).code).not.toBe(0);
  });
});

describe("in the portal", () => {
  const challengeOn = (page: string) => /Response to (\d{4} \d{4})/.exec(page)?.[1]?.replace(" ", "") ?? "";
  const own = async (server: TestServer) =>
    authenticatorsOf(server.store.db, server.vault, (await theUser(server.store.db, "alice")).id);

  async function adding() {
    const server = await testServer();
    const { browser } = await inPortal(server);
    await allow(server, { who: "everybody", types: ["totp", "ocra"] });
    await browser.get("/portal/authenticators/add");
    await browser.send("/portal/authenticators/add", { type: "ocra", "authenticator-name": "Fob" });
    const { text } = await browser.get("/portal/authenticators/add");
    return { server, browser, text };
  }

  it("suite and key are shown without a QR code, and count after the response to the challenge shown", async () => {
    const { server, browser, text } = await adding();
    expect(text).not.toContain("<svg");
    expect(text).toContain(common);
    const secret = offeredSecret(text);
    expect(text).toContain(secret.toHex().replaceAll(/(.{4})(?=.)/g, "$1 "));
    const right = responseTo({ secret, suite: common }, challengeOn(text), server.clock.nowMs);
    const wrong = await browser.send("/portal/authenticators/prove", { code: wrongCode(right) });
    expect(wrong.status).toBe(400);
    expect(challengeOn(wrong.text)).toBe(challengeOn(text));
    expect(await own(server)).toHaveLength(1);
    const done = await browser.send("/portal/authenticators/prove", { code: right });
    expect(done.to).toBe("/portal/authenticators?done=added");
    expect((await own(server)).map(({ type }) => type).sort()).toEqual(["ocra", "totp"]);
    expect((await browser.get("/portal/authenticators")).text).toContain("By challenge");
  });

  it("one that is begun anew has another key and another challenge", async () => {
    const { server, browser, text } = await adding();
    await browser.send("/portal/authenticators/give-up");
    await browser.get("/portal/authenticators/add");
    await browser.send("/portal/authenticators/add", { type: "ocra" });
    const second = (await browser.get("/portal/authenticators/add")).text;
    expect(challengeOn(second)).not.toBe(challengeOn(text));
    const old = { secret: offeredSecret(text), suite: common };
    const code = responseTo(old, challengeOn(text), server.clock.nowMs);
    expect((await browser.send("/portal/authenticators/prove", { code })).status).toBe(400);
    expect(await own(server)).toHaveLength(1);
  });
});

describe("in the console", () => {
  it("one is shown once, with key and suite, and listed by its suite", async () => {
    const server = await testServer();
    const browser = await signedIn(server, "admin");
    await server.userWithTotp("alice");
    const user = await theUser(server.store.db, "alice");
    const at = `/admin/users/${user.id}`;
    expect((await browser.get(at)).text).toContain("Add OCRA");
    const { text } = await browser.send(`${at}/authenticators`, { type: "ocra" });
    const secret = offeredSecret(text);
    expect(text).toContain(secret.toHex());
    expect(text).toContain(common);
    expect(text).not.toContain('<svg class="qr"');
    const kept = await authenticatorsOf(server.store.db, server.vault, user.id);
    expect(kept.find(({ type }) => type === "ocra")).toMatchObject({
      secret: secret.toBase64(),
      suite: common,
    });
    const list = (await browser.get(at)).text;
    expect(list).toContain(common);
    expect(list).not.toContain(secret.toHex());
  });
});
