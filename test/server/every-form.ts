// Every form of console and portal, found by opening every page of the tables of access with one of each thing there.

import { consoleAccess } from "../../server/console/access.ts";
import { settingsPages } from "../../server/console/settings/pages.ts";
import { theMachine } from "../../server/machines/machines.ts";
import { revokeMachine } from "../../server/machines/revoke.ts";
import { setAddress } from "../../server/mail/addresses.ts";
import { portalAccess } from "../../server/portal/access.ts";
import { disableUser } from "../../server/users/leave.ts";
import { joinGroup, theUser } from "../../server/users/users.ts";
import type { Access } from "../../server/web/access.ts";
import { minuteMs } from "../../words/clock.ts";
import { Browser, type Person, person, signIn } from "./browser.ts";
import { testServer, type TestServer, totpAt } from "./fixture.ts";
import { setPin } from "./pins.ts";
import { addressFor, allow, plainUser, withMail } from "./portal-fixture.ts";
import { formsOn, sentBy, type ShownForm } from "./shown-forms.ts";

export const areas = {
  console: { table: consoleAccess, base: "/admin" },
  portal: { table: portalAccess, base: "/portal" },
} as const;

export interface Site {
  readonly server: TestServer;
  readonly root: Person;
}

export async function siteWithEverything(): Promise<Site> {
  const server = await testServer();
  const root = await person(server, "root", "admin");
  await withMail(server);
  await allow(server, { who: "everybody" });
  const secret = await server.userWithTotp("alice", ["staff"]);
  await addressFor(server, "alice", "alice@corp.example");
  await server.groupPolicy("seeded", 1, "seeds=per-machine", "pin.place=after");
  const laptop = await server.machine("laptop", ["field"]);
  await laptop.enrolledVerify("alice", [totpAt(secret, server.clock.nowMs)]);
  await server.store.write(async (tx) => {
    for (const place of ["mail-1", "mail-2"] as const)
      await setAddress(tx, await theUser(tx, "root"), place, `${place}@corp.example`, server.clock.nowMs);
  });
  const rootsMachine = await server.machine("desk");
  await rootsMachine.enrolledVerify("root", [totpAt(root.secret, server.clock.nowMs)]);
  const old = await server.machine("old");
  await server.store.write(async (tx) =>
    revokeMachine(tx, server.identity.signing.privateKey, await theMachine(tx, old.id), server.clock.nowMs),
  );
  server.clock.pass(minuteMs);
  await server.token();
  await setPin(server, "alice", "8642");
  await plainUser(server, "carol");
  await server.store.write(async (tx) =>
    disableUser(tx, server.identity.signing.privateKey, await theUser(tx, "carol"), server.clock.nowMs),
  );
  const browser = await enter({ server, root }, "/admin");
  const alice = `/admin/users/${(await theUser(server.store.db, "alice")).id}`;
  await browser.get(alice);
  const invited = await browser.send(`${alice}/invite`);
  if (invited.status !== 303) throw new Error(`no mail is in the queue: ${invited.status}`);
  return { server, root };
}

/** With a page open. In the portal, PIN and seeds are asked for as well. */
export async function enter({ server, root }: Site, base: string): Promise<Browser> {
  const browser = new Browser(server);
  server.clock.pass(minuteMs);
  const seen = await signIn(server, browser, root, base);
  if (seen.status !== 303) throw new Error(`sign-in: ${seen.status} ${seen.text}`);
  server.clock.pass(minuteMs);
  await browser.get(base);
  if (base === "/portal")
    await server.store.write(async (tx) =>
      joinGroup(tx, await theUser(tx, "root"), "seeded", server.clock.nowMs),
    );
  return browser;
}

/** Every page of an area that is opened by its address, for each thing that there is. */
async function pathsOf({ server }: Site, name: keyof typeof areas): Promise<string[]> {
  const { db } = server.store;
  const ids = async (table: "users" | "machines" | "authenticators") =>
    (await db.selectFrom(table).select("id").orderBy("id").execute()).map(({ id }) => id);
  const [one] = await db
    .selectFrom("enrolments")
    .select(["machineId", "userId"])
    .orderBy("machineId")
    .execute();
  const revoked = (await db.selectFrom("machines").select(["id", "revokedAtMs"]).execute()).find(
    ({ revokedAtMs }) => revokedAtMs !== null,
  );
  const paths: string[] = [];
  for (const route of Object.keys(areas[name].table)) {
    const [method, pattern = ""] = route.split(" ");
    if (method !== "GET" || /\.(csv|json)$|sign-in|confirm/.test(pattern)) continue;
    const of = pattern.includes("/users/")
      ? "users"
      : pattern.includes("/machines/")
        ? "machines"
        : "authenticators";
    const filled = pattern.includes(":id")
      ? (await ids(of)).map((id) => pattern.replace(":id", id))
      : pattern.includes(":page")
        ? settingsPages.map(({ slug }) => pattern.replace(":page", slug))
        : [pattern];
    const query: Readonly<Record<string, string>> = {
      "/admin/policies/edit": "?name=seeded",
      "/admin/policies/remove": "?name=seeded",
      "/admin/machines/remove": `?one=${revoked?.id}`,
      "/admin/enrolments/end": `?one=${one?.machineId}.${one?.userId}`,
    };
    paths.push(...filled.map((path) => path + (query[pattern] ?? "")));
  }
  return paths;
}

function routeOf(table: Readonly<Record<string, Access>>, action: string): string | undefined {
  return Object.keys(table)
    .filter((route) => route.startsWith("POST "))
    .find((route) => new RegExp(`^${route.slice(5).replaceAll(/:[a-z]+/g, "[^/]+")}$`).test(action));
}

export interface Found {
  readonly path: string;
  readonly action: string;
  readonly form: ShownForm;
  readonly route: string;
}

/**
 * One of each: where several are alike, the first. At last those that need a recent code and are on no page as it is found:
 * another form of their page begins what they end. They come once the others were tried, whose page has changed then.
 */
export async function* formsOf(
  site: Site,
  name: keyof typeof areas,
  browser: Browser,
): AsyncGenerator<Found, void> {
  const table: Readonly<Record<string, Access>> = areas[name].table;
  const found: Found[] = [];
  for (const path of await pathsOf(site, name)) found.push(...(await formsAt(name, browser, path, found)));
  yield* found;
  for (const [route, { page, recentCode }] of Object.entries(table)) {
    if (recentCode !== true || typeof page !== "string" || found.some((one) => one.route === route)) continue;
    await browser.get(page);
    for (const { action, form } of found.filter(({ path }) => path === page))
      await browser.post(action, { ...sentBy(form.fields), "form-token": [browser.token ?? ""] });
    const begun = await formsAt(name, browser, page, found);
    found.push(...begun);
    yield* begun;
  }
}

/** Those that are not like one that is known. */
async function formsAt(
  name: keyof typeof areas,
  browser: Browser,
  path: string,
  known: readonly Found[],
): Promise<Found[]> {
  const { table, base } = areas[name];
  const found: Found[] = [];
  const { status, text } = await browser.get(path);
  if (status !== 200) return found;
  for (const form of formsOn(text))
    for (const action of form.actions) {
      const route = routeOf(table, action);
      if (route === undefined || !action.startsWith(base) || /sign-out/.test(route)) continue;
      const shape = (of: ShownForm) => of.fields.map((field) => `${field.name} ${field.type}`).join();
      const alike = (one: Found) => one.route === route && shape(one.form) === shape(form);
      if (![...known, ...found].some(alike)) found.push({ path, action, form, route });
    }
  return found;
}
