// The main job, from the first online sign-in to the revocation, with time and network in the test's hands.

import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { dayMs, minuteMs } from "../../words/clock.ts";
import { fine, House, said, silence, storm, type Token } from "./house.ts";

let house: House;
let alice: Token;

beforeEach(async () => {
  house = await House.build(["policy", "set", "lockout.failures=3", "lockout.minutes=10"]);
  alice = await house.user("alice");
  await house.join();
});

afterEach(() => house.tearDown());

/** Online first, so that alice is enrolled; then a new step, so that a fresh code is there. */
async function enrolled(): Promise<void> {
  expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("granted online by totp");
  await house.clock.advance(30_000);
}

describe("online", () => {
  test("a right code is granted, and the machine is enrolled without a second sign-in", async () => {
    await enrolled();
    const status = await house.agent.actions.status();
    expect(status.enrolments).toMatchObject([{ user: "alice", daysLeft: 7, signInsLeft: 50 }]);
  });

  test("a wrong code, a used code and an unknown user end alike, after the same prompts", async () => {
    await enrolled();
    const used = await house.agent.signIn("alice", [alice.code(-30_000)]);
    const wrong = await house.agent.signIn("alice", ["000000"]);
    const unknown = await house.agent.signIn("nobody", ["000000"]);
    expect(said(used)).toBe("denied");
    expect([wrong, unknown]).toEqual([used, used]);
  });

  test("after too many wrong codes the server locks, and says so", async () => {
    for (let i = 0; i < 3; i++) expect(said(await house.agent.signIn("alice", ["000000"]))).toBe("denied");
    expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("locked");
  });

  test("a program guessing for its own user is locked at the server, and the user is not", async () => {
    for (let i = 0; i < 3; i++) await house.agent.signIn("alice", ["000000"], { uid: 1000 });
    expect(said(await house.agent.signIn("alice", [alice.code()], { uid: 1000 }))).toBe("locked");
    expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("granted online by totp");
  });

  test("a code used online is spent offline too", async () => {
    const code = alice.code();
    expect(said(await house.agent.signIn("alice", [code]))).toBe("granted online by totp");
    house.line = storm("unreachable");
    expect(said(await house.agent.signIn("alice", [code]))).toBe("denied");
  });

  test("a code used offline is spent online too, before any sync", async () => {
    await enrolled();
    house.line = storm("unreachable");
    const code = alice.code();
    expect(said(await house.agent.signIn("alice", [code]))).toBe("granted offline by totp");
    house.line = fine;
    await house.agent.online.probe();
    expect(said(await house.agent.signIn("alice", [code]))).toBe("denied");
  });

  test("the code typed is not readable in anything that is sent", async () => {
    const code = alice.code();
    await house.agent.signIn("alice", [code]);
    for (const sent of house.heard) expect(Buffer.from(sent.body).toString("latin1")).not.toContain(code);
  });
});

