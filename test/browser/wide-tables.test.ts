// Tables that are wider than a phone: that they go on is seen, and they are moved by finger and by keyboard.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Page } from "playwright-core";
import { looks, openSite, picture, seriousIn, signedInAs, type Site, type Watched } from "./fixture.ts";

let site: Site;
let admin: Watched;

beforeAll(async () => {
  site = await openSite();
  admin = await site.window();
  await signedInAs(site, admin, "root", "admin");
});
afterAll(() => site.close());

const lists = [
  ["/admin/users", "Users"],
  ["/admin/machines", "Machines"],
  ["/admin/enrolments", "Offline enrolments"],
  ["/admin/audit", "Audit, the newest first"],
] as const;

async function open(path: string, more: object): Promise<Page> {
  const watched = await site.window({ ...looks.phone, ...more });
  await watched.context.addCookies(await admin.context.cookies());
  await watched.page.goto(path);
  return watched.page;
}

const styleOf = (page: Page, property: string) =>
  page.evaluate(`getComputedStyle(document.querySelector(".scroll")).${property}`);
const scrollTo = (page: Page, left: string) =>
  page.evaluate(`new Promise((done) => {
    const table = document.querySelector(".scroll");
    table.scrollLeft = ${left};
    requestAnimationFrame(() => requestAnimationFrame(() => done(table.scrollLeft)));
  })`);

describe.each(["light", "dark"] as const)("on a phone, %s", (colorScheme) => {
  test.each(lists)("%s has a shadow at the edge beyond which it goes on", async (path, label) => {
    const page = await open(path, { colorScheme });
    expect(
      await page.evaluate(
        `(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)(document.querySelector(".scroll"))`,
      ),
    ).toBe(true);
    expect(String(await styleOf(page, "backgroundAttachment"))).toMatch(/^local, local, scroll, scroll/);
    await picture(page, `phone-${colorScheme}-${path.slice(7)}`);
    const region = page.getByRole("region", { name: label, exact: true });
    await region.focus();
    expect(await page.evaluate("document.activeElement.className")).toBe("scroll");
    await page.keyboard.press("ArrowRight");
    const moved = () => page.evaluate(`document.querySelector(".scroll").scrollLeft`);
    await expect.poll(moved, { timeout: 10_000 }).toBeGreaterThan(0);
    await scrollTo(page, "99999");
    await picture(page, `phone-${colorScheme}-${path.slice(7)}-end`);
    expect(await seriousIn(page)).toEqual([]);
    await page.context().close();
  });
});

test("in forced colours the edge beyond which a table goes on is a thick line, and only that one", async () => {
  const page = await open("/admin/machines", { forcedColors: "active" });
  const edges = async () => [await styleOf(page, "borderLeftWidth"), await styleOf(page, "borderRightWidth")];
  expect(await edges()).toEqual(["1px", "6px"]);
  await picture(page, "phone-forced-machines");
  await scrollTo(page, "99999");
  expect(await edges()).toEqual(["6px", "1px"]);
  await scrollTo(page, "document.querySelector('.scroll').scrollWidth / 4");
  expect(await edges()).toEqual(["6px", "6px"]);
  await page.setViewportSize({ width: 1280, height: 900 });
  await scrollTo(page, "0");
  expect(await edges()).toEqual(["1px", "1px"]);
  await page.context().close();
});
