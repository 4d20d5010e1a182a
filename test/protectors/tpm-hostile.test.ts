// A TPM that is dead, slow or not a TPM: the agent gets an error, soon, and never a value.

import { readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { TpmError, type TpmFailure } from "../../agent/platform/tpm/failures.ts";
import { type Behaviour, hostileTpm } from "./hostile-tpm.ts";
import { aSecret, damage, hexOf, stateFolder, timed, tpmIn } from "./stage.ts";
import { SwTpm } from "./swtpm.ts";

async function joined() {
  const folder = stateFolder();
  const tpm = await SwTpm.start();
  const secret = aSecret();
  tpmIn(folder, tpm.device).create(secret);
  return { folder, tpm, secret: hexOf(secret), start: (device = tpm.device) => tpmIn(folder, device) };
}

function failure(thrown: unknown): TpmFailure | undefined {
  return thrown instanceof TpmError ? thrown.failure : undefined;
}

const odd: readonly [string, Behaviour, number][] = [
  ["never answers", { does: "nothing" }, 3_200],
  ["drips", { does: "drips" }, 3_200],
  ["hangs up", { does: "closes" }, 300],
  ["answers with an empty success", { does: "says", hex: "80010000000a00000000" }, 300],
  ["answers with a length of 4 GiB", { does: "says", hex: "8001ffffffff00000000" }, 300],
  ["answers with a length of nothing", { does: "says", hex: "80010000000000000000" }, 300],
  ["answers less than it says", { does: "says", hex: "80010000002000000000" }, 3_200],
  ["says that it is busy, for ever", { does: "says", hex: "80010000000a00000922" }, 1_200],
  ["says that it failed", { does: "says", hex: "80010000000a00000101" }, 300],
  ["says something that is no TPM's", { does: "says", hex: "485454502f312e312034303020426164" }, 300],
];

describe.each(odd)("a TPM that %s", (_what, behaviour, limitMs) => {
  test("opens nothing, soon", async () => {
    const { start } = await joined();
    const protector = start(await hostileTpm(behaviour));
    const load = timed(() => expect(damage(protector)).not.toContain("no damage"));
    expect(load.thrown).toBeUndefined();
    expect(load.ms).toBeLessThan(limitMs);
  });

  test("counts nothing, soon", async () => {
    const { tpm, start } = await joined();
    const protector = start();
    protector.load();
    const device = await hostileTpm(behaviour);
    // The agent knows its counter, and finds something else where the TPM was.
    await tpm.off();
    symlinkSync(device.slice("swtpm:".length), tpm.socket);
    for (const count of [() => protector.counter.read(), () => protector.counter.increment()]) {
      const { ms, thrown } = timed(count);
      expect(thrown).toBeInstanceOf(TpmError);
      expect(ms).toBeLessThan(Math.min(limitMs, 2_300));
    }
  });

  // A join waits longer for a TPM that may be slow; those that never end are left out.
  if (limitMs < 3_000)
    test("seals nothing", async () => {
      const protector = tpmIn(stateFolder(), await hostileTpm(behaviour));
      expect(protector.unavailable()).toBeDefined();
      expect(() => protector.create(aSecret())).toThrow(TpmError);
      expect(protector.load()).toBeUndefined();
    });

  test("keeps no secret from being erased", async () => {
    const { folder, start } = await joined();
    const protector = start(await hostileTpm(behaviour));
    const { ms, thrown } = timed(() => protector.erase());
    expect(thrown).toBeUndefined();
    expect(ms).toBeLessThan(Math.min(limitMs, 2_300));
    expect(protector.load()).toBeUndefined();
    expect(readdirSync(folder)).toEqual(["machine.tpm2.pending"]);
  });
});

test("a TPM that hangs is not waited for twice, and is used again when it goes on", async () => {
  const { tpm, secret, start } = await joined();
  const protector = start();
  protector.load();
  const before = protector.counter.read();
  tpm.hang();
  const first = timed(() => protector.counter.increment());
  expect(failure(first.thrown)).toBe("silent");
  expect(first.ms).toBeGreaterThan(1_900);
  expect(first.ms).toBeLessThan(2_300);
  const next = timed(() => protector.counter.read());
  expect(failure(next.thrown)).toBe("silent");
  expect(next.ms).toBeLessThan(50);
  expect(damage(protector)).toMatch(/does not answer: it is asked again at the next sign-in/);
  tpm.goOn();
  await sleep(200);
  // Whether an increment counted that got no answer is for the caller to find out: at most once.
  expect([before, before + 1]).toContain(protector.counter.read());
  expect(hexOf(protector.load())).toBe(secret);
});

test("a TPM that is switched off while it owes an answer is used again when it is back", async () => {
  const { tpm, secret, start } = await joined();
  const protector = start();
  protector.load();
  tpm.hang();
  expect(failure(timed(() => protector.counter.increment()).thrown)).toBe("silent");
  tpm.goOn();
  await tpm.off();
  expect(failure(timed(() => protector.counter.read()).thrown)).toBe("absent");
  await tpm.on();
  expect(hexOf(protector.load())).toBe(secret);
  expect(protector.counter.increment()).toBeGreaterThan(0);
});

test("a TPM that is not there", async () => {
  const { folder, tpm, start } = await joined();
  await tpm.off();
  expect(damage(start())).toMatch(/^nothing listens on .*nothing is lost if it comes back/);
  expect(damage(start("/dev/tpmrm99"))).toMatch(/^there is no TPM at \/dev\/tpmrm99/);
  expect(start("/dev/tpmrm99").unavailable()).toBe("there is no TPM at /dev/tpmrm99");
  start().erase();
  expect(readdirSync(folder)).toEqual(["machine.tpm2.pending"]);
});

test("what an erase could not remove from the TPM goes with the next one, or with the next create", async () => {
  const { folder, tpm, start } = await joined();
  const [index] = tpm.handles("nv-index");
  await tpm.off();
  start().erase();
  await tpm.on();
  expect(tpm.handles("nv-index")).toEqual([index]);
  start().create(aSecret());
  expect(tpm.handles("nv-index")).toEqual([index]);
  expect(readdirSync(folder)).toEqual(["machine.tpm2"]);
  await tpm.off();
  start().erase();
  await tpm.on();
  start().erase();
  expect(tpm.handles("nv-index")).toEqual([]);
  expect(readdirSync(folder)).toEqual([]);
});

test("something that is no device", async () => {
  const folder = stateFolder();
  writeFileSync(join(folder, "plain"), "");
  for (const device of [join(folder, "plain"), "/dev/null", "/dev/zero", "/dev/full", "/", folder]) {
    const { ms, thrown } = timed(() => expect(tpmIn(folder, device).unavailable(), device).toBeDefined());
    expect(thrown).toBeUndefined();
    expect(ms).toBeLessThan(200);
  }
});

test("a leftover that names somebody else's index removes nothing", async () => {
  const { folder, tpm, start } = await joined();
  const other = stateFolder();
  tpmIn(other, tpm.device).create(aSecret());
  const written = JSON.parse(readFileSync(join(folder, "machine.tpm2"), "utf8"));
  const { handle } = JSON.parse(readFileSync(join(other, "machine.tpm2"), "utf8")).index;
  start().erase();
  const index = { ...written.index, handle };
  writeFileSync(join(folder, "machine.tpm2.pending"), JSON.stringify({ version: 1, index }), { mode: 0o600 });
  start().erase();
  expect(readdirSync(folder)).toEqual([]);
  expect(damage(tpmIn(other, tpm.device))).toContain("no damage");
});
