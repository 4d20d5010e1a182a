// Who may do what, said here once more and apart from the server's own table, and tried over the wire with a real session of
// each role: every route beyond a role is refused and changes nothing, however it is written.

import { describe, expect, it } from "vitest";
import { setRole } from "../../server/accounts/accounts.ts";
import { disableUser } from "../../server/users/leave.ts";
import { theUser } from "../../server/users/users.ts";
import { hourMs, minuteMs } from "../../words/clock.ts";
import { type Person, person } from "./browser.ts";
import { addressFor, withMail } from "./portal-fixture.ts";
import { testServer, totpAt } from "./fixture.ts";
import { everything, pathOf } from "./stage.ts";
import { consoleRoutes, fieldsOf, outsideRoutes, type Who } from "./stated-routes.ts";
import { asSession, type Signed, signInBy, type Wire, wireTo } from "./wire.ts";

/** Somebody of each role, and what there is to do something with. */
async function stage() {
  const server = await testServer();
  const people: Record<string, Person> = {};
  for (const role of ["admin", "auditor", "help-desk", "none"] as const)
    people[role] = await person(server, `a-${role}`, role);
  const secret = await server.userWithTotp("alice", ["staff"]);
  const machine = await server.machine("laptop");
  await machine.enrolledVerify("alice", [totpAt(secret, server.clock.nowMs)]);
  await server.token();
  const wire = await wireTo(server);
  const signed = async (role: string, kind: "console" | "portal" = "console") =>
    signInBy(wire, server, people[role] as Person, kind);
  const here = { server, wire, signed, machine };
  await withMail(server);
  await addressFor(server, "alice", "alice@corp.example");
  const invited = "POST /admin/users/:id/invite";
  const queued = await ask(here, invited, await pathOf(here, invited), await signed("admin"));
  if (queued.status !== 303) throw new Error(`no mail is in the queue: ${queued.status}`);
  return here;
}

type Stage = Awaited<ReturnType<typeof stage>>;

async function ask(
  { wire }: { wire: Wire },
  route: string,
  path: string,
  by: { cookie: string; token: string } | undefined,
  fields: Readonly<Record<string, string>> = {},
) {
  const [method = ""] = route.split(" ");
  const headers = by === undefined ? {} : { cookie: by.cookie };
  if (method === "GET") return wire.send(method, path, headers);
  const body = new URLSearchParams({ ...(by === undefined ? {} : { "form-token": by.token }), ...fields });
  return wire.send(method, path, headers, body.toString());
}

const stated = Object.entries(consoleRoutes) as [string, Who][];
const allows = (who: Who, role: string) =>
  who === "anyone" || who === "signed-in" || who.includes(role as never);

describe("every route", () => {
  it("of the console and outside of it has its roles stated here", async () => {
    const { wire } = await stage();
    const served = wire.routes.filter((route) => !/ \/(portal|set-up)/.test(route));
    expect(new Set(served)).toEqual(new Set([...Object.keys(consoleRoutes), ...outsideRoutes]));
  });

  it.each(["help-desk", "auditor", "none"])(
    "beyond the role %s is refused, and changes nothing",
    async (role) => {
      const here = await stage();
      // Who has no role gets no session of the console: the portal's in its place.
      const kind = role === "none" ? "portal" : "console";
      const by = await here.signed(role, kind);
      const planted = asSession("console", by.id);
      const before = await everything(here.server);
      let refused = 0;
      for (const [route, who] of stated) {
        if (who === "anyone" || (role !== "none" && allows(who, role))) continue;
        const path = await pathOf(here, route);
        const fields = await fieldsOf(here, route);
        const seen = await ask(here, route, path, kind === "portal" ? planted : by, fields);
        if (kind === "portal")
          expect([route, seen.status, seen.to?.startsWith("/admin/sign-in")]).toEqual([route, 303, true]);
        else expect([route, seen.status]).toEqual([route, 403]);
        if (kind === "portal") expect((await ask(here, route, path, by, fields)).status).toBe(303);
        refused += 1;
      }
      expect(refused).toBeGreaterThan(20);
      expect(await everything(here.server)).toEqual(before);
    },
  );

  it.each(["help-desk", "auditor", "admin"])(
    "to be read changes nothing for %s, whatever it answers",
    async (role) => {
      const here = await stage();
      const by = await here.signed(role);
      const before = await everything(here.server);
      for (const [route, who] of stated) {
        if (!route.startsWith("GET ")) continue;
        const seen = await ask(here, route, await pathOf(here, route), by);
        if (allows(who, role))
          expect([route, seen.status < 500, seen.status === 403]).toEqual([route, true, false]);
      }
      expect(await everything(here.server)).toEqual(before);
    },
  );

  it("that may change something does for an admin with these very fields, or the refusals would prove nothing", async () => {
    const here = await stage();
    const by = await here.signed("admin");
    const changed: string[] = [];
    const ending = /remove|revoke|disable|reset|enrolments|drop/;
    const order = stated.toSorted(([a], [b]) => Number(ending.test(a)) - Number(ending.test(b)));
    for (const [route, who] of order) {
      if (!route.startsWith("POST ") || who === "anyone" || who === "signed-in") continue;
      const before = await everything(here.server);
      const seen = await ask(here, route, await pathOf(here, route), by, await fieldsOf(here, route));
      expect([route, seen.status < 500, seen.status === 403]).toEqual([route, true, false]);
      if (JSON.stringify(await everything(here.server)) !== JSON.stringify(before)) changed.push(route);
    }
    expect(changed.length).toBeGreaterThan(20);
  });
});

