// What was typed comes back to the session that typed it, once a right code was given, and is done by nothing but another press.

import { beforeEach, expect, it } from "vitest";
import { groupsOfUser, theUser } from "../../server/users/users.ts";
import { minuteMs } from "../../words/clock.ts";
import { Browser, codeOf, type Person, person, type Seen, signedIn, signIn } from "./browser.ts";
import { testServer, type TestServer, wrongCode } from "./fixture.ts";
import { fieldsOf } from "./policy-form.ts";
import { formsOn, sentBy } from "./shown-forms.ts";

let server: TestServer;
let root: Person;
let browser: Browser;
let page: string;

beforeEach(async () => {
  server = await testServer();
  root = await person(server, "root", "admin");
  await server.userWithTotp("alice");
  page = `/admin/users/${(await theUser(server.store.db, "alice")).id}`;
  browser = new Browser(server);
  await signIn(server, browser, root);
  await browser.get(page);
  server.clock.pass(5 * minuteMs);
});

const groups = async () => groupsOfUser(server.store.db, (await theUser(server.store.db, "alice")).id);
const join = (more: Record<string, string> = {}) =>
  browser.send(`${page}/groups`, { change: "join", group: "night-shift", ...more });

/** What stands in the form for the code, as it would be sent. */
function confirming({ text }: Seen): Record<string, string | readonly string[]> {
  const form = formsOn(text).find(({ actions }) => actions.includes("/admin/confirm"));
  if (form === undefined) throw new Error("no form for the code");
  return sentBy(form.fields);
}

const confirm = (by: Browser, fields: Record<string, string | readonly string[]>) =>
  by.post("/admin/confirm", { ...fields, code: codeOf(server, root.secret) });

it("it is done by the second press and not before", async () => {
  const seen = await confirm(browser, confirming(await join()));
  expect(seen.text).toContain('value="night-shift"');
  expect(seen.text).toContain("Nothing is done yet");
  expect(await groups()).toEqual([]);
  expect((await join()).to).toBe(`${page}?done=groups-changed`);
  expect(await groups()).toEqual(["night-shift"]);
});

it("a wrong code asks for another one and loses nothing", async () => {
  const fields = confirming(await join());
  const refused = await browser.post("/admin/confirm", {
    ...fields,
    code: wrongCode(codeOf(server, root.secret)),
  });
  expect(refused.status).toBe(401);
  const seen = await confirm(browser, confirming(refused));
  expect(seen.text).toContain('value="night-shift"');
  expect(await groups()).toEqual([]);
});

it("another instance goes on with it: nothing of it is kept by the one that asked", async () => {
  const before = await server.store.db.selectFrom("settings").selectAll().execute();
  const asked = await join();
  const other = new Browser(server, "192.0.2.7");
  for (const [name, value] of browser.cookies) other.cookies.set(name, value);
  const seen = await confirm(other, confirming(asked));
  expect(seen.text).toContain('value="night-shift"');
  expect(await server.store.db.selectFrom("settings").selectAll().execute()).toEqual(before);
});

it("another session, of the same admin or another one, is not shown it and can't send it on", async () => {
  const fields = confirming(await join());
  const same = new Browser(server);
  await signIn(server, same, root);
  for (const other of [same, await signedIn(server, "admin", "second")]) {
    expect((await other.open("/admin/confirm")).text).not.toContain("night-shift");
    const seen = await confirm(other, fields);
    expect(seen.status).toBe(403);
    expect(seen.text).not.toContain("night-shift");
  }
});

it("it is over with its session", async () => {
  const fields = confirming(await join());
  server.clock.pass(15 * minuteMs);
  const seen = await confirm(browser, fields);
  expect([seen.status, seen.to?.startsWith("/admin/sign-in")]).toEqual([303, true]);
});

it("a form of a stranger is asked for no code, and neither is one without this session's token", async () => {
  const stranger = await new Browser(server).post(`${page}/groups`, { change: "join", group: "x" });
  expect([stranger.status, stranger.asks]).toEqual([303, null]);
  const forged = await join({ "form-token": "forged" });
  expect([forged.status, forged.asks, forged.text.includes("night-shift")]).toEqual([403, null, false]);
  const helper = await signedIn(server, "help-desk", "helen");
  await helper.get(page);
  server.clock.pass(5 * minuteMs);
  const beyond = await helper.send(`${page}/groups`, { change: "join", group: "x" });
  expect([beyond.status, beyond.asks]).toEqual([403, null]);
});

