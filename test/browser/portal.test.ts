// The portal in Chromium: every page in each look and language, with and without a script.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hotpCode } from "../../otp/hotp.ts";
import { timeStep } from "../../otp/totp.ts";
import { portalAccess } from "../../server/portal/access.ts";
import { portalSpeech } from "../../server/portal/portal-speech.ts";
import { fromBase32 } from "../../words/base32.ts";
import { type Language, languages } from "../../words/language.ts";
import { type Look, look, looks, openSite, picture, type Site, tabTo, type Watched } from "./fixture.ts";

let site: Site;
let paula: Watched;
const apps: { readonly secret: Uint8Array; spentStep: number }[] = [];
let invitation: string;

beforeAll(async () => {
  site = await openSite();
  await site.cli("provisioning", "set", "who=everybody", "types=totp,hotp");
  await site.cli("user", "add", "paula");
  await site.cli("user", "address", "set", "paula", "1", "paula@corp.example");
  await site.cli("user", "address", "set", "paula", "2", "paula@home.example");
  await site.cli("mail", "set", "--host", "127.0.0.1", "--security", "none", "--from", "n@corp.example");
  for (let n = 0; n < 4; n++) {
    const made = (await site.cli("authenticator", "add", "totp", "paula")) as { secret: string };
    apps.push({ secret: fromBase32(made.secret) ?? new Uint8Array(), spentStep: 0 });
  }
  await site.cli("user", "add", "quentin");
  const invited = (await site.cli("authenticator", "invite", "quentin", "--print")) as { path: string };
  invitation = invited.path;
  // She has none yet: her codes are good here alone, and the page for it has a form.
  await site.cli("policy", "set", "pin.place=before", "pin.complexity=strong");
  paula = await site.window();
  await setPassword(paula);
});
afterAll(() => site.close());

/** A code not used yet, of each authenticator in turn: nobody waits for the next one as long as there are enough of them. */
let given = 0;
async function code(watched: Watched): Promise<string> {
  const app = apps[given++ % apps.length];
  if (app === undefined) throw new Error("paula has no authenticator");
  for (;;) {
    // The one before the present step only while that lasts: what is typed at its end is judged in the next.
    const step = Math.max(timeStep(30, Date.now() + 15_000) - 1, app.spentStep + 1);
    if (step <= timeStep(30, Date.now()) + 1) {
      app.spentStep = step;
      return hotpCode({ secret: app.secret, algorithm: "sha1", digits: 6 }, step);
    }
    await watched.page.waitForTimeout(500);
  }
}

/** Through the one-time link, and then in. */
async function setPassword(watched: Watched): Promise<void> {
  const { page } = watched;
  const { path } = (await site.cli("admin", "reset", "paula")) as { path: string };
  await page.goto(path);
  await page.getByLabel("New password").fill("a lamp beside the harbour");
  await page.getByLabel("The same once more").fill("a lamp beside the harbour");
  await page.getByRole("textbox", { name: "Code" }).fill(await code(watched));
  await page.getByRole("button", { name: "Set up" }).click();
  await page.getByText("Your password is set").waitFor();
  await signIn(watched);
}

/** With a session that is new, so that its code is fresh. */
async function signIn(watched: Watched): Promise<void> {
  const { page } = watched;
  await watched.context.clearCookies();
  await page.goto("/portal/sign-in");
  await page.getByLabel("User name").fill("paula");
  await page.getByLabel("Password").fill("a lamp beside the harbour");
  await page.getByRole("textbox", { name: "Code" }).fill(await code(watched));
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL("**/portal");
}

/** Paula's session in a window of another look and language. */
async function windowOf(
  name: Look,
  language: Language,
  more: { readonly javaScriptEnabled?: boolean } = {},
): Promise<Watched> {
  const watched = await site.window({ ...looks[name], ...more });
  await watched.context.addCookies([
    ...(await paula.context.cookies()),
    { name: "nightlatch-language", value: language, url: site.url },
  ]);
  return watched;
}

const inside = Object.keys(portalAccess)
  .filter((route) => route.startsWith("GET ") && !/:id|sign-in|first|at-machine|invitation/.test(route))
  .map((route) => route.slice(4));
const outside = [
  "/portal/sign-in",
  "/portal/sign-in/mail",
  "/portal/first",
  "/portal/at-machine",
  "/portal/nothing",
];

const views: readonly (readonly [Look, Language])[] = [
  ["light", "en"],
  ["dark", "de"],
  ...languages.map((language) => ["phone", language] as const),
];

describe.each(views)("every page, %s, in %s", (name, language) => {
  test("is without fault, fits, and axe finds nothing serious", async () => {
    const watched = await windowOf(name, language);
    const { page } = watched;
    await page.goto("/portal/authenticators");
    const one = await page.locator("td a").first().getAttribute("href");
    for (const path of [...inside, one ?? ""]) {
      await look(watched, path);
      expect([path, await page.locator("html").getAttribute("lang")]).toEqual([path, language]);
      await picture(page, `portal-${name}-${language}${path.replaceAll(/[^a-z]+/gi, "-").slice(7, 40)}`);
    }
    const stranger = await site.window(looks[name]);
    await stranger.context.addCookies([{ name: "nightlatch-language", value: language, url: site.url }]);
    for (const path of [...outside, invitation]) await look(stranger, path);
    await picture(stranger.page, `portal-${name}-${language}-invitation`);
    await watched.context.close();
    await stranger.context.close();
  });
});

