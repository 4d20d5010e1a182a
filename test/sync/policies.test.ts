// What an admin may want, as a person at the machine meets it.

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { minuteMs } from "../../words/clock.ts";
import { fine, House, said, storm, type Token } from "./house.ts";

let house: House;
let alice: Token;

beforeEach(async () => {
  house = await House.build();
  alice = await house.user("alice", "--group", "staff");
  await house.join();
});

afterEach(() => house.tearDown());

const offline = () => {
  house.line = storm("unreachable");
};

async function policy(...assignments: string[]): Promise<void> {
  await house.admin("policy", "set", ...assignments);
  await house.agent.actions.sync();
}

/** A fresh code each: the app shows the next one. */
async function online(kind: "logon" | "unlock" = "logon") {
  await house.clock.advance(30_000);
  return await house.agent.signIn("alice", [alice.code()], { kind });
}

describe("scope", () => {
  test("remote only: no factor at the console, one from afar, online and offline", async () => {
    await policy("scope=remote");
    expect(said(await house.agent.signIn("alice", []))).toBe("granted by out-of-scope");
    expect(said(await house.agent.signIn("alice", ["000000"], { kind: "remote" }))).toBe("denied");
    offline();
    await house.agent.online.probe();
    expect(said(await house.agent.signIn("alice", []))).toBe("granted by out-of-scope");
    expect(said(await house.agent.signIn("alice", [], { kind: "remote" }))).toBe("unavailable");
  });
});

describe("exempt", () => {
  test("users of an exempt group are not asked, once the machine has heard of it", async () => {
    await house.admin("policy", "set", "--group", "staff", "mfa=exempt");
    await house.agent.actions.sync();
    expect(said(await house.agent.signIn("alice", []))).toBe("granted by exempt");
    await house.user("bob");
    expect(said(await house.agent.signIn("bob", ["000000"]))).toBe("denied");
  });

  test("who is not enrolled is asked by their own policy, where everybody else is not", async () => {
    await house.admin("policy", "set", "mfa=exempt", "unreachable=skip");
    await house.admin("policy", "set", "--group", "staff", "mfa=required", "unreachable=deny", "scope=logon");
    await house.agent.actions.sync();
    await house.user("bob");
    expect(said(await house.agent.signIn("bob", []))).toBe("granted by exempt");
    expect(said(await house.agent.signIn("alice", ["000000"]))).toBe("denied");
    expect(said(await house.agent.signIn("alice", [], { kind: "remote" }))).toBe("granted by out-of-scope");
    offline();
    await house.agent.online.probe();
    expect(said(await house.agent.signIn("bob", []))).toBe("granted by exempt");
    expect(said(await house.agent.signIn("alice", []))).toBe("unavailable");
  });

  test("an exempt machine asks nobody", async () => {
    const [machine] = (await house.admin("machine", "list")) as { id: string }[];
    await house.admin("machine", "exempt", machine?.id ?? "", "on");
    await house.agent.actions.sync();
    offline();
    expect(said(await house.agent.signIn("whoever", []))).toBe("granted by exempt");
  });
});

describe("enrolling", () => {
  test("off: nothing is kept, so offline is unavailable", async () => {
    await policy("enrol=off");
    expect(said(await online())).toBe("granted online by totp");
    offline();
    expect(said(await house.agent.signIn("alice", []))).toBe("unavailable");
  });

  test("ask: a yes enrols, a no does not, and giving up is no reason to fail", async () => {
    await policy("enrol=ask");
    await house.clock.advance(30_000);
    const no = await house.agent.signIn("alice", [alice.code(), "n"]);
    expect(said(no)).toBe("granted online by totp");
    expect(no.asked[1]).toMatch(/^Enrol this machine/);
    expect((await house.agent.actions.status()).enrolments).toHaveLength(0);
    await house.clock.advance(30_000);
    expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("granted online by totp");
    await house.clock.advance(30_000);
    const yes = await house.agent.signIn("alice", [alice.code(), "y"]);
    expect(yes.shown).toEqual(["This machine is now enrolled for offline sign-in."]);
    expect((await house.agent.actions.status()).enrolments).toHaveLength(1);
    const known = await online();
    expect(known.asked).toHaveLength(1);
  });

  test("offline days 0: no lease is given, and one that was given is taken back", async () => {
    await online();
    await policy("offline.days=0");
    offline();
    expect(said(await house.agent.signIn("alice", [alice.code(30_000)]))).toBe("unavailable");
  });
});

