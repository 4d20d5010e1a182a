// The server was put back from a backup and has forgotten a while; the machines have not.

import { cpSync, mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { fine, House, said, storm, type Token } from "./house.ts";

let house: House;
let alice: Token;
const at = (name: string) => join(house.folder, name);

/** Alice is enrolled; a backup is made; then both sides go on for a while. */
beforeEach(async () => {
  house = await House.build();
  alice = await house.user("alice");
  await house.join();
  expect(await signsIn()).toBe("granted online by totp");
  await house.admin("backup", at("backup"));
  for (let count = 0; count < 3; count++) {
    expect(await signsIn()).toBe("granted online by totp");
    await house.admin("policy", "set", `offline.days=${count + 3}`);
    await house.agent.actions.sync();
  }
  house.line = storm("unreachable");
  expect(await signsIn()).toBe("granted offline by totp");
  house.line = fine;
  await house.agent.actions.sync();
});

afterEach(() => house.tearDown());

async function signsIn(): Promise<string> {
  await house.clock.advance(30_000);
  return said(await house.agent.signIn("alice", [alice.code()]));
}

/** What may have been used just before a restore is not good after it: this step, and the one that the policy takes ahead. */
const stepsSpentMs = 30_000;

async function restored(): Promise<void> {
  await house.server.store.close();
  renameSync(at("server"), at("lost"));
  await house.admin("restore", at("backup"));
  await house.reopenServer();
  await house.clock.advance(stepsSpentMs);
}

/** The files put back by hand, and nothing more. */
async function copiedBack(): Promise<void> {
  await house.server.store.close();
  renameSync(at("server"), at("lost"));
  mkdirSync(at("server"), { mode: 0o700 });
  for (const name of ["server.key", "nightlatch.db"])
    cpSync(join(at("backup"), name), join(at("server"), name));
  await house.reopenServer();
}

const machines = async () => (await house.admin("machine", "list")) as { id: string; flags: string[] }[];

describe("a server that was restored", () => {
  test("is the same to its machines at once, and flags none of them", async () => {
    await restored();
    expect(await signsIn()).toBe("granted online by totp");
    await house.agent.actions.sync();
    expect(await signsIn()).toBe("granted online by totp");
    expect((await machines()).map(({ flags }) => flags)).toEqual([[]]);
    house.line = storm("unreachable");
    expect(await signsIn()).toBe("granted offline by totp");
  });

  test("hears what happens from now on, and what was still waiting", async () => {
    house.line = storm("unreachable");
    await signsIn();
    await restored();
    house.line = fine;
    await house.agent.actions.sync();
    const audit = (await house.admin("audit")) as { kind: string; detail: { offline?: boolean } }[];
    const kinds = audit.map(({ kind }) => kind);
    expect(kinds).toContain("server-restored");
    const since = audit.slice(kinds.indexOf("events-begin-anew") + 1);
    expect(since).toContainEqual(
      expect.objectContaining({
        kind: "sign-in-granted",
        detail: expect.objectContaining({ offline: true }),
      }),
    );
    expect(kinds.filter((kind) => kind.startsWith("event-"))).toEqual([]);
    const { events } = house.agent.keeper.store().head;
    expect(events.sentThrough).toBe(events.sequence);
  });

  test("revokes, and is believed", async () => {
    await restored();
    const [machine] = await machines();
    await house.admin("machine", "revoke", machine?.id ?? "");
    await house.agent.online.probe();
    expect((await house.agent.actions.status()).state).toBe("revoked");
  });

  test("doesn't know a machine that joined since: that one is offline, and not revoked", async () => {
    house.agent.stop();
    renameSync(at("state"), at("state-of-first"));
    house.startAgent();
    await house.join();
    expect(await signsIn()).toBe("granted online by totp");
    await restored();
    expect(await signsIn()).toBe("granted offline by totp");
    expect((await house.agent.actions.status()).state).toBe("healthy");
  });

  test("accepts no join token from before", async () => {
    const { token } = (await house.admin("join-token", "create")) as { token: string };
    await house.admin("backup", at("later"));
    renameSync(at("backup"), at("earlier"));
    renameSync(at("later"), at("backup"));
    await restored();
    house.agent.stop();
    renameSync(at("state"), at("state-of-first"));
    house.startAgent();
    await expect(house.agent.actions.join("https://server.test", token)).rejects.toThrow();
  });
});

describe("a server whose files were put back by hand", () => {
  test("is behind its machines for one sign-in, and right after a sync", async () => {
    await copiedBack();
    const asked = house.agent.syncsAsked;
    expect(await signsIn()).toBe("unavailable");
    expect(house.agent.syncsAsked).toBe(asked + 1);
    await house.agent.actions.sync();
    expect(await signsIn()).toBe("granted online by totp");
  });

  test("is right at once after after-restore", async () => {
    await copiedBack();
    await house.admin("after-restore");
    await house.clock.advance(stepsSpentMs);
    expect(await signsIn()).toBe("granted online by totp");
    await house.agent.actions.sync();
    expect((await machines()).map(({ flags }) => flags)).toEqual([[]]);
  });
});