it.each([
  "//evil.example/admin",
  "https://evil.example/admin",
  "/admin//evil.example",
  "/portal",
  "/admin\\evil.example",
  "/administrator",
  "javascript:alert(1)",
])("it leads nowhere else: %s", async (to) => {
  const seen = await confirm(browser, { ...confirming(await join()), to });
  // The overview, which has no such form.
  expect([seen.status, seen.to]).toEqual([200, null]);
  expect(seen.text).toContain("<h1>Overview</h1>");
  expect(seen.text).not.toContain("night-shift");
  expect(seen.text).not.toContain("evil");
});

it("it fills in no form but the one that was sent, and does nothing by the name of another", async () => {
  const fields = confirming(await join());
  for (const action of ["/admin/confirm", "/admin/sign-out", `${page}/disable`, "//evil.example/", ""]) {
    const seen = await confirm(browser, { ...fields, "kept-action": action });
    expect([action, seen.status, seen.text.includes('value="night-shift"')]).toEqual([action, 200, false]);
    server.clock.pass(minuteMs);
    Object.assign(fields, { "form-token": browser.token ?? "" });
  }
  expect((await theUser(server.store.db, "alice")).disabledAtMs).toBeNull();
});

it("of a form with more fields than any of ours nothing is kept, and more bytes are refused", async () => {
  const many = Object.fromEntries(Array.from({ length: 301 }, (_, at) => [`f${at}`, "x"]));
  const asked = await join(many);
  expect(asked.asks).toBe("/admin/confirm");
  expect(asked.text).not.toContain("kept");
  expect((await confirm(browser, confirming(asked))).to).toBe(page);
  const large = { change: "join", group: "x".repeat(65_000) };
  server.clock.pass(5 * minuteMs);
  await browser.get(page);
  const kept = confirming(await browser.send(`${page}/groups`, large));
  expect((await confirm(browser, kept)).text).toContain(large.group);
  expect((await confirm(browser, { ...kept, more: "x".repeat(40_000) })).status).toBe(413);
});

it("a policy that was looked at comes back as it was typed, and is looked at once more", async () => {
  await server.policy("offline.days=3");
  await server.groupPolicy("travellers", 1);
  await browser.get("/admin/policies/edit?name=travellers");
  const typed = { ...fieldsOf(browser), "offline.days": "9" };
  const looked = await browser.send("/admin/policies/look", typed);
  expect(looked.status).toBe(200);
  const asked = await browser.send("/admin/policies/save", fieldsOf(browser));
  expect(asked.asks).toBe("/admin/confirm");
  const seen = await confirm(browser, confirming(asked));
  expect([seen.status, fieldsOf(browser)["offline.days"]]).toEqual([200, "9"]);
  await browser.send("/admin/policies/look", fieldsOf(browser));
  const saved = await browser.send("/admin/policies/save", fieldsOf(browser));
  expect(saved.to).toBe("/admin/policies?done=policy-saved");
});

it("a password is not in the page for the code nor in the one after it, which says that it is to be typed again", async () => {
  await browser.get("/admin/settings/mail");
  const [form] = formsOn(browser.page).filter(({ actions }) => actions.includes("/admin/settings/mail"));
  const typed = { ...sentBy(form?.fields ?? []), host: ["mail.example"], password: ["hunter22hunter"] };
  const asked = await browser.post("/admin/settings/mail", typed);
  expect([asked.asks, asked.text.includes("hunter22")]).toEqual(["/admin/confirm", false]);
  const seen = await confirm(browser, confirming(asked));
  expect(seen.text).toContain('value="mail.example"');
  expect(seen.text).toContain("not kept: type it again");
  expect(seen.text).not.toContain("hunter22");
});

it("a form that is refused for one field says that its optional password has to be typed again", async () => {
  await browser.open("/admin/confirm?to=/admin/settings/mail");
  await browser.send("/admin/confirm", { code: codeOf(server, root.secret) });
  await browser.get("/admin/settings/mail");
  const [form] = formsOn(browser.page).filter(({ actions }) => actions.includes("/admin/settings/mail"));
  const typed = { ...sentBy(form?.fields ?? []), host: ["mail.example"], port: ["no port"] };
  const seen = await browser.post("/admin/settings/mail", { ...typed, password: ["hunter22hunter"] });
  expect([seen.status, seen.text.includes("not kept: type it again")]).toEqual([400, true]);
  const empty = await browser.post("/admin/settings/mail", { ...typed, password: [""] });
  expect([empty.status, empty.text.includes("not kept")]).toEqual([400, false]);
});
