// Authenticators that users add by themselves: shown first, good for nothing until proved.

import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { hotpCode } from "../../otp/hotp.ts";
import { listAuthenticators, renameAuthenticator } from "../../server/authenticators/manage.ts";
import { dropPending, findPending, type Origin, provePending } from "../../server/provisioning/pending.ts";
import { type Provisioning, provisioningSetting } from "../../server/provisioning/provisioning-setting.ts";
import { isPermitted, mayProvision } from "../../server/provisioning/who-may.ts";
import { writeSetting } from "../../server/settings/settings.ts";
import { joinGroup, theUser } from "../../server/users/users.ts";
import { minuteMs } from "../../words/clock.ts";
import { random, type TestServer, testServer, totpAt, wrongCode } from "./fixture.ts";
import { everyByte } from "./postgres/databases.ts";
import { begin as beginFor } from "./provisioning-fixture.ts";

let server: TestServer;
let own: Uint8Array;

beforeEach(async () => {
  server = await testServer();
  own = await server.userWithTotp("alice");
});

const now = () => server.clock.nowMs;
const begin = (wish: Partial<Parameters<typeof beginFor>[2]> = {}, setting: Partial<Provisioning> = {}) => {
  server.clock.pass(1);
  return beginFor(server, "alice", wish, setting);
};
const prove = (code: string, origin: Origin = "invitation", name = "alice") =>
  server.store.write(async (tx) =>
    provePending(tx, server.vault, await theUser(tx, name), origin, code, random, now()),
  );
const list = async () =>
  listAuthenticators(server.store.db, server.vault, await theUser(server.store.db, "alice"));

describe("a pending authenticator", () => {
  it("is not in the database but sealed, and opens nothing", async () => {
    const { secret } = await begin();
    const bytes = await everyByte(server.data);
    expect(bytes.indexOf(secret)).toBe(-1);
    expect(bytes.indexOf(secret.toBase64())).toBe(-1);
    const machine = await server.machine();
    expect((await machine.verify("alice", [totpAt(secret, now())])).verdict).toBe("denied");
    expect(await list()).toHaveLength(1);
  });

  it("counts after a right code, which is spent, with its name", async () => {
    const { secret } = await begin({ name: "Phone" });
    expect((await prove(totpAt(secret, now()))).kind).toBe("added");
    expect((await list()).map(({ name }) => name)).toEqual(["", "Phone"]);
    const machine = await server.machine();
    expect((await machine.verify("alice", [totpAt(secret, now())])).verdict).toBe("denied");
    server.clock.pass(30_000);
    expect((await machine.verify("alice", [totpAt(secret, now())])).verdict).toBe("granted");
  });

  it("is gone then: the same code adds no second one", async () => {
    const { secret } = await begin();
    await prove(totpAt(secret, now()));
    server.clock.pass(30_000);
    expect((await prove(totpAt(secret, now()))).kind).toBe("none");
    expect(await list()).toHaveLength(2);
  });

  it("is not proved by a code of another authenticator, nor by a wrong one", async () => {
    const { secret } = await begin();
    expect((await prove(totpAt(own, now()))).kind).toBe("wrong");
    expect((await prove(wrongCode(totpAt(secret, now())))).kind).toBe("wrong");
    expect((await prove("")).kind).toBe("wrong");
    expect(await list()).toHaveLength(1);
  });

  it("counts by the counter, too: the next code is good and the first one is not", async () => {
    const { secret } = await begin({ type: "hotp" }, { types: ["hotp"], digits: 8, algorithm: "sha256" });
    const code = (counter: number) => hotpCode({ secret, algorithm: "sha256", digits: 8 }, counter);
    expect((await prove(code(0))).kind).toBe("added");
    const machine = await server.machine();
    expect((await machine.verify("alice", [code(0)])).verdict).toBe("denied");
    expect((await machine.verify("alice", [code(1)])).verdict).toBe("granted");
  });

  it("has the shape that the admin has set", async () => {
    const setting = { algorithm: "sha512", digits: 8, periodSeconds: 60 } as const;
    const { secret } = await begin({}, setting);
    const step = Math.floor(now() / 60_000);
    expect((await prove(hotpCode({ secret, ...setting }, step))).kind).toBe("added");
    expect((await list())[1]?.authenticator).toMatchObject({ type: "totp", lastStep: step, ...setting });
  });

  it("expires", async () => {
    const { secret } = await begin({}, { pendingMinutes: 5 });
    server.clock.pass(5 * minuteMs - 1);
    expect(
      await findPending(server.store.db, server.vault, await alice(), "invitation", now()),
    ).toBeDefined();
    server.clock.pass(1);
    expect(
      await findPending(server.store.db, server.vault, await alice(), "invitation", now()),
    ).toBeUndefined();
    expect((await prove(totpAt(secret, now()))).kind).toBe("none");
  });

  it("is single: another one takes its place", async () => {
    const first = await begin();
    const second = await begin();
    expect(Buffer.from(first.secret)).not.toEqual(Buffer.from(second.secret));
    expect((await prove(totpAt(first.secret, now()))).kind).toBe("wrong");
    expect((await prove(totpAt(second.secret, now()))).kind).toBe("added");
  });

  it("is finished only where it was begun, and only by its user", async () => {
    await server.userWithTotp("bob");
    const { secret } = await begin({ origin: "invitation" });
    const code = totpAt(secret, now());
    for (const elsewhere of [{ session: "x" }, "sign-in machine dialogue"] as const)
      expect((await prove(code, elsewhere)).kind).toBe("none");
    expect((await prove(code, "invitation", "bob")).kind).toBe("none");
    expect((await prove(code, "invitation")).kind).toBe("added");
  });

  it("is given up after ten wrong codes", async () => {
    const { secret } = await begin();
    for (let at = 0; at < 10; at++) expect((await prove("000000x")).kind).toBe("wrong");
    expect((await prove(totpAt(secret, now()))).kind).toBe("none");
  });

  it("is dropped when its user gives it up", async () => {
    const { secret } = await begin();
    const id = await alice();
    await server.store.write((tx) => dropPending(tx, id));
    expect((await prove(totpAt(secret, now()))).kind).toBe("none");
  });

  it("that was altered at rest is a fault, and no emptiness", async () => {
    await begin();
    await server.store.db.updateTable("pendingAuthenticators").set({ id: "other" }).execute();
    await expect(prove("123456")).rejects.toThrow("pending_authenticators");
  });

  it("is in the audit from its beginning to its end, without secret or code", async () => {
    const { secret } = await begin();
    await prove("000000x");
    const code = totpAt(secret, now());
    await prove(code);
    const told = (await server.audit()).filter((entry) => entry.kind.startsWith("authenticator-"));
    expect(told.slice(1).map(({ kind, user }) => `${kind} ${user}`)).toEqual([
      "authenticator-begun alice",
      "authenticator-not-proved alice",
      "authenticator-added alice",
      "authenticator-proved alice",
    ]);
    for (const hidden of [code, secret.toBase64(), secret.toHex()])
      expect(JSON.stringify(told)).not.toContain(hidden);
  });

  const alice = async () => (await theUser(server.store.db, "alice")).id;
});

