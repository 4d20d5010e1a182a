// E-mail addresses and telephone numbers: what is one, where codes go.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { masked, parseMailAddress, parsePhoneNumber } from "../../../server/mail/address.ts";
import {
  addressesOf,
  chooseForCodes,
  parsePlace,
  removeAddress,
  setAddress,
} from "../../../server/mail/addresses.ts";
import { theUser } from "../../../server/users/users.ts";
import { startMs, type TestServer, testServer } from "../fixture.ts";

describe("an e-mail address", () => {
  it.each([
    "alice@example.org",
    "alice.b+nightlatch@mail.corp.example",
    "o'brien@xn--bcher-kva.example",
    `${"a".repeat(64)}@example.org`,
  ])("is %s", (text) => {
    expect(parseMailAddress(text)).toEqual({ ok: true, value: text });
  });

  it.each([
    "",
    "alice",
    "@example.org",
    "alice@",
    "alice@localhost",
    "alice@example..org",
    ".alice@example.org",
    "alice.@example.org",
    "al ice@example.org",
    "alice@example.org ",
    "alice@example.org\r\nBcc: mallory@evil.example",
    "alice@example.org\nRCPT TO:<mallory@evil.example>",
    "alice\0@example.org",
    "alice@exa\u0000mple.org",
    "alice@bücher.example",
    "älice@example.org",
    '"alice b"@example.org',
    "alice@[127.0.0.1]",
    "alice@127.0.0.1",
    "Alice <alice@example.org>",
    "alice@example.org,mallory@evil.example",
    "alice@example.org>mallory",
    "alice@-example.org",
    `${"a".repeat(65)}@example.org`,
    `alice@${"a.".repeat(130)}org`,
  ])("is not %j", (text) => {
    expect(parseMailAddress(text).ok).toBe(false);
  });

  it("never holds anything that could say more to a mail server than where to deliver", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (before, after) => {
        const read = parseMailAddress(`${before}@${after}`);
        expect(read.ok && /[\s<>",;:()[\]\\\x00-\x1f\x7f-\uffff]/.test(read.value)).toBe(false);
      }),
    );
  });

  it("shows its owner which it is, and others little", () => {
    expect(masked("alice@example.org")).toBe("a***@e***.org");
    expect(masked("+49301234567")).toBe("***67");
  });
});

describe("a telephone number", () => {
  it("is written in any usual way and kept in one", () => {
    expect(parsePhoneNumber("+49 (30) 123-45.67")).toEqual({ ok: true, value: "+49301234567" });
  });

  it.each([
    "030 1234567",
    "+0301234567",
    "+49",
    "+4930123456789012",
    "+49 30 1234567 ext 5",
    "+49\n301234567",
  ])("is not %j", (text) => {
    expect(parsePhoneNumber(text).ok).toBe(false);
  });
});

describe("a user's addresses", () => {
  const places = async (server: TestServer) => {
    const user = await theUser(server.store.db, "alice");
    return (await addressesOf(server.store.db, user.id)).map((one) => [one.place, one.address, one.forCodes]);
  };
  const change = (server: TestServer, work: (...given: Parameters<typeof setAddress>) => unknown) =>
    server.store.write(async (tx) => {
      await work(tx, await theUser(tx, "alice"), "mail-1", "", startMs);
    });
  const set = (server: TestServer, place: string, text: string) =>
    change(server, (tx, user) => setAddress(tx, user, parsePlace(place), text, startMs));

  it("get codes at the first, then where the user says; never nowhere", async () => {
    const server = await testServer();
    await server.userWithTotp("alice");
    await set(server, "1", "alice@example.org");
    await set(server, "2", "alice@home.example");
    await set(server, "phone", "+49 30 1234567");
    expect(await places(server)).toEqual([
      ["mail-1", "alice@example.org", true],
      ["mail-2", "alice@home.example", false],
      ["phone", "+49301234567", true],
    ]);
    await change(server, (tx, user) => chooseForCodes(tx, user, ["mail-1", "mail-2"], startMs));
    expect((await places(server)).map(([, , codes]) => codes)).toEqual([true, true, true]);
    await change(server, (tx, user) => chooseForCodes(tx, user, ["mail-1"], startMs));
    await change(server, (tx, user) => removeAddress(tx, user, "mail-1", startMs));
    expect(await places(server)).toEqual([
      ["mail-2", "alice@home.example", true],
      ["phone", "+49301234567", true],
    ]);
  });

  it("are refused with the place of the fault, and nothing changes", async () => {
    const server = await testServer();
    await server.userWithTotp("alice");
    await expect(set(server, "2", "nobody")).rejects.toThrow("mail-2: that is no e-mail address");
    await expect(set(server, "3", "a@example.org")).rejects.toThrow('"3" is no place for an address');
    await expect(change(server, (tx, user) => removeAddress(tx, user, "mail-1", startMs))).rejects.toThrow(
      "alice has no address mail-1",
    );
    await expect(change(server, (tx, user) => chooseForCodes(tx, user, ["mail-2"], startMs))).rejects.toThrow(
      "alice has no address mail-2",
    );
    expect(await places(server)).toEqual([]);
  });

  it("are in the audit, each change once", async () => {
    const server = await testServer();
    await server.userWithTotp("alice");
    await set(server, "1", "alice@example.org");
    await set(server, "1", "alice@example.org");
    const told = (await server.audit()).filter(({ kind }) => kind.startsWith("address"));
    expect(told).toMatchObject([{ kind: "address-set", user: "alice", detail: { place: "mail-1" } }]);
  });
});
