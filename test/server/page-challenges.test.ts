// Tokens that answer challenges at the server's own pages: whom a response lets in, how often, and what a stranger makes of it.

import { beforeEach, describe, expect, it } from "vitest";
import { mostOfAddress } from "../../server/sessions/page-challenges.ts";
import { minuteMs } from "../../words/clock.ts";
import { Browser, goodPassword, type Seen } from "./browser.ts";
import { totpAt } from "./fixture.ts";
import { anotherInstance } from "./mail/instance.ts";
import { areas, shownBy, type TokenSite, tokenSite, wrong } from "./page-token.ts";
import { setPin } from "./pins.ts";

let site: TokenSite;
beforeEach(async () => {
  site = await tokenSite();
});

describe.each(areas)("a response, at %s", (base) => {
  it("lets its user in, once", async () => {
    const browser = new Browser(site.server);
    const shown = await site.begin(browser, base);
    const right = site.response(shown.digits);
    expect((await site.answer(browser, base, shown, right)).to).toBe(base);
    expect((await browser.get(base)).status).toBe(200);
    expect((await site.answer(new Browser(site.server), base, shown, right)).status).toBe(401);
    const granted = (await site.server.audit()).filter(({ kind }) => kind === "web-sign-in-granted");
    expect(granted).toMatchObject([{ user: "alice", detail: { method: "ocra" } }]);
  });

  it("is good in the sign-in alone whose challenge it answers", async () => {
    const [own, other] = [new Browser(site.server), new Browser(site.server, "198.51.100.7")];
    const [mine, theirs] = [await site.begin(own, base), await site.begin(other, base)];
    expect(theirs.digits).not.toBe(mine.digits);
    const right = site.response(mine.digits);
    expect((await site.answer(other, base, theirs, right)).status).toBe(401);
    expect((await site.answer(other, base, { id: "" }, right)).status).toBe(401);
    expect((await site.answer(other, base, { id: "x".repeat(43) }, right)).status).toBe(401);
    expect((await site.answer(own, base, mine, right)).to).toBe(base);
  });

  it("without a challenge, or to one of the other area, is nothing", async () => {
    const browser = new Browser(site.server);
    const elsewhere = base === "/admin" ? "/portal" : "/admin";
    const shown = await site.begin(browser, elsewhere);
    expect((await site.answer(browser, base, shown, site.response(shown.digits))).status).toBe(401);
    const again = await site.begin(browser, base);
    const { id: _, ...without } = {
      id: "",
      name: "alice",
      password: goodPassword,
      code: site.response(again.digits),
    };
    expect((await browser.post(`${base}/sign-in`, without)).status).toBe(401);
  });

  it("has one try: a wrong one, or a wrong password, ends the challenge, and the page shows the next", async () => {
    const browser = new Browser(site.server);
    const first = await site.begin(browser, base);
    const refused = await site.answer(browser, base, first, wrong(site.response(first.digits)));
    expect(refused.status).toBe(401);
    const second = shownBy(refused);
    expect([second.id, second.digits === first.digits]).toEqual([first.id, false]);
    expect((await site.answer(browser, base, first, site.response(first.digits))).status).toBe(401);
    const third = shownBy(
      await site.answer(browser, base, first, "1", { password: "another one altogether" }),
    );
    const last = await site.answer(browser, base, third, site.response(third.digits), {
      password: "not this one either",
    });
    expect((await site.answer(browser, base, third, site.response(third.digits))).status).toBe(401);
    const now = shownBy(last);
    site.server.clock.pass(2 * minuteMs);
    expect(now.digits).not.toBe(third.digits);
  });

  it("is good for ten minutes", async () => {
    const [early, late] = [new Browser(site.server), new Browser(site.server)];
    const [first, second] = [await site.begin(early, base), await site.begin(late, base)];
    site.server.clock.pass(10 * minuteMs - 1);
    expect((await site.answer(early, base, first, site.response(first.digits))).to).toBe(base);
    site.server.clock.pass(1);
    expect((await site.answer(late, base, second, site.response(second.digits))).status).toBe(401);
  });

  it("is its user's alone", async () => {
    const mallorys = await site.tokenFor("mallory");
    const browser = new Browser(site.server);
    const shown = await site.begin(browser, base);
    expect(
      (await site.answer(browser, base, shown, site.response(shown.digits, mallorys), { name: "mallory" }))
        .status,
    ).toBe(401);
    expect((await site.answer(browser, base, shown, site.response(shown.digits, mallorys))).status).toBe(401);
    const fresh = await site.begin(browser, base);
    expect((await site.answer(browser, base, fresh, site.response(fresh.digits))).to).toBe(base);
  });

  it("sixty-four times at once, to two instances, lets one in", async () => {
    const other = { ...site.server, ...(await anotherInstance(site.server)) };
    const shown = await site.begin(new Browser(site.server), base);
    const right = site.response(shown.digits);
    const seen = await Promise.all(
      Array.from({ length: 64 }, (_, at) =>
        site.answer(new Browser(at % 2 === 0 ? site.server : other, `192.0.2.${at + 1}`), base, shown, right),
      ),
    );
    expect(seen.filter(({ status }) => status === 303)).toHaveLength(1);
    const granted = (await site.server.audit()).filter(({ kind }) => kind === "web-sign-in-granted");
    expect(granted).toHaveLength(1);
  });

  it("guessed at has to wait like a code, and the challenge stays meanwhile", async () => {
    const browser = new Browser(site.server);
    let shown = await site.begin(browser, base);
    for (let at = 0; at < 5; at++)
      shown = shownBy(await site.answer(browser, base, shown, wrong(site.response(shown.digits))));
    const held = await site.answer(browser, base, shown, site.response(shown.digits));
    expect([held.status, shownBy(held)]).toEqual([429, shown]);
    const plain = { name: "alice", password: goodPassword, code: "123456" };
    expect((await browser.post(`${base}/sign-in`, plain)).status).toBe(429);
    site.server.clock.pass(minuteMs);
    expect((await site.answer(browser, base, shown, site.response(shown.digits))).to).toBe(base);
  });
});

