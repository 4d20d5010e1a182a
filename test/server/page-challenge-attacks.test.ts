// A stranger at the server's own pages who knows a password and some responses, and waits for a challenge that one answers.

import { beforeEach, expect, it } from "vitest";
import { Browser } from "./browser.ts";
import { areas, shownBy, type TokenSite, tokenSite } from "./page-token.ts";

let site: TokenSite;
beforeEach(async () => {
  site = await tokenSite();
});

it.each(areas)(
  "draws nothing at %s by naming another user in the same sign-in, and the first again",
  async (base) => {
    const browser = new Browser(site.server);
    const { id, digits } = await site.begin(browser, base);
    const seen = new Set<string>();
    for (let at = 0; at < 20; at++)
      for (const name of ["nobody", "alice"])
        seen.add(shownBy(await browser.post(`${base}/sign-in/challenge`, { name, challenge: id })).digits);
    expect([...seen]).toEqual([digits]);
    expect((await site.answer(browser, base, { id }, site.response(digits))).to).toBe(base);
  },
);

it("nor by naming so many others that the owner's challenges go", async () => {
  const seen = new Set<string>();
  for (let round = 0; round < 2; round++) {
    for (let at = 0; at < 8; at++) {
      seen.add((await site.begin(new Browser(site.server), "/portal")).digits);
      site.server.clock.pass(1);
    }
    for (let at = 0; round === 0 && at < 300; at++)
      await site.begin(new Browser(site.server), "/portal", `nobody-${at}`);
  }
  expect(seen.size).toBe(8);
});
