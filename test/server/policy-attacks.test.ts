// Policies in the console against names that are more than names, places in the order that are none, two admins at once,
// sites of any size, and an admin who locks the others out.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { setImmediate as turn } from "node:timers/promises";
import { defaultPolicy } from "../../protocol/sync/policy.ts";
import { firstFor, onMachine } from "../../server/policies/matching.ts";
import { movesOf } from "../../server/policies/moves.ts";
import { listPolicies, type NamedPolicy } from "../../server/policies/policies.ts";
import { previewChange } from "../../server/policies/preview.ts";
import { Browser, type Person, person, signedIn, signIn } from "./browser.ts";
import { type TestServer, testServer, totpAt } from "./fixture.ts";
import { fieldsOf } from "./policy-form.ts";

const names = async ({ store }: TestServer) => (await listPolicies(store.db)).map(({ name }) => name);

async function adding(browser: Browser, more: Record<string, string>): Promise<Record<string, string>> {
  await browser.get("/admin/policies/add");
  return { ...fieldsOf(browser), position: "1", name: "road", ...more };
}

describe("a name", () => {
  const hostile = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "=HYPERLINK(1)",
    "＝1",
    "@x",
    "a\tb",
    "a\r\nb",
    "a\u0007",
    "a\u202eb",
    "a\u200bb",
    "a\u0301",
    "a'b",
    "a;b",
    "x".repeat(101),
  ];
  it.each(["name", "groups", "tags"])(
    "of the field %s is a name, or is refused and comes back as text",
    async (field) => {
      const server = await testServer();
      const browser = await signedIn(server, "admin", "root");
      for (const text of hostile) {
        const fields = await adding(browser, { [field]: text });
        const look = await browser.send("/admin/policies/look", fields);
        expect([field, text, look.status]).toEqual([field, text, 400]);
        for (const markup of ["<script>alert", "<img src=x"]) expect(look.text).not.toContain(markup);
        // Slipped past the look.
        const seen = fieldsOf(browser)["seen"] ?? "";
        await browser.send("/admin/policies/save", { ...fields, seen });
        expect(await names(server)).toEqual(["default"]);
      }
    },
  );

  it("that objects have of themselves is a name like others", async () => {
    const server = await testServer();
    const browser = await signedIn(server, "admin", "root");
    await server.userWithTotp("alice", ["constructor", "toString"]);
    await server.machine("laptop", ["hasOwnProperty"]);
    const fields = await adding(browser, {
      name: "constructor",
      groups: "constructor",
      tags: "hasOwnProperty",
    });
    const look = await browser.send("/admin/policies/look", { ...fields, guessLimit: "7" });
    expect(look.text).toContain("<b>1 user</b> on <b>1 machine</b>");
    expect((await browser.send("/admin/policies/save", fieldsOf(browser))).status).toBe(303);
    expect(await names(server)).toEqual(["constructor", "default"]);
    expect((await browser.get("/admin/policies/edit?name=toString")).status).toBe(404);
    expect((await browser.get("/admin/policies/edit?name=__proto__")).status).toBe(404);
  });

  it.each(["/admin/policies/edit", "/admin/policies/remove"])(
    "asked for at %s comes back as text",
    async (path) => {
      const browser = await signedIn(await testServer(), "admin", "root");
      const seen = await browser.get(
        `${path}?name=${encodeURIComponent("<script>alert(1)</script>\u202e\r\n")}`,
      );
      expect([seen.status, seen.text.includes("<script>alert")]).toEqual([404, false]);
    },
  );

  it.each(["texts.login", "texts.help", "texts.passwordUrl"])(
    "of what people read in %s is a line without tricks",
    async (field) => {
      const server = await testServer();
      const browser = await signedIn(server, "admin", "root");
      await browser.get("/admin/policies/edit?name=default");
      const fields = fieldsOf(browser);
      for (const text of ["a\u001b[2J", "a\u202eb", "a\nb", "a\u0085b", "a\u2028b", "javascript:alert(1)"]) {
        const plain = text.startsWith("javascript") && field !== "texts.passwordUrl";
        const look = await browser.send("/admin/policies/look", { ...fields, [field]: text });
        expect([field, text, look.status]).toEqual([field, text, plain ? 200 : 400]);
      }
    },
  );
});

