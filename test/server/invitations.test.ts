// Links that invite a user to add an authenticator, and codes that are mailed.

import { beforeEach, describe, expect, it } from "vitest";
import {
  beginByInvitation,
  createInvitation,
  findInvitation,
  finishByInvitation,
  withdrawInvitation,
} from "../../server/provisioning/invitations.ts";
import {
  countMailFailure,
  createMailCode,
  judgeMailCode,
  type MailCodePurpose,
  spendMailCode,
} from "../../server/provisioning/mail-codes.ts";
import { findPending } from "../../server/provisioning/pending.ts";
import { provisioningSetting } from "../../server/provisioning/provisioning-setting.ts";
import { disableUser } from "../../server/users/leave.ts";
import { addUser, theUser } from "../../server/users/users.ts";
import { hourMs, minuteMs } from "../../words/clock.ts";
import { random, type TestServer, testServer, totpAt } from "./fixture.ts";
import { everyByte } from "./postgres/databases.ts";

let server: TestServer;

beforeEach(async () => {
  server = await testServer();
  for (const name of ["alice", "bob"])
    await server.store.write((tx) => addUser(tx, { name, displayName: "", groups: [] }, random, now()));
});

const now = () => server.clock.nowMs;
const idOf = async (name: string) => (await theUser(server.store.db, name)).id;

describe("an invitation", () => {
  const invite = (name = "alice", hours = 72) =>
    server.store.write(async (tx) => {
      const wish = { user: await theUser(tx, name), origin: "admin" as const, forMs: hours * hourMs };
      return createInvitation(tx, wish, random, now());
    });
  const begin = (secret: string) =>
    server.store.write((tx) =>
      beginByInvitation(
        tx,
        server.vault,
        secret,
        { type: "totp", name: "Phone" },
        provisioningSetting.whenUnset,
        random,
        now(),
      ),
    );
  const finish = (secret: string, code: string) =>
    server.store.write((tx) => finishByInvitation(tx, server.vault, secret, code, random, now()));
  const codeOf = async (name = "alice") => {
    const pending = await findPending(server.store.db, server.vault, await idOf(name), "invitation", now());
    return totpAt(Buffer.from(pending?.authenticator.secret ?? "", "base64"), now());
  };
  const look = (secret: string) => findInvitation(server.store.db, secret, now());

  it("leads to an authenticator that is good at once", async () => {
    const secret = await invite();
    expect(await begin(secret)).toBe(true);
    expect((await finish(secret, await codeOf())).kind).toBe("added");
    const told = (await server.audit()).map((entry) => entry.kind);
    expect(told).toEqual(
      expect.arrayContaining(["invitation-created", "authenticator-begun", "authenticator-proved"]),
    );
    expect(JSON.stringify(await server.audit())).not.toContain(secret);
  });

  it("is not spent by looking, beginning or wrong codes, and is by finishing", async () => {
    const secret = await invite();
    expect(await look(secret)).toBeDefined();
    await begin(secret);
    await begin(secret);
    expect((await finish(secret, "12345x")).kind).toBe("wrong");
    expect(await look(secret)).toBeDefined();
    await finish(secret, await codeOf());
    expect(await look(secret)).toBeUndefined();
    expect(await begin(secret)).toBe(false);
    expect((await finish(secret, "123456")).kind).toBe("no-invitation");
  });

  it("expires to the millisecond", async () => {
    const secret = await invite("alice", 1);
    server.clock.pass(hourMs - 1);
    expect(await look(secret)).toBeDefined();
    server.clock.pass(1);
    expect(await look(secret)).toBeUndefined();
    expect(await begin(secret)).toBe(false);
  });

  it("is ended by a newer one, by an admin, and by the user's being disabled", async () => {
    const first = await invite();
    const second = await invite();
    expect(await look(first)).toBeUndefined();
    expect(await look(second)).toBeDefined();
    await server.store.write(async (tx) => withdrawInvitation(tx, await theUser(tx, "alice"), now()));
    expect(await look(second)).toBeUndefined();
    const third = await invite();
    await server.store.write(async (tx) =>
      disableUser(tx, server.identity.signing.privateKey, await theUser(tx, "alice"), now()),
    );
    expect(await look(third)).toBeUndefined();
  });

  it("of one user finishes nothing of another's", async () => {
    const [alices, bobs] = [await invite("alice"), await invite("bob")];
    await begin(alices);
    await begin(bobs);
    expect((await finish(bobs, await codeOf("alice"))).kind).toBe("wrong");
    expect((await finish(bobs, await codeOf("bob"))).kind).toBe("added");
    expect(await look(alices)).toBeDefined();
  });

  it("is nowhere in the database: only its hash is", async () => {
    const secret = await invite();
    const bytes = await everyByte(server.data);
    expect(bytes.indexOf(secret)).toBe(-1);
    expect(bytes.indexOf(Buffer.from(secret, "base64url"))).toBe(-1);
  });

  it.each(["", "x", "a".repeat(43), `${"a".repeat(42)}'`, "../../etc/passwd"])(
    "%j is none",
    async (secret) => {
      expect(await look(secret)).toBeUndefined();
    },
  );
});

