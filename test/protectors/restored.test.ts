// The whole agent on a TPM: a state folder put back is seen in every one of 100 tries, in the ways that a thief has of
// making the copy; restarts, reboots of the TPM and crashes are never taken for one.

import { cpSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { chooseProtector } from "../../agent/platform/choose-protector.ts";
import { House, said, storm, type Token } from "../sync/house.ts";
import { ports } from "./stage.ts";
import { SwTpm } from "./swtpm.ts";

async function enrolled(): Promise<{ house: House; tpm: SwTpm; alice: Token }> {
  const tpm = await SwTpm.start();
  const house = await House.build([
    "policy",
    "set",
    "offline.signIns=none",
    "guessLimit=10000",
    "lockout.failures=0",
  ]);
  house.protector = (folder) => chooseProtector({ wanted: "tpm2", folder, tpmDevice: tpm.device, ...ports });
  mkdirSync(join(house.folder, "state"), { mode: 0o700 });
  house.startAgent();
  const alice = await house.user("alice");
  await house.join();
  expect(house.agent.keeper.protector.name).toBe("tpm2");
  expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("granted online by totp");
  await house.clock.advance(30_000);
  house.line = storm("unreachable");
  await house.agent.online.probe();
  return { house, tpm, alice };
}

test("100 of 100 restored folders are refused, and the state that was left is good again afterwards", async () => {
  const { house, alice } = await enrolled();
  const state = join(house.folder, "state");
  const [old, left] = [join(house.folder, "old"), join(house.folder, "left")];
  let refused = 0;
  for (let i = 0; i < 100; i++) {
    // Copied while the agent is stopped, or under the running agent, write-ahead log and all.
    if (i % 2 === 0) house.agent.stop();
    cpSync(state, old, { recursive: true });
    if (i % 2 === 0) house.startAgent();
    const code = alice.code();
    // What the thief wants back: a code that is spent, or a guess.
    const outcome = await house.agent.signIn("alice", [i % 3 === 0 ? "000000" : code]);
    expect(said(outcome)).toBe(i % 3 === 0 ? "denied" : "granted offline by totp");
    house.agent.stop();
    cpSync(state, left, { recursive: true });
    rmSync(state, { recursive: true });
    cpSync(old, state, { recursive: true });
    house.startAgent();
    if (said(await house.agent.signIn("alice", [code])) === "unavailable") refused += 1;
    house.agent.stop();
    rmSync(state, { recursive: true });
    cpSync(left, state, { recursive: true });
    for (const copy of [old, left]) rmSync(copy, { recursive: true });
    house.startAgent();
    expect(house.agent.keeper.condition().state).toBe("healthy");
    await house.clock.advance(30_000);
  }
  expect(refused).toBe(100);
  await house.tearDown();
});

test("100 of 100 restarts are fine, with the TPM switched off and on in between", async () => {
  const { house, tpm, alice } = await enrolled();
  let fine = 0;
  for (let i = 0; i < 100; i++) {
    if (i % 10 === 0) {
      await tpm.off();
      await tpm.on();
      house.reboot();
    } else house.startAgent();
    if (said(await house.agent.signIn("alice", [alice.code()])) === "granted offline by totp") fine += 1;
    await house.clock.advance(30_000);
  }
  expect(fine).toBe(100);
  await house.tearDown();
});

test("a cleared TPM is recovered by one online sign-in, without joining by hand", async () => {
  const { house, tpm, alice } = await enrolled();
  house.agent.stop();
  tpm.tool("tpm2_clear");
  house.startAgent();
  expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("unavailable");
  house.line = (sent, pass) => pass(sent);
  expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("granted online by totp");
  await house.clock.advance(30_000);
  house.line = storm("unreachable");
  await house.agent.online.probe();
  expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("granted offline by totp");
  house.startAgent();
  expect(house.agent.keeper.condition().state).toBe("healthy");
  await house.tearDown();
});

test("the folder on another machine opens nothing", async () => {
  const { house, alice } = await enrolled();
  const other = await SwTpm.start();
  house.agent.stop();
  house.protector = (folder) =>
    chooseProtector({ wanted: "tpm2", folder, tpmDevice: other.device, ...ports });
  house.startAgent();
  expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("unavailable");
  await house.tearDown();
});