describe("a name", () => {
  it.each(["Telefon", "", "Мой телефон", "a".repeat(50), "<script>alert(1)</script>"])(
    "%j is taken",
    async (name) => {
      const id = (await list())[0]?.authenticator.id ?? "";
      await server.store.write(async (tx) =>
        renameAuthenticator(tx, await theUser(tx, "alice"), id, name, now()),
      );
      expect((await list())[0]?.name).toBe(name);
    },
  );

  it.each(["a".repeat(51), "a\nb", " a", "a\u202eb", "a\u200bb"])("%j is not", async (name) => {
    await expect(begin({ name })).rejects.toThrow("a name has");
  });

  it("of another user's authenticator can't be changed", async () => {
    await server.userWithTotp("bob");
    const id = (await list())[0]?.authenticator.id ?? "";
    const renaming = server.store.write(async (tx) =>
      renameAuthenticator(tx, await theUser(tx, "bob"), id, "mine", now()),
    );
    await expect(renaming).rejects.toThrow("bob has no authenticator");
    expect((await list())[0]?.name).toBe("");
  });
});

describe("who may", () => {
  const may = async () => mayProvision(server.store.db, (await theUser(server.store.db, "alice")).id);
  const set = (setting: Partial<Provisioning>) =>
    server.store.write((tx) =>
      writeSetting(tx, provisioningSetting, { ...provisioningSetting.whenUnset, ...setting }, now()),
    );

  it("is nobody on a new server", async () => {
    expect(await may()).toBe(false);
  });

  it("follows the setting and the groups of the moment", async () => {
    await set({ who: "everybody" });
    expect(await may()).toBe(true);
    await set({ who: "groups", groups: ["sales"] });
    expect(await may()).toBe(false);
    await server.store.write(async (tx) => joinGroup(tx, await theUser(tx, "alice"), "sales", now()));
    expect(await may()).toBe(true);
    await set({ who: "all-but-groups", groups: ["sales"] });
    expect(await may()).toBe(false);
    await set({ who: "all-but-groups", groups: ["sale"] });
    expect(await may()).toBe(true);
  });

  it("of groups and all but groups, exactly one says yes", () => {
    const names = fc.array(fc.constantFrom("a", "b", "c", "d"));
    fc.assert(
      fc.property(names, names, (groups, own) => {
        expect(isPermitted({ who: "groups", groups }, own)).not.toBe(
          isPermitted({ who: "all-but-groups", groups }, own),
        );
      }),
    );
  });

  it.each([
    ["who", { who: "anyone" }],
    ["digits", { digits: 9 }],
    ["periodSeconds", { periodSeconds: 5 }],
    ["types", { types: [] }],
    ["invitationHours", { invitationHours: 0 }],
  ])("a setting with a bad %s is refused as a whole", async (field, bad) => {
    await expect(set(bad as Partial<Provisioning>)).rejects.toThrow(`${field}:`);
    expect(await may()).toBe(false);
  });
});
