// What lies in the database: useless without the key, and never taken for something it is not.

import { describe, expect, it } from "vitest";
import { parseJoinToken } from "../../protocol/sync/join-token.ts";
import { toBase32 } from "../../words/base32.ts";
import { startMs, testServer, totpAt } from "./fixture.ts";
import { everyByte } from "./postgres/databases.ts";

describe("the database", () => {
  it("holds no secret, code or token that can be read without the key", async () => {
    const server = await testServer();
    const secret = await server.userWithTotp("alice");
    const [backupCode = ""] = await server.addBackupCodes("alice");
    const token = await server.token();
    const parsed = parseJoinToken(token);
    if (!parsed.ok) throw new Error(parsed.error);
    const laptop = await server.machine();
    await laptop.enrolledVerify("alice", [totpAt(secret, startMs)]);
    await laptop.verify("alice", [backupCode]);
    const bytes = await everyByte(server.data);
    const text = bytes.toString("latin1");
    expect(text).toContain("alice");
    for (const hidden of [secret, parsed.value.secret]) {
      expect(bytes.indexOf(hidden)).toBe(-1);
      for (const form of [toBase32(hidden), hidden.toBase64(), hidden.toHex()])
        expect(text.toLowerCase()).not.toContain(form.toLowerCase());
    }
    const code = backupCode.replaceAll("-", "");
    for (const form of [backupCode, code, totpAt(secret, startMs)]) expect(text).not.toContain(form);
  });
});

describe("a sealed record", () => {
  it("put in another's place does not open, and the sign-in fails without a verdict", async () => {
    const server = await testServer();
    const mine = await server.userWithTotp("mallory");
    await server.userWithTotp("alice");
    const { db } = server.store;
    const rows = await db
      .selectFrom("authenticators")
      .innerJoin("users", "users.id", "authenticators.userId")
      .select(["authenticators.id", "users.name", "sealed"])
      .execute();
    const sealed = rows.find((row) => row.name === "mallory")?.sealed ?? "";
    const target = rows.find((row) => row.name === "alice")?.id ?? "";
    await db.updateTable("authenticators").set({ sealed }).where("id", "=", target).execute();
    const laptop = await server.machine();
    const sent = await laptop.send("verify", laptop.verifyRequest("alice", [totpAt(mine, startMs)]));
    expect(sent.status).toBe(500);
    expect(await laptop.verify("mallory", [totpAt(mine, startMs)])).toMatchObject({ verdict: "granted" });
  });
});
