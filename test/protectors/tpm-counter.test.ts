// The counter in the TPM: it rises and never falls, whatever happens to machine, agent or disk.

import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Tpm2Protector } from "../../agent/platform/tpm2-protector.ts";
import { aSecret, damage, hexOf, stateFolder, tpmIn } from "./stage.ts";
import { SwTpm } from "./swtpm.ts";

async function joined(): Promise<{
  folder: string;
  tpm: SwTpm;
  secret: string | undefined;
  start(): Tpm2Protector;
}> {
  const folder = stateFolder();
  const tpm = await SwTpm.start();
  const secret = aSecret();
  const start = () => tpmIn(folder, tpm.device);
  start().create(secret);
  return { folder, tpm, secret: hexOf(secret), start };
}

/** The handle that tpm2-tools finds: there is one index in a TPM of a test. */
function onlyIndex(tpm: SwTpm): string {
  const [handle, ...more] = tpm.handles("nv-index");
  if (handle === undefined || more.length > 0) throw new Error("there should be one index");
  return handle;
}

function seenByTools(tpm: SwTpm): number {
  return Number(tpm.tool("tpm2_nvread", "-C", "o", onlyIndex(tpm)).readBigUInt64BE());
}

test("it has a value at once, and rises by one", async () => {
  const { start } = await joined();
  const { counter } = start();
  const first = counter.read();
  expect(first).toBeGreaterThan(0);
  expect(counter.increment()).toBe(first + 1);
  expect(counter.read()).toBe(first + 1);
});

test("tpm2-tools read the same value, of a counter index outside of the lockout", async () => {
  const { tpm, start } = await joined();
  const { counter } = start();
  for (let times = 0; times < 3; times += 1) {
    const value = counter.increment();
    expect(seenByTools(tpm)).toBe(value);
  }
  const told = tpm.tool("tpm2_nvreadpublic", onlyIndex(tpm)).toString();
  expect(told).toMatch(/friendly: ownerwrite\|authwrite\|nt=0x1\|ownerread\|authread\|no_da\|written\n/);
});

test("the machine's power goes and comes back: counter and secret are what they were", async () => {
  const { tpm, secret, start } = await joined();
  let last = start().counter.increment();
  for (let times = 0; times < 3; times += 1) {
    await tpm.off();
    await tpm.on();
    const protector = start();
    expect(hexOf(protector.load())).toBe(secret);
    expect(protector.counter.read()).toBe(last);
    last = protector.counter.increment();
  }
});

test("it is one counter for all processes of the agent", async () => {
  const { folder, tpm, start } = await joined();
  const { counter } = start();
  const before = counter.read();
  const program = join(folder, "..", `${folder.split("/").at(-1)}.ts`);
  const ours = (path: string) => JSON.stringify(join(import.meta.dirname, "../..", path));
  writeFileSync(
    program,
    `import { bootClock } from ${ours("agent/platform/boot-clock.ts")};
    import { loadLibc } from ${ours("platform/libc.ts")};
    import { tpm2Protector } from ${ours("agent/platform/tpm2-protector.ts")};
    import { systemRandom as random } from ${ours("platform/random.ts")};
    const libc = loadLibc();
    const path = ${JSON.stringify(join(folder, "machine.tpm2"))};
    const device = ${JSON.stringify(tpm.device)};
    const protector = tpm2Protector({ path, device, libc, clock: bootClock(libc), random });
    console.log(protector.counter.increment());`,
  );
  for (let times = 1; times <= 3; times += 1) {
    const said = execFileSync(process.execPath, ["--disable-warning=ExperimentalWarning", program]);
    expect(said.toString().trim()).toBe(String(before + times));
    expect(counter.read()).toBe(before + times);
  }
});

test("100 machines come and go, and leave nothing in the TPM", async () => {
  const folder = stateFolder();
  const tpm = await SwTpm.start();
  let last = 0;
  for (let times = 0; times < 100; times += 1) {
    const protector = tpmIn(folder, tpm.device);
    protector.create(aSecret());
    expect(protector.load()).toBeDefined();
    const value = protector.counter.increment();
    expect(value).toBeGreaterThan(last);
    last = value;
    protector.erase();
  }
  for (const kind of ["nv-index", "transient", "loaded-session", "saved-session"] as const)
    expect(tpm.handles(kind), kind).toEqual([]);
});

test("it takes the place beside another program's index and leaves that one alone", async () => {
  const folder = stateFolder();
  const tpm = await SwTpm.start();
  tpm.tool("tpm2_nvdefine", "-C", "o", "-s", "8", "-a", "ownerwrite|ownerread|nt=counter", "0x1804E4C");
  tpm.tool("tpm2_nvincrement", "-C", "o", "0x1804E4C");
  const protector = tpmIn(folder, tpm.device);
  protector.create(aSecret());
  expect(tpm.handles("nv-index")).toEqual(["0x1804E4C", "0x1804E4D"]);
  protector.erase();
  expect(tpm.handles("nv-index")).toEqual(["0x1804E4C"]);
});

test("two machines of one TPM, as with two systems on a disk, have a counter each", async () => {
  const tpm = await SwTpm.start();
  const [one, other] = [tpmIn(stateFolder(), tpm.device), tpmIn(stateFolder(), tpm.device)];
  one.create(aSecret());
  other.create(aSecret());
  const before = other.counter.read();
  one.counter.increment();
  expect(other.counter.read()).toBe(before);
  one.erase();
  expect(other.counter.read()).toBe(before);
  expect(damage(other)).toContain("no damage");
});
