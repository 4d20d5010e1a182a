// Machines' events: kept exactly once, and what is missing or was changed shows.

import { describe, expect, it } from "vitest";
import { isoTime } from "../../server/iso-time.ts";
import { clearFlags, theMachine } from "../../server/machines/machines.ts";
import { dayMs } from "../../words/clock.ts";
import { flags, machineEvents, startMs, testServer } from "./fixture.ts";

describe("events", () => {
  it("are kept exactly once, though the machine sends them again", async () => {
    const server = await testServer();
    const laptop = await server.machine();
    laptop.event("server-unreachable");
    laptop.event("sign-in-granted", { user: "alice", offline: true });
    expect((await laptop.ask("sync", laptop.syncRequest())).eventsThrough).toBe(2);
    laptop.event("server-reachable");
    expect((await laptop.ask("sync", laptop.syncRequest(1))).eventsThrough).toBe(3);
    expect((await laptop.ask("sync", laptop.syncRequest(2))).eventsThrough).toBe(3);
    const kinds = (await machineEvents(server)).map((entry) => entry.kind);
    expect(kinds).toEqual(["server-unreachable", "sign-in-granted", "server-reachable"]);
    expect(await flags(server, laptop)).toEqual([]);
  });

  it("of offline sign-ins stand in the audit with machine, user, trusted time and wall time", async () => {
    const server = await testServer();
    const laptop = await server.machine();
    const [atMs, wallMs] = [startMs - dayMs, startMs - 2 * dayMs];
    laptop.event("sign-in-denied", { user: "alice", offline: true, atMs, wallMs, reason: "used-code" });
    await laptop.sync();
    expect(await machineEvents(server)).toMatchObject([
      {
        atMs,
        kind: "sign-in-denied",
        user: "alice",
        machine: laptop.id,
        detail: { offline: true, reason: "used-code", wallAt: isoTime(wallMs), receivedAt: isoTime(startMs) },
      },
    ]);
  });

  it("with a gap before them are not taken, and flag the machine once", async () => {
    const server = await testServer();
    const laptop = await server.machine();
    for (let event = 0; event < 4; event++) laptop.event("server-unreachable");
    for (let time = 0; time < 3; time++)
      expect((await laptop.ask("sync", laptop.syncRequest(3))).eventsThrough).toBe(0);
    expect(await flags(server, laptop)).toEqual(["event-gap"]);
    const gaps = (await server.audit()).filter((entry) => entry.kind === "event-gap");
    expect(gaps).toMatchObject([{ machine: laptop.id, detail: { from: 3, keptThrough: 0 } }]);
    expect((await laptop.sync()).eventsThrough).toBe(4);
  });

  it("that were dropped on the machine are told with their number, and flag it; the chain goes on", async () => {
    const server = await testServer();
    const laptop = await server.machine();
    laptop.event("sign-in-denied", { user: "alice" });
    const dropped = {
      counts: { "sign-in-denied": 7, "sign-in-locked": 2 },
      fromMs: startMs,
      throughMs: startMs,
    };
    laptop.event("events-dropped", { dropped });
    laptop.event("server-reachable");
    expect((await laptop.sync()).eventsThrough).toBe(3);
    expect(await flags(server, laptop)).toEqual(["events-dropped"]);
    expect(await machineEvents(server)).toMatchObject([
      { kind: "sign-in-denied" },
      {
        kind: "events-dropped",
        detail: {
          said: "9 events dropped on the machine",
          dropped: ["7 sign-in-denied", "2 sign-in-locked"],
          from: isoTime(startMs),
        },
      },
      { kind: "server-reachable" },
    ]);
  });

  it("that were cut out are a gap, also when the machine says that they were dropped", async () => {
    const server = await testServer();
    const laptop = await server.machine();
    laptop.event("sign-in-granted", { user: "mallory" });
    const counts = { "sign-in-granted": 1 };
    laptop.event("events-dropped", { dropped: { counts, fromMs: startMs, throughMs: startMs } });
    expect((await laptop.ask("sync", laptop.syncRequest(2))).eventsThrough).toBe(0);
    expect(await flags(server, laptop)).toEqual(["event-gap"]);
  });

  it("that tell the past another way are a fork", async () => {
    const server = await testServer();
    const laptop = await server.machine();
    laptop.event("sign-in-granted", { user: "alice" });
    laptop.event("server-unreachable");
    await laptop.sync();
    laptop.lines.length = 0;
    laptop.event("sign-in-granted", { user: "mallory" });
    laptop.event("server-reachable");
    expect((await laptop.ask("sync", laptop.syncRequest(1))).eventsThrough).toBe(2);
    laptop.event("server-reachable");
    expect((await laptop.ask("sync", laptop.syncRequest(3))).eventsThrough).toBe(2);
    expect(await flags(server, laptop)).toEqual(["event-fork"]);
    const users = (await machineEvents(server)).map((entry) => entry.user);
    expect(users).toEqual(["alice", null]);
  });

  it("that this server can't read are kept, flagged, and don't hold up what follows", async () => {
    const server = await testServer();
    const laptop = await server.machine();
    laptop.lines.push("not JSON", JSON.stringify({ sequence: 2, kind: "from-the-future" }));
    laptop.event("server-reachable");
    expect((await laptop.sync()).eventsThrough).toBe(3);
    expect(await flags(server, laptop)).toEqual(["event-malformed"]);
    const kinds = (await machineEvents(server)).map((entry) => entry.kind);
    expect(kinds).toEqual(["unreadable-event", "unreadable-event", "server-reachable"]);
  });

  it("about a name with a zero byte can't be read; one with the text of its escape is a name", async () => {
    const server = await testServer();
    const laptop = await server.machine();
    for (const user of ["a\0b", "a\\u0000b"]) laptop.event("sign-in-denied", { user });
    expect((await laptop.sync()).eventsThrough).toBe(2);
    expect(await flags(server, laptop)).toEqual(["event-malformed"]);
    expect(await machineEvents(server)).toMatchObject([
      { kind: "unreadable-event", user: null },
      { kind: "sign-in-denied", user: "a\\u0000b" },
    ]);
  });

  it("begin anew after an admin has looked into a broken chain", async () => {
    const server = await testServer();
    const laptop = await server.machine();
    for (let event = 0; event < 4; event++) laptop.event("server-unreachable");
    await laptop.ask("sync", laptop.syncRequest(3));
    await server.store.write(async (tx) => {
      await clearFlags(tx, await theMachine(tx, laptop.id), startMs);
    });
    expect((await laptop.ask("sync", laptop.syncRequest(3))).eventsThrough).toBe(4);
    laptop.event("server-reachable");
    expect((await laptop.ask("sync", laptop.syncRequest(5))).eventsThrough).toBe(5);
    expect(await flags(server, laptop)).toEqual([]);
  });
});