describe("a mailed code", () => {
  const create = (userId: string | undefined, purpose: MailCodePurpose = "sign-in") =>
    server.store.write((tx) =>
      createMailCode(tx, server.vault, { userId, purpose, detail: "x" }, random, now()),
    );
  const judge = (id: string, code: string | undefined, purpose: MailCodePurpose = "sign-in") =>
    server.store.write((tx) => judgeMailCode(tx, server.vault, id, purpose, code ?? "", now()));
  const wrong = (code = "") => code.replace(/^./, (first) => String((Number(first) + 1) % 10));

  it("is eight digits, right for its user, in its browser, for its purpose", async () => {
    const alice = await idOf("alice");
    const { id, code } = await create(alice);
    expect(code).toMatch(/^\d{8}$/);
    const other = await create(await idOf("bob"));
    expect(await judge(other.id, code)).toBeUndefined();
    expect(await judge(id, code, "address")).toBeUndefined();
    expect(await judge(id, code?.replace(/(....)/, "$1 "))).toEqual({ userId: alice, detail: "x" });
  });

  it("is good once", async () => {
    const { id, code } = await create(await idOf("alice"));
    expect(await judge(id, code)).toBeDefined();
    await server.store.write((tx) => spendMailCode(tx, id));
    expect(await judge(id, code)).toBeUndefined();
  });

  it("is good for five tries, whatever was wrong in them", async () => {
    const { id, code } = await create(await idOf("alice"));
    for (let at = 0; at < 3; at++) expect(await judge(id, wrong(code))).toBeUndefined();
    await server.store.write((tx) => countMailFailure(tx, id));
    expect(await judge(id, code)).toBeDefined();
    expect(await judge(id, wrong(code))).toBeUndefined();
    expect(await judge(id, code)).toBeUndefined();
  });

  it("is good for ten minutes", async () => {
    const { id, code } = await create(await idOf("alice"));
    server.clock.pass(10 * minuteMs - 1);
    expect(await judge(id, code)).toBeDefined();
    server.clock.pass(1);
    expect(await judge(id, code)).toBeUndefined();
  });

  it("leaves one alone that runs already: somebody else may wait for it", async () => {
    const alice = await idOf("alice");
    const [first, second] = [await create(alice), await create(alice)];
    expect(await judge(second.id, first.code)).toBeUndefined();
    for (const { id, code } of [first, second]) expect(await judge(id, code)).toBeDefined();
  });

  it("for nobody is made all the same, and no code is right for it", async () => {
    const { id, code } = await create(undefined);
    expect(id).toHaveLength(43);
    for (const typed of ["", "00000000", code]) expect(await judge(id, typed)).toBeUndefined();
  });

  it("is in the database only as a keyed hash", async () => {
    const { id, code } = await create(await idOf("alice"));
    const row = JSON.stringify(await server.store.db.selectFrom("mailCodes").selectAll().execute());
    expect(row).not.toContain(code);
    expect(row).not.toContain(id);
  });
});
