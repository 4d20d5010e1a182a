// The server as a process of its own over HTTPS, a real browser before it, and an eye on all that a page does wrong.
// The portal's pages are tested by the same: see `openSite`, `signedInAs` and `look`.

import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from "playwright-core";
import { expect } from "vitest";
import { hotpCode } from "../../otp/hotp.ts";
import { timeStep } from "../../otp/totp.ts";
import { fromBase32 } from "../../words/base32.ts";
import { run, serve } from "../server/process.ts";
import { populatedVariable } from "./setup.ts";

export const looks = {
  light: { colorScheme: "light", viewport: { width: 1280, height: 900 } },
  dark: { colorScheme: "dark", viewport: { width: 1280, height: 900 } },
  phone: { colorScheme: "light", viewport: { width: 360, height: 740 }, hasTouch: true },
} as const satisfies Record<string, BrowserContextOptions>;
export type Look = keyof typeof looks;

export interface Site {
  readonly url: string;
  readonly data: string;
  readonly browser: Browser;
  cli(...args: string[]): Promise<unknown>;
  /** A browser window of its own, watched. Closed with the site. */
  window(options?: BrowserContextOptions): Promise<Watched>;
  /** For good: machines are offline from then on. */
  stopServing(): Promise<void>;
  close(): Promise<void>;
}

function populated(): string {
  const folder = process.env[populatedVariable];
  if (folder === undefined) throw new Error("run these tests with: vitest run --project browser");
  return folder;
}

