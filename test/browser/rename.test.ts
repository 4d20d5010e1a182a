// A user is renamed on their page, by the keyboard.

import { afterAll, beforeAll, expect, test } from "vitest";
import { openSite, picture, seriousIn, signedInAs, type Site, type Watched } from "./fixture.ts";

let site: Site;
let admin: Watched;

beforeAll(async () => {
  site = await openSite();
  admin = await site.window();
  await signedInAs(site, admin, "root", "admin");
});
afterAll(() => site.close());

test("the form says what ends, refuses what is taken and keeps it, and renames", async () => {
  const { page } = admin;
  await page.goto("/admin/users?search=user-041");
  await page.getByRole("link", { name: "user-041" }).click();
  await page.getByText("at the next sync").or(page.getByText("No machine holds")).first().waitFor();
  await page.getByLabel("New name").fill("USER-042");
  await page.keyboard.press("Enter");
  await page.getByText("looks like the existing user").waitFor();
  expect(await page.getByLabel("New name").inputValue()).toBe("USER-042");
  expect(await seriousIn(page)).toEqual([]);
  await page.getByLabel("New name").fill("user-041-married");
  await page.keyboard.press("Enter");
  await page.getByText("The user was renamed").waitFor();
  await page.getByRole("heading", { level: 1, name: "user-041-married" }).waitFor();
  expect(await seriousIn(page)).toEqual([]);
  await picture(page, "light-user-renamed");
  expect(admin.faults()).toEqual([]);
});