describe.each(areas)("what a stranger learns, at %s", (base) => {
  it("is nothing: the page is the same for every name, and so are its refusals", async () => {
    await site.server.userWithTotp("bob");
    await site.tokenFor("gone");
    await site.server.store.db
      .updateTable("users")
      .set({ disabledAtMs: 1 })
      .where("name", "=", "gone")
      .execute();
    const pages = new Set<string>();
    const refusals = new Set<string>();
    const masked = ({ text }: Seen, name: string) =>
      text
        .replaceAll(/\d{4} \d{4}/g, "0000 0000")
        .replaceAll(/name="challenge" value="[^"]+"/g, "")
        .replaceAll(`<dd>${name}</dd>`, "")
        .replaceAll(`value="${name}"`, "");
    for (const name of ["alice", "bob", "gone", "nobody", "not a name"]) {
      const browser = new Browser(site.server);
      const page = await browser.post(`${base}/sign-in/challenge`, { name });
      pages.add(`${page.status} ${masked(page, name)}`);
      const refused = await site.answer(browser, base, shownBy(page), "123456", {
        name,
        password: "no, not this one",
      });
      refusals.add(`${refused.status} ${masked(refused, name)}`);
      expect(shownBy(refused).digits).not.toBe(shownBy(page).digits);
    }
    expect([pages.size, refusals.size]).toEqual([1, 1]);
    expect(new Set(await site.denied())).toEqual(
      new Set(["wrong-password", "no-password", "user-disabled", "unknown-user"]),
    );
  });

  it("is no choice of challenges: of one name eight are open, whoever asks, and asking spoils none", async () => {
    const owner = new Browser(site.server);
    const mine = await site.begin(owner, base);
    for (const name of ["alice", "nobody"]) {
      const digits = new Set<string>();
      for (let at = 0; at < 40; at++) {
        site.server.clock.pass(1);
        digits.add((await site.begin(new Browser(site.server, `198.51.${at}.7`), base, name)).digits);
      }
      expect(digits.size).toBe(8);
    }
    expect((await site.answer(owner, base, mine, site.response(mine.digits))).to).toBe(base);
  });

  it("is no second use of a response: of sign-ins that show one challenge the first that is answered ends it", async () => {
    const owner = new Browser(site.server);
    const mine = await site.begin(owner, base);
    let shared = mine;
    for (let at = 0; at < 8; at++) {
      site.server.clock.pass(1);
      shared = await site.begin(new Browser(site.server), base);
    }
    expect([shared.digits, shared.id === mine.id]).toEqual([mine.digits, false]);
    const right = site.response(mine.digits);
    expect((await site.answer(owner, base, mine, right)).to).toBe(base);
    expect((await site.answer(new Browser(site.server), base, shared, right)).status).toBe(401);
  });

  it("fills no table: an address has no more than so many open", async () => {
    const { store, clock } = site.server;
    await site.begin(new Browser(site.server), base);
    const { place: _, ...row } = await store.db
      .selectFrom("pageChallenges")
      .selectAll()
      .executeTakeFirstOrThrow();
    const others = Array.from({ length: mostOfAddress - 5 }, (_, at) => ({ ...row, place: `p-${at}` }));
    await store.write(async (tx) => {
      for (let at = 0; at < others.length; at += 500)
        await tx
          .insertInto("pageChallenges")
          .values(others.slice(at, at + 500))
          .execute();
    });
    clock.pass(1);
    for (let at = 0; at < 10; at++) await site.begin(new Browser(site.server), base, `user-${at}`);
    const rows = await store.db.selectFrom("pageChallenges").select("userName").execute();
    expect(rows).toHaveLength(mostOfAddress);
    expect(rows.filter(({ userName }) => userName.startsWith("user-"))).toHaveLength(10);
    site.server.clock.pass(10 * minuteMs);
    await site.begin(new Browser(site.server), base);
    expect(await site.server.store.db.selectFrom("pageChallenges").select("place").execute()).toHaveLength(1);
  });

  it("takes hostile names and ids for text", async () => {
    const browser = new Browser(site.server);
    const name = `"><script>alert(1)</script>`;
    const page = await browser.post(`${base}/sign-in/challenge`, { name, to: "//evil.example" });
    expect(page.text).not.toContain("<script>alert");
    expect(page.text).not.toContain("evil.example");
    const again = await browser.post(`${base}/sign-in/challenge`, {
      name: "alice",
      challenge: `"><script>alert(1)`,
    });
    expect(again.text).not.toContain("<script>alert");
  });
});

it("a response with a PIN in front is judged with it as one", async () => {
  await site.server.policy("pin.place=before");
  await setPin(site.server, "alice", "9946");
  const browser = new Browser(site.server);
  const first = await site.begin(browser, "/portal");
  expect((await site.answer(browser, "/portal", first, site.response(first.digits))).status).toBe(401);
  const second = await site.begin(browser, "/portal");
  expect((await site.answer(browser, "/portal", second, `9946${site.response(second.digits)}`)).to).toBe(
    "/portal",
  );
});

it("who has a code as well may type it where a challenge is shown; a response is no code elsewhere", async () => {
  const secret = await site.server.addTotp("alice");
  const beside = await site.begin(new Browser(site.server), "/portal");
  const code = totpAt(secret, site.server.clock.nowMs);
  expect((await site.answer(new Browser(site.server), "/portal", beside, code)).to).toBe("/portal");
  const shown = await site.begin(new Browser(site.server), "/portal");
  const seen = await new Browser(site.server).post("/portal/sign-in", {
    name: "alice",
    password: goodPassword,
    code: site.response(shown.digits),
  });
  expect(seen.status).toBe(401);
});
