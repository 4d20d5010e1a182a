// When the agent asks the server by itself, and who goes first.

import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Lane } from "../../agent/sync/lane.ts";
import { Reach } from "../../agent/sync/reach.ts";
import { Schedule } from "../../agent/sync/schedule.ts";
import { minuteMs } from "../../words/clock.ts";
import { FakeClock, turn } from "../fakes/clock.ts";
import { House, said, silence, type Token } from "./house.ts";

function scheduled(spread: number) {
  const clock = new FakeClock();
  const reach = new Reach((state) => {
    if (state === "unreachable") schedule.recover();
  });
  const done = { syncs: 0, probes: 0 };
  let sync = async (): Promise<"done" | "overtaken"> => "done";
  const schedule: Schedule = new Schedule({
    clock,
    reach,
    spread: () => Promise.resolve(spread),
    syncMinutes: () => 30,
    sync: () => {
      done.syncs += 1;
      return sync();
    },
    probe: async () => {
      done.probes += 1;
    },
  });
  const minutes = async (count: number) => {
    for (let i = 0; i < count; i++) {
      await clock.advance(minuteMs);
      await schedule.tick();
    }
  };
  const syncsBy = (how: typeof sync) => {
    sync = how;
  };
  return { clock, reach, schedule, done, minutes, syncsBy };
}

describe("the schedule", () => {
  test("syncs at the policy's interval, and a machine's place in the fleet makes it up to a tenth early", async () => {
    const punctual = scheduled(0);
    await punctual.minutes(29);
    expect(punctual.done.syncs).toBe(0);
    await punctual.minutes(1);
    expect(punctual.done.syncs).toBe(1);
    const early = scheduled(1);
    await early.minutes(27);
    expect(early.done.syncs).toBe(1);
  });

  test("several online sign-ins in a moment make one sync", async () => {
    const { clock, schedule, done } = scheduled(0);
    for (let i = 0; i < 5; i++) schedule.soon();
    await clock.advance(1_000);
    expect(done.syncs).toBe(1);
  });

  test("says that a sync is under way from the moment it is asked for until it has ended", async () => {
    const { clock, schedule, syncsBy } = scheduled(0);
    const line = Promise.withResolvers<"done">();
    syncsBy(() => line.promise);
    expect(schedule.underWay).toBe(false);
    schedule.soon();
    expect(schedule.underWay).toBe(true);
    await clock.advance(1_000);
    expect(schedule.underWay).toBe(true);
    line.resolve("done");
    await turn();
    expect(schedule.underWay).toBe(false);
  });

  test("a sync that a sign-in has overtaken is made up for soon", async () => {
    const { clock, schedule, done, syncsBy } = scheduled(0);
    syncsBy(async () => (done.syncs < 3 ? "overtaken" : "done"));
    schedule.soon();
    await clock.advance(10_000);
    expect(done.syncs).toBe(3);
    expect(schedule.underWay).toBe(false);
  });

  test("while the server is out of reach it is probed ever more rarely, and synced with once when it is back", async () => {
    const { clock, reach, done, minutes } = scheduled(0);
    reach.failed("unreachable");
    await clock.advance(60_000);
    const inTheFirstMinute = done.probes;
    expect(inTheFirstMinute).toBeGreaterThanOrEqual(3);
    await clock.advance(60 * minuteMs);
    expect(done.probes - inTheFirstMinute).toBeLessThanOrEqual(15);
    await minutes(60);
    expect(done.syncs).toBe(0);
    reach.heard(clock.wallMs());
    await clock.advance(5 * minuteMs + 1_000);
    expect(done.syncs).toBe(1);
  });

  test("nothing runs any more once it is stopped", async () => {
    const { clock, reach, schedule, done } = scheduled(0);
    schedule.soon();
    reach.failed("unreachable");
    schedule.stop();
    await clock.advance(60 * minuteMs);
    expect(done).toEqual({ syncs: 0, probes: 0 });
  });
});

describe("the lane", () => {
  test("carries one at a time, in order", async () => {
    const lane = new Lane();
    const order: string[] = [];
    const work = (name: string) => async () => {
      order.push(`${name} begins`);
      await turn();
      order.push(`${name} ends`);
    };
    await Promise.all([lane.foreground(work("a")), lane.background(work("b")), lane.foreground(work("c"))]);
    expect(order).toEqual(["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]);
  });

  test("a failure of one is nothing to the next", async () => {
    const lane = new Lane();
    await expect(lane.foreground(() => Promise.reject(new Error("no")))).rejects.toThrow("no");
    await expect(lane.foreground(() => Promise.resolve("yes"))).resolves.toBe("yes");
  });
});

describe("a person and the background", () => {
  let house: House;
  afterEach(() => house.tearDown());

  test("a hanging sync gives way at once, and the person's code is judged online", async () => {
    house = await House.build();
    const alice = await house.user("alice");
    await house.join();
    house.line = (sent, pass, stop) => (sent.path === "/v1/sync" ? silence(sent, pass, stop) : pass(sent));
    const hanging = house.agent.actions.sync();
    const refused = expect(hanging).rejects.toThrow(/sign-in went first/);
    await turn();
    expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("granted online by totp");
    await refused;
  });

  test("sequence numbers rise through restarts, and none is used twice", async () => {
    house = await House.build();
    await house.join();
    for (let i = 0; i < 4; i++) {
      await house.agent.online.probe();
      await house.agent.online.probe();
      house.startAgent();
    }
    const sequences = house.heard
      .filter((sent) => sent.path === "/v1/probe")
      .map((sent) => Number(JSON.parse(Buffer.from(sent.body).toString("utf8")).sequence));
    expect(sequences).toHaveLength(8);
    expect(sequences).toEqual([...new Set(sequences)].sort((a, b) => a - b));
    expect(house.agent.reach.state).toBe("unknown");
  });
});

describe("a sync soon", () => {
  let house: House;
  let alice: Token;
  const asksFor = async (deed: () => Promise<unknown>): Promise<number> => {
    const before = house.agent.syncsAsked;
    await deed();
    return house.agent.syncsAsked - before;
  };
  beforeEach(async () => {
    house = await House.build();
    alice = await house.user("alice");
  });
  afterEach(() => house.tearDown());

  test("follows a join, and none that was refused", async () => {
    const wrong = house.agent.actions.join("https://server.test", "nonsense");
    await expect(wrong).rejects.toThrow();
    expect(house.agent.syncsAsked).toBe(0);
    expect(await asksFor(() => house.join())).toBe(1);
  });

  test("follows the sign-in that enrols", async () => {
    await house.join();
    expect(await asksFor(() => house.agent.signIn("alice", [alice.code()]))).toBe(1);
    expect((await house.agent.actions.status()).enrolments).toHaveLength(1);
  });

  test("follows a recovery", async () => {
    await house.join();
    house.agent.stop();
    rmSync(join(house.folder, "state", "state.db"));
    house.startAgent();
    const recovering = async () =>
      expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("granted online by totp");
    expect(await asksFor(recovering)).toBe(1);
    expect((await house.agent.actions.status()).lastSyncAtMs).toBeNull();
  });
});
