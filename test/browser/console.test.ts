// The console in Chromium: every page in each look, the ways through it with and without a script.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { consoleAccess } from "../../server/console/access.ts";
import { settingsPages } from "../../server/console/settings/pages.ts";
import {
  type Look,
  look,
  looks,
  openSite,
  picture,
  type Site,
  seriousIn,
  signedInAs,
  tabTo,
  type Watched,
} from "./fixture.ts";

let site: Site;
let admin: Watched;

beforeAll(async () => {
  site = await openSite();
  admin = await site.window();
  await signedInAs(site, admin, "root", "admin");
});
afterAll(() => site.close());

/** The admin's session in a window of another look. */
async function windowOf(name: Look, more: { readonly javaScriptEnabled?: boolean } = {}): Promise<Watched> {
  const watched = await site.window({ ...looks[name], ...more });
  await watched.context.addCookies(await admin.context.cookies());
  return watched;
}

/** Each page of the table of access, with a user and a machine that are there. */
async function pages(): Promise<string[]> {
  const id = /[0-9a-f]{16}/.exec(
    await hrefOf("/admin/users?search=mallory", /\/admin\/users\/[0-9a-f]{16}/),
  )?.[0];
  const machine = /[A-Z2-7]{32}/.exec(
    await hrefOf("/admin/machines?state=flagged", /\/admin\/machines\/[A-Z2-7]{32}/),
  )?.[0];
  if (id === undefined || machine === undefined) throw new Error("nobody is there");
  const paths = Object.keys(consoleAccess)
    .filter(
      (route) =>
        route.startsWith("GET ") &&
        !/\.(csv|json)$|:page|sign-in$|enrolments\/end|machines\/remove/.test(route),
    )
    .map((route) => route.slice(4).replace(":id", route.includes("/users/") ? id : machine));
  const named = paths.map((path) =>
    /policies\/(edit|remove)$/.test(path) ? `${path}?name=Travellers` : path,
  );
  return [
    ...named,
    ...settingsPages.map(({ slug }) => `/admin/settings/${slug}`),
    "/admin/enrolments?sort=-expires",
    "/admin/users?page=2",
    "/admin/nothing",
  ];
}

async function hrefOf(path: string, fits: RegExp): Promise<string> {
  await admin.page.goto(path);
  const found = fits.exec(await admin.page.content());
  return found?.[0] ?? "";
}

describe("with a script", () => {
  test("a list follows what one types, without the page being loaded again", async () => {
    const watched = await windowOf("light");
    const { page } = watched;
    await page.goto("/admin/users");
    await page.evaluate("stayed = true");
    await page.getByLabel("Name", { exact: true }).fill("user-04");
    await page.getByText("10 entries").waitFor();
    expect(page.url()).toContain("search=user-04");
    expect(await page.evaluate("globalThis.stayed")).toBe(true);
    expect(watched.faults()).toEqual([]);
    expect(await seriousIn(page)).toEqual([]);
    await watched.context.close();
  });

  test("a search after the session has ended leads to the sign-in, as a whole page", async () => {
    const watched = await windowOf("light");
    const { page } = watched;
    await page.goto("/admin/machines");
    await watched.context.clearCookies();
    await page.getByLabel("Host name or id").fill("atlas");
    await page.waitForURL("**/admin/sign-in**");
    await page.getByRole("heading", { level: 1, name: "Sign in" }).waitFor();
    await watched.context.close();
  });

  test("the plots are drawn, and have their tables beside them", async () => {
    const watched = await windowOf("light");
    await look(watched, "/admin");
    expect(await watched.page.locator(".plot canvas").count()).toBe(2);
    for (const summary of await watched.page.getByText("The same as a table").all()) await summary.click();
    for (const name of ["Sign-ins by day", "Ends of offline use by day"])
      expect(await watched.page.getByRole("table", { name }).isVisible()).toBe(true);
    await watched.context.close();
  });
});

