// What was typed is not lost: every form there is, sent when the code is no longer recent, or refused.

import { beforeEach, describe, expect, it } from "vitest";
import type { Access } from "../../server/web/access.ts";
import { minuteMs } from "../../words/clock.ts";
import { codeOf } from "./browser.ts";
import { areas, enter, formsOf, type Site, siteWithEverything } from "./every-form.ts";
import { formsOn, isSecret, sentBy, type ShownForm, typedInto, typedSecret, visible } from "./shown-forms.ts";
import { everything } from "./stage.ts";

/** Written by every confirmation: the session goes on under another id, with what was begun in it, and the code is spent. */
const ofConfirming = ["sessions", "authenticators", "audit"];
const besidesConfirming = (all: Readonly<Record<string, string>>) => ({
  ...Object.fromEntries(Object.entries(all).filter(([name]) => !ofConfirming.includes(name))),
  pending_authenticators: all["pending_authenticators"]?.replaceAll(/"sessionHash":"[^"]+"/g, ""),
});

let site: Site;

beforeEach(async () => {
  site = await siteWithEverything();
});

/** A page may have several forms of one address: hidden fields tell them apart. */
const hiddenOf = (one: ShownForm) =>
  JSON.stringify(one.fields.filter(({ type, name }) => type === "hidden" && name !== "form-token"));

/** What stands in the forms on `page` that are the one that was sent. */
const standing = (page: string, action: string, sent: ShownForm) =>
  formsOn(page)
    .filter((one) => one.actions.includes(action) && hiddenOf(one) === hiddenOf(sent))
    .map((one) => visible(one.fields));

/** What is typed here is no good at these; the others take any text, or have nothing but choices. */
const refusable = {
  console: [
    "POST /admin/account/password",
    "POST /admin/join-tokens",
    "POST /admin/machines/:id/tags",
    "POST /admin/machines/:id/unlock-user",
    "POST /admin/policies/look",
    "POST /admin/settings/:page",
    "POST /admin/settings/:page/:action",
    "POST /admin/users/:id/addresses",
    "POST /admin/users/:id/groups",
    "POST /admin/users/:id/rename",
    "POST /admin/users/add",
  ],
  portal: [
    "POST /portal/account/address",
    "POST /portal/account/password",
    "POST /portal/at-machine",
    "POST /portal/pin",
  ],
};

describe.each(["console", "portal"] as const)("in the %s", (name) => {
  it("every form that needs a recent code comes back after it with what was typed, undone", async () => {
    const { table, base } = areas[name];
    const access: Readonly<Record<string, Access>> = table;
    const shown = new Set<string>();
    const { server, root } = site;
    const browser = await enter(site, base);
    for await (const { path, action, form, route } of formsOf(site, name, browser)) {
      shown.add(route);
      if (access[route]?.recentCode !== true) continue;
      const fields = typedInto(form);
      await browser.get(path);
      server.clock.pass(5 * minuteMs);
      const before = await everything(server);
      const token = browser.token ?? "";
      const asked = await browser.post(action, { ...sentBy(fields), "form-token": [token] });
      expect([route, asked.status, asked.asks]).toEqual([route, 403, `${base}/confirm`]);
      const [confirming] = formsOn(asked.text).filter(({ actions }) => actions.includes(`${base}/confirm`));
      if (confirming === undefined) throw new Error("no form for the code");
      expect(await everything(server)).toEqual(before);
      const code = codeOf(server, root.secret);
      const seen = await browser.post(`${base}/confirm`, { ...sentBy(confirming.fields), code: [code] });
      expect([route, seen.status]).toEqual([route, 200]);
      expect([route, ...standing(seen.text, action, form)]).toContainEqual(visible(fields));
      for (const text of [asked.text, seen.text]) {
        expect(text).not.toContain(typedSecret);
        expect(text).not.toContain('"><script>');
        expect(text).not.toContain("</textarea><b>");
      }
      const hasSecret = fields.some((field) => isSecret(field) && field.value !== "");
      expect([route, seen.text.includes("not kept")]).toEqual([route, hasSecret]);
      expect(besidesConfirming(await everything(server))).toEqual(besidesConfirming(before));
    }
    // What is sent back to the form of another route is that form, which then has to be here.
    const missing = Object.entries(access)
      .filter(([route, { recentCode }]) => route.startsWith("POST ") && recentCode === true)
      .filter(([route, { sentTo }]) => !shown.has(sentTo === undefined ? route : `POST ${sentTo}`));
    expect(missing).toEqual([]);
  });

  it("every form that is refused comes back with all that was typed, and with no secret", async () => {
    const { base } = areas[name];
    const { server, root } = site;
    const browser = await enter(site, base);
    const refused: string[] = [];
    for await (const { path, action, form, route } of formsOf(site, name, browser)) {
      // What would be carried out as it is typed here, and end what the forms after it are for.
      if (/remove|revoke|disable|reset|end$|drop|language|confirm/.test(route)) continue;
      const fields = typedInto(form);
      if (Object.keys(visible(fields)).length === 0) continue;
      server.clock.pass(minuteMs);
      await browser.get(base);
      await browser.send(`${base}/confirm`, { code: codeOf(server, root.secret) });
      await browser.get(path);
      const seen = await browser.post(action, { ...sentBy(fields), "form-token": [browser.token ?? ""] });
      if (seen.status < 400) continue;
      refused.push(route);
      expect([route, ...standing(seen.text, action, form)]).toContainEqual(visible(fields));
      expect(seen.text).not.toContain(typedSecret);
      expect(seen.text).not.toContain('"><script>');
    }
    expect(new Set(refused)).toEqual(new Set(refusable[name]));
  });
});
