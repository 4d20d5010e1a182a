// The page for one's own PIN: the first one, another one, and what it does not let anybody find out.

import { beforeEach, describe, expect, it } from "vitest";
import { minuteMs } from "../../words/clock.ts";
import { joinGroup, theUser } from "../../server/users/users.ts";
import { Browser, codeOf, type Person, signIn } from "./browser.ts";
import { commandLineAt } from "./command-line.ts";
import { type TestServer, testServer } from "./fixture.ts";
import { setPin, stateOfPin } from "./pins.ts";
import { queued } from "./mail/queued.ts";
import { addressFor, inPortal, withMail } from "./portal-fixture.ts";

let server: TestServer;
let browser: Browser;
let alice: Person;

beforeEach(async () => {
  server = await testServer();
  ({ browser, who: alice } = await inPortal(server));
  await server.policy("pin.place=before", "pin.attempts=3");
});

const choose = (fresh: string, old = "", repeated = fresh) =>
  browser.send("/portal/pin", { old, fresh, repeated });

function signInWith(pin: string, how = new Browser(server)) {
  const { name, password, secret } = alice;
  return how.post("/portal/sign-in", { name, password, code: pin + codeOf(server, secret) });
}

describe("who has no PIN where policy asks for one", () => {
  it("gets in by password and code, is told on the first page, reads the rules and sets one", async () => {
    await withMail(server);
    await addressFor(server, "alice", "alice@corp.example");
    await server.policy("pin.leastLength=5", "pin.complexity=strong");
    browser = new Browser(server);
    expect((await signIn(server, browser, alice, "/portal")).status).toBe(303);
    expect((await browser.get("/portal")).text).toContain("have none of your own yet");
    const { text } = await browser.get("/portal/pin");
    expect(text).toContain("5 to 8 characters");
    expect(text).toContain("one capital letter, one small letter and one digit");
    expect(text).not.toContain("Present PIN");
    expect((await choose("aZ90b")).to).toBe("/portal/pin?done=pin");
    expect((await browser.get("/portal/pin?done=pin")).text).toContain("You have a PIN.");
    expect((await browser.get("/portal")).text).not.toContain("none of your own");
    expect(await stateOfPin(server, "alice")).toEqual({ state: "set", failures: 0 });
    const told = (await queued(server)).map((letter) => letter.text);
    expect(told.filter((text) => text.includes("PIN was set or changed"))).toHaveLength(1);
    const audit = await server.audit();
    expect(audit.filter(({ kind }) => kind === "pin-set")).toMatchObject([{ user: "alice" }]);
    expect(JSON.stringify(audit)).not.toContain("aZ90b");
  });

  it.each([
    ["994", "at least 4 characters"],
    ["99 46", "nothing else"],
    ["9946ä", "nothing else"],
    ["1234", "or a row"],
  ])("is told which rule %j breaks, and it is not sent back", async (pin, why) => {
    await browser.get("/portal/pin");
    const seen = await choose(pin);
    expect([seen.status, seen.text.includes(why), seen.text.includes(`value="${pin}"`)]).toEqual([
      400,
      true,
      false,
    ]);
    expect((await choose("9946", "", "9947")).text).toContain("The two are not the same.");
    expect(await stateOfPin(server, "alice")).toEqual({ state: "none", failures: 0 });
  });

  it("is asked for a fresh code first", async () => {
    await browser.get("/portal/pin");
    server.clock.pass(6 * minuteMs);
    await browser.get("/portal");
    expect((await browser.get("/portal/pin")).to).toContain("/portal/confirm");
    expect((await choose("9946")).asks).toBe("/portal/confirm");
    expect(await stateOfPin(server, "alice")).toEqual({ state: "none", failures: 0 });
  });
});

