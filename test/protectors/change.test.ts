// Another protector for a state that stays, on a TPM: the counter comes and goes with the secret it was made for, a crash at
// any command leaves one whole state, and what was there before the change opens nothing more.

import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { chooseProtector } from "../../agent/platform/choose-protector.ts";
import type { ProtectorName } from "../../agent/state/protector.ts";
import { fine, House, said, storm, type Token } from "../sync/house.ts";
import { ports } from "./stage.ts";
import { SwTpm } from "./swtpm.ts";

interface Stage {
  readonly house: House;
  readonly tpm: SwTpm;
  readonly alice: Token;
}

const names: Readonly<Record<ProtectorName, string>> = {
  tpm2: "machine.tpm2",
  "systemd-creds": "machine.cred",
  file: "machine.key",
};
const state = ({ house }: Stage) => join(house.folder, "state");
const secrets = (stage: Stage) => readdirSync(state(stage)).filter((name) => name.startsWith("machine."));

/** Alice is enrolled on a machine with this protector; from then on the configuration says `auto`. */
async function enrolled(first: ProtectorName): Promise<Stage> {
  const tpm = await SwTpm.start();
  const house = await House.build(["policy", "set", "lockout.failures=0", "guessLimit=10000"]);
  onTestFinished(() => house.tearDown());
  let configured: "auto" | ProtectorName = first;
  house.protector = (folder, wanted) =>
    chooseProtector({
      wanted: wanted === "configured" ? configured : wanted,
      folder,
      tpmDevice: tpm.device,
      ...ports,
    });
  mkdirSync(join(house.folder, "state"), { mode: 0o700 });
  house.startAgent();
  const alice = await house.user("alice");
  await house.join();
  configured = "auto";
  house.startAgent();
  expect(house.agent.keeper.protector.name).toBe(first);
  expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("granted online by totp");
  await house.clock.advance(30_000);
  return { house, tpm, alice };
}

async function signsInOffline({ house, alice }: Stage): Promise<void> {
  house.line = storm("unreachable");
  await house.agent.online.probe();
  const code = alice.code();
  expect(said(await house.agent.signIn("alice", [code]))).toBe("granted offline by totp");
  expect(said(await house.agent.signIn("alice", [code]))).toBe("denied");
  await house.clock.advance(30_000);
  house.line = fine;
  await house.agent.online.probe();
}

const changes = (["tpm2", "systemd-creds", "file"] as const).flatMap((from) =>
  (["tpm2", "systemd-creds", "file"] as const).map((to) => [from, to] as const),
);

test.each(changes)(
  "%s, then %s: one secret, one counter where there is one, and sign-ins as before",
  async (from, to) => {
    const stage = await enrolled(from);
    const { house, tpm } = stage;
    const report = await house.agent.actions.rotateKeys(to);
    expect(report).toMatchObject({ protector: { name: to }, heard: true });
    expect(secrets(stage)).toEqual([names[to]]);
    expect(tpm.handles("nv-index")).toHaveLength(to === "tpm2" ? 1 : 0);
    await signsInOffline(stage);
    house.startAgent();
    expect(house.agent.keeper.protector.name).toBe(to);
    expect((await house.agent.actions.status()).protector.name).toBe(to);
    await signsInOffline(stage);
  },
);

