// Codes that are sent, and strangers who know a name: they neither end nor use up what its user is sent, and fill no mailbox.

import { beforeEach, describe, expect, it } from "vitest";
import { setAddress } from "../../server/mail/addresses.ts";
import { theUser } from "../../server/users/users.ts";
import { dayMs, minuteMs } from "../../words/clock.ts";
import { Browser, codeOf } from "./browser.ts";
import { random, type TestServer, testServer } from "./fixture.ts";
import type { TestMachine } from "./machine.ts";
import { newestCode, queued } from "./mail/queued.ts";
import { addressFor, inPortal, withMail } from "./portal-fixture.ts";

let server: TestServer;
let secret: Uint8Array;

beforeEach(async () => {
  server = await testServer();
  await withMail(server);
  await server.policy("online.factors=totp/email", "lockout.failures=20");
  secret = await server.userWithTotp("alice");
  await addressFor(server, "alice", "alice@corp.example");
});

/** Those that wait to be sent. */
const sent = async () => (await queued(server)).length;

describe("in the portal", () => {
  const ask = async (at: string, name = "alice") => {
    server.clock.pass(1);
    const seen = await new Browser(server, at).post("/portal/sign-in/mail", { name });
    return { status: seen.status, id: /name="id" value="([^"]+)"/.exec(seen.text)?.[1] ?? "" };
  };
  const enter = async (id: string, mailed: string) => {
    const code = codeOf(server, secret);
    const fields = { id, name: "alice", "mail-code": mailed, code };
    return (await new Browser(server).post("/portal/sign-in/mail-code", fields)).to;
  };

  it("a code goes on when somebody else asks for one in the same name", async () => {
    const own = await ask("192.0.2.1");
    const mailed = await newestCode(server);
    await ask("198.51.100.1");
    expect(await enter(own.id, mailed)).toBe("/portal");
  });

  it("nobody at one address keeps its user at another from getting a code, nor from asking", async () => {
    for (let at = 0; at < 40; at++) await ask("198.51.100.1");
    expect(await sent()).toBe(5);
    const own = await ask("192.0.2.1");
    expect([own.status, await sent()]).toEqual([200, 6]);
    expect(await enter(own.id, await newestCode(server))).toBe("/portal");
  });

  it("all addresses together fill no mailbox: 15 in a quarter of an hour, 40 a day", async () => {
    const wave = async (net: number) => {
      for (let at = 0; at < 20; at++) await ask(`198.51.${net}.${at}`);
      return sent();
    };
    expect(await wave(1)).toBe(15);
    for (let net = 2; net < 8; net++) {
      server.clock.pass(16 * minuteMs);
      await wave(net);
    }
    expect(await sent()).toBe(40);
    server.clock.pass(dayMs);
    expect(await wave(9)).toBe(55);
  });

  it("asking for nobody looks the same, and is bounded by the address", async () => {
    const statuses = async (name: string, at: string) => {
      const seen: number[] = [];
      for (let n = 0; n < 12; n++) seen.push((await ask(at, name)).status);
      return seen;
    };
    expect(await statuses("alice", "192.0.2.7")).toEqual(await statuses("nobody", "192.0.2.8"));
  });
});

describe("at a sign-in", () => {
  const send = async (machine: TestMachine, dialogue = random.bytes(16).toBase64(), user = "alice") => {
    server.clock.pass(1);
    const {
      sealedAnswers: _sealed,
      spent: _spent,
      ...wish
    } = machine.verifyRequest(user, ["-"], { dialogue });
    await machine.ask("sendCode", { ...wish, types: ["email"], language: "en" });
    return dialogue;
  };
  /** A machine that the user has signed in at before. */
  const ownMachine = async () => {
    const laptop = await server.machine("laptop");
    await laptop.enrolledVerify("alice", [codeOf(server, secret)]);
    server.clock.pass(30_000);
    return laptop;
  };

  it("a code goes on when one is sent for another sign-in, there or elsewhere", async () => {
    const [laptop, kiosk] = [await ownMachine(), await server.machine("kiosk")];
    const dialogue = await send(laptop);
    const code = await newestCode(server);
    await send(kiosk);
    await send(laptop);
    expect(await laptop.verify("alice", [code], { dialogue })).toMatchObject({ verdict: "granted" });
  });

  it("one machine uses up its own codes of a user and nobody else's", async () => {
    const [kiosk, desk] = [await server.machine("kiosk"), await server.machine("desk")];
    for (let at = 0; at < 8; at++) await send(kiosk);
    expect(await sent()).toBe(5);
    await send(desk);
    expect(await sent()).toBe(6);
    for (let at = 0; at < 40; at++) {
      server.clock.pass(4 * minuteMs);
      await send(kiosk);
    }
    expect(await sent()).toBe(21);
  });

  it("all machines that a user was never enrolled on can't use up those of one where they are", async () => {
    const laptop = await ownMachine();
    for (let at = 0; at < 5; at++) {
      const kiosk = await server.machine(`kiosk-${at}`);
      for (let n = 0; n < 5; n++) await send(kiosk);
    }
    expect(await sent()).toBe(15);
    for (let at = 0; at < 5; at++) await send(laptop);
    expect(await sent()).toBe(20);
    await send(laptop);
    expect(await sent()).toBe(20);
  });

  it("the portal's askers use up no sign-in's codes, nor the other way round", async () => {
    for (let at = 0; at < 20; at++)
      await new Browser(server, `198.51.100.${at}`).post("/portal/sign-in/mail", { name: "alice" });
    const kiosk = await server.machine("kiosk");
    await send(kiosk);
    expect(await sent()).toBe(16);
  });

  it("several users with one mailbox are one user to the limits", async () => {
    const kiosk = await server.machine("kiosk");
    for (const name of ["bob", "carol"]) {
      await server.userWithTotp(name);
      await server.store.write(async (tx) =>
        setAddress(tx, await theUser(tx, name), "mail-1", "Alice@Corp.example", server.clock.nowMs),
      );
    }
    for (let at = 0; at < 9; at++) await send(kiosk, undefined, ["alice", "bob", "carol"][at % 3]);
    expect(await sent()).toBe(5);
  });
});

describe("a new address", () => {
  it("is mailed no more codes than a mailbox gets, whoever names it", async () => {
    for (const name of ["bob", "carol", "dora", "emil"]) {
      const { browser } = await inPortal(server, name);
      for (let at = 0; at < 6; at++) {
        await browser.get("/portal/account");
        await browser.send("/portal/account/address", { place: "mail-1", address: "victim@example.org" });
      }
    }
    expect(await sent()).toBe(15);
  });
});
