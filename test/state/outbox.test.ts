// What waits for the server is bounded. What finds no room is counted, durably, and told by an event of the chain itself: the
// server sees neither gap nor fork, an admin sees how many, and no sign-in fails for it.

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { EventDraft } from "../../agent/state/outbox.ts";
import { mostWaiting } from "../../agent/state/outbox.ts";
import { Rows } from "../../agent/state/rows.ts";
import { fine, House, said, storm, type Token } from "../sync/house.ts";

let house: House;
let alice: Token;

beforeEach(async () => {
  house = await House.build([
    "policy",
    "set",
    "lockout.failures=0",
    "guessLimit=10000",
    "totpWindow.past=10",
    "totpWindow.future=10",
  ]);
  alice = await house.user("alice");
  await house.join();
  await house.agent.signIn("alice", [alice.code(-300_000)]);
  await house.agent.actions.sync();
  house.line = storm("unreachable");
  await house.agent.online.probe();
});

afterEach(async () => {
  vi.restoreAllMocks();
  await house.tearDown();
});

/** So many things that anybody can make happen, in one commit. */
function happen(count: number, draft: EventDraft = { kind: "sign-in-denied", user: "mallory" }): void {
  const { keeper, timekeeper } = house.agent;
  const { moment, wallMs } = timekeeper.now(keeper.store().head.time);
  const events = Array.from({ length: count }, () => draft);
  keeper.commit({ nowMs: moment.nowMs, wallMs, events });
}

const status = () => house.agent.actions.status();
const ends = () => house.agent.keeper.store().head.events;

interface Entry {
  readonly kind: string;
  readonly source: string;
  readonly user: string | null;
  readonly detail: Readonly<Record<string, unknown>>;
}
const audit = async (...more: string[]) =>
  ((await house.admin("audit", "--limit", "100000", ...more)) as Entry[]).filter(
    ({ source }) => source === "machine",
  );
const flags = async () => ((await house.admin("machine", "list")) as { flags: string[] }[])[0]?.flags;

test("what anybody can repeat fills no more than four fifths, and the rest is counted", async () => {
  happen(mostWaiting.events + 500);
  const { eventsWaiting, eventsDropped } = await status();
  expect(eventsWaiting).toBe(8_000);
  expect(eventsDropped).toBe(mostWaiting.events + 500 - 8_000);
});

test("a sign-in when there is no room for refusals is granted, refused and audited as ever", async () => {
  happen(mostWaiting.events);
  const before = ends();
  expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("granted offline by totp");
  expect(ends().sequence).toBe(before.sequence + 1);
  expect(said(await house.agent.signIn("alice", ["000000"]))).toBe("denied");
  expect(ends().sequence).toBe(before.sequence + 1);
  expect(ends().dropped?.counts["sign-in-denied"]).toBe((before.dropped?.counts["sign-in-denied"] ?? 0) + 1);
});

test("when there is no room at all, a sign-in is granted, and counted", async () => {
  happen(mostWaiting.events);
  happen(mostWaiting.events, { kind: "sign-in-granted", user: "bob", method: "totp", offline: true });
  expect((await status()).eventsWaiting).toBe(mostWaiting.events);
  const before = ends().dropped?.counts["sign-in-granted"] ?? 0;
  expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("granted offline by totp");
  expect(ends().dropped?.counts["sign-in-granted"]).toBe(before + 1);
  house.startAgent();
  expect(ends().dropped?.counts["sign-in-granted"]).toBe(before + 1);
  expect((await status()).state).toBe("healthy");
});

test("sign-ins that ask nobody for anything don't drive out those that do", async () => {
  happen(mostWaiting.events, { kind: "sign-in-granted", user: "guest", method: "exempt" });
  expect((await status()).eventsWaiting).toBe(8_000);
  happen(1, { kind: "sign-in-granted", user: "alice", method: "totp", offline: true });
  expect((await status()).eventsWaiting).toBe(8_001);
});

test("the bound in bytes holds as well", async () => {
  const user = "m".repeat(250);
  happen(9_000, { kind: "sign-in-denied", user, service: "s".repeat(120), reason: "wrong-code" });
  const lines = house.agent.keeper.store().eventLines(10_000);
  const bytes = lines.reduce((sum, line) => sum + Buffer.byteLength(line), 0);
  expect(bytes).toBeLessThanOrEqual(0.8 * mostWaiting.bytes);
  expect(bytes).toBeGreaterThan(0.79 * mostWaiting.bytes);
  expect(lines.length).toBeLessThan(8_000);
  house.startAgent();
  happen(10, { kind: "sign-in-denied", user, service: "s".repeat(120), reason: "wrong-code" });
  const more = house.agent.keeper.store().eventLines(10_000).slice(lines.length);
  expect(more.filter((line) => line.includes(`"user"`))).toEqual([]);
});

describe("the server", () => {
  test("gets what waited, once, then how much was dropped; the chain is whole and the machine is flagged", async () => {
    happen(8_600);
    expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("granted offline by totp");
    const { dropped } = ends();
    house.line = fine;
    await house.agent.actions.sync();
    expect(await status()).toMatchObject({ eventsDropped: 0 });
    const entries = await audit();
    expect(entries.filter(({ user }) => user === "mallory")).toHaveLength(8_000);
    const told = entries.filter(({ kind }) => kind === "events-dropped");
    expect(told).toHaveLength(1);
    expect(told[0]?.detail).toMatchObject({
      said: "600 events dropped on the machine",
      dropped: ["600 sign-in-denied"],
    });
    expect(dropped?.counts).toEqual({ "sign-in-denied": 600 });
    expect(entries.filter(({ kind, user }) => kind === "sign-in-granted" && user === "alice")).toHaveLength(
      1,
    );
    expect(await flags()).toEqual(["events-dropped"]);
  });

  test("keeps a chain in which an admin dropped the flag whole", async () => {
    happen(8_600);
    house.line = fine;
    await house.agent.actions.sync();
    const [machine] = (await house.admin("machine", "list")) as { id: string }[];
    await house.admin("machine", "clear-flags", machine?.id ?? "");
    happen(3);
    await house.agent.actions.sync();
    expect(await flags()).toEqual([]);
    expect((await audit()).filter(({ kind }) => kind === "events-dropped")).toHaveLength(1);
  });

  test.each(["before", "after"])(
    "hears each once, though the agent dies %s a commit of the sync",
    async (when) => {
      happen(8_600);
      house.line = fine;
      const write = Rows.prototype.write;
      for (let at = 1; at <= 4; at++) {
        let commits = 0;
        vi.spyOn(Rows.prototype, "write").mockImplementation(function (this: Rows, ...rows) {
          commits += 1;
          if (commits < at || when === "after") write.apply(this, rows);
          if (commits >= at) throw new Error("the power went");
        });
        await house.agent.actions.sync().catch(() => undefined);
        vi.restoreAllMocks();
        house.startAgent();
        expect(house.agent.keeper.condition().state).toBe("healthy");
      }
      await house.agent.actions.sync();
      const entries = await audit();
      expect(entries.filter(({ user }) => user === "mallory")).toHaveLength(8_000);
      const counts = entries
        .filter(({ kind }) => kind === "events-dropped")
        .map(({ detail }) => detail["dropped"]);
      expect(counts.flat().reduce((sum: number, one) => sum + Number.parseInt(String(one), 10), 0)).toBe(600);
      expect(await flags()).toEqual(["events-dropped"]);
    },
  );
});
