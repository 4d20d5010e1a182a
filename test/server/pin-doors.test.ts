// A PIN that is tried at every door at once: machines, the sign-in page, a fresh code in a session, the page for another PIN.

import { expect, it } from "vitest";
import { Browser } from "./browser.ts";
import { minuteMs } from "../../words/clock.ts";
import { hotpAt, random, testServer, totpAt } from "./fixture.ts";
import { newestCode } from "./mail/queued.ts";
import { setPin, stateOfPin } from "./pins.ts";
import { queued } from "./mail/queued.ts";
import { addressFor, inPortal, withMail } from "./portal-fixture.ts";

it("has as many tries over all of them as policy says, and then none", async () => {
  const server = await testServer();
  const { browser, who } = await inPortal(server);
  await withMail(server);
  await addressFor(server, who.name, "alice@corp.example");
  await server.policy("pin.place=after", "pin.attempts=3", "lockout.failures=0", "hotpLookAhead=0");
  await setPin(server, who.name, "9946");
  await browser.get("/portal/pin");
  const machines = await Promise.all(Array.from({ length: 8 }, () => server.machine()));
  // A token for each try: whichever comes first, no code is spent by another one.
  const codes: string[] = [];
  while (codes.length < 14) codes.push(hotpAt(await server.addHotp(who.name), 0));
  const pins = Array.from({ length: 20 }, (_, at) => String(1_350 + at));
  const next = () => `${codes.pop()}${pins.pop()}`;
  const { name, password } = who;
  const atPages = [
    () => new Browser(server).post("/portal/sign-in", { name, password, code: next() }),
    () => new Browser(server).post("/admin/sign-in", { name, password, code: next() }),
    () => browser.send("/portal/confirm", { code: next() }),
    () => browser.send("/portal/pin", { old: pins.pop() ?? "", fresh: "35791", repeated: "35791" }),
  ];
  const [verdicts, statuses] = await Promise.all([
    Promise.all(machines.map(async (machine) => (await machine.verify(name, [next()])).verdict)),
    Promise.all(atPages.map(async (visit) => (await visit()).status)),
  ]);
  expect(new Set(verdicts)).toEqual(new Set(["denied"]));
  expect(statuses.every((status) => status >= 400)).toBe(true);
  expect(await stateOfPin(server, name)).toEqual({ state: "locked", failures: 3 });
  expect((await queued(server)).filter(({ text }) => text.includes("PIN is locked"))).toHaveLength(1);
  expect(await machines[0]?.verify(name, [`${codes.pop()}9946`])).toEqual({ verdict: "denied" });
  const seen = await new Browser(server).post("/portal/sign-in", {
    name,
    password,
    code: `${codes.pop()}9946`,
  });
  expect(seen.status).toBe(401);
});

it("is tried once by a request that is sent again and again", async () => {
  const server = await testServer();
  const secret = await server.userWithTotp("alice");
  await server.policy("pin.place=before", "lockout.failures=0");
  await setPin(server, "alice", "9946");
  const laptop = await server.machine();
  const body = laptop.verifyRequest("alice", [`1357${totpAt(secret, server.clock.nowMs)}`]);
  const seen = await Promise.all(Array.from({ length: 8 }, () => laptop.send("verify", body)));
  expect(seen.map(({ status }) => status).sort()).toEqual([200, ...Array.from({ length: 7 }, () => 409)]);
  expect(await stateOfPin(server, "alice")).toEqual({ state: "set", failures: 1 });
});

it("has no part in a code by mail, which lets in beside a locked one, and is no way to try it", async () => {
  const server = await testServer();
  const secret = await server.userWithTotp("alice");
  await withMail(server);
  await addressFor(server, "alice", "alice@corp.example");
  await server.policy(
    "pin.place=before",
    "pin.attempts=2",
    "lockout.failures=0",
    "online.factors=totp/email",
    "offline.factors=totp",
  );
  await setPin(server, "alice", "9946");
  const laptop = await server.machine();
  const mailed = async () => {
    const dialogue = random.bytes(16).toBase64();
    const { sealedAnswers: _, spent: __, ...wish } = laptop.verifyRequest("alice", ["-"], { dialogue });
    await laptop.ask("sendCode", { ...wish, types: ["email"], language: "en" });
    return { dialogue, code: await newestCode(server) };
  };
  const first = await mailed();
  for (const pin of ["9946", "1357", "1358"])
    expect(await laptop.verify("alice", [pin + first.code], { dialogue: first.dialogue })).toEqual({
      verdict: "denied",
    });
  expect(await stateOfPin(server, "alice")).toEqual({ state: "set", failures: 0 });
  for (const pin of ["1357", "1358"]) {
    expect(await laptop.verify("alice", [pin + totpAt(secret, server.clock.nowMs)])).toEqual({
      verdict: "denied",
    });
    server.clock.pass(2 * minuteMs);
  }
  expect(await stateOfPin(server, "alice")).toEqual({ state: "locked", failures: 2 });
  const second = await mailed();
  expect(await laptop.verify("alice", [second.code], { dialogue: second.dialogue })).toMatchObject({
    verdict: "granted",
    method: "email",
    bundle: null,
  });
});