describe("what was there before the change", () => {
  test("under a TPM, put back after it: refused without any server", async () => {
    const stage = await enrolled("tpm2");
    const { house, alice } = stage;
    const copy = join(house.folder, "copy");
    house.agent.stop();
    cpSync(state(stage), copy, { recursive: true });
    house.startAgent();
    await house.agent.actions.rotateKeys("tpm2");
    house.agent.stop();
    rmSync(state(stage), { recursive: true });
    cpSync(copy, state(stage), { recursive: true });
    house.startAgent();
    house.line = storm("unreachable");
    expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("unavailable");
    expect(house.agent.keeper.condition().state).toBe("damaged");
  });

  test("in a file, put back after it: erased at the first contact", async () => {
    const stage = await enrolled("file");
    const { house, alice } = stage;
    const copy = join(house.folder, "copy");
    house.agent.stop();
    cpSync(state(stage), copy, { recursive: true });
    house.startAgent();
    await house.agent.actions.rotateKeys("tpm2");
    house.agent.stop();
    rmSync(state(stage), { recursive: true });
    cpSync(copy, state(stage), { recursive: true });
    house.startAgent();
    expect(said(await house.agent.signIn("alice", [alice.code()]))).toBe("unavailable");
    expect((await house.agent.actions.status()).state).toBe("revoked");
  });

  test("the old key beside the new state opens nothing", async () => {
    const stage = await enrolled("file");
    const { house } = stage;
    const key = join(house.folder, "old-key");
    cpSync(join(state(stage), "machine.key"), key);
    await house.agent.actions.rotateKeys("tpm2");
    house.agent.stop();
    rmSync(join(state(stage), "machine.tpm2"));
    cpSync(key, join(state(stage), "machine.key"));
    house.startAgent();
    expect(house.agent.keeper.condition().state).toBe("damaged");
  });
});

describe("a change that can't be made changes nothing:", () => {
  test("the TPM is off", async () => {
    const stage = await enrolled("file");
    await stage.tpm.off();
    await expect(stage.house.agent.actions.rotateKeys("tpm2")).rejects.toThrow(
      /can't be used.*nothing was changed/,
    );
    expect(secrets(stage)).toEqual(["machine.key"]);
    await signsInOffline(stage);
  });

  test("the TPM's owner has a password", async () => {
    const stage = await enrolled("file");
    stage.tpm.tool("tpm2_changeauth", "-c", "owner", "hunter2");
    await expect(stage.house.agent.actions.rotateKeys("tpm2")).rejects.toThrow(
      "owner hierarchy has a password",
    );
    await signsInOffline(stage);
  });

  test("the server is out of reach", async () => {
    const stage = await enrolled("file");
    stage.house.line = storm("unreachable");
    await expect(stage.house.agent.actions.rotateKeys("tpm2")).rejects.toThrow("nothing was changed");
    expect(stage.tpm.handles("nv-index")).toEqual([]);
    expect(secrets(stage)).toEqual(["machine.key"]);
  });
});

/** True when it was killed before it was done. */
function killedSwitching(stage: Stage, to: ProtectorName, lives: number): boolean {
  const script = join(import.meta.dirname, "switching.ts");
  const args = [script, state(stage), stage.tpm.device, to, String(lives)];
  const { status, signal, stderr } = spawnSync(process.execPath, args, { encoding: "utf8", timeout: 60_000 });
  if (signal === "SIGKILL") return true;
  if (status !== 0) throw new Error(stderr);
  return false;
}

test.each([
  ["file", "tpm2"],
  ["tpm2", "tpm2"],
  ["tpm2", "file"],
] as const)(
  "kill -9 at every message with the TPM, %s, then %s: it starts, with one secret",
  async (from, to) => {
    const stage = await enrolled(from);
    const { house, tpm } = stage;
    house.agent.stop();
    let points = 0;
    let present: ProtectorName = from;
    for (let lives = 0.5; ; lives += 1) {
      const killed = killedSwitching(stage, to, lives);
      // Without a resource manager nobody frees what a dead process held; the device file's does.
      tpm.tool("tpm2_flushcontext", "-t");
      tpm.tool("tpm2_flushcontext", "-l");
      house.startAgent();
      expect(house.agent.keeper.condition(), `${lives}`).toEqual({ state: "healthy" });
      expect(house.agent.keeper.store().standings().readable, `${lives}`).toHaveLength(1);
      const { name } = house.agent.keeper.protector;
      expect(secrets(stage), `${lives}`).toEqual([names[name]]);
      expect(readdirSync(state(stage)), `${lives}`).not.toContain("next");
      expect(tpm.handles("nv-index"), `${lives}`).toHaveLength(name === "tpm2" ? 1 : 0);
      house.agent.stop();
      if (!killed) break;
      points += 1;
      present = name;
      // Decided before it was killed: the rest of the way is another.
      if (present === to && from !== to) break;
    }
    expect(house.agent.keeper.protector.name).toBe(to);
    expect(points).toBeGreaterThan(5);
  },
  240_000,
);