describe("offline", () => {
  beforeEach(async () => {
    await enrolled();
    house.line = storm("unreachable");
  });

  test("the prompt says what is left, the code is taken once", async () => {
    const code = alice.code();
    const first = await house.agent.signIn("alice", [code]);
    expect(said(first)).toBe("granted offline by totp");
    expect(first.shown).toEqual([
      "The server is out of reach. Offline sign-in: 7 days and 50 sign-ins left.",
    ]);
    expect(said(await house.agent.signIn("alice", [code]))).toBe("denied");
    const status = await house.agent.actions.status();
    expect(status.enrolments[0]?.signInsLeft).toBe(49);
  });

  test("64 dialogues with one code get one granted", async () => {
    const code = alice.code();
    const all = await Promise.all(Array.from({ length: 64 }, () => house.agent.signIn("alice", [code])));
    expect(all.map(said).filter((word) => word.startsWith("granted"))).toHaveLength(1);
  });

  test("64 dialogues with one code get one granted, also while the network dies under them", async () => {
    house.line = fine;
    await house.agent.online.probe();
    let requests = 0;
    house.line = (sent, pass) =>
      ++requests % 3 === 0 ? storm("unreachable")(sent, pass, never) : pass(sent);
    const code = alice.code();
    const all = await Promise.all(Array.from({ length: 64 }, () => house.agent.signIn("alice", [code])));
    expect(all.map(said).filter((word) => word.startsWith("granted"))).toHaveLength(1);
  });

  test("too many wrong codes lock for the policy's minutes, through a restart, to the millisecond", async () => {
    for (let i = 0; i < 3; i++) expect(said(await house.agent.signIn("alice", ["000000"]))).toBe("denied");
    const locked = await house.agent.signIn("alice", [alice.code()]);
    expect(said(locked)).toBe("locked");
    expect(locked.shown[0]).toBe("Too many wrong codes. Try again in 10 minutes.");
    house.startAgent();
    await house.clock.advance(10 * minuteMs - 1);
    expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("locked");
    await house.clock.advance(1);
    expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("granted offline by totp");
  });

  test("a clock set forward ends no lock, and neither does a reboot", async () => {
    for (let i = 0; i < 3; i++) await house.agent.signIn("alice", ["000000"]);
    house.clock.setWall(house.clock.wallMs() + dayMs);
    expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("locked");
    house.reboot();
    expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("locked");
    await house.clock.advance(10 * minuteMs);
    expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("granted offline by totp");
  });

  test("a program guessing for its own user locks itself, not the console", async () => {
    for (let i = 0; i < 3; i++) await house.agent.signIn("alice", ["000000"], { uid: 1000 });
    expect(said(await house.agent.signIn("alice", [alice.code()], { uid: 1000 }))).toBe("locked");
    expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("granted offline by totp");
  });

  test("the last millisecond of the lease is good, the next is not, and a clock set back helps nobody", async () => {
    const { expiresAtMs } = (await house.agent.actions.status()).enrolments[0] ?? { expiresAtMs: 0 };
    await house.clock.advance(expiresAtMs - house.clock.wallMs() - 1);
    const last = await house.agent.signIn("alice", [alice.code()]);
    expect(said(last)).toBe("granted offline by totp");
    await house.clock.advance(1);
    expect(said(await house.agent.signIn("alice", [alice.code(30_000)]))).toBe("unavailable");
    house.clock.setWall(house.clock.wallMs() - 3 * dayMs);
    expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("unavailable");
    house.reboot();
    const turnedBack = await house.agent.signIn("alice", [alice.code()]);
    expect(said(turnedBack)).toBe("unavailable");
    expect((await house.agent.actions.status()).state).toBe("time-turned-back");
  });

  test("a clock that was set back is set right by the next contact", async () => {
    const trueMs = house.clock.wallMs();
    house.clock.setWall(trueMs - 3 * dayMs);
    house.reboot();
    expect(said(await house.agent.signIn("alice", ["000000"]))).toBe("unavailable");
    // The server shares the fake clock, so its time is set right first; the machine's record is still of the old one.
    house.clock.setWall(trueMs + minuteMs);
    house.line = fine;
    await house.agent.actions.sync();
    house.line = storm("unreachable");
    expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("granted offline by totp");
  });

  test("who is not enrolled here is unavailable, or let in without a factor where policy skips", async () => {
    await house.user("bob");
    expect(said(await house.agent.signIn("bob", []))).toBe("unavailable");
    house.line = fine;
    await house.admin("policy", "set", "unreachable=skip");
    await house.agent.actions.sync();
    house.line = storm("unreachable");
    await house.agent.online.probe();
    expect(said(await house.agent.signIn("bob", []))).toBe("granted offline by skipped");
    expect(said(await house.agent.signIn("alice", ["000000"]))).toBe("denied");
  });

  test("who can't sign in offline waits for news of the server, and is asked when it is back", async () => {
    const bob = await house.user("bob");
    await house.agent.online.probe();
    expect(house.agent.reach.state).toBe("unreachable");
    await house.clock.advance(3_000);
    house.line = fine;
    expect(said(await house.agent.signIn("bob", [bob.code()]))).toBe("granted online by totp");
  });

  test("in mode online there is no offline sign-in", async () => {
    house.startAgent({ mode: "online" });
    expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("unavailable");
  });
});

describe("a silent network", () => {
  test("costs the budget once, then nothing; the same answer is judged offline without a second prompt", async () => {
    await enrolled();
    house.line = silence;
    const code = alice.code();
    const slow = house.agent.signIn("alice", [code]);
    await house.clock.advance(2_100);
    const first = await slow;
    expect(said(first)).toBe("granted offline by totp");
    expect(first.asked).toHaveLength(1);
    const atMs = house.clock.monotonicMs();
    expect(said(await house.agent.signIn("alice", [alice.code(30_000)]))).toBe("granted offline by totp");
    expect(house.clock.monotonicMs()).toBe(atMs);
  });
});