describe("a place in the order", () => {
  it.each(["0", "-1", "3", "1.5", "NaN", "Infinity", "1e9", "", "٣", "1;2", "first"])(
    "%j is none",
    async (position) => {
      const server = await testServer();
      await server.groupPolicy("staff", 1, "guessLimit=9");
      const browser = await signedIn(server, "admin", "root");
      const look = await browser.send("/admin/policies/look", await adding(browser, { position }));
      expect(look.status).toBe(400);
      expect(await names(server)).toEqual(["staff", "default"]);
    },
  );

  it("is not the default policy's, which names nobody", async () => {
    const server = await testServer();
    await server.groupPolicy("staff", 1, "guessLimit=9");
    const browser = await signedIn(server, "admin", "root");
    await browser.get("/admin/policies/edit?name=default");
    const fields = { ...fieldsOf(browser), position: "1", groups: "staff", tags: "x", guessLimit: "7" };
    await browser.send("/admin/policies/look", fields);
    await browser.send("/admin/policies/save", { ...fields, seen: fieldsOf(browser)["seen"] ?? "" });
    const policies = await listPolicies(server.store.db);
    expect(policies.map(({ name }) => name)).toEqual(["staff", "default"]);
    expect(policies[1]?.condition).toEqual({ groups: [], tags: [] });
  });
});

describe("two admins at once", () => {
  it("who have looked at the same do not both save: the other looks again", async () => {
    const server = await testServer();
    const both = [await signedIn(server, "admin", "one"), await signedIn(server, "admin", "two")];
    const forms: Record<string, string>[] = [];
    for (const [at, browser] of both.entries()) {
      await browser.get("/admin/policies/edit?name=default");
      await browser.send("/admin/policies/look", { ...fieldsOf(browser), guessLimit: String(20 + at) });
      forms.push(fieldsOf(browser));
    }
    const saved = await Promise.all(
      both.map((browser, at) => browser.send("/admin/policies/save", forms[at] ?? {})),
    );
    expect(saved.map(({ status }) => status).toSorted()).toEqual([200, 303]);
    expect(saved.find(({ status }) => status === 200)?.text).toContain("Something has changed");
    const changes = (await server.audit()).filter(({ kind }) => kind === "policy-changed");
    expect(changes).toHaveLength(1);
    const winner = saved.findIndex(({ status }) => status === 303);
    expect((await listPolicies(server.store.db)).at(-1)?.policy.guessLimit).toBe(20 + winner);
  });

  it("of whom one removes what the other changes come to one end", async () => {
    const server = await testServer();
    await server.groupPolicy("staff", 1, "guessLimit=9");
    const [one, two] = [await signedIn(server, "admin", "one"), await signedIn(server, "admin", "two")];
    await one.get("/admin/policies/edit?name=staff");
    await one.send("/admin/policies/look", { ...fieldsOf(one), guessLimit: "7" });
    const form = fieldsOf(one);
    const { text } = await two.get("/admin/policies/remove?name=staff");
    const seen = /name="seen" value="([^"]+)"/.exec(text)?.[1] ?? "";
    const [changed, removed] = await Promise.all([
      one.send("/admin/policies/save", form),
      two.send("/admin/policies/remove", { name: "staff", seen }),
    ]);
    expect([changed.status === 303, removed.status === 303].filter(Boolean)).toHaveLength(1);
    expect(await names(server)).toEqual(changed.status === 303 ? ["staff", "default"] : ["default"]);
  });
});

