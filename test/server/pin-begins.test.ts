// A policy that begins to ask for a PIN, or for one elsewhere in the answer, at the moment of a sign-in. Answers are made ready to be
// judged by the policies that were read last: whoever is judged by newer ones loses nothing by that.

import { pino } from "pino";
import { beforeEach, expect, it } from "vitest";
import { makeApp } from "../../server/api/app.ts";
import { random, type TestServer, testServer, totpAt } from "./fixture.ts";
import { TestMachine } from "./machine.ts";
import { anotherInstance } from "./mail/instance.ts";
import { reasons, setPin, stateOfPin } from "./pins.ts";

let server: TestServer;
let machine: TestMachine;
let code: () => string;

// The machine asks one instance, and an admin changes the policy at the other, which the first one has not heard of.
beforeEach(async () => {
  server = await testServer();
  const other = await anotherInstance(server);
  const log = pino({ level: "silent" });
  const app = makeApp({ ...other, clock: server.clock, random, log, syncMinutes: 60 });
  machine = new TestMachine((request) => app.fetch(request), server.clock, "laptop");
  await machine.join(await server.token());
  const secret = await server.userWithTotp("alice", ["staff"]);
  await setPin(server, "alice", "9946");
  code = () => {
    server.clock.nowMs += 30_000;
    return totpAt(secret, server.clock.nowMs);
  };
  expect(await machine.verify("alice", [code()])).toMatchObject({ verdict: "granted" });
});

const placed = (place: "before" | "after") => (place === "before" ? `9946${code()}` : `${code()}9946`);

it.each(["before", "after"] as const)(
  "takes a right PIN %s the code at the very next sign-in",
  async (place) => {
    await server.policy(`pin.place=${place}`);
    expect(await machine.verify("alice", [placed(place)])).toMatchObject({ verdict: "granted" });
  },
);

it.each(["before", "after"] as const)(
  "takes it %s the code when it was on the other side until now",
  async (place) => {
    await server.policy(`pin.place=${place === "before" ? "after" : "before"}`);
    expect(await machine.verify("alice", [code()])).toMatchObject({ verdict: "denied" });
    await server.policy(`pin.place=${place}`);
    expect(await machine.verify("alice", [placed(place)])).toMatchObject({ verdict: "granted" });
  },
);

it("refuses a code alone and a wrong PIN, counts each once, and takes the request's number once", async () => {
  await server.policy("pin.place=before");
  expect(await machine.verify("alice", [code()])).toMatchObject({ verdict: "denied" });
  await server.policy("pin.place=none");
  expect(await machine.verify("alice", [code()])).toMatchObject({ verdict: "granted" });
  await server.policy("pin.place=before");
  expect(await machine.verify("alice", [`1357${code()}`])).toMatchObject({ verdict: "denied" });
  expect(await reasons(server)).toEqual(["wrong-pin", "wrong-pin"]);
  expect(await stateOfPin(server, "alice")).toEqual({ state: "set", failures: 1 });
  expect((await server.audit()).filter(({ kind }) => kind === "sequence-conflict")).toEqual([]);
});

it("asks for none at the very next sign-in after it has stopped", async () => {
  await server.policy("pin.place=before");
  expect(await machine.verify("alice", [placed("before")])).toMatchObject({ verdict: "granted" });
  await server.policy("pin.place=none");
  expect(await machine.verify("alice", [code()])).toMatchObject({ verdict: "granted" });
});

it("is the same for a policy of some users' groups", async () => {
  await server.groupPolicy("staff", 1, "pin.place=after");
  expect(await machine.verify("alice", [placed("after")])).toMatchObject({ verdict: "granted" });
});
