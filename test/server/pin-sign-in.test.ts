// PIN and code at an online sign-in: one answer, one judgement.

import crypto from "node:crypto";
import { syncBuiltinESMExports } from "node:module";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { commonSuite, responseTo } from "../../otp/response.ts";
import { timeStep } from "../../otp/totp.ts";
import { addOtp } from "../../server/authenticators/manage.ts";
import { theUser } from "../../server/users/users.ts";
import { secondMs } from "../../words/clock.ts";
import { hotpAt, random, startMs, testServer, totpAt, wrongCode } from "./fixture.ts";
import { reasons, setPin, stateOfPin } from "./pins.ts";
import { queued } from "./mail/queued.ts";
import { addressFor, withMail } from "./portal-fixture.ts";

const denied = { verdict: "denied" };
const granted = { verdict: "granted" };
const stepMs = 30 * secondMs;

async function withPin(place: "before" | "after", ...more: string[]) {
  const server = await testServer();
  const secret = await server.userWithTotp("alice");
  await server.policy(`pin.place=${place}`, "lockout.failures=0", ...more);
  await setPin(server, "alice", "9946");
  const laptop = await server.machine();
  return { server, laptop, secret, code: () => totpAt(secret, server.clock.nowMs) };
}

describe("a PIN with a code", () => {
  it("is granted in front of it, as typed with the spaces that apps show", async () => {
    const { server, laptop, code } = await withPin("before");
    expect(await laptop.verify("alice", [`9946${code()}`])).toMatchObject({ ...granted, method: "totp" });
    server.clock.pass(stepMs);
    const shown = `9946 ${code().slice(0, 3)} ${code().slice(3)}`;
    expect(await laptop.verify("alice", [shown])).toMatchObject(granted);
  });

  it("is granted behind it, with a code of a token too", async () => {
    const { server, laptop, code } = await withPin("after");
    const token = await server.addHotp("alice");
    expect(await laptop.verify("alice", [`${code()}9946`])).toMatchObject(granted);
    expect(await laptop.verify("alice", [`${hotpAt(token, 0)}9946`])).toMatchObject({
      ...granted,
      method: "hotp",
    });
  });

  it("is denied alike whichever of the two is wrong, or stands in the wrong place, or is left out", async () => {
    const { server, laptop, code } = await withPin("before");
    const tries: (() => string)[] = [
      () => `9947${code()}`,
      () => `994${code()}`,
      () => `99466${code()}`,
      () => `9946${wrongCode(code())}`,
      () => `${code()}9946`,
      () => code(),
      () => "9946",
      () => "",
    ];
    for (const typed of tries) {
      expect([typed(), await laptop.verify("alice", [typed()])]).toEqual([typed(), denied]);
      server.clock.pass(stepMs);
    }
    expect(await laptop.verify("alice", [`9946${code()}`])).toMatchObject(granted);
  });

  it("tells capital letters from small ones", async () => {
    const { server, laptop, code } = await withPin("after");
    await setPin(server, "alice", "aZ90");
    expect(await laptop.verify("alice", [`${code()}az90`])).toEqual(denied);
    server.clock.pass(stepMs);
    expect(await laptop.verify("alice", [`${code()}aZ90`])).toMatchObject(granted);
  });

  it("spends a right code also when the PIN is wrong", async () => {
    const { laptop, code } = await withPin("before");
    expect(await laptop.verify("alice", [`1357${code()}`])).toEqual(denied);
    expect(await laptop.verify("alice", [`9946${code()}`])).toEqual(denied);
  });

  it("counts each wrong answer as a failure, whatever was wrong with it", async () => {
    const { server, laptop, code } = await withPin("before", "lockout.failures=3");
    await laptop.verify("alice", [`9947${code()}`]);
    await laptop.verify("alice", [`9946${wrongCode(code())}`]);
    await laptop.verify("alice", ["no"]);
    server.clock.pass(stepMs);
    expect(await laptop.verify("alice", [`9946${code()}`])).toEqual({ verdict: "locked" });
  });

  it("is not asked of backup codes and mailed codes, nor of exempt users", async () => {
    const { server, laptop, code } = await withPin("before");
    const [backup = "", other = ""] = await server.addBackupCodes("alice");
    expect(await laptop.verify("alice", [backup])).toMatchObject({ ...granted, method: "backup-codes" });
    expect(await laptop.verify("alice", [`9946${other}`])).toEqual(denied);
    await server.policy("mfa=exempt");
    expect(await laptop.verify("alice", [code()])).toMatchObject({ ...granted, method: "exempt" });
  });

  it("is a part of each app's answer where policy asks for two", async () => {
    const { server, laptop, code } = await withPin("before", "online.factors=totp,hotp");
    const token = await server.addHotp("alice");
    expect(await laptop.verify("alice", [`9946${code()}`, hotpAt(token, 0)])).toEqual(denied);
    server.clock.pass(stepMs);
    expect(await laptop.verify("alice", [`9946${code()}`, `9946${hotpAt(token, 1)}`])).toMatchObject({
      ...granted,
      method: "totp+hotp",
    });
  });

  it("is a part of a response to a challenge as well, which is over whatever was wrong", async () => {
    const { server, laptop } = await withPin("before", "online.factors=ocra");
    const { store, vault, clock } = server;
    const secret = random.bytes(20);
    const wish = { type: "ocra", suite: commonSuite, secret, counter: 0 } as const;
    await store.write(async (tx) => addOtp(tx, vault, await theUser(tx, "alice"), wish, random, clock.nowMs));
    const seen: unknown[] = [];
    for (const typed of ["", "9947", "9946"]) {
      const dialogue = random.bytes(16).toBase64();
      const asking = { ...laptop.asking(), dialogue, user: "alice", caller: "system" } as const;
      const { challenge } = await laptop.ask("challenge", asking);
      const response = responseTo({ secret, suite: commonSuite }, challenge, clock.nowMs);
      seen.push((await laptop.verify("alice", [typed + response], { dialogue })).verdict);
      if (typed === "9947")
        seen.push((await laptop.verify("alice", [`9946${response}`], { dialogue })).verdict);
    }
    expect(seen).toEqual(["denied", "denied", "denied", "granted"]);
    expect(await stateOfPin(server, "alice")).toEqual({ state: "set", failures: 0 });
  });

  it("that policy stops asking for is no part of the answer any more, and is there again when it asks", async () => {
    const { server, laptop, code } = await withPin("before");
    await server.policy("pin.place=none");
    expect(await laptop.verify("alice", [`9946${code()}`])).toEqual(denied);
    expect(await laptop.verify("alice", [code()])).toMatchObject(granted);
    await server.policy("pin.place=after");
    server.clock.pass(stepMs);
    expect(await laptop.verify("alice", [`${code()}9946`])).toMatchObject(granted);
  });
});