describe.each([true, false])("with scripts allowed: %s", (javaScriptEnabled) => {
  test("an admin adds a user, finds one, and ends offline use", async () => {
    const watched = await windowOf("light", { javaScriptEnabled });
    const { page } = watched;
    const name = javaScriptEnabled ? "grace" : "heidi";
    await page.goto("/admin/users/add");
    await page.getByLabel("User name").fill("ALICE");
    await page.getByRole("button", { name: "Add" }).click();
    await page.getByText("looks like the existing user").waitFor();
    await page.getByLabel("User name").fill(name);
    await page.getByRole("button", { name: "Add" }).click();
    await page.getByText("The user was added").waitFor();
    expect(await page.getByRole("heading", { level: 1 }).textContent()).toBe(name);
    await page.goto("/admin/enrolments?search=basalt");
    const before = await page.getByRole("checkbox").count();
    await page.getByRole("checkbox").first().check();
    await page.getByRole("button", { name: "End the chosen…" }).click();
    await page.getByRole("button", { name: "End it" }).click();
    await page.getByText("Offline use has ended").waitFor();
    await page.goto("/admin/enrolments?search=basalt");
    expect(await page.getByRole("checkbox").count()).toBe(before - 1);
    expect(watched.faults()).toEqual([]);
    await watched.context.close();
  });
});

describe("a policy", () => {
  test("is looked at before it is saved", async () => {
    const watched = await windowOf("light");
    const { page } = watched;
    await page.goto("/admin/policies/edit?name=Travellers");
    await page.getByLabel("Offline sign-ins").fill("0");
    await page.getByRole("button", { name: "See what would change…" }).click();
    await page.getByText("Look at the field that is marked below").waitFor();
    expect(await seriousIn(page)).toEqual([]);
    await page.getByLabel("Offline sign-ins").fill("none");
    await page.getByLabel("Offline days").fill("3");
    await page.getByRole("button", { name: "See what would change…" }).click();
    await page.getByRole("heading", { name: "What would change" }).waitFor();
    expect(await seriousIn(page)).toEqual([]);
    await picture(page, "light-policy-look");
    await page.getByRole("button", { name: "Save as it is here" }).click();
    await page.getByText("The policy was saved").waitFor();
    expect(watched.faults()).toEqual([]);
    await watched.context.close();
  });
});

describe("the directory", () => {
  test("is filled in, tried and not saved, by the keyboard", async () => {
    const watched = await windowOf("light");
    const { page } = watched;
    await page.goto("/admin/settings/directory");
    await tabTo(page, "Address (url)");
    await page.keyboard.type("ldap://127.0.0.1:1");
    await tabTo(page, "Fill in what fits Active Directory");
    await page.keyboard.press("Enter");
    await page.getByText("Filled in below").waitFor();
    expect(await page.getByLabel("(nameAttribute)").inputValue()).toBe("sAMAccountName");
    await tabTo(page, "Where the users are (userBase)");
    await page.keyboard.type("dc=corp,dc=example");
    await tabTo(page, "See what would change…");
    await page.keyboard.press("Enter");
    await page.getByText("nothing answers there").waitFor();
    expect(await page.getByLabel("(url)").inputValue()).toBe("ldap://127.0.0.1:1");
    expect(await seriousIn(page)).toEqual([]);
    await picture(page, "light-directory-look");
    await page.goto("/admin/settings/directory");
    expect(await page.getByLabel("(url)").inputValue()).toBe("");
    expect(watched.faults().filter((fault) => !fault.includes("409"))).toEqual([]);
    await watched.context.close();
  });
});

