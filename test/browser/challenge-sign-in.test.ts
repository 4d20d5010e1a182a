// Somebody with nothing but a token that answers challenges: from the one-time link into the console, out, and into the portal.

import { afterAll, beforeAll, expect, test } from "vitest";
import { commonSuite, responseTo } from "../../otp/response.ts";
import { fromBase32 } from "../../words/base32.ts";
import {
  type Look,
  look,
  looks,
  openSite,
  picture,
  seriousIn,
  type Site,
  tabTo,
  type Watched,
} from "./fixture.ts";

const password = "a lamp beside the harbour";
let site: Site;

beforeAll(async () => {
  site = await openSite();
});
afterAll(() => site?.close());

/** With a link to set a password by. */
async function withToken(name: string) {
  await site.cli("user", "add", name);
  const added = (await site.cli("authenticator", "add", "ocra", name)) as { secret: string };
  const { path } = (await site.cli("admin", "create", name)) as { path: string };
  const secret = fromBase32(added.secret) ?? new Uint8Array();
  return {
    name,
    path,
    respond: (text: string) => responseTo({ secret, suite: commonSuite }, text, Date.now()),
  };
}

async function shown({ page }: Watched): Promise<string> {
  const text = (await page.locator("main").textContent()) ?? "";
  const digits = /(\d{4}) (\d{4})/.exec(text);
  if (digits === null) throw new Error("no challenge is shown");
  return `${digits[1]}${digits[2]}`;
}

test.each(Object.keys(looks) as Look[])("the whole way, %s", async (name) => {
  const token = await withToken(`oscar-${name}`);
  const watched = await site.window(looks[name]);
  const { page } = watched;
  await look(watched, token.path);
  await page.getByLabel("New password").fill(password);
  await page.getByLabel("The same once more").fill(password);
  await page.getByRole("textbox", { name: "Code" }).fill(token.respond(await shown(watched)));
  await page.getByRole("button", { name: "Set up" }).click();
  await page.waitForURL("**/admin");
  await look(watched, "/admin/confirm");
  expect(await shown(watched)).toMatch(/^\d{8}$/);
  await picture(page, `challenge-confirm-${name}`);

  await page.context().clearCookies();
  await look(watched, "/admin/sign-in/challenge?to=%2Fadmin%2Fusers");
  await page.getByLabel("User name").fill(token.name);
  await page.getByRole("button", { name: "Show a challenge" }).click();
  await page.getByText("Response to").waitFor();
  expect(await seriousIn(page)).toEqual([]);
  await page.getByLabel("Password").fill(password);
  await page.getByLabel(/^Response to/).fill(token.respond(await shown(watched)));
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL("**/admin/users");

  await page.goto("/portal/sign-in");
  await page.getByRole("link", { name: "My token answers challenges" }).click();
  await look(watched, "/portal/sign-in/challenge");
  await tabTo(page, "User name");
  await page.keyboard.type(token.name);
  await page.keyboard.press("Enter");
  await page.getByText("Response to").waitFor();
  expect(await seriousIn(page)).toEqual([]);
  await picture(page, `challenge-portal-${name}`);
  const first = await shown(watched);
  await tabTo(page, "Password");
  await page.keyboard.type("not the right one");
  await tabTo(page, `Response to ${first.slice(0, 4)} ${first.slice(4)}`);
  await page.keyboard.type(token.respond(first));
  await page.keyboard.press("Enter");
  await page.getByText("Name, password or code is not right.").waitFor();
  expect(await seriousIn(page)).toEqual([]);
  const second = await shown(watched);
  expect(second).not.toBe(first);
  await page.getByLabel("Password").fill(password);
  await page.getByLabel(/^Response to/).fill(token.respond(second));
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL("**/portal");
  await look(watched, "/portal/confirm");
  expect(await shown(watched)).toMatch(/^\d{8}$/);
  expect(watched.faults()).toEqual([]);
  await watched.context.close();
});

test("the mail page shows the challenge beside its fields, and fits", async () => {
  const watched = await site.window(looks.phone);
  const { page } = watched;
  await page.goto("/portal/sign-in/mail");
  await page.getByLabel("User name").fill("nobody");
  await page.getByRole("button", { name: "Mail me a code" }).click();
  await page.getByText("For a token that answers challenges:").waitFor();
  expect(await shown(watched)).toMatch(/^\d{8}$/);
  expect(await seriousIn(page)).toEqual([]);
  await picture(page, "challenge-mail-phone");
  await watched.context.close();
});