describe("who has a PIN", () => {
  beforeEach(async () => {
    await setPin(server, "alice", "9946");
    await browser.get("/portal/pin");
  });

  it("signs in with both as one, and is refused alike without", async () => {
    for (const [pin, status] of [
      ["", 401],
      ["9947", 401],
      ["9946", 303],
    ] as const) {
      server.clock.pass(2 * minuteMs);
      const seen = await signInWith(pin);
      expect([pin, seen.status]).toEqual([pin, status]);
      if (status === 401) expect(seen.text).toContain("Name, password or code is not right.");
    }
    expect((await new Browser(server).get("/portal/sign-in")).text).toContain(
      "with your PIN if you have one",
    );
  });

  it("gets no recent code and no longer session by another PIN", async () => {
    server.clock.pass(4 * minuteMs);
    await browser.get("/portal/pin");
    expect((await choose("9947", "9946")).to).toBe("/portal/pin?done=pin");
    const rows = await server.store.db.selectFrom("sessions").select(["begunAtMs", "lastSeenAtMs"]).execute();
    expect(rows.map(({ begunAtMs, lastSeenAtMs }) => lastSeenAtMs - begunAtMs >= 4 * minuteMs)).toEqual([
      true,
    ]);
    server.clock.pass(2 * minuteMs);
    expect((await browser.get("/portal/pin")).to).toContain("/portal/confirm");
  });

  it("counts a wrong PIN where the password was right alone", async () => {
    const { name, secret } = alice;
    const code = `9947${codeOf(server, secret)}`;
    await new Browser(server).post("/portal/sign-in", { name, password: "another one of it", code });
    expect(await stateOfPin(server, "alice")).toEqual({ state: "set", failures: 0 });
    await signInWith("9947");
    expect(await stateOfPin(server, "alice")).toEqual({ state: "set", failures: 1 });
    // The code is spent.
    expect((await signInWith("9946")).status).toBe(401);
  });

  it("changes it with the present one, which ends all other sessions", async () => {
    const other = new Browser(server);
    server.clock.pass(minuteMs);
    expect((await signInWith("9946", other)).status).toBe(303);
    expect((await choose("35791", "9946")).to).toBe("/portal/pin?done=pin");
    expect((await browser.get("/portal/pin")).status).toBe(200);
    expect((await other.get("/portal")).to).toContain("/portal/sign-in");
    server.clock.pass(minuteMs);
    expect((await signInWith("35791")).status).toBe(303);
  });

  it("can't guess the present one any longer than at a sign-in, and not at once either", async () => {
    const guesses = ["1357", "1358", "1359", "1360", "1361"];
    const seen = await Promise.all(guesses.map((old) => choose("35791", old)));
    expect(seen.map(({ status }) => status).sort()).toEqual([400, 400, 409, 409, 409]);
    expect(await stateOfPin(server, "alice")).toEqual({ state: "locked", failures: 3 });
    expect((await choose("35791", "9946")).status).toBe(409);
    expect((await browser.get("/portal/pin")).text).toContain("Your PIN is locked");
    server.clock.pass(minuteMs);
    expect((await signInWith("9946")).status).toBe(401);
  });

  it("is signed out when an admin sets another one: whoever had the old one has nothing any more", async () => {
    expect((await browser.get("/portal")).status).toBe(200);
    const { call, environment, typed } = commandLineAt(server.clock, server.data, false, false);
    if (server.postgresUrl !== undefined) environment["NIGHTLATCH_DATABASE"] = server.postgresUrl;
    typed.push("35791");
    expect(await call("user", "pin", "set", "alice")).toMatchObject({ code: 0 });
    expect((await browser.get("/portal")).to).toContain("/portal/sign-in");
  });

  it("changes one that somebody else has made, into another one", async () => {
    await setPin(server, "alice", "771177", true);
    expect((await browser.get("/portal/pin")).text).toContain("made by somebody else");
    expect((await choose("771177", "771177")).text).toContain("That is the present PIN.");
    expect((await choose("9946", "771177")).status).toBe(303);
    expect(await stateOfPin(server, "alice")).toEqual({ state: "set", failures: 0 });
  });
});

it("nobody is offered a PIN where no policy asks for one", async () => {
  await server.policy("pin.place=none");
  expect((await browser.get("/portal/pin")).text).toContain("Nobody asks you for a PIN.");
  expect((await choose("9946")).status).toBe(409);
});

describe("whom an earlier policy for every machine keeps from the one that asks", () => {
  beforeEach(async () => {
    const { store, clock } = server;
    await store.write(async (tx) => joinGroup(tx, await theUser(tx, "alice"), "drivers", clock.nowMs));
    await server.policy("pin.leastLength=8");
  });

  it("is not asked for a PIN", async () => {
    await server.groupPolicy("drivers", 1, "pin.place=none");
    expect((await browser.get("/portal")).text).not.toContain("none of your own");
    expect((await browser.get("/portal/pin")).text).toContain("Nobody asks you for a PIN.");
  });

  it("is asked by what comes before that one, and held to its rules alone", async () => {
    const vault = { groups: ["drivers"], tags: ["vault"] };
    await server.namedPolicy("vault", vault, "pin.place=after", "pin.leastLength=5");
    await server.groupPolicy("drivers", 2, "pin.place=none");
    expect((await browser.get("/portal/pin")).text).toContain("5 to 8 characters");
  });
});
