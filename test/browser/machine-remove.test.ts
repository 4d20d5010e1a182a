// Revoked machines are taken off the list, by the keyboard and from the page of one.

import { afterAll, beforeAll, expect, test } from "vitest";
import { openSite, picture, seriousIn, signedInAs, type Site, tabTo, type Watched } from "./fixture.ts";

let site: Site;
let admin: Watched;

beforeAll(async () => {
  site = await openSite();
  for (const host of ["cobalt", "delta", "basalt"]) await site.cli("machine", "revoke", host);
  admin = await site.window();
  await signedInAs(site, admin, "root", "admin");
});
afterAll(() => site.close());

const inList = (host: string) => admin.page.getByRole("link", { name: host, exact: true }).count();

test("two are chosen by the keyboard, named before anything is done, and gone from the list", async () => {
  const { page } = admin;
  await page.goto("/admin/machines?state=revoked");
  for (const host of ["cobalt", "delta"]) {
    await page.getByRole("checkbox", { name: host }).focus();
    await page.keyboard.press("Space");
  }
  expect(await seriousIn(page)).toEqual([]);
  await picture(page, "light-machines-revoked");
  await tabTo(page, "Remove the chosen…");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Remove 2 machines?" }).waitFor();
  await page.getByRole("listitem").filter({ hasText: "cobalt" }).waitFor();
  await page.getByRole("listitem").filter({ hasText: "delta" }).waitFor();
  expect(await seriousIn(page)).toEqual([]);
  await picture(page, "light-machines-remove");
  await tabTo(page, "Remove 2");
  await page.keyboard.press("Enter");
  await page.getByText("The machines were removed").waitFor();
  expect([await inList("cobalt"), await inList("delta"), await inList("basalt")]).toEqual([0, 0, 1]);
  expect(admin.faults()).toEqual([]);
});

test("one is removed from its page, and its page is gone with it", async () => {
  const { page } = admin;
  await page.goto("/admin/machines?state=revoked");
  await page.getByRole("link", { name: "basalt", exact: true }).click();
  await page.getByRole("link", { name: "Remove…" }).click();
  await page.getByRole("button", { name: "Remove basalt" }).click();
  await page.getByText("The machine was removed").waitFor();
  expect(await inList("basalt")).toBe(0);
  expect(admin.faults()).toEqual([]);
});
