// Policies by machine tag: who is asked for what where, also on machines that have no bundle of a user.

import { describe, expect, it } from "vitest";
import { addTag, removeTag } from "../../server/machines/tags.ts";
import { theMachine } from "../../server/machines/machines.ts";
import { previewChange } from "../../server/policies/preview.ts";
import { dayMs, secondMs } from "../../words/clock.ts";
import { startMs, type TestServer, testServer, totpAt } from "./fixture.ts";
import type { TestMachine } from "./machine.ts";

const tag = (server: TestServer, machine: TestMachine, name: string) =>
  server.store.write(async (tx) => addTag(tx, await theMachine(tx, machine.id), name, server.clock.nowMs));
const untag = (server: TestServer, machine: TestMachine, name: string) =>
  server.store.write(async (tx) => removeTag(tx, await theMachine(tx, machine.id), name, server.clock.nowMs));

async function policyOfMachine(machine: TestMachine) {
  const { machinePolicy } = await machine.sync({ machinePolicySerial: 0 });
  if (machinePolicy === null) throw new Error("no machine policy");
  return machine.openMachinePolicy(machinePolicy);
}

describe("a machine's tags", () => {
  it("come with the token it joins with, and are given and taken by the admin", async () => {
    const server = await testServer();
    const laptop = await server.machine("laptop", ["road"]);
    await server.namedPolicy("road", { tags: ["road"] }, "offline.days=2");
    expect(await policyOfMachine(laptop)).toMatchObject({
      policyName: "road",
      policy: { offline: { days: 2 } },
    });
    await untag(server, laptop, "road");
    expect((await policyOfMachine(laptop)).policyName).toBe("default");
    await expect(untag(server, laptop, "road")).rejects.toThrow("does not have the tag");
    await tag(server, laptop, "road");
    expect((await policyOfMachine(laptop)).policyName).toBe("road");
    await expect(tag(server, laptop, "a b")).rejects.toThrow("a tag begins with");
  });

  it("that were taken away don't come back when the machine asks to join once more", async () => {
    const server = await testServer();
    const token = await server.token(1, 24, ["road"]);
    const laptop = await server.machine("laptop", [], token);
    await untag(server, laptop, "road");
    await laptop.join(token);
    await server.namedPolicy("road", { tags: ["road"] }, "offline.days=2");
    expect((await policyOfMachine(laptop)).policyName).toBe("default");
  });

  it("choose the policy of one user on two machines", async () => {
    const server = await testServer();
    const secret = await server.userWithTotp("alice", ["staff"]);
    await server.namedPolicy("road", { groups: ["staff"], tags: ["laptop"] }, "offline.days=30");
    const laptop = await server.machine("laptop", ["laptop"]);
    const desk = await server.machine("desk");
    const there = await laptop.enrolledVerify("alice", [totpAt(secret, startMs)]);
    server.clock.pass(30 * secondMs);
    const here = await desk.enrolledVerify("alice", [totpAt(secret, server.clock.nowMs)]);
    expect([there.policyName, here.policyName]).toEqual(["road", "default"]);
    expect(there.lease.expiresAtMs).toBe(startMs + 30 * dayMs);
  });

  it("taken away while the machine is offline shorten the lease at its next sync; given again they lengthen nothing", async () => {
    const server = await testServer();
    const secret = await server.userWithTotp("alice");
    await server.namedPolicy("road", { tags: ["laptop"] }, "offline.days=30");
    const laptop = await server.machine("laptop", ["laptop"]);
    await laptop.enrolledVerify("alice", [totpAt(secret, startMs)]);
    await untag(server, laptop, "laptop");
    const lease = async () => {
      const [bundle] = (await laptop.sync()).bundles;
      if (bundle === undefined) throw new Error("no new bundle");
      return laptop.openBundle(bundle).lease;
    };
    expect((await lease()).expiresAtMs).toBe(startMs + 7 * dayMs);
    await tag(server, laptop, "laptop");
    expect((await lease()).expiresAtMs).toBe(startMs + 7 * dayMs);
  });
});

describe("a machine without a bundle of a user", () => {
  it("asks whom the user's own policy asks, where everybody else is exempt", async () => {
    const server = await testServer();
    await server.policy("mfa=exempt");
    await server.userWithTotp("alice", ["pilot"]);
    await server.userWithTotp("bob", ["staff"]);
    await server.groupPolicy("pilot", 1, "mfa=required");
    const laptop = await server.machine();
    const { policy, ofUsers } = await policyOfMachine(laptop);
    expect(policy.mfa).toBe("exempt");
    expect(ofUsers).toMatchObject([{ policyName: "pilot", policy: { mfa: "required" }, users: ["alice"] }]);
  });

  it("hears of a user in two groups once, under the first policy", async () => {
    const server = await testServer();
    await server.userWithTotp("alice", ["staff", "guests"]);
    await server.userWithTotp("bob", ["guests"]);
    await server.groupPolicy("guests", 1, "unreachable=skip");
    await server.groupPolicy("staff", 1, "scope=remote");
    const laptop = await server.machine();
    expect((await policyOfMachine(laptop)).ofUsers).toMatchObject([
      { policyName: "staff", users: ["alice"] },
      { policyName: "guests", users: ["bob"] },
    ]);
  });

  it("hears nothing of users whose policy comes to the same there, nor of disabled ones", async () => {
    const server = await testServer();
    await server.userWithTotp("alice", ["staff"]);
    await server.groupPolicy("staff", 1, "offline.days=3");
    const laptop = await server.machine();
    expect((await policyOfMachine(laptop)).ofUsers).toEqual([]);
  });

  it("asks everybody where more users are asked than it can hear of", async () => {
    const server = await testServer();
    await server.policy("mfa=exempt", "unreachable=skip");
    await server.manyUsers(10_001, ["pilot"]);
    await server.groupPolicy("pilot", 1, "mfa=required", "unreachable=deny", "scope=remote,logon");
    const laptop = await server.machine();
    const { policy, ofUsers } = await policyOfMachine(laptop);
    expect(policy).toMatchObject({ mfa: "required", unreachable: "deny", scope: ["logon", "remote"] });
    expect(ofUsers[0]?.users.length).toBeLessThanOrEqual(10_000);
  });
});

describe("a preview", () => {
  it("counts users and machines that would get another policy, and says what would be different", async () => {
    const server = await testServer();
    await server.userWithTotp("alice", ["staff", "ops"]);
    await server.userWithTotp("bob", ["staff"]);
    await server.userWithTotp("carol");
    await server.groupPolicy("ops", 1, "offline.days=1");
    await server.machine("laptop", ["laptop"]);
    await server.machine("desk");
    const settings = (present: unknown) => ({ ...(present as object), enrol: "ask" });
    const change = { do: "set", name: "road", groups: ["staff"], tags: ["laptop"], settings } as const;
    const preview = await previewChange(server.store.db, change);
    expect(preview).toMatchObject({
      users: { count: 1, first: ["bob"] },
      machines: { count: 1, first: ["laptop"] },
      moves: [{ from: "default", to: "road", users: 1, machines: 1, differences: [{ field: "enrol" }] }],
    });
    const first = await previewChange(server.store.db, { ...change, position: 1 });
    expect(first.users).toEqual({ count: 2, first: ["alice", "bob"] });
    expect(first.moves.map(({ from, to }) => [from, to])).toEqual(
      expect.arrayContaining([
        ["ops", "road"],
        ["default", "road"],
      ]),
    );
    const nothing = await previewChange(server.store.db, { do: "move", name: "ops", position: 1 });
    expect([nothing.users.count, nothing.moves]).toEqual([0, []]);
  });
});
