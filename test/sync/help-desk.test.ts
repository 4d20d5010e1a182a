// A user who can't sign in offline any more, a challenge on the screen, a telephone, and the server's answer.

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { dayMs, hourMs, minuteMs } from "../../words/clock.ts";
import { fine, House, said, storm, type Token, type TypedAnswer } from "./house.ts";

let house: House;
let alice: Token;
let machine: string;

beforeEach(async () => {
  house = await House.build(["policy", "set", "lockout.failures=3", "lockout.minutes=240", "guessLimit=9"]);
  alice = await house.user("alice");
  await house.join();
  await house.agent.signIn("alice", [alice.code()]);
  await house.clock.advance(30_000);
  const [joined] = (await house.admin("machine", "list")) as { id: string }[];
  machine = joined?.id ?? "";
  house.line = storm("unreachable");
  await house.agent.online.probe();
});

afterEach(() => house.tearDown());

/** What was shown to be read out; empty if nothing was. */
function challengeIn(shown: readonly string[]): string {
  const [, digits] = /read out: (.*)$/.exec(shown.at(-1) ?? "") ?? [];
  return (digits ?? "").replaceAll(" ", "");
}

async function helpDesk(challenge: string, user = "alice", id = machine): Promise<string> {
  const given = (await house.admin("unlock", user, challenge, "--machine", id)) as { answer: string };
  return given.answer;
}

const calling: TypedAnswer = (shown) => helpDesk(challengeIn(shown));
/** Eight digits that are not the answer, but for once in 33 million. */
const wrong: TypedAnswer = "00000000";

async function lockOut(uid = 0): Promise<void> {
  for (let i = 0; i < 3; i++)
    expect(said(await house.agent.signIn("alice", ["000000"], { uid }))).toBe("denied");
}

async function challenge(uid = 0): Promise<string> {
  return challengeIn((await house.agent.signIn("alice", [""], { uid })).shown);
}

async function eventKinds(): Promise<string[]> {
  house.line = fine;
  await house.agent.actions.sync();
  const audit = (await house.admin("audit", "--user", "alice")) as { kind: string; source: string }[];
  return audit.filter((entry) => entry.source === "machine").map((entry) => entry.kind);
}

describe("lets a user in", () => {
  test("who is locked out, and ends the lockout", async () => {
    await lockOut();
    const outcome = await house.agent.signIn("alice", [calling]);
    expect(said(outcome)).toBe("granted offline by help-desk");
    expect(outcome.shown[0]).toBe("Too many wrong codes. Try again in 240 minutes.");
    expect(outcome.shown[1]).toMatch(/^Call your help desk and read out: \d{4} \d{4}$/);
    expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("granted offline by totp");
    const told = (await eventKinds()).filter((kind) => kind.startsWith("help-desk"));
    expect(told).toEqual(["help-desk-shown", "help-desk-granted"]);
  });

  test("whose lease has run out, without making it any longer", async () => {
    const before = (await house.agent.actions.status()).enrolments[0];
    await house.clock.advance(8 * dayMs);
    expect(said(await house.agent.signIn("alice", [calling]))).toBe("granted offline by help-desk");
    const after = (await house.agent.actions.status()).enrolments[0];
    expect(after?.expiresAtMs).toBe(before?.expiresAtMs);
    expect(after?.signInsLeft).toBe(before?.signInsLeft);
    expect(said(await house.agent.signIn("alice", [""]))).toBe("unavailable");
  });

  test("whose guesses are used up, without giving any back", async () => {
    house.line = fine;
    await house.admin("policy", "set", "lockout.failures=0");
    await house.agent.actions.sync();
    house.line = storm("unreachable");
    await house.agent.online.probe();
    for (let i = 0; i < 9; i++) await house.agent.signIn("alice", ["000000"]);
    expect(said(await house.agent.signIn("alice", [""]))).toBe("unavailable");
    expect(said(await house.agent.signIn("alice", [calling]))).toBe("granted offline by help-desk");
    expect(said(await house.agent.signIn("alice", [""]))).toBe("unavailable");
  });

  test("who types ? at the prompt, for whatever reason", async () => {
    const outcome = await house.agent.signIn("alice", ["?", calling]);
    expect(said(outcome)).toBe("granted offline by help-desk");
    const back = await house.agent.signIn("alice", ["?", "", alice.code()]);
    expect(said(back)).toBe("granted offline by totp");
  });

  test("but not by ? while the server can be reached: then it is asked", async () => {
    house.line = fine;
    await house.agent.online.probe();
    const outcome = await house.agent.signIn("alice", ["?", alice.code()]);
    expect(said(outcome)).toBe("granted online by totp");
    expect(outcome.shown[0]).toContain("while the server is out of reach");
  });

  test("whose call took longer than a dialogue, or went over the full hour", async () => {
    await lockOut();
    await house.clock.advance(59 * minuteMs);
    const shown = await challenge();
    const answer = await helpDesk(shown);
    await house.clock.advance(59 * minuteMs);
    const outcome = await house.agent.signIn("alice", [answer]);
    expect(challengeIn(outcome.shown)).toBe(shown);
    expect(said(outcome)).toBe("granted offline by help-desk");
  });
});