describe("a PIN's own tries", () => {
  it("are counted when the code was right alone, and begin anew with the right PIN", async () => {
    const { server, laptop, code } = await withPin("before", "pin.attempts=3");
    await laptop.verify("alice", [`9947${wrongCode(code())}`]);
    expect(await stateOfPin(server, "alice")).toEqual({ state: "set", failures: 0 });
    for (const failures of [1, 2]) {
      await laptop.verify("alice", [`9947${code()}`]);
      expect(await stateOfPin(server, "alice")).toEqual({ state: "set", failures });
      await laptop.verify("alice", [`9947${code()}`]);
      expect(await stateOfPin(server, "alice")).toEqual({ state: "set", failures });
      server.clock.pass(stepMs);
    }
    await laptop.verify("alice", [code()]);
    expect(await stateOfPin(server, "alice")).toEqual({ state: "set", failures: 2 });
    server.clock.pass(stepMs);
    expect(await laptop.verify("alice", [`9946${code()}`])).toMatchObject(granted);
    expect(await stateOfPin(server, "alice")).toEqual({ state: "set", failures: 0 });
  });

  it("end with a lock: from then on the right PIN is as wrong as any, and its user is told by mail", async () => {
    const { server, laptop, code } = await withPin("before", "pin.attempts=2");
    await withMail(server);
    await addressFor(server, "alice", "alice@corp.example");
    for (const pin of ["1357", "1358"]) {
      expect(await laptop.verify("alice", [`${pin}${code()}`])).toEqual(denied);
      server.clock.pass(stepMs);
    }
    expect(await stateOfPin(server, "alice")).toEqual({ state: "locked", failures: 2 });
    expect(await laptop.verify("alice", [`9946${code()}`])).toEqual(denied);
    expect((await server.audit()).filter(({ kind }) => kind === "pin-locked")).toHaveLength(1);
    expect(await queued(server)).toMatchObject([
      {
        kind: "account-change",
        recipient: "alice@corp.example",
        text: expect.stringContaining("PIN is locked"),
      },
    ]);
    expect(await reasons(server)).toEqual(["wrong-pin", "wrong-pin", "wrong-pin"]);
  });

  it("are no more for many machines at once than for one", async () => {
    const { server, code } = await withPin("before", "pin.attempts=3", "hotpLookAhead=0");
    const machines = await Promise.all(Array.from({ length: 16 }, () => server.machine()));
    // A token for each: whichever comes first, no code is spent by another one.
    const tokens: Uint8Array[] = [];
    while (tokens.length < machines.length) tokens.push(await server.addHotp("alice"));
    const seen = await Promise.all(
      machines.map((machine, at) =>
        machine.verify("alice", [`${1300 + at}${hotpAt(tokens[at] ?? new Uint8Array(), 0)}`]),
      ),
    );
    expect(seen).toEqual(machines.map(() => denied));
    expect(await stateOfPin(server, "alice")).toEqual({ state: "locked", failures: 3 });
    expect(await machines[0]?.verify("alice", [`9946${code()}`])).toEqual(denied);
  });
});

