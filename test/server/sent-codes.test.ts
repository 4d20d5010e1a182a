// Codes that the server sends for one sign-in: where they are good, how often, and what nobody can find out by them.

import { describe, expect, it } from "vitest";
import { setAddress } from "../../server/mail/addresses.ts";
import { changeGateway } from "../../server/mail/gateway-setting.ts";
import { changeMail } from "../../server/mail/settings.ts";
import { disableUser } from "../../server/users/leave.ts";
import { theUser } from "../../server/users/users.ts";
import { minuteMs, secondMs } from "../../words/clock.ts";
import type { SentType } from "../../protocol/sync/policy.ts";
import { random, type TestServer, testServer, totpAt, wrongCode } from "./fixture.ts";
import type { TestMachine } from "./machine.ts";
import { newestCode, queued } from "./mail/queued.ts";

async function office(factors = "email"): Promise<{ server: TestServer; laptop: TestMachine }> {
  const server = await testServer();
  await server.policy(`online.factors=${factors}`, "lockout.failures=20");
  await server.userWithTotp("alice");
  const { store, vault, clock } = server;
  await store.write((tx) =>
    changeMail(tx, vault, { host: "mail.corp.example", from: "n@corp.example" }, clock.nowMs),
  );
  await address(server, "alice", "alice@example.org");
  return { server, laptop: await server.machine() };
}

const address = (
  server: TestServer,
  name: string,
  text: string,
  place: "mail-1" | "mail-2" | "phone" = "mail-1",
) =>
  server.store.write(async (tx) => setAddress(tx, await theUser(tx, name), place, text, server.clock.nowMs));

const newDialogue = () => random.bytes(16).toBase64();

function send(machine: TestMachine, user: string, dialogue: string, types: SentType[] = ["email"]) {
  const { sealedAnswers: _sealed, spent: _spent, ...wish } = machine.verifyRequest(user, ["-"], { dialogue });
  return machine.ask("sendCode", { ...wish, types, language: "en" });
}
const answer = async (machine: TestMachine, dialogue: string, ...answers: string[]) =>
  (await machine.verify("alice", answers, { dialogue })).verdict;
async function audit(server: TestServer, kind: string): Promise<Record<string, unknown>[]> {
  const entries = (await server.audit()).filter((entry) => entry.kind === kind);
  return entries.map(({ user, detail }) => ({ user, ...detail }));
}

