// The mail before a lease ends: when, to whom, how often, in which language.

import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { endEnrolment } from "../../../server/enrolments/enrolments.ts";
import { removeAddress, setAddress } from "../../../server/mail/addresses.ts";
import { mostWaiting } from "../../../server/mail/queue.ts";
import { MailRounds } from "../../../server/mail/rounds.ts";
import { changeMail } from "../../../server/mail/settings.ts";
import { warningsSetting } from "../../../server/mail/warnings-setting.ts";
import { exemptMachine, theMachine } from "../../../server/machines/machines.ts";
import { writeSetting } from "../../../server/settings/settings.ts";
import { chooseLanguage } from "../../../server/users/language.ts";
import { disableUser } from "../../../server/users/leave.ts";
import { theUser } from "../../../server/users/users.ts";
import { dayMs, minuteMs } from "../../../words/clock.ts";
import type { Language } from "../../../words/language.ts";
import { random, startMs, testServer, totpAt } from "../fixture.ts";
import { anotherInstance } from "./instance.ts";
import { queued } from "./queued.ts";

const log = pino({ level: "silent" });

/** Alice's lease on a laptop is of seven days from the start. */
async function site() {
  const server = await testServer();
  const { store, vault, clock } = server;
  const secret = await server.userWithTotp("alice");
  await server.policy("offline.days=7");
  await store.write(async (tx) => {
    await changeMail(tx, vault, { host: "mail.corp.example", from: "n@corp.example" }, startMs);
    await setAddress(tx, await theUser(tx, "alice"), "mail-1", "alice@corp.example", startMs);
  });
  const machine = await server.machine("laptop");
  await machine.enrolledVerify("alice", [totpAt(secret, startMs)]);
  const rounds = new MailRounds({ ...server, random, log });
  const tickAt = async (afterMs: number) => {
    clock.nowMs = startMs + afterMs;
    await rounds.tick();
    return queued(server);
  };
  const set = (days: number) => store.write((tx) => writeSetting(tx, warningsSetting, { days }, clock.nowMs));
  return { server, store, clock, secret, machine, tickAt, set };
}

describe("the mail before a lease ends", () => {
  it("goes out two days before, to the millisecond, and once", async () => {
    const { tickAt } = await site();
    expect(await tickAt(5 * dayMs - 1)).toEqual([]);
    const [mail, ...others] = await tickAt(5 * dayMs);
    expect(others).toEqual([]);
    expect(mail).toMatchObject({
      recipient: "alice@corp.example",
      subject: "Your offline sign-in on laptop ends soon",
    });
    expect(mail?.text).toMatch(
      /^alice, you can sign in on laptop without the network until March 8, 2026 at 12:00\sPM \(UTC\)\.\n\nOne sign-in on it with the network renews that\./,
    );
    expect(await tickAt(6 * dayMs)).toHaveLength(1);
  });

  it("goes out until the lease has ended, and not then", async () => {
    const late = await site();
    expect(await late.tickAt(7 * dayMs)).toEqual([]);
    expect(await late.tickAt(7 * dayMs - 1)).toHaveLength(1);
    const kept = await late.store.db.selectFrom("messages").select("expiresAtMs").execute();
    expect(kept).toEqual([{ expiresAtMs: startMs + 7 * dayMs }]);
  });

  it("goes out as many days before as is set, and never with 0", async () => {
    const { tickAt, set } = await site();
    await set(0);
    expect(await tickAt(6 * dayMs)).toEqual([]);
    await set(4);
    expect(await tickAt(3 * dayMs - 1)).toEqual([]);
    expect(await tickAt(3 * dayMs)).toHaveLength(1);
  });

  it("is not for a lease that is no longer than these days", async () => {
    const { tickAt, set } = await site();
    await set(7);
    for (const afterMs of [0, dayMs, 6 * dayMs]) expect(await tickAt(afterMs)).toEqual([]);
    await set(6);
    expect(await tickAt(6 * dayMs)).toHaveLength(1);
  });

  it("goes out anew for a renewed lease", async () => {
    const { tickAt, clock, machine, secret } = await site();
    expect(await tickAt(6 * dayMs)).toHaveLength(1);
    await machine.enrolledVerify("alice", [totpAt(secret, clock.nowMs)]);
    expect(await tickAt(11 * dayMs - 1)).toHaveLength(1);
    expect(await tickAt(11 * dayMs)).toHaveLength(2);
  });

  it("goes out once though two instances look at once", async () => {
    const { server, clock } = await site();
    const other = await anotherInstance(server);
    clock.pass(5 * dayMs);
    const both = [server, other].map((one) => new MailRounds({ ...one, clock, random, log }));
    await Promise.all(both.map((one) => one.tick()));
    expect(await queued(server)).toHaveLength(1);
  });

  it.each<[Language, string]>([
    ["de", "alice, Sie können sich an laptop ohne Netz anmelden bis 8. März 2026 um 12:00 (UTC)."],
    ["fr", "alice, vous pouvez vous connecter à laptop sans le réseau jusqu’au 8 mars 2026 à 12:00 (UTC)."],
    ["es", "alice, puede iniciar sesión en laptop sin red hasta el 8 de marzo de 2026 a las 12:00 (UTC)."],
    ["pl", "alice, możesz logować się na laptop bez sieci do: 8 marca 2026 12:00 (UTC)."],
  ])("speaks %s to who has chosen it", async (language, text) => {
    const { tickAt, store } = await site();
    await store.write(async (tx) => chooseLanguage(tx, (await theUser(tx, "alice")).id, language));
    expect((await tickAt(5 * dayMs))[0]?.text.split("\n")[0]).toBe(text);
  });

  it("reaches everybody, page by page", async () => {
    const { server, store, tickAt } = await site();
    await server.manyUsers(120, []);
    const pattern = await store.db.selectFrom("enrolments").selectAll().executeTakeFirstOrThrow();
    const names = Array.from({ length: 120 }, (_, at) => `user-${String(at).padStart(6, "0")}`);
    await store.write(async (tx) => {
      await tx
        .insertInto("enrolments")
        .values(names.map((userId) => ({ ...pattern, userId, leaseId: `lease of ${userId}` })))
        .execute();
      const places = names.map((userId) => ({
        userId,
        place: "mail-2" as const,
        address: `${userId}@corp.example`,
        forCodes: 0,
      }));
      await tx.insertInto("addresses").values(places).execute();
    });
    const told = (await tickAt(5 * dayMs)).map(({ recipient }) => recipient);
    expect(told).toEqual(["alice@corp.example", ...names.map((name) => `${name}@corp.example`)]);
  });

  it("leaves half of the queue to others, and comes when there is room", async () => {
    const { server, store, tickAt } = await site();
    await tickAt(5 * dayMs);
    const full = await store.db.selectFrom("messages").selectAll().executeTakeFirstOrThrow();
    await store.write(async (tx) => {
      await tx.deleteFrom("notices").execute();
      await tx.deleteFrom("messages").execute();
      for (let at = 0; at < mostWaiting / 2; at += 500) {
        const others = Array.from({ length: 500 }, (_, one) => ({ ...full, id: `other-${at + one}` }));
        await tx
          .insertInto("messages")
          .values(others.map((row) => ({ ...row, kind: "code" })))
          .execute();
      }
    });
    server.clock.pass(dayMs);
    const rounds = new MailRounds({ ...server, random, log });
    const told = () => store.db.selectFrom("messages").select("id").where("kind", "=", "lease-end").execute();
    await rounds.tick();
    expect(await told()).toEqual([]);
    await store.write((tx) => tx.deleteFrom("messages").where("id", "=", "other-0").execute());
    await rounds.tick();
    expect(await told()).toHaveLength(1);
  });
});