describe("limits", () => {
  test("the last sign-in of the lease is good, the next is not, until an online MFA renews it", async () => {
    await policy("offline.signIns=2");
    await online();
    offline();
    await house.agent.online.probe();
    for (const word of ["granted offline by totp", "granted offline by totp", "unavailable"]) {
      await house.clock.advance(30_000);
      expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe(word);
    }
    house.line = fine;
    await house.agent.online.probe();
    await house.agent.actions.sync();
    expect((await house.agent.actions.status()).enrolments[0]?.signInsLeft).toBe(0);
    await online();
    expect((await house.agent.actions.status()).enrolments[0]?.signInsLeft).toBe(2);
  });

  test("a sync never extends a lease, and a shorter policy shortens it", async () => {
    await online();
    const before = (await house.agent.actions.status()).enrolments[0]?.expiresAtMs ?? 0;
    await house.clock.advance(60 * minuteMs);
    await house.agent.actions.sync();
    expect((await house.agent.actions.status()).enrolments[0]?.expiresAtMs).toBe(before);
    await policy("offline.days=1");
    const after = (await house.agent.actions.status()).enrolments[0]?.expiresAtMs ?? 0;
    expect(before - after).toBe(6 * 24 * 60 * minuteMs);
  });

  test("guesses are bounded between two online MFAs, whatever the lockout allows", async () => {
    await policy("guessLimit=4", "lockout.failures=0");
    await online();
    offline();
    for (let i = 0; i < 4; i++) expect(said(await house.agent.signIn("alice", ["000000"]))).toBe("denied");
    expect(said(await house.agent.signIn("alice", [alice.code(30_000)]))).toBe("unavailable");
  });
});

describe("grace", () => {
  test("unlocks without a code after a full sign-in, counted, for this user and this boot only", async () => {
    await policy("grace.unlocks=2", "grace.minutes=10");
    expect(said(await house.agent.signIn("alice", ["000000"], { kind: "unlock" }))).toBe("denied");
    await online();
    offline();
    const unlock = async () => said(await house.agent.signIn("alice", ["000000"], { kind: "unlock" }));
    expect([await unlock(), await unlock(), await unlock()]).toEqual([
      "granted by grace",
      "granted by grace",
      "denied",
    ]);
    house.line = fine;
    await house.agent.online.probe();
    await online();
    house.startAgent();
    expect(await unlock()).toBe("granted by grace");
    expect(said(await house.agent.signIn("alice", ["000000"]))).toBe("denied");
    offline();
    house.reboot();
    expect(await unlock()).toBe("denied");
  });

  test("none is left to whom offline sign-in is locked", async () => {
    await policy("grace.unlocks=3", "lockout.failures=1");
    await online();
    offline();
    await house.agent.online.probe();
    expect(said(await house.agent.signIn("alice", ["000000"]))).toBe("denied");
    expect(said(await house.agent.signIn("alice", [], { kind: "unlock" }))).toBe("locked");
  });

  test("minutes end it, suspension included", async () => {
    await policy("grace.minutes=10");
    await online();
    await house.clock.advance(10 * minuteMs);
    expect(said(await house.agent.signIn("alice", ["000000"], { kind: "unlock" }))).toBe("denied");
  });
});

describe("factors", () => {
  test("two in a row: all are asked before any is judged, right or wrong, online and offline", async () => {
    const { codes } = (await house.admin("authenticator", "add", "backup-codes", "alice")) as {
      codes: string[];
    };
    await policy("online.factors=totp,backup-codes", "offline.factors=totp,backup-codes");
    const right = await house.agent.signIn("alice", [alice.code(-30_000), codes[0] ?? ""]);
    expect(said(right)).toBe("granted online by totp+backup-codes");
    const half = await house.agent.signIn("alice", ["000000", codes[1] ?? ""]);
    expect([said(half), half.asked]).toEqual(["denied", right.asked]);
    offline();
    const there = await house.agent.signIn("alice", [alice.code(), codes[2] ?? ""]);
    expect(said(there)).toBe("granted offline by totp+backup-codes");
    expect(said(await house.agent.signIn("alice", [alice.code(30_000), codes[2] ?? ""]))).toBe("denied");
  });

  test("chosen separately: offline may ask for more than online", async () => {
    const { codes } = (await house.admin("authenticator", "add", "backup-codes", "alice")) as {
      codes: string[];
    };
    await policy("online.factors=totp", "offline.factors=totp,backup-codes");
    await online();
    const before = house.line;
    house.line = async (sent, pass, stop) =>
      sent.path === "/v1/verify" ? storm("unreachable")(sent, pass, stop) : await before(sent, pass, stop);
    await house.clock.advance(30_000);
    const fallen = await house.agent.signIn("alice", [alice.code(), codes[0] ?? ""]);
    expect(said(fallen)).toBe("granted offline by totp+backup-codes");
    expect(fallen.asked).toEqual(["One-time code: ", "Next, backup code: "]);
  });

  test("a right code in a sign-in that the server denied is spent offline, too", async () => {
    const { codes } = (await house.admin("authenticator", "add", "backup-codes", "alice")) as {
      codes: string[];
    };
    await policy("online.factors=totp,backup-codes", "offline.factors=totp");
    expect(said(await house.agent.signIn("alice", [alice.code(), codes[0] ?? ""]))).toMatch(/granted online/);
    await house.clock.advance(30_000);
    const code = alice.code();
    expect(said(await house.agent.signIn("alice", [code, "ABCD-EFGH-JKM"]))).toBe("denied");
    offline();
    await house.agent.online.probe();
    expect(said(await house.agent.signIn("alice", [code]))).toBe("denied");
    expect(said(await house.agent.signIn("alice", [alice.code(30_000)]))).toBe("granted offline by totp");
  });

  test("answers to the offline questions are judged offline, also when the server is back by then", async () => {
    const { codes } = (await house.admin("authenticator", "add", "backup-codes", "alice")) as {
      codes: string[];
    };
    await policy("online.factors=totp", "offline.factors=totp,backup-codes");
    await online();
    offline();
    await house.agent.online.probe();
    await house.clock.advance(30_000);
    house.line = async (sent, pass) => {
      await house.clock.advance(0);
      return await pass(sent);
    };
    const outcome = await house.agent.signIn("alice", [alice.code(), codes[0] ?? ""]);
    expect(said(outcome)).toBe("granted offline by totp+backup-codes");
  });

  test("the server asks on where its policy for the user has more questions than this machine knows", async () => {
    const { codes } = (await house.admin("authenticator", "add", "backup-codes", "alice")) as {
      codes: string[];
    };
    await house.admin("policy", "set", "--group", "staff", "online.factors=totp,backup-codes");
    const both = await house.agent.signIn("alice", [alice.code(), codes[0] ?? ""]);
    expect(said(both)).toBe("granted online by totp+backup-codes");
  });

  test("HOTP looks ahead offline and goes on from there online", async () => {
    const { hotpCode } = await import("../../otp/hotp.ts");
    const { fromBase32 } = await import("../../words/base32.ts");
    await house.admin("user", "add", "carol");
    const made = (await house.admin("authenticator", "add", "hotp", "carol")) as { secret: string };
    const secret = fromBase32(made.secret) ?? new Uint8Array();
    const code = (counter: number) => hotpCode({ secret, algorithm: "sha1", digits: 6 }, counter);
    expect(said(await house.agent.signIn("carol", [code(0)]))).toBe("granted online by hotp");
    offline();
    expect(said(await house.agent.signIn("carol", [code(5)]))).toBe("granted offline by hotp");
    expect(said(await house.agent.signIn("carol", [code(3)]))).toBe("denied");
    house.line = fine;
    await house.agent.online.probe();
    expect(said(await house.agent.signIn("carol", [code(5)]))).toBe("denied");
    expect(said(await house.agent.signIn("carol", [code(6)]))).toBe("granted online by hotp");
  });
});