describe("a look", () => {
  it("at a site where nobody is like another lets others have their turn", async () => {
    const server = await testServer();
    await server.manyUsers(12_000, []);
    const groups = Array.from({ length: 14 }, (_, at) => `g${at}`);
    await server.store.write(async (tx) => {
      const rows = Array.from({ length: 12_000 }, (_, user) =>
        groups.flatMap((groupName, at) =>
          (user >> at) & 1 ? [{ userId: `user-${String(user).padStart(6, "0")}`, groupName }] : [],
        ),
      ).flat();
      for (let at = 0; at < rows.length; at += 500)
        await tx
          .insertInto("userGroups")
          .values(rows.slice(at, at + 500))
          .execute();
    });
    for (const [at, group] of groups.entries())
      await server.namedPolicy(group, { groups: [group], tags: [`t${at}`] });
    for (let at = 0; at < 128; at++) {
      const tags = Array.from({ length: 7 }, (_, bit) => bit).filter((bit) => (at >> bit) & 1);
      await server.machine(
        `m${at}`,
        tags.map((bit) => `t${bit}`),
      );
    }
    let turns = 0;
    let done = false;
    const counting = (async () => {
      while (!done) {
        await turn();
        turns += 1;
      }
    })();
    const settings = () => ({ ...defaultPolicy, guessLimit: 7 });
    const preview = await previewChange(server.store.db, { do: "set", name: "default", settings });
    done = true;
    await counting;
    expect([preview.users.count, preview.machines.count]).toEqual([12_000, 128]);
    // Pages of users, and steps of pairs.
    expect(turns).toBeGreaterThanOrEqual(5);
  });

  it("says what the rule itself says, for any policies, users and machines", async () => {
    const some = (letter: string) => fc.subarray([0, 1, 2, 3].map((n) => `${letter}${n}`));
    const policies = (last: string) =>
      fc
        .array(fc.record({ groups: some("g"), tags: some("t") }), { maxLength: 5 })
        .map((all): NamedPolicy[] => [
          ...all.map((condition, at) => ({ name: `p${at}`, condition, policy: defaultPolicy })),
          { name: last, condition: { groups: [], tags: [] }, policy: defaultPolicy },
        ]);
    const kinds = (letter: string) =>
      fc.array(
        some(letter).map((has) => ({ has })),
        { maxLength: 6 },
      );
    const told = (from: NamedPolicy, to: NamedPolicy) => !(from.name === to.name && from.name !== "p1");
    await fc.assert(
      fc.asyncProperty(
        policies("default"),
        policies("default"),
        kinds("g"),
        kinds("t"),
        async (before, after, people, machines) => {
          const moves = await movesOf(before, after, people, machines, (from, to) => !told(from, to));
          const seen = new Set(
            moves.flatMap(({ from, to, people: who, machines: where }) => [
              ...who.map((one) => `${from.name} ${to.name} user ${people.indexOf(one)}`),
              ...where.map((one) => `${from.name} ${to.name} machine ${machines.indexOf(one)}`),
            ]),
          );
          const expected = new Set<string>();
          for (const [m, machine] of machines.entries())
            for (const [p, one] of people.entries()) {
              const from = firstFor(onMachine(before, machine.has), one.has);
              const to = firstFor(onMachine(after, machine.has), one.has);
              if (!told(from, to)) continue;
              expected.add(`${from.name} ${to.name} user ${p}`).add(`${from.name} ${to.name} machine ${m}`);
            }
          expect(seen).toEqual(expected);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe("a policy under which no admin can answer", () => {
  const settings: readonly (readonly [string, readonly string[]])[] = [
    ["that asks for what nobody has", ["online.factors=backup-codes,ocra"]],
    ["that asks for codes which are not sent", ["online.factors=sms"]],
    ["that locks at the first wrong code, for a week", ["lockout.failures=1", "lockout.minutes=10080"]],
    ["that lets nobody make an authenticator", ["tokens.types=none"]],
  ];
  it.each(settings)("%s leaves the console open", async (_, assignments) => {
    const server = await testServer();
    const root = await person(server, "root", "admin");
    await server.policy(...assignments);
    const machine = await server.machine();
    await machine.verify("root", ["000000"]);
    expect(await lets(server, root)).toBe(true);
  });

  it("that asks for a PIN sends them to the portal for one, and takes it then", async () => {
    const server = await testServer();
    const root = await person(server, "root", "admin");
    await server.policy("pin.place=before");
    expect(await lets(server, root)).toBe(false);
    const browser = new Browser(server);
    expect((await signIn(server, browser, root, "/portal")).status).toBe(303);
    server.clock.pass(30_000);
    await browser.get("/portal/pin");
    const set = await browser.send("/portal/pin", { old: "", fresh: "9946", repeated: "9946" });
    expect(set.status).toBe(303);
    const code = async (pin: string) => {
      server.clock.pass(30_000);
      const at = new Browser(server);
      const { name, password } = root;
      return (await at.post("/admin/sign-in", { name, password, code: pin + codeNow(server, root) })).status;
    };
    expect(await code("1111")).toBe(401);
    expect(await code("9946")).toBe(303);
  });
});

const codeNow = (server: TestServer, { secret }: Person) => totpAt(secret, server.clock.nowMs);

async function lets(server: TestServer, who: Person): Promise<boolean> {
  const browser = new Browser(server);
  const seen = await signIn(server, browser, who);
  server.clock.pass(30_000);
  return seen.status === 303 && (await browser.get("/admin")).status === 200;
}
