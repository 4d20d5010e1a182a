// What was good when the backup was made may have been used since. After a restore, what can be used up is at its end, or
// stands below with the reason why not.

import { type ColumnMetadata, sql } from "kysely";
import { describe, expect, it } from "vitest";
import { settleRestored } from "../../server/backup/settle-restored.ts";
import { createSetupLink } from "../../server/accounts/setup-links.ts";
import type { Tables } from "../../server/store/tables.ts";
import { theUser } from "../../server/users/users.ts";
import { Browser, person, setupLink, signedIn } from "./browser.ts";
import { hotpAt, random, type TestServer, testServer, totpAt } from "./fixture.ts";

const settle = ({ store, vault, clock }: TestServer) =>
  store.write((tx) => settleRestored(tx, vault, clock.nowMs));

/** Every table there is: `ends` holds nothing afterwards; the others say why something stays. */
const tables: Readonly<Record<keyof Tables, string>> = {
  sessions: "ends",
  setupLinks: "ends",
  invitations: "ends",
  mailCodes: "ends",
  signInCodes: "ends",
  handOvers: "ends",
  pendingAuthenticators: "ends",
  dialogues: "ends",
  seedShowings: "ends",
  challenges: "ends",
  pageChallenges: "ends",
  joinTokens: "expires at once",
  messages: "what waits is cancelled",
  authenticators:
    "time steps are spent to the present one and those that policies allow ahead; counters and backup codes of machines' reports alone",
  machineSeeds: "as authenticators",
  pins: "wrong PINs since are forgotten, and so is another PIN: told in the admin guide",
  users: "wrong codes since are forgotten; so is who was disabled: told in the admin guide",
  accounts: "another password, or none, is forgotten: told in the admin guide",
  throttles: "waits since are forgotten: they begin anew",
  unlocks: "five more answers of the help desk in this hour",
  machines: "serials step ahead, chains of events begin anew; request numbers have risen",
  formerNames: "kept: machines hold them until they have said otherwise",
  machineKeys: "keys that were to take the place of a machine's still do",
  revocations: "are sent until they are carried out",
  enrolments: "what the machine says of its lease is merged",
  events: "kept",
  offlineRoots: "kept",
  addresses: "kept",
  notices: "a mail may be sent twice",
  policies: "kept",
  policyMark: "kept",
  machineTags: "kept",
  userGroups: "kept",
  audit: "kept",
  settings: "kept",
  server: "kept",
  serverKeys: "kept: machines that know a later one accept none of these after its end",
  serverSecrets: "kept",
  imports: "goes when another import begins",
  importUsers: "as imports",
  importGroups: "as imports",
  importKeys: "as imports",
  importAddresses: "as imports",
  importPins: "as imports",
  importFaults: "as imports",
  directoryUsers: "kept",
  directoryGroups: "kept",
};

const camel = (name: string) => name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** One row that the schema takes. */
function anyRow(columns: readonly ColumnMetadata[], known: Readonly<Record<string, string>>) {
  const needed = columns.filter(({ isNullable, isAutoIncrementing }) => !isNullable && !isAutoIncrementing);
  return Object.fromEntries(
    needed.map(({ name, dataType }) => [
      camel(name),
      known[camel(name)] ?? (/int/i.test(dataType) ? 1 : "x"),
    ]),
  );
}

describe("a server that was restored", () => {
  it("has an answer for every table, and has emptied those that it says", async () => {
    const server = await testServer();
    const { db } = server.store;
    const there = (await db.introspection.getTables()).filter(
      ({ name }) => !/^kysely|^sqlite|^migrations$/.test(name),
    );
    expect(there.map(({ name }) => camel(name)).toSorted()).toEqual(Object.keys(tables).toSorted());
    await server.userWithTotp("alice");
    const machineId = (await server.machine()).id;
    const userId = (await server.store.write((tx) => theUser(tx, "alice"))).id;
    const ending = there.filter(({ name }) => tables[camel(name) as keyof Tables] === "ends");
    const count = async (name: string) => {
      const { rows } = await sql<{ n: number }>`select count(*) as n from ${sql.table(name)}`.execute(db);
      return Number(rows[0]?.n);
    };
    for (const { name, columns } of ending) {
      const row = anyRow(columns, { machineId, userId });
      await db
        .insertInto(camel(name) as "sessions")
        .values(row as never)
        .execute();
      expect([name, await count(name)]).toEqual([name, 1]);
    }
    await settle(server);
    for (const { name } of ending) expect([name, await count(name)]).toEqual([name, 0]);
  });

  it("takes no code that may have been used just before: of this step, the one before and those ahead", async () => {
    const server = await testServer();
    await server.policy("totpWindow.past=1", "totpWindow.future=2");
    await server.groupPolicy("strict", 1, "totpWindow.future=1");
    const secret = await server.userWithTotp("alice", ["strict"]);
    const machine = await server.machine();
    await settle(server);
    for (const steps of [-1, 0, 1, 2]) {
      const { verdict } = await machine.verify("alice", [
        totpAt(secret, server.clock.nowMs + steps * 30_000),
      ]);
      expect([steps, verdict]).toEqual([steps, "denied"]);
    }
    server.clock.pass(3 * 30_000);
    const { verdict } = await machine.verify("alice", [totpAt(secret, server.clock.nowMs)]);
    expect(verdict).toBe("granted");
  });

  it("keeps what is spent further ahead, and counters", async () => {
    const server = await testServer();
    const secret = await server.userWithTotp("alice");
    const counted = await server.addHotp("alice");
    const machine = await server.machine();
    await server.store.db
      .updateTable("authenticators")
      .set({ lastStep: 2 ** 40 })
      .where("type", "=", "totp")
      .execute();
    await settle(server);
    server.clock.pass(300_000);
    const code = totpAt(secret, server.clock.nowMs);
    expect((await machine.verify("alice", [code])).verdict).toBe("denied");
    await server.policy("online.factors=totp/hotp");
    expect((await machine.verify("alice", [hotpAt(counted, 0)])).verdict).toBe("granted");
  });

  it("takes no code of a machine's own seed that may have been used", async () => {
    const server = await testServer();
    await server.policy("seeds=per-machine");
    const secret = await server.userWithTotp("alice");
    const machine = await server.machine();
    await machine.enrolledVerify("alice", [totpAt(secret, server.clock.nowMs)]);
    await settle(server);
    const seeds = await server.store.db.selectFrom("machineSeeds").select("lastStep").execute();
    expect(seeds.length).toBeGreaterThan(0);
    for (const { lastStep } of seeds) expect(lastStep).toBeGreaterThanOrEqual(server.clock.nowMs / 30_000);
  });

  it("knows no session, no link and no token from before", async () => {
    const server = await testServer();
    const { store, vault, clock } = server;
    await person(server, "root", "admin");
    const browser = await signedIn(server, "admin", "alice");
    const link = await setupLink(server, "bob", "none");
    const token = await server.token(5);
    expect((await browser.get("/admin")).status).toBe(200);
    await settle(server);
    expect((await browser.get("/admin")).status).toBe(303);
    expect((await new Browser(server).get(`/set-up?code=${link}`)).text).not.toContain("New password");
    await expect(server.machine("late", [], token)).rejects.toThrow();
    // New ones are as good as ever.
    const fresh = await store.write(async (tx) =>
      createSetupLink(tx, vault, await theUser(tx, "bob"), 24, random, clock.nowMs),
    );
    expect((await new Browser(server).get(`/set-up?code=${fresh}`)).text).toContain("New password");
    await server.machine("late");
  });
});
