import { describe, expect, test, vi } from "vitest";
import { makeRoom } from "../../agent/dialogue/room.ts";
import { type Converse, DialogueOver, type Talk } from "../../agent/dialogue/talk.ts";
import { limits } from "../../protocol/dialogue/limits.ts";
import { FakeClock, turn } from "../fakes/clock.ts";
import { denied, granted, root, stage } from "./stage.ts";

const begin = "BEGIN 1 kind=logon user=alice service=login";
const beginFor = (user: string) => `BEGIN 1 kind=unlock user=${user} service=swaylock`;

/** Asks once and grants the right answer. */
const asksOnce: Converse = async (_begin, _caller, talk) =>
  (await talk.ask("hidden", "Code:")) === "right" ? granted : denied;
const never: Converse = () => new Promise(() => undefined);

describe("a verdict", () => {
  test("is what the conversation says", async () => {
    const on = stage(asksOnce);
    await on.say(begin);
    await on.say("ANSWER right");
    expect(on.heard).toEqual(["ASK hidden Code:", "END granted"]);
  });

  test("is unavailable when the conversation throws, and the log says why", async () => {
    const on = stage(async () => {
      throw new Error("disk full");
    });
    await on.say(begin);
    expect(on.heard).toEqual(["END unavailable"]);
    expect(on.logged).toContainEqual({
      level: "error",
      message: "a sign-in failed",
      fields: { dialogue: 1, error: new Error("disk full") },
    });
  });

  test("is unavailable when the conversation throws before its first pause", async () => {
    const on = stage(() => {
      throw new TypeError("a mistake");
    });
    await on.say(begin);
    expect(on.heard).toEqual(["END unavailable"]);
  });

  test("is unavailable when the conversation claims to be over while it is not", async () => {
    const on = stage(async () => {
      throw new DialogueOver("as if");
    });
    await on.say(begin);
    expect(on.heard).toEqual(["END unavailable"]);
  });

  test("is not heard by a relay that has gone, and not written", async () => {
    let decide = (): void => undefined;
    const on = stage(() => new Promise((resolve) => (decide = () => resolve(granted))));
    await on.say(begin);
    on.connection.gone();
    decide();
    await turn();
    expect(on.heard).toEqual([]);
    expect(on.closed).toBe(true);
  });

  test("comes too late after giving up", async () => {
    let decide = (): void => undefined;
    const on = stage(() => new Promise((resolve) => (decide = () => resolve(granted))));
    await on.say(begin);
    await on.say("CANCEL");
    decide();
    await turn();
    expect(on.heard).toEqual(["END unavailable"]);
  });

  test("is the last line: what a conversation says after it is dropped", async () => {
    let kept: Talk | undefined;
    const on = stage(async (_begin, _caller, talk) => {
      kept = talk;
      return denied;
    });
    await on.say(begin);
    kept?.show("info", "more");
    await expect(kept?.ask("hidden", "more")).rejects.toThrow(DialogueOver);
    await on.say("ANSWER more");
    expect(on.heard).toEqual(["END denied"]);
  });
});

