// A policy that asks for codes which this server does not send: whoever sets it is told, wherever they do it.

import { describe, expect, it } from "vitest";
import { changeGateway } from "../../server/mail/gateway-setting.ts";
import { signedIn } from "./browser.ts";
import { commandLine } from "./command-line.ts";
import { testServer } from "./fixture.ts";
import { fieldsOf } from "./policy-form.ts";
import { withMail } from "./portal-fixture.ts";

describe("policy set", () => {
  it("says that mail is off, and that nobody gets in by it", async () => {
    const { call, json } = commandLine();
    const { code, err } = await call("policy", "set", "online.factors=totp,email");
    expect(code).toBe(0);
    expect(err).toMatch(/^warning: online\.factors has email, and mail is off: .*nobody gets in/);
    const among = await call("policy", "set", "online.factors=totp/sms");
    expect(among.err).toContain("online.factors has sms, and text messages are off");
    expect(among.err).not.toContain("nobody gets in");
    expect(await json("policy", "set", "online.factors=email/sms")).toMatchObject({
      warnings: [expect.stringContaining("email"), expect.stringContaining("sms")],
    });
    const preview = await call("policy", "preview", "set", "online.factors=email");
    expect(preview.out + preview.err).toContain("mail is off");
  });

  it("says nothing where codes are sent, or none is asked for", async () => {
    const { call } = commandLine();
    expect((await call("policy", "set", "online.factors=totp")).err).toBe("");
    await call("mail", "set", "--host", "mail.corp.example", "--from", "n@corp.example");
    expect((await call("policy", "set", "online.factors=totp/email")).err).toBe("");
  });
});

describe("the console's look at a policy", () => {
  it("says the same", async () => {
    const server = await testServer();
    const browser = await signedIn(server, "admin", "root");
    const look = async () => {
      await server.policy("online.factors=email/sms");
      await browser.get("/admin/policies/edit?name=default");
      return (await browser.send("/admin/policies/look", fieldsOf(browser))).text;
    };
    const before = await look();
    expect([before.includes("mail is off"), before.includes("text messages are off")]).toEqual([true, true]);
    await withMail(server);
    await server.store.write((tx) =>
      changeGateway(tx, server.vault, { url: "https://sms.corp.example/" }, server.clock.nowMs),
    );
    expect(await look()).not.toContain("are off");
  });
});
