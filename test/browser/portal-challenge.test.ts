// A token that answers challenges, added in the portal: the page fits every window, and a response proves it.

import { afterAll, beforeAll, expect, test } from "vitest";
import { responseTo } from "../../otp/response.ts";
import { fromBase32 } from "../../words/base32.ts";
import { type Look, look, looks, openSite, picture, type Site } from "./fixture.ts";

const suite = "OCRA-1:HOTP-SHA512-8:QN08-T30S";
let site: Site;
let path: string;

beforeAll(async () => {
  site = await openSite();
  await site.cli("provisioning", "set", "who=everybody", "types=totp,ocra");
  await site.cli("policy", "set", `tokens.ocraSuite=${suite}`);
  await site.cli("user", "add", "quentin");
  ({ path } = (await site.cli("authenticator", "invite", "quentin", "--print")) as { path: string });
  const { page, context } = await site.window();
  await page.goto(path);
  await page.locator("select").selectOption("ocra");
  await page.getByRole("button", { name: "Go on" }).click();
  await page.getByText(suite).waitFor();
  await context.close();
});
afterAll(() => site?.close());

test.each(Object.keys(looks) as Look[])(
  "key and challenge are there, fit and are read out: %s",
  async (name) => {
    const watched = await site.window(looks[name]);
    await look(watched, path);
    await picture(watched.page, `portal-challenge-${name}`);
    expect(await watched.page.locator("svg.qr").count()).toBe(0);
    await watched.context.close();
  },
);

test("the response to the challenge makes it count, a wrong one does not", async () => {
  const watched = await site.window();
  const { page } = watched;
  await page.goto(path);
  const keys = await page.locator("code.key").allTextContents();
  const secret = fromBase32(keys[1] ?? "") ?? new Uint8Array();
  const box = page.getByRole("textbox", { name: /^Response to \d{4} \d{4}/ });
  const challenge = /\d{4} \d{4}/.exec((await page.locator("label").allTextContents()).join())?.[0] ?? "";
  const right = responseTo({ secret, suite }, challenge.replace(" ", ""), Date.now());
  await box.fill(right === "00000000" ? "00000001" : "00000000");
  await page.getByRole("button", { name: "Confirm" }).click();
  await page.getByText("This code is not right").waitFor();
  await box.fill(responseTo({ secret, suite }, challenge.replace(" ", ""), Date.now()));
  await page.getByRole("button", { name: "Confirm" }).click();
  await page.getByText("The authenticator is added. You can use it at once.").waitFor();
  expect(watched.faults()).toEqual([]);
  await watched.context.close();
});