describe("a code by mail", () => {
  it("lets its user in once, in the dialogue and at the machine that it was sent for", async () => {
    const { server, laptop } = await office();
    const desktop = await server.machine("desktop");
    const dialogue = newDialogue();
    await send(laptop, "alice", dialogue);
    const [mail] = await queued(server);
    expect(mail).toMatchObject({
      channel: "mail",
      recipient: "alice@example.org",
      subject: "Your sign-in code",
    });
    expect(mail?.text).toContain("Your code to sign in on laptop:");
    const code = await newestCode(server);
    expect(await answer(desktop, dialogue, code)).toBe("denied");
    expect(await answer(laptop, newDialogue(), code)).toBe("denied");
    expect(await laptop.verify("alice", [code], { dialogue })).toMatchObject({
      verdict: "granted",
      method: "email",
    });
    expect(await answer(laptop, dialogue, code)).toBe("denied");
    expect(await audit(server, "code-sent")).toEqual([{ user: "alice", by: "email", to: ["a***@e***.org"] }]);
  });

  it("is its user's alone, also when one dialogue is said to be two users'", async () => {
    const { server, laptop } = await office();
    await server.userWithTotp("mallory");
    await address(server, "mallory", "mallory@example.org");
    const dialogue = newDialogue();
    await send(laptop, "alice", dialogue);
    const alices = await newestCode(server);
    server.clock.pass(secondMs);
    await send(laptop, "mallory", dialogue);
    const mallorys = await newestCode(server);
    expect(mallorys).not.toBe(alices);
    expect(await answer(laptop, dialogue, mallorys)).toBe("denied");
    expect(await answer(laptop, dialogue, alices)).toBe("denied");
    expect((await laptop.verify("mallory", [mallorys], { dialogue })).verdict).toBe("granted");
  });

  it("is taken as people type it", async () => {
    const { server, laptop } = await office();
    const dialogue = newDialogue();
    await send(laptop, "alice", dialogue);
    const code = await newestCode(server);
    expect(await answer(laptop, dialogue, ` ${code.slice(0, 4)} ${code.slice(4)}`)).toBe("granted");
  });

  it("is good for ten minutes", async () => {
    const { server, laptop } = await office();
    const [early, late] = [newDialogue(), newDialogue()];
    await send(laptop, "alice", early);
    const first = await newestCode(server);
    await send(laptop, "alice", late);
    const second = (await queued(server))
      .map(({ text }) => /\b\d{8}\b/.exec(text)?.[0])
      .find((one) => one !== first);
    server.clock.pass(10 * minuteMs - 1);
    expect(await answer(laptop, early, first)).toBe("granted");
    server.clock.pass(1);
    expect(await answer(laptop, late, second ?? "")).toBe("denied");
  });

  it("has five tries, which another one sent in the same dialogue does not give back", async () => {
    const { server, laptop } = await office();
    const dialogue = newDialogue();
    await send(laptop, "alice", dialogue);
    const code = await newestCode(server);
    for (let at = 0; at < 4; at++) expect(await answer(laptop, dialogue, wrongCode(code))).toBe("denied");
    server.clock.pass(secondMs);
    await send(laptop, "alice", dialogue);
    const other = await newestCode(server);
    expect(await answer(laptop, dialogue, wrongCode(other))).toBe("denied");
    expect(await answer(laptop, dialogue, other)).toBe("denied");
  });

  it("is spent by a sign-in that is wrong otherwise, and asked in its place among others", async () => {
    const { server, laptop } = await office("totp,email");
    const totp = await server.addTotp("alice");
    const dialogue = newDialogue();
    await send(laptop, "alice", dialogue);
    const code = await newestCode(server);
    expect(await answer(laptop, dialogue, "000000", code)).toBe("denied");
    expect(await answer(laptop, dialogue, totpAt(totp, server.clock.nowMs), code)).toBe("denied");
    const next = newDialogue();
    server.clock.pass(30 * secondMs);
    await send(laptop, "alice", next);
    const fresh = await newestCode(server);
    expect(await answer(laptop, next, fresh, totpAt(totp, server.clock.nowMs))).toBe("denied");
    const last = newDialogue();
    server.clock.pass(30 * secondMs);
    await send(laptop, "alice", last);
    const right = await laptop.verify("alice", [totpAt(totp, server.clock.nowMs), await newestCode(server)], {
      dialogue: last,
    });
    expect(right).toMatchObject({ verdict: "granted", method: "totp+email" });
  });

  it("goes to both addresses where the user wants that, and to the telephone where that is asked for", async () => {
    const { server, laptop } = await office("email/sms");
    const { store, vault, clock } = server;
    await address(server, "alice", "alice@home.example", "mail-2");
    await store.write(async (tx) => {
      await tx.updateTable("addresses").set({ forCodes: 1 }).execute();
      await changeGateway(tx, vault, { url: "https://sms.corp.example/" }, clock.nowMs);
    });
    await address(server, "alice", "+49 30 1234567", "phone");
    await send(laptop, "alice", newDialogue(), ["email", "sms"]);
    expect((await queued(server)).map((one) => one.recipient)).toEqual([
      "alice@example.org",
      "alice@home.example",
    ]);
    clock.pass(secondMs);
    const dialogue = newDialogue();
    await send(laptop, "alice", dialogue, ["sms"]);
    const text = (await queued(server)).at(-1);
    expect(text).toMatchObject({ channel: "sms", recipient: "+49301234567", subject: "" });
    const result = await laptop.verify("alice", [await newestCode(server)], { dialogue });
    expect(result).toMatchObject({ verdict: "granted", method: "sms" });
  });

  it("is kept as a keyed hash alone, and its text goes with the queue's row", async () => {
    const { server, laptop } = await office();
    await send(laptop, "alice", newDialogue());
    const code = await newestCode(server);
    const rows = await server.store.db.selectFrom("signInCodes").selectAll().execute();
    const messages = await server.store.db.selectFrom("messages").selectAll().execute();
    expect(JSON.stringify([rows, messages, await server.audit()])).not.toContain(code);
  });
});

