// What README.md shows: the report, a policy and the portal. `scripts/pictures` keeps them; any other run only looks.

import { afterAll, beforeAll, test } from "vitest";
import { hotpCode } from "../../otp/hotp.ts";
import { timeStep } from "../../otp/totp.ts";
import { fromBase32 } from "../../words/base32.ts";
import { look, looks, openSite, picture, type Site, signedInAs } from "./fixture.ts";

let site: Site;

beforeAll(async () => {
  site = await openSite();
});
afterAll(() => site.close());

test("the report and a policy in the console", async () => {
  const admin = await site.window();
  await signedInAs(site, admin, "root", "admin");
  await admin.page.setViewportSize({ width: 1280, height: 720 });
  await look(admin, "/admin/enrolments?search=alice");
  await picture(admin.page, "report");
  for (const host of ["basalt", "cobalt", "delta"]) await site.cli("machine", "tag", "add", host, "travel");
  await site.cli("policy", "set", "--name", "Travellers", "--tag", "travel");
  // One policy, a change of it looked at before it is saved: the form goes on below the picture.
  const { page } = admin;
  await page.goto("/admin/policies/edit?name=Travellers");
  await page.getByLabel("Offline days").fill("3");
  await page.getByRole("button", { name: "See what would change…" }).click();
  await page.getByRole("heading", { name: "What would change" }).waitFor();
  await picture(page, "policy", { height: 636 });
});

test("the portal on a phone", async () => {
  await site.cli("user", "add", "olivia");
  const { path } = (await site.cli("authenticator", "invite", "olivia", "--print")) as { path: string };
  const watched = await site.window(looks.phone);
  const { page } = watched;
  await page.goto(path);
  await page.getByLabel("Its name").fill("Phone");
  await page.getByRole("button", { name: "Show the QR code" }).click();
  await page.getByText("I can't scan it").click();
  const key = fromBase32((await page.locator("code.key").textContent()) ?? "") ?? new Uint8Array();
  await page.getByText("I can't scan it").click();
  await picture(page, "portal");
  await page
    .getByRole("textbox", { name: "Code" })
    .fill(hotpCode({ secret: key, algorithm: "sha1", digits: 6 }, timeStep(30, Date.now())));
  await page.getByRole("button", { name: "Confirm" }).click();
  await page.getByText("You can use it at once").waitFor();
});
