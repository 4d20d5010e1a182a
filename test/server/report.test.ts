// The report of offline enrolments, the audit, and what leaves the server as a file.

import { parse } from "csv-parse/sync";
import { describe, expect, it } from "vitest";
import { csvLine } from "../../server/report/csv.ts";
import { dayMs, hourMs } from "../../words/clock.ts";
import { signedIn } from "./browser.ts";
import { type TestServer, testServer, totpAt } from "./fixture.ts";

async function enrolled(server: TestServer, name: string, hostname: string) {
  const secret = await server.userWithTotp(name);
  const machine = await server.machine(hostname);
  await machine.enrolledVerify(name, [totpAt(secret, server.clock.nowMs)]);
  return machine;
}

const usersIn = (text: string) =>
  [...text.matchAll(/<a href="\/admin\/users\/[0-9a-f]{16}">([^<]+)</g)].map(([, name]) => name);

describe("the report", () => {
  it("has user, machine, times, days and sign-ins left; sorted and narrowed", async () => {
    const server = await testServer();
    await server.policy("offline.days=7", "offline.signIns=50");
    await enrolled(server, "bob", "alpha");
    server.clock.pass(dayMs);
    await enrolled(server, "alice", "beta");
    await server.groupPolicy("free", 1, "offline.signIns=none");
    server.clock.pass(hourMs);
    const browser = await signedIn(server, "auditor");
    const { text } = await browser.get("/admin/enrolments");
    expect(text).toContain("2 entries");
    expect(usersIn(text)).toEqual(["alice", "bob"]);
    expect(text).toMatch(/bob<.*2026-03-01 12:00.*<td class="numeric">6<.*<td class="numeric">50</s);
    const order = async (query: string) => usersIn((await browser.get(`/admin/enrolments?${query}`)).text);
    expect(await order("sort=host")).toEqual(["bob", "alice"]);
    expect(await order("sort=-host")).toEqual(["alice", "bob"]);
    expect(await order("sort=expires")).toEqual(["bob", "alice"]);
    expect(await order("sort=-enrolled")).toEqual(["alice", "bob"]);
    expect(await order("search=BET")).toEqual(["alice"]);
    expect(await order("search=%25")).toEqual([]);
    expect(await order("state=expiring")).toEqual([]);
    server.clock.pass(5 * dayMs);
    const later = await signedIn(server, "auditor", "another");
    const narrowed = await later.get("/admin/enrolments?state=expiring");
    expect(usersIn(narrowed.text)).toEqual(["bob", "alice"]);
  });

  it("ends enrolments, one or many, after a look at which; machines are told", async () => {
    const server = await testServer();
    const [one, two, three] = [
      await enrolled(server, "a", "one"),
      await enrolled(server, "b", "two"),
      await enrolled(server, "c", "three"),
    ];
    const browser = await signedIn(server, "admin");
    const list = await browser.get("/admin/enrolments");
    const values = [...list.text.matchAll(/name="one" value="([^"]+)"/g)].map(([, value]) => value ?? "");
    expect(values).toHaveLength(3);
    const chosen = values.filter((value) => !value.startsWith(three.id));
    const look = await browser.get(
      `/admin/enrolments/end?${chosen.map((value) => `one=${value}`).join("&")}`,
    );
    expect(look.text).toContain("End offline use of 2?");
    expect(look.text).toContain("a on one");
    expect((await browser.send("/admin/enrolments/end", { one: chosen })).to).toContain(
      "done=enrolments-ended",
    );
    expect(usersIn((await browser.get("/admin/enrolments")).text)).toEqual(["c"]);
    for (const machine of [one, two]) expect((await machine.sync()).revocations).toHaveLength(1);
    expect((await three.sync()).revocations).toHaveLength(0);
    // All or nothing: one that has ended already, or is none, ends no other.
    const left = values.find((value) => value.startsWith(three.id)) ?? "";
    for (const wrong of [chosen[0] ?? "", "x", `${three.id}.0000000000000000`, `${left}' or 1=1`]) {
      await browser.get("/admin/enrolments");
      expect((await browser.send("/admin/enrolments/end", { one: [left, wrong] })).status).not.toBe(303);
    }
    expect(usersIn((await browser.get("/admin/enrolments")).text)).toEqual(["c"]);
    expect((await browser.send("/admin/enrolments/end")).status).toBe(400);
    const ended = (await server.audit()).filter((entry) => entry.kind === "enrolment-ended");
    expect(ended).toMatchObject([{ operator: "console: a-admin" }, { operator: "console: a-admin" }]);
  });
});

