// The weekly report: when, to whom, how often, and what it says.

import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { setRole } from "../../../server/accounts/accounts.ts";
import { setAddress } from "../../../server/mail/addresses.ts";
import { MailRounds } from "../../../server/mail/rounds.ts";
import { changeMail } from "../../../server/mail/settings.ts";
import { warningsSetting } from "../../../server/mail/warnings-setting.ts";
import { type WeeklyReport, weeklySetting } from "../../../server/mail/weekly-setting.ts";
import { writeSetting } from "../../../server/settings/settings.ts";
import { chooseLanguage } from "../../../server/users/language.ts";
import { theUser } from "../../../server/users/users.ts";
import { dayMs, hourMs } from "../../../words/clock.ts";
import { random, startMs, testServer, totpAt } from "../fixture.ts";
import { anotherInstance } from "./instance.ts";
import { queued } from "./queued.ts";

const log = pino({ level: "silent" });
/** The start is Sunday noon. */
const mondayAtSixMs = startMs + 18 * hourMs;

async function site(setting: WeeklyReport = { day: "monday", hour: 6 }) {
  const server = await testServer();
  const { store, vault, clock } = server;
  const secret = await server.userWithTotp("root");
  await server.userWithTotp("auditor");
  await server.userWithTotp("silent-admin");
  await store.write(async (tx) => {
    await changeMail(tx, vault, { host: "mail.corp.example", from: "n@corp.example" }, startMs);
    await writeSetting(tx, warningsSetting, { days: 0 }, startMs);
    await writeSetting(tx, weeklySetting, setting, startMs);
    for (const [name, role] of [
      ["root", "admin"],
      ["auditor", "auditor"],
      ["silent-admin", "admin"],
    ] as const)
      await setRole(tx, { user: await theUser(tx, name), role, evenTheLastAdmin: true }, startMs);
    for (const name of ["root", "auditor"])
      await setAddress(tx, await theUser(tx, name), "mail-1", `${name}@corp.example`, startMs);
  });
  const rounds = new MailRounds({ ...server, random, log });
  const tickAt = async (ms: number) => {
    clock.nowMs = ms;
    await rounds.tick();
    return queued(server);
  };
  return { server, store, clock, secret, tickAt };
}

describe("the weekly report", () => {
  it("goes to admins with an address, at its hour, once a week", async () => {
    const { tickAt } = await site();
    expect(await tickAt(mondayAtSixMs - 1)).toEqual([]);
    expect(await tickAt(mondayAtSixMs)).toMatchObject([
      { recipient: "root@corp.example", subject: "Nightlatch: the week in short" },
    ]);
    expect(await tickAt(mondayAtSixMs + 7 * dayMs - 1)).toHaveLength(1);
    expect(await tickAt(mondayAtSixMs + 7 * dayMs)).toHaveLength(2);
  });

  it("is made up for within a day, and not later", async () => {
    const { tickAt } = await site();
    expect(await tickAt(mondayAtSixMs + dayMs)).toEqual([]);
    expect(await tickAt(mondayAtSixMs + dayMs - 1)).toHaveLength(1);
  });

  it("is off when nobody has set a day", async () => {
    const { tickAt } = await site(weeklySetting.whenUnset);
    for (let day = 0; day < 7; day += 1) expect(await tickAt(mondayAtSixMs + day * dayMs)).toEqual([]);
  });

  it("goes out once though two instances look at once", async () => {
    const { server, clock } = await site();
    const other = await anotherInstance(server);
    clock.nowMs = mondayAtSixMs;
    const both = [server, other].map((one) => new MailRounds({ ...one, clock, random, log }));
    await Promise.all(both.map((one) => one.tick()));
    expect(await queued(server)).toHaveLength(1);
  });

  it("counts all and names ten, in the admin's language", async () => {
    const { server, store, secret, tickAt } = await site();
    await server.manyUsers(12, []);
    const flagged = await server.machine("flagged-one");
    const machine = await server.machine("laptop");
    await server.policy("offline.days=7");
    await machine.enrolledVerify("root", [totpAt(secret, startMs)]);
    await server.machine("attic");
    await tickAt(mondayAtSixMs);
    await store.write(async (tx) => {
      await chooseLanguage(tx, (await theUser(tx, "root")).id, "de");
      await tx.deleteFrom("notices").execute();
      await tx
        .updateTable("messages")
        .set({ state: "failed", sealed: null, problem: "refused (550)", endedAtMs: mondayAtSixMs })
        .execute();
      await tx
        .updateTable("users")
        .set({ lockedUntilMs: mondayAtSixMs + 1 })
        .where("id", "like", "user-%")
        .execute();
      await tx
        .updateTable("machines")
        .set({ flags: '["sequence-conflict"]' })
        .where("id", "=", flagged.id)
        .execute();
      await tx
        .updateTable("machines")
        .set({ lastSeenAtMs: mondayAtSixMs - 30 * dayMs - 1 })
        .where("hostname", "=", "attic")
        .execute();
      await tx
        .updateTable("machines")
        .set({ lastSeenAtMs: mondayAtSixMs - 30 * dayMs })
        .where("hostname", "=", "laptop")
        .execute();
    });
    const text = (await tickAt(mondayAtSixMs))[0]?.text ?? "";
    const lines = text.split("\n").filter((line) => line !== "");
    expect(lines).toEqual([
      "Anmeldungen ohne Netz, die in sieben Tagen enden: 1",
      "– root | laptop | 2026-03-08 12:00",
      "Zur Zeit gesperrte Personen: 12",
      ...Array.from({ length: 10 }, (_, at) => `– user-${String(at).padStart(6, "0")}`),
      "Rechner mit einer Markierung: 1",
      "– flagged-one | sequence-conflict",
      "Rechner, von denen 30 Tage nichts zu hören war: 1",
      "– attic | 2026-01-31 05:59",
      "Nachrichten der letzten sieben Tage, die nicht gesendet werden konnten: 1",
      "– weekly-report | root | refused (550)",
      "Die ersten zehn von allem stehen hier; alle hat die Konsole. Zeiten sind UTC.",
    ]);
  });
});