describe("a session that is over", () => {
  const ends: readonly (readonly [string, (here: Stage, by: Signed) => Promise<unknown>])[] = [
    ["for a quarter of an hour", async ({ server }) => server.clock.pass(15 * minuteMs)],
    ["for its eight hours", async ({ server }) => server.clock.pass(8 * hourMs)],
    ["by signing out", ({ wire }, by) => ask({ wire }, "POST", "/admin/sign-out", by)],
    [
      "with its role",
      async ({ server: { store, clock } }) =>
        store.write(async (tx) => {
          const user = await theUser(tx, "a-admin");
          await setRole(tx, { user, role: "none", evenTheLastAdmin: true }, clock.nowMs);
        }),
    ],
    [
      "with its user",
      async ({ server: { store, identity, clock } }) =>
        store.write(async (tx) => {
          await setRole(
            tx,
            { user: await theUser(tx, "a-auditor"), role: "admin", evenTheLastAdmin: false },
            clock.nowMs,
          );
          await disableUser(tx, identity.signing.privateKey, await theUser(tx, "a-admin"), clock.nowMs);
        }),
    ],
  ];
  it.each(ends)("%s gets nowhere and changes nothing", async (_, end) => {
    const here = await stage();
    const by = await here.signed("admin");
    expect((await ask(here, "GET", "/admin/users", by)).status).toBe(200);
    await end(here, by);
    const before = await everything(here.server);
    for (const [route, who] of stated) {
      if (who === "anyone") continue;
      const seen = await ask(here, route, await pathOf(here, route), by, await fieldsOf(here, route));
      expect([route, seen.status, seen.to?.startsWith("/admin/sign-in")]).toEqual([route, 303, true]);
    }
    expect(await everything(here.server)).toEqual(before);
  });
});

describe("a form", () => {
  it("with no token, another session's, or the same user's in the portal, changes nothing at any route", async () => {
    const here = await stage();
    const [by, other, inPortal] = [
      await here.signed("admin"),
      await here.signed("admin"),
      await here.signed("admin", "portal"),
    ];
    const before = await everything(here.server);
    for (const [route, who] of stated) {
      if (!route.startsWith("POST ") || who === "anyone") continue;
      const [path, fields] = [await pathOf(here, route), await fieldsOf(here, route)];
      for (const token of ["", other.token, inPortal.token, by.token.slice(0, -1), `${by.token} `]) {
        const seen = await ask(here, route, path, { cookie: by.cookie, token }, fields);
        expect([route, seen.status]).toEqual([route, 403]);
      }
      // Twice: the first counts, and is the wrong one.
      const twice = `form-token=${other.token}&form-token=${by.token}&${new URLSearchParams(fields)}`;
      expect((await here.wire.send("POST", path, { cookie: by.cookie }, twice)).status).toBe(403);
      // In the address.
      const inQuery = `${path}?form-token=${by.token}`;
      const body = new URLSearchParams(fields).toString();
      expect((await here.wire.send("POST", inQuery, { cookie: by.cookie }, body)).status).toBe(403);
    }
    expect(await everything(here.server)).toEqual(before);
  });
});

describe("another way to write it", () => {
  it.each(["help-desk", "auditor"])("lets %s do nothing more", async (role) => {
    const here = await stage();
    const by = await here.signed(role);
    const before = await everything(here.server);
    for (const [route, who] of stated) {
      if (who === "anyone" || who === "signed-in" || allows(who, role)) continue;
      const [method = ""] = route.split(" ");
      const path = await pathOf(here, route);
      const body = new URLSearchParams({
        "form-token": by.token,
        ...(await fieldsOf(here, route)),
      }).toString();
      const [bare = "", query] = path.split("?");
      const asked = query === undefined ? "" : `?${query}`;
      const last = bare.slice(bare.lastIndexOf("/") + 1);
      const spelled = `%${last.charCodeAt(0).toString(16)}${last.slice(1)}`;
      const paths = [
        `${bare}/${asked}`,
        `/${bare}${asked}`,
        bare.replace("/admin/", "/admin//") + asked,
        bare.replace("/admin", "/ADMIN") + asked,
        bare.replace("/admin", "/portal/../admin") + asked,
        bare.replace("/admin", "/admin/.") + asked,
        bare.replace("/admin/", "/admin%2f") + asked,
        `${bare.slice(0, bare.lastIndexOf("/") + 1)}${spelled}${asked}`,
        `${bare};x=1${asked}`,
        `${bare}%20${asked}`,
        `http://127.0.0.1${bare}${asked}`,
      ];
      for (const one of paths) {
        const seen = await here.wire.send(
          method,
          one,
          { cookie: by.cookie },
          method === "POST" ? body : undefined,
        );
        // A page's address with a slash too many leads to the one without, where the role is asked for.
        const leadsBack = method === "GET" && one === paths[0] && seen.to === `${bare}${asked}`;
        expect([one, seen.status >= 400 || leadsBack], one).toEqual([one, true]);
      }
      const methods = ["HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "get", "post"];
      const overridden = {
        "x-http-method-override": method,
        "x-http-method": method,
        "x-method-override": method,
      };
      for (const other of [...methods, method === "GET" ? "POST" : "GET"]) {
        const sent = other === "HEAD" || other === "GET" ? undefined : `${body}&_method=${method}`;
        const seen = await here.wire.send(other, path, { cookie: by.cookie, ...overridden }, sent);
        // `GET /admin/x` may be a page of this role where `POST /admin/x` is a change that it may not make.
        const pageOf = stated.find(([one]) => one === `GET ${route.split(" ")[1]}`)?.[1];
        const readable =
          ["GET", "HEAD", "get"].includes(other) && pageOf !== undefined && allows(pageOf, role);
        if (!readable) expect([other, path, seen.status >= 400]).toEqual([other, path, true]);
      }
    }
    expect(await everything(here.server)).toEqual(before);
  });
});
