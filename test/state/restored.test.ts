// The past put back: with a counter that the disk can't turn back it is seen, every time; a normal restart never is taken
// for one; and one online MFA sets everything right, under new keys.

import { chmodSync, cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { fine, House, said, storm, type Token } from "../sync/house.ts";

let house: House;
let alice: Token;
let counted: number;
const folder = () => join(house.folder, "state");
const copy = () => join(house.folder, "copy");

beforeEach(async () => {
  house = await House.build();
  counted = 7;
  house.counter = {
    read: () => counted,
    increment: () => {
      counted += 1;
      return counted;
    },
  };
  house.startAgent();
  alice = await house.user("alice");
  await house.join();
  expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("granted online by totp");
  await house.clock.advance(30_000);
  house.line = storm("unreachable");
  await house.agent.online.probe();
});

afterEach(() => house.tearDown());

function keepCopy(): void {
  house.agent.stop();
  rmSync(copy(), { recursive: true, force: true });
  cpSync(folder(), copy(), { recursive: true, preserveTimestamps: true });
  house.startAgent();
}

function putBack(): void {
  house.agent.stop();
  rmSync(folder(), { recursive: true });
  cpSync(copy(), folder(), { recursive: true, preserveTimestamps: true });
  house.startAgent();
}

test("each commit that spends is counted, and others are not", async () => {
  const before = counted;
  await house.agent.signIn("alice", [alice.code()]);
  await house.agent.signIn("alice", ["000000"]);
  expect(counted).toBe(before + 2);
  await house.agent.signIn("nobody", []);
  expect(counted).toBe(before + 2);
});

test("a folder put back after a sign-in is unavailable offline, again and again", async () => {
  for (let i = 0; i < 5; i++) {
    keepCopy();
    const code = alice.code();
    expect(said(await house.agent.signIn("alice", [code]))).toBe("granted offline by totp");
    putBack();
    expect(house.agent.keeper.condition()).toMatchObject({
      state: "damaged",
      where: expect.stringContaining("put back"),
    });
    expect(said(await house.agent.signIn("alice", [code]))).toBe("unavailable");
    house.startAgent();
    expect(said(await house.agent.signIn("alice", [code]))).toBe("unavailable");
    house.line = fine;
    await house.clock.advance(30_000);
    expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("granted online by totp");
    await house.clock.advance(30_000);
    house.line = storm("unreachable");
    await house.agent.online.probe();
  }
});

test("a folder put back after a wrong guess gives the guess back to nobody", async () => {
  keepCopy();
  expect(said(await house.agent.signIn("alice", ["000000"]))).toBe("denied");
  putBack();
  expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("unavailable");
});

test("restarts and reboots are never taken for a restored state", async () => {
  for (let i = 0; i < 20; i++) {
    if (i % 3 === 0) house.reboot();
    else house.startAgent();
    expect(house.agent.keeper.condition().state).toBe("healthy");
    expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("granted offline by totp");
    await house.clock.advance(30_000);
  }
});

test("a crash between commit and count is caught up, and the code stays spent", async () => {
  const increment = house.counter?.increment;
  if (house.counter === undefined || increment === undefined) throw new Error("no counter");
  const code = alice.code();
  house.counter.increment = () => {
    throw new Error("the power went");
  };
  await expect(house.agent.signIn("alice", [code])).rejects.toMatchObject({ code: "COMMIT_FAILED" });
  house.counter.increment = increment;
  house.startAgent();
  expect(house.agent.keeper.condition().state).toBe("healthy");
  expect(said(await house.agent.signIn("alice", [code]))).toBe("denied");
});

test("a counter that does not answer means unavailable, not damaged, and passes", async () => {
  const read = house.counter?.read;
  if (house.counter === undefined || read === undefined) throw new Error("no counter");
  house.counter.read = () => {
    throw new Error("the device is busy");
  };
  house.startAgent();
  await expect(house.agent.signIn("alice", [alice.code()])).rejects.toThrow("busy");
  house.counter.read = read;
  expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("granted offline by totp");
});

describe("recovery by one online MFA", () => {
  async function lose(deed: () => void): Promise<void> {
    house.agent.stop();
    deed();
    house.startAgent();
    expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("unavailable");
  }

  const losses: Record<string, () => void> = {
    "the database is gone": () => rmSync(join(folder(), "state.db")),
    "the key is gone": () => rmSync(join(folder(), "machine.key")),
    "the counter is another one": () => {
      counted += 1_000;
    },
    "the counter has gone back": () => {
      counted -= 1;
      counted -= 1;
    },
  };

  test.each(Object.entries(losses))("%s", async (_name, deed) => {
    await house.agent.signIn("alice", [alice.code()]);
    await house.clock.advance(30_000);
    const before = house.agent.keeper.store().server().machine;
    await lose(deed);
    house.line = fine;
    expect(said(await house.agent.signIn("alice", ["000000"]))).toBe("denied");
    expect(house.agent.keeper.condition().state).toBe("damaged");
    const back = await house.agent.signIn("alice", [alice.code()]);
    expect(said(back)).toBe("granted online by totp");
    expect(house.agent.keeper.store().server().machine).not.toBe(before);
    expect((await house.agent.actions.status()).enrolments).toHaveLength(1);
    await house.clock.advance(30_000);
    house.line = storm("unreachable");
    await house.agent.online.probe();
    expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("granted offline by totp");
    house.startAgent();
    expect(house.agent.keeper.condition().state).toBe("healthy");
  });

  test("the code that recovers is spent, online and offline", async () => {
    await lose(() => rmSync(join(folder(), "state.db")));
    house.line = fine;
    const code = alice.code();
    expect(said(await house.agent.signIn("alice", [code]))).toBe("granted online by totp");
    expect(said(await house.agent.signIn("alice", [code]))).toBe("denied");
    house.line = storm("unreachable");
    await house.agent.online.probe();
    expect(said(await house.agent.signIn("alice", [code]))).toBe("denied");
  });

  test("the server ends the old identity, and says what happened", async () => {
    await lose(() => {
      counted += 5;
    });
    house.line = fine;
    await house.agent.signIn("alice", [alice.code()]);
    await house.agent.online.probe();
    const machines = (await house.admin("machine", "list")) as {
      revokedAt: string | null;
      flags: string[];
    }[];
    expect(machines.map(({ revokedAt }) => revokedAt !== null)).toEqual([true, false]);
    expect(machines[1]?.flags).toEqual(["state-restored"]);
    const audit = (await house.admin("audit")) as { kind: string; detail: { loss?: string } }[];
    expect(audit.find(({ kind }) => kind === "machine-recovered")?.detail.loss).toBe("state-turned-back");
  });

  test("a copy that goes on elsewhere after the recovery is told to erase itself", async () => {
    keepCopy();
    await lose(() => rmSync(join(folder(), "state.db")));
    house.line = fine;
    expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("granted online by totp");
    await house.agent.online.probe();
    house.counter = undefined;
    const clone = await House.build();
    cpSync(copy(), join(clone.folder, "state"), { recursive: true });
    clone.counter = { read: () => 8, increment: () => 9 };
    clone.line = (sent) => house.deliver(sent);
    clone.startAgent();
    await clone.agent.online.probe();
    expect((await clone.agent.actions.status()).state).toBe("revoked");
    await clone.tearDown();
  });

  test("without the note, with another machine's, or on a revoked machine there is none", async () => {
    await lose(() => {
      rmSync(join(folder(), "state.db"));
      rmSync(join(folder(), "recovery.json"));
    });
    house.line = fine;
    const outcome = await house.agent.signIn("alice", [alice.code()]);
    expect([said(outcome), outcome.asked]).toEqual(["unavailable", []]);
  });

  test("a folder that is open to others has to be closed first: new keys would be no safer in it", async () => {
    await lose(() => chmodSync(folder(), 0o755));
    house.line = fine;
    expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("unavailable");
    expect((await house.admin("machine", "list")) as unknown[]).toHaveLength(1);
    chmodSync(folder(), 0o700);
    expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("granted online by totp");
  });

  test("a machine revoked at the server is not given new keys", async () => {
    const [machine] = (await house.admin("machine", "list")) as { id: string }[];
    await house.admin("machine", "revoke", machine?.id ?? "");
    await lose(() => rmSync(join(folder(), "state.db")));
    house.line = fine;
    expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("unavailable");
    expect((await house.admin("machine", "list")) as unknown[]).toHaveLength(1);
  });

  test("a lost answer costs a code, and the next one gets through; what was never heard of goes", async () => {
    await lose(() => rmSync(join(folder(), "state.db")));
    house.line = async (sent, pass, stop) => {
      await pass(sent);
      return await storm("unreachable")(sent, pass, stop);
    };
    expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("unavailable");
    house.line = fine;
    await house.clock.advance(30_000);
    expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("granted online by totp");
    await house.agent.online.probe();
    const machines = (await house.admin("machine", "list")) as { revokedAt: string | null }[];
    expect(machines.map(({ revokedAt }) => revokedAt !== null).sort()).toEqual([false, true, true]);
  });

  test("a denied request that is replayed is not judged again", async () => {
    await lose(() => rmSync(join(folder(), "state.db")));
    house.line = fine;
    expect(said(await house.agent.signIn("alice", ["000000"]))).toBe("denied");
    const sent = house.heard.filter(({ path }) => path === "/v1/recover").at(-1);
    if (sent === undefined) throw new Error("nothing was sent");
    for (let i = 0; i < 10; i++) expect((await house.deliver(sent)).status).toBe(401);
    expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("granted online by totp");
  });

  test("a state that another process holds, or of a later version, is left alone", async () => {
    house.agent.stop();
    const holder = new DatabaseSync(join(folder(), "state.db"));
    holder.exec("PRAGMA user_version = 2");
    holder.close();
    house.startAgent();
    house.line = fine;
    const outcome = await house.agent.signIn("alice", [alice.code()]);
    expect([said(outcome), outcome.asked]).toEqual(["unavailable", []]);
    const back = new DatabaseSync(join(folder(), "state.db"));
    back.exec("PRAGMA user_version = 1; BEGIN EXCLUSIVE");
    house.startAgent();
    expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("unavailable");
    back.exec("ROLLBACK");
    back.close();
    expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("granted online by totp");
    expect((await house.admin("machine", "list")) as unknown[]).toHaveLength(1);
  });

  test("somebody whom policy asks for nothing recovers no machine", async () => {
    await house.admin("user", "add", "guest", "--group", "guests");
    await house.admin("policy", "set", "--group", "guests", "mfa=exempt");
    await lose(() => rmSync(join(folder(), "state.db")));
    house.line = fine;
    expect(said(await house.agent.signIn("guest", ["whatever"]))).toBe("denied");
    expect(house.agent.keeper.condition().state).toBe("damaged");
    expect((await house.admin("machine", "list")) as unknown[]).toHaveLength(1);
  });

  test("a wrong proof, or a replayed request, brings nothing", async () => {
    await lose(() => rmSync(join(folder(), "state.db")));
    house.line = fine;
    await house.agent.signIn("alice", [alice.code()]);
    const sent = house.heard.filter(({ path }) => path === "/v1/recover").at(-1);
    if (sent === undefined) throw new Error("nothing was sent");
    expect((await house.deliver(sent)).status).toBe(401);
  });
});