describe("no mail before a lease ends", () => {
  type Site = Awaited<ReturnType<typeof site>>;
  it.each<[string, (s: Site) => Promise<unknown>]>([
    [
      "for an enrolment that has ended",
      ({ server, store, machine }) =>
        store.write(async (tx) => {
          const { privateKey } = server.identity.signing;
          return endEnrolment(tx, privateKey, machine.id, await theUser(tx, "alice"), "admin", startMs);
        }),
    ],
    [
      "to a disabled user",
      ({ server, store }) =>
        store.write(async (tx) =>
          disableUser(tx, server.identity.signing.privateKey, await theUser(tx, "alice"), startMs),
        ),
    ],
    [
      "to a user who is disabled while the enrolment is not ended",
      ({ store }) => store.write((tx) => tx.updateTable("users").set({ disabledAtMs: startMs }).execute()),
    ],
    ["to whom policy exempts", ({ server }) => server.policy("mfa=exempt")],
    [
      "for an exempt machine",
      ({ store, machine }) =>
        store.write(async (tx) => exemptMachine(tx, await theMachine(tx, machine.id), true, startMs)),
    ],
    [
      "to who has no e-mail address, though a telephone",
      ({ store }) =>
        store.write(async (tx) => {
          const alice = await theUser(tx, "alice");
          await setAddress(tx, alice, "phone", "+49 30 1234567", startMs);
          await removeAddress(tx, alice, "mail-1", startMs);
        }),
    ],
    [
      "while mail is off",
      ({ server, store }) => store.write((tx) => changeMail(tx, server.vault, { host: "" }, startMs)),
    ],
  ])("%s", async (_, change) => {
    const here = await site();
    await change(here);
    expect(await here.tickAt(5 * dayMs)).toEqual([]);
    expect(await here.store.db.selectFrom("notices").selectAll().execute()).toEqual([]);
  });
});

it("looks every five minutes from start to end", async () => {
  const { server, clock } = await site();
  const slept: number[] = [];
  const wake: (() => void)[] = [];
  const sleep = (ms: number, stop: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      slept.push(ms);
      wake.push(resolve);
      stop.addEventListener("abort", () => reject(new Error("over")));
    });
  clock.pass(5 * dayMs);
  const rounds = new MailRounds({
    ...server,
    clock: { wallMs: clock.wallMs, monotonicMs: clock.monotonicMs, sleep },
    random,
    log,
  });
  rounds.start();
  expect(await queued(server)).toEqual([]);
  wake[0]?.();
  while (slept.length < 2) await new Promise(setImmediate);
  expect(await queued(server)).toHaveLength(1);
  await rounds.end();
  expect(slept).toEqual([5 * minuteMs, 5 * minuteMs]);
});