describe("an answer is good", () => {
  beforeEach(() => lockOut());

  test("once", async () => {
    const shown = await challenge();
    const answer = await helpDesk(shown);
    const uses = Array.from({ length: 4 }, () => house.agent.signIn("alice", [answer]));
    const all = (await Promise.all(uses)).map(said);
    expect(all.filter((word) => word.startsWith("granted"))).toHaveLength(1);
    await lockOut();
    expect(said(await house.agent.signIn("alice", [answer]))).toBe("denied");
  });

  test("for the challenge that was shown, no other", async () => {
    const answer = await helpDesk("12345678");
    expect(said(await house.agent.signIn("alice", [answer]))).toBe("denied");
  });

  test("for the user and the machine that it was asked for", async () => {
    const bob = await house.user("bob");
    house.line = fine;
    await house.agent.online.probe();
    expect(said(await house.agent.signIn("bob", [bob.code()]))).toBe("granted online by totp");
    house.line = storm("unreachable");
    await house.agent.online.probe();
    const shown = await challenge();
    expect(said(await house.agent.signIn("alice", [await helpDesk(shown, "bob")]))).toBe("denied");
    await expect(helpDesk(shown, "alice", "A".repeat(32))).rejects.toThrow("no machine");
  });

  test("in its hour and the ones beside it, by the server's clock", async () => {
    const shown = await challenge();
    const answerAt = async (offsetMs: number) => {
      const nowMs = house.clock.wallMs();
      house.clock.setWall(nowMs + offsetMs);
      const answer = await helpDesk(shown);
      house.clock.setWall(nowMs);
      return answer;
    };
    for (const hours of [-2, 2])
      expect(said(await house.agent.signIn("alice", [await answerAt(hours * hourMs)]))).toBe("denied");
    const early = await answerAt(-hourMs);
    const late = await answerAt(hourMs);
    expect(said(await house.agent.signIn("alice", [late]))).toBe("granted offline by help-desk");
    expect(early).not.toBe(late);
  });

  test("for an hour after the challenge was first shown, to the millisecond", async () => {
    const shown = await challenge();
    await house.clock.advance(hourMs - 1);
    expect(await challenge()).toBe(shown);
    await house.clock.advance(1);
    expect(await challenge()).not.toBe(shown);
  });

  test("in the boot in which the challenge was shown", async () => {
    const shown = await challenge();
    const answer = await helpDesk(shown);
    house.startAgent();
    await house.agent.online.probe();
    expect(await challenge()).toBe(shown);
    house.reboot();
    await house.agent.online.probe();
    expect(await challenge()).not.toBe(shown);
    expect(said(await house.agent.signIn("alice", [answer]))).toBe("denied");
  });
});