/** With three weeks behind it. */
export async function openSite(): Promise<Site> {
  const folder = mkdtempSync(join(tmpdir(), "nightlatch-browser-"));
  const data = join(folder, "data");
  cpSync(populated(), data, { recursive: true });
  const endings: (() => Promise<void>)[] = [];
  const served = await serve(["--data", data, "--dev-ca"], {}, (end) => void endings.push(end));
  const browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    // Tests run as root, where Chromium's own sandbox can't.
    args: ["--no-sandbox"],
  });
  return {
    url: served.url,
    data,
    browser,
    async cli(...args) {
      const ran = await run(["--data", data, "--json", ...args]);
      if (ran.code !== 0) throw new Error(ran.err);
      return JSON.parse(ran.out);
    },
    async window(options = looks.light) {
      const context = await browser.newContext({ ...options, ignoreHTTPSErrors: true, baseURL: served.url });
      return watch(context);
    },
    async stopServing() {
      for (const end of endings.splice(0)) await end();
    },
    async close() {
      await browser.close();
      for (const end of endings) await end();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export interface Watched {
  readonly context: BrowserContext;
  readonly page: Page;
  /** What went wrong since it was last asked: console errors, scripts that failed, policy violations, dialogs, 5xx. */
  faults(): readonly string[];
}

async function watch(context: BrowserContext): Promise<Watched> {
  const page = await context.newPage();
  let faults: string[] = [];
  page.on("console", (message) => {
    // A refused form is an answer, not a fault; a browser writes it down all the same.
    const refused = /status of 4\d\d/.test(message.text());
    if (["error", "warning"].includes(message.type()) && !refused) faults.push(message.text());
  });
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("dialog", (dialog) => {
    faults.push(`a dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("requestfailed", (request) => {
    // A search that goes on replaces the one before, and a page that is left cuts what it was loading.
    if (request.failure()?.errorText !== "net::ERR_ABORTED") faults.push(`${request.url()} failed`);
  });
  page.on("response", (response) => {
    if (response.status() >= 500) faults.push(`${response.status()} ${response.url()}`);
  });
  await page.exposeFunction("policyViolated", (what: string) => faults.push(`policy: ${what}`));
  // Scripts of the page's side are texts: there is no browser in the types here.
  await page.addInitScript(`addEventListener("securitypolicyviolation", (event) =>
    policyViolated(event.violatedDirective + " " + event.blockedURI + " " + event.sourceFile))`);
  return {
    context,
    page,
    faults() {
      const seen = faults;
      faults = [];
      return seen;
    },
  };
}

/** Makes an admin by the command line, and goes through the one-time link in the window. */
export async function signedInAs(
  site: Site,
  { page }: Watched,
  name: string,
  role: "admin" | "auditor" | "help-desk",
): Promise<void> {
  const { path } = (await site.cli("admin", "create", name, "--role", role)) as { path: string };
  await page.goto(path);
  await page.getByText("I can't scan it").click();
  const secret = fromBase32((await page.locator("code.key").textContent()) ?? "");
  if (secret === undefined) throw new Error("the page offers no authenticator");
  await page.getByLabel("New password").fill("a lamp beside the harbour");
  await page.getByLabel("The same once more").fill("a lamp beside the harbour");
  await page
    .getByRole("textbox", { name: "Code" })
    .fill(hotpCode({ secret, algorithm: "sha1", digits: 6 }, timeStep(30, Date.now())));
  await page.getByRole("button", { name: "Set up" }).click();
  await page.waitForURL("**/admin");
}

/** Opens a page and expects it to be without fault, and axe to find nothing serious. */
export async function look(watched: Watched, path: string): Promise<void> {
  const { page } = watched;
  await page.goto(path);
  // What a script draws after the page is there belongs to it.
  for (const plot of await page.locator("[data-from]").all()) await plot.locator("canvas").waitFor();
  expect([path, watched.faults()]).toEqual([path, []]);
  expect([path, await seriousIn(page)]).toEqual([path, []]);
}

/** What axe calls serious or critical, and where; anything wider than the window is, too. Looked at once the page is all there. */
export async function seriousIn(page: Page): Promise<string[]> {
  await page.waitForLoadState();
  // A phone has the colours of the light look, where their contrast is measured: it is what costs most.
  const phone = page.viewportSize()?.width === looks.phone.viewport.width;
  const axe = new AxeBuilder({ page }).disableRules(phone ? ["color-contrast"] : []);
  const { violations } = await axe.analyze();
  const wide = await page.evaluate("document.documentElement.scrollWidth > innerWidth");
  return [
    ...violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 200)}`)),
    ...(wide === true ? ["the page is wider than the window"] : []),
  ];
}

/**
 * Tab by tab until what has the focus says this, by its text or its label. Wherever the focus is on the way, it is seen: the
 * thing has a size, lies within the window's width, and is outlined. Text is there before the style that outlines it: so the
 * page is waited for.
 */
export async function tabTo(page: Page, wanted: string): Promise<void> {
  await page.waitForLoadState();
  const seen: string[] = [];
  for (let stops = 0; stops < 120; stops++) {
    await page.keyboard.press("Tab");
    const { name, outlined, within } = (await page.evaluate(focusOf)) as Focus;
    expect([name, outlined, within]).toEqual([name, true, true]);
    if (name === wanted) return;
    seen.push(name);
  }
  throw new Error(`"${wanted}" is not reached by the keyboard, but: ${seen.join(" | ")}`);
}

interface Focus {
  readonly name: string;
  readonly outlined: boolean;
  readonly within: boolean;
}

const focusOf = `(() => {
  const at = document.activeElement;
  const label = at.labels?.[0]?.textContent ?? at.getAttribute("aria-label") ?? at.textContent;
  const box = at.getBoundingClientRect();
  const style = getComputedStyle(at);
  return {
    name: label.trim().replaceAll(/\\s+/g, " "),
    outlined: style.outlineStyle !== "none" && Number.parseFloat(style.outlineWidth) >= 2,
    within: box.width > 0 && box.height > 0 && box.left >= 0 && box.right <= innerWidth + 1,
  };
})()`;

/** For people to look at: where NIGHTLATCH_SCREENSHOTS names a folder, the page as it is now, or its top. */
export async function picture(page: Page, name: string, top?: { readonly height: number }): Promise<void> {
  const folder = process.env["NIGHTLATCH_SCREENSHOTS"];
  if (folder === undefined) return;
  const { width = 0 } = page.viewportSize() ?? {};
  const clip = top && { clip: { x: 0, y: 0, width, height: top.height } };
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true, ...clip });
}