describe("a conversation learns that it is over", () => {
  const heardOf = async (end: (on: ReturnType<typeof stage>) => Promise<void> | void) => {
    let why: unknown;
    let over: AbortSignal | undefined;
    const on = stage(async (_begin, _caller, talk) => {
      over = talk.over;
      why = await talk.ask("hidden", "Code:").catch((error: unknown) => error);
      return granted;
    });
    await on.say(begin);
    await end(on);
    await turn();
    return { why, aborted: over?.aborted, heard: on.heard, logged: on.logged };
  };

  test.each([
    ["when the person gives up", (on: ReturnType<typeof stage>) => on.say("CANCEL"), ["END unavailable"]],
    ["when the relay goes", (on: ReturnType<typeof stage>) => on.connection.gone(), []],
    [
      "when no answer comes",
      (on: ReturnType<typeof stage>) => on.clock.advance(limits.answerMs),
      ["END unavailable"],
    ],
    ["when the agent stops", (on: ReturnType<typeof stage>) => on.connection.stop(), ["END unavailable"]],
  ] as const)("%s", async (_when, end, last) => {
    const { why, aborted, heard } = await heardOf(end);
    expect(why).toBeInstanceOf(DialogueOver);
    expect(aborted).toBe(true);
    expect(heard).toEqual(["ASK hidden Code:", ...last]);
  });

  test("when the relay breaks a rule", async () => {
    const { why, heard } = await heardOf((on) => on.say("HELLO"));
    expect(why).toBeInstanceOf(DialogueOver);
    expect(heard.at(-1)).toMatch(/^END refused /);
  });

  test("and that is no fault to log", async () => {
    const on = stage(asksOnce);
    await on.say(begin);
    await on.say("CANCEL");
    expect(on.logged.map(({ level }) => level)).toEqual(["info"]);
  });

  test("two questions at once are its own mistake", async () => {
    const on = stage(async (_begin, _caller, talk) => {
      await Promise.all([talk.ask("hidden", "one"), talk.ask("hidden", "two")]);
      return granted;
    });
    await on.say(begin);
    expect(on.heard).toEqual(["ASK hidden one", "END unavailable"]);
  });
});

describe("time", () => {
  test("a relay that says nothing is dropped after ten seconds", async () => {
    const on = stage(asksOnce);
    await on.clock.advance(limits.silenceMs - 1);
    expect(on.heard).toEqual([]);
    await on.clock.advance(1);
    expect(on.heard).toEqual(["END refused nothing%20was%20begun%20in%20time"]);
  });

  test("a relay that says half a line is dropped as well", async () => {
    const on = stage(asksOnce);
    await on.say(Buffer.from("BEGIN 1 kind=logon"));
    await on.clock.advance(limits.silenceMs);
    expect(on.closed).toBe(true);
  });

  test("one byte at a time is fast enough, but not a byte a second", async () => {
    const on = stage(asksOnce);
    for (const byte of Buffer.from(`${begin}\n`)) {
      on.connection.received(Uint8Array.of(byte));
      await on.clock.advance(1_000);
    }
    expect(on.heard).toEqual(["END refused nothing%20was%20begun%20in%20time"]);
  });

  test("an answer may take 120 seconds", async () => {
    const on = stage(asksOnce);
    await on.say(begin);
    await on.clock.advance(limits.answerMs - 1);
    await on.say("ANSWER right");
    expect(on.heard.at(-1)).toBe("END granted");
  });

  test("the whole dialogue may take 180 seconds, however quick each answer is", async () => {
    const on = stage(async (_begin, _caller, talk) => {
      for (;;) await talk.ask("hidden", "Code:");
    });
    await on.say(begin);
    for (let passed = 0; passed < limits.dialogueMs; passed += 10_000) {
      await on.say("ANSWER wrong");
      await on.clock.advance(10_000);
    }
    expect(on.heard.at(-1)).toBe("END unavailable");
    expect(on.clock.monotonicMs()).toBe(1_000_000 + limits.dialogueMs);
  });

  test("thinking for ever ends as well", async () => {
    const on = stage(never);
    await on.say(begin);
    await on.clock.advance(limits.dialogueMs);
    expect(on.heard).toEqual(["END unavailable"]);
  });

  test.each(["ANSWER right", "CANCEL", "HELLO"])("no timer is left behind after %s", async (line) => {
    const on = stage(asksOnce);
    await on.say(begin);
    await on.say(line);
    expect(on.clock.sleeping).toBe(0);
  });

  test("setting the clock changes nothing", async () => {
    const on = stage(asksOnce);
    await on.say(begin);
    on.clock.setWall(0);
    on.clock.setWall(Date.parse("2099-01-01T00:00:00Z"));
    await turn();
    expect(on.closed).toBe(false);
  });
});