describe("by the keyboard alone", () => {
  test("somebody comes in, past the bar, and makes an authenticator's page", async () => {
    const watched = await site.window(looks.phone);
    const { page } = watched;
    const enter = async (leadsTo: string) => {
      await page.keyboard.press("Enter");
      await page.waitForURL(`**/portal${leadsTo}`);
    };
    await page.goto("/portal/sign-in");
    await tabTo(page, "Skip to content");
    await page.keyboard.press("Enter");
    await tabTo(page, "User name");
    await page.keyboard.type("paula");
    await tabTo(page, "Password");
    await page.keyboard.type("a lamp beside the harbour");
    await tabTo(page, "Code");
    await page.keyboard.type(await code(watched));
    await enter("");
    await tabTo(page, "Authenticators");
    await enter("/authenticators");
    await tabTo(page, "Add an authenticator");
    await enter("/authenticators/add");
    await tabTo(page, "Its name");
    await page.keyboard.type("Token");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Scan and confirm" }).waitFor();
    await tabTo(page, "I can't scan it");
    await page.keyboard.press("Enter");
    expect(await page.locator("code.key").isVisible()).toBe(true);
    await tabTo(page, "Code");
    await tabTo(page, "Give up");
    await page.keyboard.press("Enter");
    await page.getByText("Nothing was added").waitFor();
    expect(watched.faults()).toEqual([]);
    await watched.context.close();
  });
});

describe("the buttons of the bar", () => {
  test("change the language of the page one is on, and close nothing", async () => {
    const watched = await windowOf("light", "en");
    const { page } = watched;
    await page.goto("/portal/machines");
    await page.locator("summary", { hasText: "Language:" }).click();
    await page.getByRole("button", { name: "Polski" }).click();
    await page
      .getByRole("heading", { level: 1, name: portalSpeech("pl").say("machines"), exact: true })
      .waitFor();
    expect(page.url()).toMatch(/\/portal\/machines$/);
    await page.locator("summary", { hasText: "Język:" }).click();
    await page.getByRole("button", { name: "English" }).click();
    await page.getByRole("heading", { name: "Your machines" }).waitFor();
    expect(watched.faults()).toEqual([]);
    await watched.context.close();
  });
});

describe.each([true, false])("with scripts allowed: %s", (javaScriptEnabled) => {
  test("backup codes are made, and printed as codes and nothing else", async () => {
    await signIn(paula);
    const watched = await windowOf("light", "en", { javaScriptEnabled });
    const { page } = watched;
    await page.goto("/portal/backup-codes");
    await page.getByRole("button", { name: "Make new codes" }).click();
    await page.getByRole("heading", { name: "Your new backup codes" }).waitFor();
    expect(await page.locator(".codes li").count()).toBe(10);
    await page.emulateMedia({ media: "print" });
    expect(await page.locator(".codes li").first().isVisible()).toBe(true);
    for (const unwanted of ["header.bar", "h1", "p.screen >> nth=0", "a.button"])
      expect([unwanted, await page.locator(unwanted).first().isVisible()]).toEqual([unwanted, false]);
    await picture(page, "portal-print");
    await page.emulateMedia({ media: "screen" });
    await page.getByRole("link", { name: "I have them" }).click();
    expect(watched.faults()).toEqual([]);
    await watched.context.close();
  });

  test("an authenticator is added by its key, renamed, and removed", async () => {
    await signIn(paula);
    const watched = await windowOf("light", "en", { javaScriptEnabled });
    const { page } = watched;
    await page.goto("/portal/authenticators");
    await page.getByRole("link", { name: "Add an authenticator" }).click();
    await page.getByLabel("Its name").fill("Phone");
    await page.getByRole("button", { name: "Show the QR code" }).click();
    await page.getByRole("heading", { name: "Scan and confirm" }).waitFor();
    expect(await page.getByRole("img", { name: "QR code of a new authenticator" }).isVisible()).toBe(true);
    await page.getByText("I can't scan it").click();
    const key = fromBase32((await page.locator("code.key").textContent()) ?? "") ?? new Uint8Array();
    await page.getByRole("textbox", { name: "Code" }).fill("000000");
    await page.getByRole("button", { name: "Confirm" }).click();
    await page.getByText("This code is not right").waitFor();
    const right = hotpCode({ secret: key, algorithm: "sha1", digits: 6 }, timeStep(30, Date.now()));
    await page.getByRole("textbox", { name: "Code" }).fill(right);
    await page.getByRole("button", { name: "Confirm" }).click();
    await page.getByText("The authenticator is added").waitFor();
    await page.getByRole("link", { name: "Phone" }).click();
    await page.getByLabel("Its name").fill("Old phone");
    await page.getByRole("button", { name: "Rename" }).click();
    await page.getByRole("link", { name: "Old phone" }).click();
    await page.getByRole("button", { name: "Remove" }).click();
    await page.getByText("The authenticator is removed").waitFor();
    expect(await page.getByRole("link", { name: "Old phone" }).count()).toBe(0);
    expect(watched.faults()).toEqual([]);
    await watched.context.close();
  });
});