describe("the rest", () => {
  test("disabled users are refused online as strangers are, and lose their enrolment at the sync", async () => {
    await online();
    await house.admin("user", "disable", "alice");
    expect(said(await house.agent.signIn("alice", [alice.code(30_000)]))).toBe("denied");
    await house.agent.actions.sync();
    expect((await house.agent.actions.status()).enrolments).toEqual([]);
  });

  test("a user taken off a machine is not let in there by unreachable=skip", async () => {
    await policy("unreachable=skip");
    await online();
    await house.admin("user", "disable", "alice");
    await house.agent.actions.sync();
    offline();
    await house.agent.online.probe();
    expect(said(await house.agent.signIn("alice", []))).toBe("unavailable");
    expect(said(await house.agent.signIn("stranger", []))).toBe("granted offline by skipped");
  });

  test("a suffix maps local names to the server's", async () => {
    const there = await house.user("dora@corp.example");
    house.startAgent({ usernameSuffix: "@corp.example" });
    expect(said(await house.agent.signIn("dora", [there.code()]))).toBe("granted online by totp");
  });

  test("MFA disabled in the configuration asks nobody", async () => {
    house.startAgent({ mfa: "disabled" });
    expect(said(await house.agent.signIn("alice", []))).toBe("granted by disabled");
  });

  test("explain and the sign-in agree", async () => {
    await online();
    expect(house.agent.ledger.situation("alice").enrolled).not.toBe("none");
    const explained = await house.agent.actions.explain("alice" as never, "logon");
    expect(explained).toMatchObject({
      online: { outcome: "ask" },
      offline: { outcome: "ask" },
      policy: "default",
    });
    await policy("offline.signIns=1");
    offline();
    await house.agent.online.probe();
    await house.clock.advance(30_000);
    expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("granted offline by totp");
    expect((await house.agent.actions.explain("alice" as never, "logon")).offline).toEqual({
      outcome: "refuse",
      because: `the offline sign-ins are used up (policy "default")`,
    });
  });

  test("forget takes one user's enrolment, and the server hears of it", async () => {
    await online();
    expect(await house.agent.actions.forget("alice" as never)).toBe(true);
    expect(await house.agent.actions.forget("alice" as never)).toBe(false);
    offline();
    expect(said(await house.agent.signIn("alice", []))).toBe("unavailable");
    house.line = fine;
    await house.agent.actions.sync();
    const audit = (await house.admin("audit", "--user", "alice")) as { kind: string }[];
    expect(audit.map((entry) => entry.kind)).toContain("disenrolled");
    expect((await house.agent.actions.status()).enrolments).toEqual([]);
    expect(await house.admin("enrolment", "list")).toEqual([]);
  });
});