describe("nobody finds out", () => {
  it("whether a name is known, has an address, is locked, or was sent too many", async () => {
    const { server, laptop } = await office();
    await server.userWithTotp("bob");
    await server.userWithTotp("carol");
    await address(server, "carol", "carol@example.org");
    const key = server.identity.signing.privateKey;
    await server.store.write(async (tx) =>
      disableUser(tx, key, await theUser(tx, "carol"), server.clock.nowMs),
    );
    const shapes = new Set<string>();
    for (const user of ["alice", "bob", "carol", "nobody"]) {
      const { to, revocations } = await send(laptop, user, newDialogue());
      shapes.add(JSON.stringify({ to, revocations }));
    }
    expect([...shapes]).toEqual(['{"to":null,"revocations":[]}']);
    expect((await queued(server)).map(({ recipient }) => recipient)).toEqual(["alice@example.org"]);
    expect(await audit(server, "code-not-sent")).toEqual([
      { user: "bob", reason: "no-address" },
      { user: "carol", reason: "user-disabled" },
      { user: "nobody", reason: "unknown-user" },
    ]);
  });

  it("but who is enrolled on the machine reads where it went, as only they recognise it", async () => {
    const { server, laptop } = await office();
    const dialogue = newDialogue();
    await send(laptop, "alice", dialogue);
    await laptop.verify("alice", [await newestCode(server)], { dialogue });
    const desktop = await server.machine("desktop");
    expect((await send(laptop, "alice", newDialogue())).to).toBe("a***@e***.org");
    expect((await send(desktop, "alice", newDialogue())).to).toBeNull();
  });
});

describe("no mailbox is flooded", () => {
  it("by one user's sign-ins: five in a quarter of an hour, twenty a day", async () => {
    const { server, laptop } = await office();
    const count = async () => (await audit(server, "code-sent")).length;
    for (let at = 0; at < 8; at++) await send(laptop, "alice", newDialogue());
    expect(await count()).toBe(5);
    for (let at = 0; at < 30; at++) {
      server.clock.pass(4 * minuteMs);
      await send(laptop, "alice", newDialogue());
    }
    expect(await count()).toBe(20);
    expect((await audit(server, "code-not-sent")).every((entry) => entry["reason"] === "too-many")).toBe(
      true,
    );
  });

  it("by those of several users with one mailbox, however it is written", async () => {
    const { server, laptop } = await office();
    for (const name of ["bob", "carol"]) {
      await server.userWithTotp(name);
      await address(server, name, "Alice@Example.org");
    }
    for (let at = 0; at < 9; at++) await send(laptop, ["alice", "bob", "carol"][at % 3] ?? "", newDialogue());
    expect(await audit(server, "code-sent")).toHaveLength(5);
  });

  it("by many at once", async () => {
    const { server } = await office();
    const machines = await Promise.all(Array.from({ length: 20 }, () => server.machine()));
    await Promise.all(machines.flatMap((machine) => [send(machine, "alice", newDialogue())]));
    expect(await audit(server, "code-sent")).toHaveLength(15);
  });
});

describe("no code is sent", () => {
  it("where policy does not ask for one, or mail is off", async () => {
    const { server, laptop } = await office("totp");
    await send(laptop, "alice", newDialogue());
    await server.policy("online.factors=email");
    await server.store.write((tx) => changeMail(tx, server.vault, { host: "" }, server.clock.nowMs));
    await send(laptop, "alice", newDialogue());
    expect((await audit(server, "code-not-sent")).map((entry) => entry["reason"])).toEqual([
      "policy",
      "no-address",
    ]);
  });

  it("and typing something all the same is a wrong code like any other", async () => {
    const { laptop } = await office();
    expect(await answer(laptop, newDialogue(), "12345678")).toBe("denied");
  });
});

describe("policy", () => {
  it("asks for sent codes online only, and says so at the field", async () => {
    const { server } = await office();
    await expect(server.policy("offline.factors=totp,email")).rejects.toThrow(
      "offline.factors.1.0: email can't be asked offline: only the server can send a code",
    );
    await expect(server.policy("offline.factors=sms")).rejects.toThrow(
      "offline.factors.0.0: sms can't be asked",
    );
    await expect(server.policy("online.factors=mail")).rejects.toThrow('online.factors.0.0: give "totp"');
  });
});
