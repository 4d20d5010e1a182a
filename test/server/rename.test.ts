// A user is called something else: what stays, what ends, and what can't be.

import { describe, expect, it } from "vitest";
import { renameUser } from "../../server/users/rename.ts";
import { findUser, groupsOfUser, theUser } from "../../server/users/users.ts";
import { blockedUntil, countFailure, userThrottle } from "../../server/sessions/throttle.ts";
import { disableUser } from "../../server/users/leave.ts";
import { minuteMs } from "../../words/clock.ts";
import { accountOf, setRole } from "../../server/accounts/accounts.ts";
import { createSetupLink } from "../../server/accounts/setup-links.ts";
import { markConflicts } from "../../server/import/conflicts.ts";
import { beginImport, stage } from "../../server/import/staging.ts";
import { setAddress } from "../../server/mail/addresses.ts";
import { signedIn } from "./browser.ts";
import { random, type TestServer, testServer, totpAt, wrongCode } from "./fixture.ts";
import { everything } from "./stage.ts";

const rename = (server: TestServer, from: string, to: string) =>
  server.store.write(async (tx) =>
    renameUser(tx, server.vault, await theUser(tx, from), to, server.clock.nowMs),
  );

describe("a user who is renamed", () => {
  it("stays who it is: id, groups, authenticators, addresses, role, lockout", async () => {
    const server = await testServer();
    const { store, clock } = server;
    await server.policy("lockout.failures=1", "lockout.minutes=30");
    const secret = await server.userWithTotp("alice", ["staff"]);
    const laptop = await server.machine();
    const before = await store.write(async (tx) => {
      const user = await theUser(tx, "alice");
      await setAddress(tx, user, "mail-1", "alice@corp.example", clock.nowMs);
      await setRole(tx, { user, role: "auditor", evenTheLastAdmin: true }, clock.nowMs);
      return user;
    });
    await laptop.verify("alice", [wrongCode(totpAt(secret, clock.nowMs))]);
    expect(await rename(server, "alice", "alice.m")).toEqual({
      from: "alice",
      to: "alice.m",
      machines: 0,
      linksWithdrawn: 0,
      directoryDecides: false,
    });
    expect(await findUser(store.db, "alice")).toBeUndefined();
    const user = await theUser(store.db, "alice.m");
    expect(user.id).toBe(before.id);
    expect(await groupsOfUser(store.db, user.id)).toEqual(["staff"]);
    expect((await accountOf(store.db, user.id)).role).toBe("auditor");
    const right = () => [totpAt(secret, clock.nowMs)];
    expect((await laptop.verify("alice.m", right())).verdict).toBe("locked");
    clock.pass(31 * minuteMs);
    expect((await laptop.verify("alice", right())).verdict).toBe("denied");
    expect((await laptop.verify("alice.m", right())).verdict).toBe("granted");
  });

  it("stands in the audit under both names", async () => {
    const server = await testServer();
    await server.userWithTotp("alice");
    await rename(server, "alice", "alice.m");
    const told = (await server.audit()).filter(({ kind }) => kind === "user-renamed");
    const detail = { from: "alice", to: "alice.m", machines: 0, linksWithdrawn: 0 };
    expect(told).toMatchObject([
      { user: "alice", detail },
      { user: "alice.m", detail },
    ]);
  });

  it("may get another letter case, and no name that can be taken for another user's", async () => {
    const server = await testServer();
    for (const name of ["alice", "bob"]) await server.userWithTotp(name);
    await rename(server, "alice", "Alice");
    expect((await theUser(server.store.db, "Alice")).name).toBe("Alice");
    const before = await everything(server);
    for (const [from, to, said] of [
      ["Alice", "bob", /user "bob" exists already/],
      ["Alice", "BOB", /"BOB" looks like the existing user "bob"/],
      ["Alice", "ｂｏｂ", /looks like the existing user "bob"/],
      ["Alice", "Alice", /"Alice" is called so already/],
      ["Alice", "", /user name is empty/],
      ["Alice", " alice", /begins or ends with white space/],
      ["Alice", "a\u202ebc", /invisible character/],
      ["alice", "carol", /there is no user "alice"/],
      ["nobody", "carol", /there is no user "nobody"/],
    ] as const)
      await expect(rename(server, from, to)).rejects.toThrow(said);
    expect(await everything(server)).toEqual(before);
  });

  it("is signed out everywhere, and has no link or code of before", async () => {
    const server = await testServer();
    const browser = await signedIn(server, "admin", "root");
    expect((await browser.get("/admin/users")).status).toBe(200);
    await server.store.write(async (tx) => {
      const user = await theUser(tx, "root");
      await createSetupLink(tx, server.vault, user, 24, random, server.clock.nowMs);
    });
    expect((await rename(server, "root", "boss")).linksWithdrawn).toBe(1);
    expect((await browser.get("/admin/users")).status).toBe(303);
    expect((await accountOf(server.store.db, (await theUser(server.store.db, "boss")).id)).role).toBe(
      "admin",
    );
  });

  it("waits as long as before after wrong attempts at the pages, and whoever is given the name does not", async () => {
    const server = await testServer();
    const { store, vault, clock } = server;
    await server.userWithTotp("alice");
    await store.write(async (tx) => {
      for (let time = 0; time < 7; time++)
        await countFailure(tx, [userThrottle(vault, "alice")], clock.nowMs);
    });
    const waits = (name: string) => blockedUntil(store.db, [userThrottle(vault, name)], clock.nowMs);
    const untilMs = await waits("alice");
    expect(untilMs).toBeGreaterThan(clock.nowMs);
    await rename(server, "alice", "alice.m");
    expect([await waits("alice"), await waits("alice.m")]).toEqual([undefined, untilMs]);
    await rename(server, "alice.m", "Alice.M");
    expect(await waits("alice.m")).toBe(untilMs);
  });

  it("stays disabled, and what machines hold under the former name goes at their next contact once that is so", async () => {
    const server = await testServer();
    const { store, identity, clock } = server;
    const laptop = await server.machine();
    const secret = await server.userWithTotp("alice");
    await laptop.enrolledVerify("alice", [totpAt(secret, clock.nowMs)]);
    await rename(server, "alice", "alice.m");
    expect((await laptop.ask("probe", laptop.asking())).revocations).toEqual([]);
    await store.write(async (tx) =>
      disableUser(tx, identity.signing.privateKey, await theUser(tx, "alice.m"), clock.nowMs),
    );
    const told = (await laptop.ask("probe", laptop.asking())).revocations.map((one) =>
      laptop.openRevocation(one),
    );
    expect(told.map(({ target }) => target)).toEqual([{ scope: "user", user: "alice" }]);
    await rename(server, "alice.m", "alice");
    expect((await theUser(store.db, "alice")).disabledAtMs).toBe(clock.nowMs);
  });

  it("is nobody whom an import that has met them by the old name goes on with", async () => {
    const server = await testServer();
    await server.userWithTotp("alice");
    const importId = await beginImport({ ...server, random }, server.clock.nowMs);
    const records = async function* () {
      yield { line: 2, cells: { name: "alice", groups: "staff" } };
    };
    await stage({ ...server, random }, importId, records(), "base32", () => undefined);
    const found = () => server.store.write((tx) => markConflicts(tx, importId, "refuse"));
    expect(await found()).toBe(0);
    await rename(server, "alice", "alice.m");
    expect([await found(), await found()]).toEqual([1, 0]);
  });
});