describe("a user of whom policy asks for a PIN, and who has none of their own", () => {
  async function without(mustChange: boolean) {
    const server = await testServer();
    const secret = await server.userWithTotp("alice");
    await server.policy("pin.place=before");
    if (mustChange) await setPin(server, "alice", "771177", true);
    const laptop = await server.machine();
    const pin = mustChange ? "771177" : "";
    return { server, laptop, typed: () => `${pin}${totpAt(secret, server.clock.nowMs)}` };
  }

  it.each([false, true])(
    "is told so after a right answer, which is spent (an initial PIN: %s)",
    async (initial) => {
      const { server, laptop, typed } = await without(initial);
      expect(await laptop.verify("alice", [wrongCode(typed())])).toEqual(denied);
      expect(await laptop.verify("nobody", [typed()])).toEqual(denied);
      expect(await laptop.verify("alice", [typed()])).toEqual({ verdict: "pin-needed", address: null });
      expect(await laptop.verify("alice", [typed()])).toEqual(denied);
      expect((await reasons(server)).filter((reason) => reason === "pin-needed")).toHaveLength(1);
      await setPin(server, "alice", "9946");
      server.clock.pass(stepMs);
      expect(await laptop.verify("alice", [`9946${typed().slice(-6)}`])).toMatchObject(granted);
    },
  );

  it("is let in by a backup code, which takes no PIN", async () => {
    const { server, laptop } = await without(false);
    const [backup = ""] = await server.addBackupCodes("alice");
    const result = await laptop.verify("alice", [backup]);
    expect(result).toMatchObject({ ...granted, method: "backup-codes" });
    if (result.verdict !== "granted" || result.bundle === null) throw new Error("no bundle");
    // The app's seed does not leave the server without a PIN over it.
    expect(laptop.authenticators(laptop.openBundle(result.bundle))).toMatchObject([{ type: "backup-codes" }]);
  });
});

it("a code and a PIN that are judged leave the step spent that was typed, and nothing of the PIN", async () => {
  const { server, laptop, code } = await withPin("before");
  await laptop.verify("alice", [`9946${code()}`]);
  const text = JSON.stringify(await server.audit());
  // By itself, or with the code; an id may have these four digits within.
  expect(text).not.toMatch(/(?<![0-9a-z])9946(\d{6})?(?![0-9a-z])/i);
  const row = await server.store.db.selectFrom("authenticators").select("lastStep").executeTakeFirst();
  expect(row?.lastStep).toBe(timeStep(30, startMs));
  const { sealed } = await server.store.db.selectFrom("pins").select("sealed").executeTakeFirstOrThrow();
  expect(Buffer.from(sealed, "base64").toString("latin1")).not.toContain("9946");
});

describe("an answer costs as many hashes", () => {
  function counting() {
    const hashing = vi.spyOn(crypto, "argon2");
    syncBuiltinESMExports();
    onTestFinished(() => {
      hashing.mockRestore();
      syncBuiltinESMExports();
    });
    return async (work: () => Promise<unknown>) => {
      hashing.mockClear();
      await work();
      return hashing.mock.calls.length;
    };
  }

  it.each([
    ["everybody", []],
    ["one of their groups", ["staff"]],
  ])("for whoever has a PIN, has none, and is not there, where policy asks %s", async (_, groups) => {
    const server = await testServer();
    for (const name of ["alice", "bob"]) await server.userWithTotp(name, ["staff"]);
    await server.userWithTotp("carol");
    if (groups.length === 0) await server.policy("pin.place=before");
    else await server.groupPolicy("staff", 1, "pin.place=before");
    await setPin(server, "alice", "9946");
    const laptop = await server.machine();
    const hashesOf = counting();
    for (const typed of ["9946123456", "", "12", "x".repeat(200)]) {
      const hashes: number[] = [];
      for (const name of ["alice", "bob", "carol", "nobody"])
        hashes.push(
          await hashesOf(async () =>
            expect(await laptop.verify(name, [typed], { caller: "self" })).toEqual(denied),
          ),
        );
      expect([typed, hashes]).toEqual([typed, [1, 1, 1, 1]]);
    }
  });
});