describe("tries are bounded at five an hour", () => {
  beforeEach(async () => {
    await lockOut();
    for (let i = 0; i < 5; i++) expect(said(await house.agent.signIn("alice", [wrong]))).toBe("denied");
  });

  const refused = async () => {
    const outcome = await house.agent.signIn("alice", [calling]);
    expect(said(outcome)).toBe("locked");
    expect(outcome.asked).toEqual([]);
    return outcome.shown.at(-1);
  };

  test("and the sixth is not judged, through a restart", async () => {
    expect(await refused()).toBe("Too many answers of the help desk were tried. Try again in 60 minutes.");
    house.startAgent();
    await house.agent.online.probe();
    await refused();
  });

  test("by a clock that can't be set, and through a reboot", async () => {
    house.clock.setWall(house.clock.wallMs() + dayMs);
    await refused();
    house.clock.setWall(house.clock.wallMs() - dayMs);
    house.reboot();
    await house.agent.online.probe();
    await refused();
    await house.clock.advance(hourMs - 5_001);
    await refused();
    await house.clock.advance(5_001);
    expect(said(await house.agent.signIn("alice", [calling]))).toBe("granted offline by help-desk");
  });

  test("until an hour after the first of them; then one at a time comes back", async () => {
    await house.clock.advance(hourMs - 1);
    await refused();
    await house.clock.advance(1);
    expect(said(await house.agent.signIn("alice", [calling]))).toBe("granted offline by help-desk");
  });

  test("for each class of callers: a program of the user's own takes none from the console", async () => {
    await lockOut(1000);
    for (let i = 0; i < 5; i++)
      expect(said(await house.agent.signIn("alice", [wrong], { uid: 1000 }))).toBe("denied");
    expect(said(await house.agent.signIn("alice", [calling], { uid: 1000 }))).toBe("locked");
    await refused();
  });

  test("and every one of them is told to the server", async () => {
    expect((await eventKinds()).filter((kind) => kind === "help-desk-denied")).toHaveLength(5);
  });
});

test("a program of the user's own has its own challenge, and can't end the console's", async () => {
  await lockOut();
  await lockOut(1000);
  const shown = await challenge();
  const other = await challenge(1000);
  expect(other).not.toBe(shown);
  expect(said(await house.agent.signIn("alice", [await helpDesk(shown)], { uid: 1000 }))).toBe("denied");
  expect(said(await house.agent.signIn("alice", [await helpDesk(other)], { uid: 1000 }))).toMatch(/^granted/);
  expect(said(await house.agent.signIn("alice", [await helpDesk(shown)]))).toBe(
    "granted offline by help-desk",
  );
});

test("what can't be an answer gives up: the verdict is the one before, and no try is counted", async () => {
  await lockOut();
  for (const text of ["", "1234567", "no", alice.code(), "123456789"])
    for (let i = 0; i < 2; i++) expect(said(await house.agent.signIn("alice", [text]))).toBe("locked");
  expect(said(await house.agent.signIn("alice", [calling]))).toBe("granted offline by help-desk");
});

describe("policy", () => {
  const set = async (assignment: string) => {
    house.line = fine;
    await house.admin("policy", "set", assignment);
    await house.agent.actions.sync();
    house.line = storm("unreachable");
    await house.agent.online.probe();
  };

  test("off: nothing is shown, no key is on the machine, and the server refuses", async () => {
    await set("helpDesk=off");
    await lockOut();
    const outcome = await house.agent.signIn("alice", [wrong]);
    expect([said(outcome), outcome.asked]).toEqual(["locked", []]);
    const enrolled = house.agent.ledger.situation("alice").enrolled;
    expect(enrolled).toMatchObject({ open: { unlockKey: null } });
    await expect(helpDesk("12345678")).rejects.toThrow("switched off");
  });

  const turnBack = async () => {
    const trueMs = house.clock.wallMs();
    house.clock.setWall(trueMs - 3 * dayMs);
    house.reboot();
    await house.agent.online.probe();
    return trueMs;
  };

  test("on: a machine whose clock was turned back is not helped", async () => {
    await turnBack();
    const outcome = await house.agent.signIn("alice", [wrong]);
    expect([said(outcome), outcome.asked]).toEqual(["unavailable", []]);
    await expect(helpDesk("1234567890")).rejects.toThrow("on-also-clock");
  });

  test("on-also-clock: it shows a longer challenge, whose answer doesn't need the hour", async () => {
    await set("helpDesk=on-also-clock");
    const trueMs = await turnBack();
    // The help desk has the true time.
    const calledAtTrueTime: TypedAnswer = async (shown) => {
      const machineMs = house.clock.wallMs();
      house.clock.setWall(trueMs);
      const answer = await helpDesk(challengeIn(shown));
      house.clock.setWall(machineMs);
      return answer;
    };
    const outcome = await house.agent.signIn("alice", [calledAtTrueTime]);
    expect(outcome.shown.at(-1)).toMatch(/read out: \d{5} \d{5}$/);
    expect(said(outcome)).toBe("granted offline by help-desk");
    const again = await house.agent.signIn("alice", [wrong]);
    expect(said(again)).toBe("denied");
    const shown = await challenge();
    await house.clock.advance(hourMs);
    expect(await challenge()).not.toBe(shown);
  });
});