describe("who may begin", () => {
  const alice = { uid: 1000, pid: 2, userName: "alice" };

  test.each([
    ["root for anyone", root, "alice", true],
    ["root without an account of that name", { ...root, userName: undefined }, "alice", true],
    ["a user for itself", alice, "alice", true],
    [
      "a user for itself, whichever way the letters are composed",
      { ...alice, userName: "zoe\u0308" },
      "zo%C3%AB",
      true,
    ],
    ["a user for another", alice, "bob", false],
    ["a user for root", alice, "root", false],
    ["a user for itself in other letters", alice, "Alice", false],
    ["a user for itself with a domain", alice, "alice@corp.example", false],
    ["a user without an account", { ...alice, userName: undefined }, "alice", false],
    ["a user without an account for nobody", { ...alice, userName: undefined }, "undefined", false],
    ["an account that is called root but is not", { ...alice, userName: "root" }, "alice", false],
  ] as const)("%s: %j for %s", async (_who, caller, user, may) => {
    const converse = vi.fn(asksOnce);
    const on = stage(converse, { caller });
    await on.say(beginFor(user));
    expect(on.heard).toEqual([
      may ? "ASK hidden Code:" : "END refused this%20caller%20may%20not%20begin%20for%20this%20user",
    ]);
    expect(converse).toHaveBeenCalledTimes(may ? 1 : 0);
  });
});

describe("a relay that does not read", () => {
  test("is given up", async () => {
    const on = stage(async (_begin, _caller, talk) => {
      for (let line = 0; line < 1000; line++) talk.show("info", "x".repeat(1000));
      return granted;
    });
    on.readsOn = false;
    await on.say(begin);
    expect(on.heard).toHaveLength(1);
    expect(on.closed).toBe(true);
  });
});

describe("room", () => {
  test("for 64 dialogues", () => {
    const room = makeRoom();
    const seats = Array.from({ length: 100 }, () => room.enter(0)).filter((seat) => seat !== undefined);
    expect(seats).toHaveLength(limits.open);
    seats[0]?.leave();
    seats[0]?.leave();
    expect(room.open).toBe(limits.open - 1);
    expect(room.enter(0)).toBeDefined();
    expect(room.enter(0)).toBeUndefined();
  });

  test("for four of each unprivileged caller, whoever else is there", () => {
    const room = makeRoom();
    for (let uid = 1000; uid < 1003; uid++) {
      const seats = Array.from({ length: 5 }, () => room.enter(uid));
      expect(seats.map((seat) => seat !== undefined)).toEqual([true, true, true, true, false]);
    }
    expect(room.enter(0)).toBeDefined();
  });

  test("for eight of one user, and then again when one leaves", async () => {
    const room = makeRoom();
    const clock = new FakeClock();
    const open = Array.from({ length: 8 }, () => stage(asksOnce, { room, clock }));
    for (const on of open) await on.say(begin);
    const ninth = stage(asksOnce, { room, clock });
    await ninth.say(begin);
    expect(ninth.heard).toEqual(["END refused too%20many%20dialogues%20are%20open%20for%20this%20user"]);
    const other = stage(asksOnce, { room, clock });
    await other.say(beginFor("bob"));
    expect(other.heard).toEqual(["ASK hidden Code:"]);
    await open[0]?.say("CANCEL");
    const tenth = stage(asksOnce, { room, clock });
    await tenth.say(begin);
    expect(tenth.heard).toEqual(["ASK hidden Code:"]);
  });

  test("is not given back before the conversation has finished: giving up starts no extra work", async () => {
    let finish = (): void => undefined;
    const on = stage(() => new Promise((resolve) => (finish = () => resolve(denied))));
    await on.say(begin);
    await on.say("CANCEL");
    expect(on.room.open).toBe(1);
    finish();
    await turn();
    expect(on.room.open).toBe(0);
  });

  test.each(["HELLO", "CANCEL", "ANSWER right"])("is given back after %s", async (line) => {
    const on = stage(asksOnce);
    await on.say(begin);
    await on.say(line);
    expect(on.room.open).toBe(0);
  });

  test("is given back when nothing was begun", async () => {
    const on = stage(asksOnce);
    on.connection.gone();
    expect(on.room.open).toBe(0);
  });
});
