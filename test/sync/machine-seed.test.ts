// Offline with a seed of the machine's own, from the QR code to the way back online.

import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { dayMs } from "../../words/clock.ts";
import { fine, House, said, storm, Token } from "./house.ts";

let house: House;
let alice: Token;
let here: Token;

beforeEach(async () => {
  house = await House.build(["policy", "set", "seeds=per-machine"]);
  alice = await house.user("alice");
  await house.join();
  const shown = (await house.admin("authenticator", "machine-seed", "alice", "--machine", "laptop")) as {
    secret: string;
    uri: string;
  };
  expect(decodeURIComponent(shown.uri)).toMatch(/^otpauth:\/\/totp\/Nightlatch:alice on laptop\?/);
  here = new Token(house.clock, shown.secret);
  expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("granted online by totp");
  await house.clock.advance(30_000);
});

afterEach(() => house.tearDown());

async function unplugged(): Promise<void> {
  house.line = storm("unreachable");
  await house.agent.online.probe();
}

test("offline the machine's code is right, once; the user's own is not on the machine at all", async () => {
  await unplugged();
  expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("denied");
  const code = here.code();
  expect(said(await house.agent.signIn("alice", [code]))).toBe("granted offline by totp");
  expect(said(await house.agent.signIn("alice", [code]))).toBe("denied");
  const { enrolled } = house.agent.ledger.situation("alice");
  expect(JSON.stringify(enrolled)).not.toContain(Buffer.from(alice.bytes).toString("base64"));
  expect(JSON.stringify(enrolled)).toContain(Buffer.from(here.bytes).toString("base64"));
});

test("a code used offline is spent online, and the other way round", async () => {
  await unplugged();
  const first = here.code();
  expect(said(await house.agent.signIn("alice", [first]))).toBe("granted offline by totp");
  house.line = fine;
  await house.agent.online.probe();
  expect(said(await house.agent.signIn("alice", [first]))).toBe("denied");
  await house.clock.advance(30_000);
  const second = here.code();
  expect(said(await house.agent.signIn("alice", [second]))).toBe("granted online by totp");
  await unplugged();
  expect(said(await house.agent.signIn("alice", [second]))).toBe("denied");
});

test("who always takes the machine's code gets in online while the lease lasts, and has no more days for it", async () => {
  const seen: string[] = [];
  for (let day = 0; day < 8; day++) {
    await house.clock.advance(dayMs);
    seen.push(said(await house.agent.signIn("alice", [here.code()])));
  }
  expect(seen.slice(0, 6)).toEqual(Array(6).fill("granted online by totp"));
  expect(seen.at(-1)).toBe("denied");
  await unplugged();
  expect(said(await house.agent.signIn("alice", [""]))).toBe("unavailable");
  house.line = fine;
  await house.agent.online.probe();
  await house.clock.advance(30_000);
  expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("granted online by totp");
  await unplugged();
  await house.clock.advance(30_000);
  expect(said(await house.agent.signIn("alice", [here.code()]))).toBe("granted offline by totp");
});

test("the command shows it once, and only where policy has seeds per machine", async () => {
  const again = ["authenticator", "machine-seed", "alice", "--machine", "laptop"];
  await expect(house.admin(...again)).rejects.toThrow("was shown before");
  expect(await house.admin(...again, "--again")).toMatchObject({ secret: here.secret });
  await house.admin("authenticator", "renew-machine-seeds", "alice");
  expect(await house.admin(...again)).not.toMatchObject({ secret: here.secret });
  await house.admin("policy", "set", "seeds=shared");
  await expect(house.admin(...again)).rejects.toThrow("seeds=per-machine");
});

test("a machine that had to begin anew under new keys has another seed, and wrong codes on the way are counted", async () => {
  await house.admin("policy", "set", "lockout.failures=3");
  house.agent.stop();
  rmSync(join(house.folder, "state", "state.db"));
  house.startAgent();
  for (let i = 0; i < 2; i++) expect(said(await house.agent.signIn("alice", [here.code()]))).toBe("denied");
  const [audited] = ((await house.admin("audit", "--user", "alice")) as { kind: string }[]).slice(-1);
  expect(audited?.kind).toBe("sign-in-denied");
  expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("granted online by totp");
  await unplugged();
  await house.clock.advance(30_000);
  expect(said(await house.agent.signIn("alice", [here.code()]))).toBe("denied");
});

test("a machine that begins anew is no way around the lockout", async () => {
  await house.admin("policy", "set", "lockout.failures=3");
  house.agent.stop();
  rmSync(join(house.folder, "state", "state.db"));
  house.startAgent();
  for (let i = 0; i < 3; i++) expect(said(await house.agent.signIn("alice", ["000000"]))).toBe("denied");
  expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("locked");
});
