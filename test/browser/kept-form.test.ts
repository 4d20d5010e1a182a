// A form that is sent when the code is no longer recent: a person types a code, finds the form as it was, and sends it again.

import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openSite, picture, seriousIn, signedInAs, type Site, type Watched } from "./fixture.ts";

let site: Site;
let admin: Watched;
let codes: readonly string[];

beforeAll(async () => {
  site = await openSite();
  admin = await site.window();
  await signedInAs(site, admin, "root", "admin");
  ({ codes } = (await site.cli("authenticator", "add", "backup-codes", "root")) as { codes: string[] });
});
afterAll(() => site.close());

/** As if the last code had been given an hour ago. */
function codeIsOld(): void {
  const database = new DatabaseSync(join(site.data, "nightlatch.db"));
  database.exec(
    "pragma busy_timeout = 10000; update sessions set confirmed_at_ms = confirmed_at_ms - 3600000",
  );
  database.close();
}

test("what was typed is there again after the code, with its line ends and signs, and goes on by the second press", async () => {
  const { page } = admin;
  const base = 'ou="people" & <more>,dc=example';
  await page.goto("/admin/settings/directory");
  await page.getByLabel("(url)").fill("ldaps://directory.example");
  await page.getByLabel("(userBase)").fill(base);
  await page.getByLabel("Authorities (ca)").fill("\nfirst\n\n</textarea>last");
  await page.getByLabel("Its password").fill("a secret");
  await page.getByLabel("(groups)").selectOption("member");
  codeIsOld();
  await page.getByRole("button", { name: "Fill in what fits Active Directory" }).click();
  await page.getByText("What you have typed is kept").waitFor();
  expect(await page.content()).not.toContain("a secret");
  expect(await seriousIn(page)).toEqual([]);
  await picture(page, "light-kept-code");
  await page.getByRole("textbox", { name: "Code" }).fill(codes[0] ?? "");
  await page.getByRole("button", { name: "Go on" }).click();
  await page.getByText("Nothing is done yet").waitFor();
  expect(await page.getByLabel("(url)").inputValue()).toBe("ldaps://directory.example");
  expect(await page.getByLabel("(userBase)").inputValue()).toBe(base);
  expect(await page.getByLabel("Authorities (ca)").inputValue()).toBe("\nfirst\n\n</textarea>last");
  expect(await page.getByLabel("(groups)").inputValue()).toBe("member");
  expect(await page.getByLabel("Its password").inputValue()).toBe("");
  expect(await page.getByText("is not kept: type it again").isVisible()).toBe(true);
  expect(await seriousIn(page)).toEqual([]);
  await picture(page, "light-kept-form");
  await page.getByRole("button", { name: "Fill in what fits Active Directory" }).click();
  await page.getByText("Filled in below").waitFor();
  expect(await page.getByLabel("(userBase)").inputValue()).toBe(base);
  expect(admin.faults()).toEqual([]);
});

test("a user is put into a group by the second press, from the page that came back", async () => {
  const { page } = admin;
  await page.goto("/admin/users?search=user-041");
  await page.getByRole("link", { name: "user-041" }).click();
  await page.getByLabel("Put into group").fill("night-shift");
  codeIsOld();
  await page.keyboard.press("Enter");
  await page.getByRole("textbox", { name: "Code" }).fill(codes[1] ?? "");
  await page.keyboard.press("Enter");
  await page.getByText("Nothing is done yet").waitFor();
  expect(await page.getByLabel("Put into group").inputValue()).toBe("night-shift");
  await page.getByLabel("Put into group").press("Enter");
  await page.getByText("The groups were changed").waitFor();
  expect(await page.getByText("night-shift").first().isVisible()).toBe(true);
  expect(admin.faults()).toEqual([]);
});