describe("a file", () => {
  it("of enrolments has all that match, whole, in UTF-8", async () => {
    const server = await testServer();
    await enrolled(server, 'ünïcode, "quoted"', "=HYPERLINK(1)");
    await enrolled(server, "bob", "beta");
    const browser = await signedIn(server, "auditor");
    const seen = await browser.get("/admin/enrolments.csv");
    expect(seen.headers.get("content-type")).toBe("text/csv; charset=utf-8");
    expect(seen.headers.get("content-disposition")).toBe('attachment; filename="enrolments.csv"');
    const rows = parse(seen.text, { bom: true, columns: true, record_delimiter: "\r\n" }) as Record<
      string,
      string
    >[];
    expect(rows.map((row) => [row["user"], row["host name"], row["sign-ins left"]])).toEqual([
      ["bob", "beta", "50"],
      ['ünïcode, "quoted"', "'=HYPERLINK(1)", "50"],
    ]);
    expect(parse((await browser.get("/admin/enrolments.csv?search=bob")).text, { bom: true })).toHaveLength(
      2,
    );
  });

  // Full-width and small signs: spreadsheets in Asian languages read them as the usual ones.
  const wide = ["\uff1d1+1", "\uff0b1", "\uff0d1", "\uff20SUM(A1)", "\u3000\uff1d1", "\u2212(1)"];
  const small = [
    "\ufe66\u0031",
    "\ufe621",
    "\ufe631",
    "\ufe6bA1",
    "\uff5ccalc",
    "\uff050A",
    "\u0001=1",
    "\u007f+1",
  ];
  const usual = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\u200b=1", "|calc", "%0A=1"];
  it.each([...usual, ...wide, ...small, "\n=1", "\tplain", "\rplain", "\r\n\t \uff1d1"])(
    "shows %j as text in a spreadsheet",
    (text) => {
      expect(csvLine([text])).toBe(`"'${text}"\r\n`);
    },
  );

  it("leaves other texts and numbers as they are", () => {
    expect(csvLine(["a-b", 'say "x"', null, -5, "x=1"])).toBe('"a-b","say ""x""","",-5,"x=1"\r\n');
  });

  it("of the audit and of enrolments is complete over many steps", async () => {
    const server = await testServer();
    const browser = await signedIn(server, "auditor");
    const entry = (n: number) =>
      ({
        atMs: n,
        kind: "made-up",
        source: "server",
        userName: "=x",
        machineId: null,
        operator: null,
        detail: "{}",
      }) as const;
    for (let from = 0; from < 2_500; from += 100)
      await server.store.db
        .insertInto("audit")
        .values(Array.from({ length: 100 }, (_, at) => entry(from + at)))
        .execute();
    const { text } = await browser.get("/admin/audit.csv?kind=made-up");
    const rows = parse(text, { bom: true, columns: true }) as Record<string, string>[];
    expect(rows).toHaveLength(2_500);
    expect(new Set(rows.map((row) => row["id"])).size).toBe(2_500);
    expect(new Set(rows.map((row) => row["user"]))).toEqual(new Set(["'=x"]));
  });
});

describe("the audit page", () => {
  it("is searched by user, machine, kind, operator and day, and paged from the newest", async () => {
    const server = await testServer();
    const laptop = await enrolled(server, "alice", "laptop");
    const browser = await signedIn(server, "auditor", "anna");
    const at = async (query: string) => (await browser.get(`/admin/audit?${query}`)).text;
    expect(await at("user=alice")).toContain("<td>sign-in-granted");
    expect(await at("user=alic")).toContain("No entry is like that");
    expect(await at(`machine=${laptop.id.toLowerCase()}`)).toContain("<td>machine-joined");
    expect(await at("machine=laptop")).toContain("<td>machine-joined");
    for (const other of ["machine=lap", "machine=%27%20or%201%3D1"])
      expect(await at(other)).toContain("No entry is like that");
    expect(await at("user=nobody")).toContain('<option value="password-set">');
    expect(await at("kind=password-set")).toContain("<td>anna");
    expect(await at("operator=nobody")).toContain("No entry is like that");
    expect(await at("from=2026-03-02")).toContain("No entry is like that");
    expect(await at("until=2026-03-01")).toContain("<td>sign-in-granted");
    for (const wrong of ["before=x", "from=1", "until=9999-99-99", "kind=%27%3B--", "user=%07"])
      expect((await browser.get(`/admin/audit?${wrong}`)).status).toBe(200);
    for (let n = 0; n < 250; n++)
      await server.store.write((tx) =>
        tx
          .insertInto("audit")
          .values({
            atMs: n,
            kind: `k-${n}`,
            source: "server",
            userName: null,
            machineId: null,
            operator: null,
            detail: "{}",
          })
          .execute(),
      );
    const seen = new Set<string>();
    let next: string | undefined = "/admin/audit";
    while (next !== undefined) {
      const { text }: { text: string } = await browser.get(next);
      for (const [, kind] of text.matchAll(/<td>(k-\d+)<\/td>/g)) seen.add(kind ?? "");
      next = /href="(\/admin\/audit\?before=\d+)">Older/.exec(text)?.[1];
    }
    expect(seen.size).toBe(250);
  });
});