describe("by the keyboard", () => {
  test("the first stop leads past the bar, and the menu opens", async () => {
    const watched = await windowOf("light");
    const { page } = watched;
    await page.goto("/admin/machines");
    await tabTo(page, "Skip to content");
    await picture(page, "light-skip");
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    expect(await page.evaluate("document.activeElement.id")).toBe("f-search");
    await page.locator("details.person summary").focus();
    await page.keyboard.press("Enter");
    expect(await page.getByRole("button", { name: "Sign out", exact: true }).isVisible()).toBe(true);
    await picture(page, "light-menu");
    await watched.context.close();
  });

  test.each(["light", "phone"] as const)("a user is found and put into a group, %s", async (name) => {
    const watched = await windowOf(name);
    const { page } = watched;
    await page.goto("/admin");
    await tabTo(page, "Users");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/admin/users");
    await tabTo(page, "Name");
    await page.keyboard.type("user-04");
    await page.getByRole("status").getByText("10 entries").waitFor();
    // The list has changed beside the field, which keeps the focus.
    expect(await page.evaluate("document.activeElement.id")).toBe("f-search");
    await tabTo(page, name === "light" ? "user-041" : "user-042");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 1, name: "user-04" }).waitFor();
    await tabTo(page, "Put into group");
    await page.keyboard.type("night");
    await page.keyboard.press("Enter");
    await page.getByText("The groups were changed").waitFor();
    expect(watched.faults()).toEqual([]);
    await watched.context.close();
  });

  test("a list that was fetched while one typed is not fetched again when one leaves the field", async () => {
    const watched = await windowOf("light");
    const { page } = watched;
    await page.goto("/admin/users");
    const fetched: string[] = [];
    page.on("request", (request) => fetched.push(new URL(request.url()).search));
    await tabTo(page, "Name");
    await page.keyboard.type("user-04", { delay: 20 });
    await page.getByRole("status").getByText("10 entries").waitFor();
    await tabTo(page, "user-040");
    await page.waitForTimeout(600);
    expect(fetched.filter((search) => search.includes("user-04"))).toHaveLength(1);
    expect(await page.evaluate("document.activeElement.textContent")).toBe("user-040");
    await page.getByLabel("State").selectOption("locked");
    await page.waitForURL("**state=locked**");
    await page.getByText("No user is like that.").waitFor();
    await watched.context.close();
  });

  test("what is exported follows what was typed", async () => {
    const watched = await windowOf("light");
    const { page } = watched;
    await page.goto("/admin/enrolments");
    await tabTo(page, "User or machine");
    await page.keyboard.type("basalt");
    await page.waitForURL("**search=basalt**");
    await page.locator('a[download][href*="search=basalt"]').waitFor();
    await watched.context.close();
  });
});

describe("in forced colours", () => {
  test("where one is, and what needs a look, is drawn and not only coloured", async () => {
    const watched = await site.window({ ...looks.dark, forcedColors: "active" });
    const { page } = watched;
    await watched.context.addCookies(await admin.context.cookies());
    await look(watched, "/admin/machines?state=flagged");
    const drawn = (selector: string, property: string) =>
      page.evaluate(`getComputedStyle(document.querySelector(${JSON.stringify(selector)})).${property}`);
    expect(await drawn(".bar nav a[aria-current]", "outlineStyle")).toBe("solid");
    expect(await drawn(".tag.warn", "borderTopStyle")).toBe("solid");
    await picture(page, "forced-machines");
    await tabTo(page, "Host name or id");
    await watched.context.close();
  });
});

describe("the policy for content", () => {
  test("is in force: what a page did not bring does not run", async () => {
    const watched = await windowOf("light");
    const { page } = watched;
    await page.goto("/admin");
    await page.evaluate(`
      const script = document.createElement("script");
      script.textContent = "globalThis.ran = true";
      document.body.append(script);
      document.body.insertAdjacentHTML("beforeend", '<p style="color:red">x</p><img src="https://other.example/x">');
    `);
    await page.waitForFunction("document.images[document.images.length - 1].complete");
    expect(await page.evaluate("globalThis.ran")).toBeUndefined();
    const violated = watched.faults().filter((fault) => fault.startsWith("policy: "));
    expect(violated.map((fault) => fault.split(" ")[1])).toEqual(
      expect.arrayContaining(["script-src-elem", "style-src-attr", "img-src"]),
    );
    await watched.context.close();
  });
});

describe("axe", () => {
  test("sees what is wrong with a page that has something wrong", async () => {
    const watched = await windowOf("light");
    await watched.page.goto("/admin/users");
    await watched.page.evaluate("document.querySelector('label[for=f-search]').remove()");
    expect(await seriousIn(watched.page)).toEqual([expect.stringMatching(/^label: <input id="f-search"/)]);
    await watched.context.close();
  });
});

describe.each(Object.keys(looks) as Look[])("every page, %s", (name) => {
  test("is without fault, and axe finds nothing serious", async () => {
    const watched = await site.window(looks[name]);
    // An admin of its own: some pages ask for a code after five minutes.
    await signedInAs(site, watched, `root-${name}`, "admin");
    for (const path of await pages()) {
      await look(watched, path);
      expect(watched.page.url()).toBe(site.url + path);
      await picture(watched.page, `${name}${path.replaceAll(/[^a-z0-9]+/gi, "-").slice(0, 60)}`);
    }
    const stranger = await site.window(looks[name]);
    for (const path of ["/admin/sign-in", "/set-up?code=x"]) await look(stranger, path);
    await picture(stranger.page, `${name}-set-up`);
    await stranger.page.goto("/admin/sign-in");
    await picture(stranger.page, `${name}-sign-in`);
    await watched.context.close();
    await stranger.context.close();
  });
});
