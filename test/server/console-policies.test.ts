// Policies in the console: what is saved was looked at before, whom it hits and what changes for them.

import { describe, expect, it } from "vitest";
import { listPolicies } from "../../server/policies/policies.ts";
import { signedIn } from "./browser.ts";
import { type TestServer, testServer } from "./fixture.ts";
import { fieldsOf } from "./policy-form.ts";

async function adminOf(server: TestServer) {
  return signedIn(server, "admin", "root");
}

describe("a policy", () => {
  it("is changed after a look at whom it hits and what would be different", async () => {
    const server = await testServer();
    await server.userWithTotp("alice");
    await server.machine("laptop");
    const browser = await adminOf(server);
    await browser.get("/admin/policies/edit?name=default");
    const fields = { ...fieldsOf(browser), "offline.days": "3", scope: "logon,remote" };
    const look = await browser.send("/admin/policies/look", fields);
    expect(look.status).toBe(200);
    expect(look.text).toContain("<b>2 users</b> on <b>1 machine</b>");
    expect(look.text).toContain("<code>offline.days</code>: 7 → <b>3</b>");
    expect(look.text).toContain("<code>scope</code>: logon,unlock,elevate,remote → <b>logon,remote</b>");
    expect((await listPolicies(server.store.db)).at(-1)?.policy.offline.days).toBe(7);
    const saved = await browser.send("/admin/policies/save", fieldsOf(browser));
    expect(saved.to).toBe("/admin/policies?done=policy-saved");
    expect((await listPolicies(server.store.db)).at(-1)?.policy).toMatchObject({
      offline: { days: 3, signIns: 50 },
      scope: ["logon", "remote"],
    });
    expect((await server.audit()).at(-1)).toMatchObject({
      kind: "policy-changed",
      operator: "console: root",
    });
  });

  it("that asks for a PIN has its key written as it is typed, also at the beginning of a sentence", async () => {
    const browser = await adminOf(await testServer());
    await browser.get("/admin/policies/edit?name=default");
    const look = await browser.send("/admin/policies/look", { ...fieldsOf(browser), "pin.place": "before" });
    expect(look.text).toContain(">pin.place asks for a PIN");
  });

  it("is added for groups and tags, found in the order, and removed after a look", async () => {
    const server = await testServer();
    const browser = await adminOf(server);
    await browser.get("/admin/policies/add");
    const more = {
      name: "Travel and co",
      groups: "staff, sales",
      tags: "laptop",
      position: "1",
      mfa: "exempt",
    };
    await browser.send("/admin/policies/look", { ...fieldsOf(browser), ...more });
    expect((await browser.send("/admin/policies/save", fieldsOf(browser))).status).toBe(303);
    const [first] = await listPolicies(server.store.db);
    expect(first).toMatchObject({
      name: "Travel and co",
      condition: { groups: ["staff", "sales"], tags: ["laptop"] },
      policy: { mfa: "exempt" },
    });
    const list = await browser.get("/admin/policies");
    expect(list.text).toContain("Travel and co");
    await browser.get("/admin/policies/add");
    const again = await browser.send("/admin/policies/look", { ...fieldsOf(browser), ...more });
    expect([again.status, again.text.includes("already")]).toEqual([400, true]);
    const look = await browser.get(`/admin/policies/remove?name=${encodeURIComponent("Travel and co")}`);
    const seen = /name="seen" value="([^"]+)"/.exec(look.text)?.[1] ?? "";
    expect((await browser.send("/admin/policies/remove", { name: "Travel and co", seen: "x" })).status).toBe(
      409,
    );
    await browser.get(`/admin/policies/remove?name=${encodeURIComponent("Travel and co")}`);
    expect((await browser.send("/admin/policies/remove", { name: "Travel and co", seen })).status).toBe(303);
    expect(await listPolicies(server.store.db)).toHaveLength(1);
    expect((await browser.get("/admin/policies/remove?name=default")).status).toBe(400);
  });

  it.each([
    ["offline.days", "400"],
    ["offline.days", "-1"],
    ["offline.signIns", "0"],
    ["offline.factors", "totp,sms"],
    ["online.factors", ""],
    ["lockout.minutes", "0"],
    ["guessLimit", "1e9"],
    ["mfa", "maybe"],
    ["scope", "logon,door"],
  ])(
    "with %s = %j is not looked at further: the field says why, and what was typed stays",
    async (name, value) => {
      const server = await testServer();
      const browser = await adminOf(server);
      await browser.get("/admin/policies/edit?name=default");
      const seen = await browser.send("/admin/policies/look", { ...fieldsOf(browser), [name]: value });
      expect(seen.status).toBe(400);
      expect(seen.text).toMatch(new RegExp(`id="f-${name.replace(".", "\\.")}"[^>]*aria-invalid="true"`));
      expect(fieldsOf(browser)[name]).toBe(value);
      expect((await listPolicies(server.store.db)).at(-1)?.policy.offline.days).toBe(7);
    },
  );

  it("is not saved when it was changed since the look, here or by somebody else", async () => {
    const server = await testServer();
    const browser = await adminOf(server);
    await browser.get("/admin/policies/edit?name=default");
    await browser.send("/admin/policies/look", { ...fieldsOf(browser), "offline.days": "3" });
    const sneaked = await browser.send("/admin/policies/save", {
      ...fieldsOf(browser),
      "offline.days": "300",
    });
    expect([sneaked.status, sneaked.text.includes("Something has changed")]).toEqual([200, true]);
    browser.page = sneaked.text;
    await server.policy("guessLimit=7");
    const late = await browser.send("/admin/policies/save", fieldsOf(browser));
    expect([late.status, late.text.includes("Something has changed")]).toEqual([200, true]);
    expect((await listPolicies(server.store.db)).at(-1)?.policy).toMatchObject({
      guessLimit: 7,
      offline: { days: 7 },
    });
    const unseen = await browser.send("/admin/policies/save", { ...fieldsOf(browser), seen: "" });
    expect(unseen.text).toContain("Something has changed");
  });

  it("has fields for all that a policy says, and takes no others", async () => {
    const server = await testServer();
    const browser = await adminOf(server);
    await browser.get("/admin/policies/edit?name=default");
    const leaves = (value: object, inside = ""): string[] =>
      Object.entries(value).flatMap(([key, is]) =>
        typeof is === "object" && is !== null && !Array.isArray(is)
          ? leaves(is, `${inside}${key}.`)
          : [inside + key],
      );
    const policy = (await listPolicies(server.store.db)).at(-1)?.policy ?? {};
    expect(Object.keys(fieldsOf(browser))).toEqual(expect.arrayContaining(leaves(policy)));
    const same = await browser.send("/admin/policies/look", fieldsOf(browser));
    expect(same.text).toContain("Nothing would change for anybody");
    const seen = await browser.send("/admin/policies/look", { ...fieldsOf(browser), priority: "9" });
    expect(seen.status).toBe(400);
  });

  it("is read by an auditor, without a button", async () => {
    const server = await testServer();
    const browser = await signedIn(server, "auditor");
    const { text } = await browser.get("/admin/policies/edit?name=default");
    expect(text).toContain("Offline days");
    expect(text).not.toContain("See what would change");
  });
});
