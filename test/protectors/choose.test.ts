// Which protector it is: what is there decides, then what was asked for, then the best there is. Never a weaker one.

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { chooseProtector, type ProtectorChoice } from "../../agent/platform/choose-protector.ts";
import { fileProtector } from "../../agent/platform/file-protector.ts";
import { systemdCredsProtector } from "../../agent/platform/systemd-creds-protector.ts";
import { type ProtectorName, protectorNames } from "../../agent/state/protector.ts";
import { hostileTpm } from "./hostile-tpm.ts";
import { aSecret, damage, hexOf, ports, stateFolder, timed, tpmIn } from "./stage.ts";
import { SwTpm } from "./swtpm.ts";

const noTpm = "/dev/tpmrm99";

function choose(folder: string, wanted: ProtectorChoice["wanted"], tpmDevice: string) {
  return chooseProtector({ wanted, folder, tpmDevice, ...ports });
}

function fill(folder: string, name: ProtectorName, device: string): string | undefined {
  const secret = aSecret();
  if (name === "tpm2") tpmIn(folder, device).create(secret);
  if (name === "systemd-creds") systemdCredsProtector({ path: join(folder, "machine.cred") }).create(secret);
  if (name === "file") fileProtector(join(folder, "machine.key")).create(secret);
  return hexOf(secret);
}

describe("auto", () => {
  test("takes the TPM where there is one", async () => {
    const { device } = await SwTpm.start();
    const folder = stateFolder();
    const protector = choose(folder, "auto", device);
    expect(protector.name).toBe("tpm2");
    const secret = aSecret();
    protector.create(secret);
    expect(readdirSync(folder)).toEqual(["machine.tpm2"]);
    expect(protector.counter?.increment()).toBeGreaterThan(1);
    expect(hexOf(choose(folder, "auto", device).load())).toBe(hexOf(secret));
  });

  test("takes systemd-creds where there is no TPM, or none that will do", async () => {
    const owned = await SwTpm.start();
    owned.tool("tpm2_changeauth", "-c", "owner", "hunter2");
    for (const device of [noTpm, owned.device, await hostileTpm({ does: "closes" })]) {
      const folder = stateFolder();
      const protector = choose(folder, "auto", device);
      expect(protector.name).toBe("systemd-creds");
      expect(protector.counter).toBeUndefined();
      protector.create(aSecret());
      expect(readdirSync(folder)).toEqual(["machine.cred"]);
    }
  });

  test("looks again when the machine joins again", async () => {
    const tpm = await SwTpm.start();
    const folder = stateFolder();
    await tpm.off();
    const protector = choose(folder, "auto", tpm.device);
    expect(protector.name).toBe("systemd-creds");
    await tpm.on();
    protector.create(aSecret());
    expect(protector.name).toBe("tpm2");
  });

  test.each(protectorNames)("goes on with %s where that is there", async (name) => {
    const { device } = await SwTpm.start();
    const folder = stateFolder();
    const secret = fill(folder, name, device);
    const protector = choose(folder, "auto", device);
    expect(protector.name).toBe(name);
    expect(hexOf(protector.load())).toBe(secret);
    expect(protector.counter !== undefined).toBe(name === "tpm2");
    expect(() => protector.create(aSecret())).toThrow("already");
  });

  test("a secret in a TPM that is away is damaged, and no other is tried", async () => {
    const { device } = await SwTpm.start();
    const folder = stateFolder();
    fill(folder, "tpm2", device);
    const protector = choose(folder, "auto", noTpm);
    expect(protector.name).toBe("tpm2");
    expect(damage(protector)).toContain("there is no TPM at /dev/tpmrm99");
  });

  test("with a secret there, the TPM is not asked at the start", async () => {
    const device = await hostileTpm({ does: "nothing" });
    const folder = stateFolder();
    fill(folder, "file", device);
    const { ms, thrown } = timed(() => choose(folder, "auto", device).load());
    expect(thrown).toBeUndefined();
    expect(ms).toBeLessThan(50);
  });
});

describe("by name", () => {
  test.each(protectorNames)("%s", async (name) => {
    const { device } = await SwTpm.start();
    const folder = stateFolder();
    const protector = choose(folder, name, device);
    expect(protector.name).toBe(name);
    const secret = aSecret();
    protector.create(secret);
    expect(hexOf(choose(folder, name, device).load())).toBe(hexOf(secret));
  });

  test("a TPM that is not there is an error, never a weaker one", () => {
    expect(() => choose(stateFolder(), "tpm2", noTpm)).toThrow(
      '[machine] protector = "tpm2" can\'t be used here: there is no TPM at /dev/tpmrm99; see nightlatchd.toml(5)',
    );
  });

  test("a TPM with an owner's password is an error", async () => {
    const tpm = await SwTpm.start();
    tpm.tool("tpm2_changeauth", "-c", "owner", "hunter2");
    expect(() => choose(stateFolder(), "tpm2", tpm.device)).toThrow("owner hierarchy has a password");
  });

  test.each([
    ["tpm2", "file"],
    ["file", "tpm2"],
    ["systemd-creds", "file"],
  ] as const)(
    "%s where %s is there: it is changed with the state, not by the setting",
    async (wanted, is) => {
      const { device } = await SwTpm.start();
      const folder = stateFolder();
      fill(folder, is, device);
      const protector = choose(folder, wanted, device);
      expect(damage(protector)).toBe(
        `the secret is sealed by "${is}", but [machine] protector is "${wanted}": set it back, or to "auto", and change it with: nightlatch protector ${wanted}`,
      );
      protector.erase();
      const secret = aSecret();
      protector.create(secret);
      expect(hexOf(choose(folder, wanted, device).load())).toBe(hexOf(secret));
      expect(readdirSync(folder)).toHaveLength(1);
    },
  );
});

test.each(["auto", "tpm2", "file"] as const)("two secrets are one too many: %s", async (wanted) => {
  const tpm = await SwTpm.start();
  const folder = stateFolder();
  fill(folder, "tpm2", tpm.device);
  fill(folder, "file", tpm.device);
  const protector = choose(folder, wanted, tpm.device);
  expect(damage(protector)).toBe("there are secrets of several protectors (tpm2, file): join again");
  expect(() => protector.create(aSecret())).toThrow("already");
  protector.erase();
  expect(readdirSync(folder)).toEqual([]);
  expect(tpm.handles("nv-index")).toEqual([]);
});