describe("revocation", () => {
  test("a revoked machine erases itself at the next sync, says so, and can join again", async () => {
    await enrolled();
    const [machine] = (await house.admin("machine", "list")) as { id: string }[];
    await house.admin("machine", "revoke", machine?.id ?? "");
    expect(await house.agent.actions.sync()).toMatchObject({ revocationsApplied: 1 });
    expect(readdirSync(join(house.folder, "state"))).toEqual(["revoked.json"]);
    house.line = storm("unreachable");
    expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("unavailable");
    house.startAgent();
    expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("unavailable");
    expect((await house.agent.actions.status()).state).toBe("revoked");
    house.line = fine;
    await house.join();
    expect(existsSync(join(house.folder, "state", "revoked.json"))).toBe(false);
    expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("granted online by totp");
  });

  test("a revoked machine learns it during a sign-in, too", async () => {
    await enrolled();
    const [machine] = (await house.admin("machine", "list")) as { id: string }[];
    await house.admin("machine", "revoke", machine?.id ?? "");
    expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("unavailable");
    expect(existsSync(join(house.folder, "state", "machine.key"))).toBe(false);
  });

  test("what happened on a machine before it was revoked still reaches the server", async () => {
    await enrolled();
    house.line = storm("unreachable");
    expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("granted offline by totp");
    const [machine] = (await house.admin("machine", "list")) as { id: string }[];
    await house.admin("machine", "revoke", machine?.id ?? "");
    house.line = fine;
    await house.agent.online.probe();
    const audit = (await house.admin("audit", "--user", "alice")) as { kind: string; source: string }[];
    expect(audit.filter(({ source }) => source === "machine").map(({ kind }) => kind)).toContain(
      "sign-in-granted",
    );
  });

  test("a user revoked on a machine is gone there at the next contact, and older bundles don't bring them back", async () => {
    const bundles: string[] = [];
    house.line = async (sent, pass) => {
      const reply = await pass(sent);
      bundles.push(Buffer.from(reply.body).toString("utf8"));
      return reply;
    };
    await enrolled();
    const old = bundles.map((text) => JSON.parse(text).result?.bundle).find((bundle) => bundle);
    await house.admin("enrolment", "revoke", "alice", "--all");
    await house.agent.online.probe();
    expect((await house.agent.actions.status()).enrolments).toEqual([]);
    const { receiveBundle } = await import("../../agent/sync/receive.ts");
    const store = house.agent.keeper.store();
    const again = receiveBundle(store, old, "alice", store.keys.identity.box, house.clock.wallMs());
    expect(again).toEqual({ ok: false, error: "revoked-bundle" });
  });

  test("what a user spent offline stays spent through a revocation and a new enrolment", async () => {
    const { codes } = (await house.admin("authenticator", "add", "backup-codes", "alice")) as {
      codes: string[];
    };
    await enrolled();
    house.line = storm("unreachable");
    const code = codes[0] ?? "";
    expect(said(await house.agent.signIn("alice", [code]))).toBe("granted offline by backup-codes");
    await house.admin("enrolment", "revoke", "alice", "--all");
    house.line = fine;
    await house.agent.online.probe();
    expect((await house.agent.actions.status()).enrolments).toEqual([]);
    expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("granted online by totp");
    house.line = storm("unreachable");
    expect(said(await house.agent.signIn("alice", [code]))).toBe("denied");
    house.line = fine;
    await house.agent.online.probe();
    expect(said(await house.agent.signIn("alice", [code]))).toBe("denied");
  });

  test("errors of the server, and silence, revoke nothing", async () => {
    await enrolled();
    for (const line of [
      storm("unreachable"),
      storm("certificate-refused"),
      () => Promise.resolve({ status: 503, headers: {}, body: Buffer.from("revoked") }),
      () =>
        Promise.resolve({ status: 200, headers: {}, body: Buffer.from("<html>sign in to the hotel</html>") }),
    ]) {
      house.line = line;
      await expect(house.agent.actions.sync()).rejects.toThrow();
    }
    expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("granted offline by totp");
  });
});

const never = new AbortController().signal;
