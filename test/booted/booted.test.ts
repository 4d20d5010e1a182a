// The units on a booted system: sandbox, sockets, restarts, a sign-in at the console's own login, and power cuts.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FreshCodes } from "../../scripts/parts/codes.ts";
import type { Provisioned } from "../../scripts/parts/server.ts";
import { Machine, password } from "./machine.ts";

const folder = mkdtempSync(join(tmpdir(), "nightlatch-booted-"));
let machine: Machine;
let codes: FreshCodes;

beforeAll(async () => {
  machine = await Machine.installed(join(folder, "root"));
  await machine.boot();
  await machine.server("init");
  await machine.sh("systemctl daemon-reload && systemctl enable --now nightlatch-server");
  await machine.sh("systemctl enable --now nightlatchd.socket nightlatchd-admin.socket nightlatchd.service");
  await machine.server("user", "add", "alice");
  await machine.server("policy", "set", "totpWindow.past=5", "totpWindow.future=5");
  const made = JSON.parse(
    await machine.server("authenticator", "add", "totp", "alice", "--json"),
  ) as Provisioned;
  codes = new FreshCodes({ ...made, periodSeconds: 30 }, 5);
}, 1_200_000);

afterAll(async () => {
  await machine.halt();
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

const typed: string[] = [];
const granted = /\$ $/;

/** What the console shows from the user's name to the end of the attempt. */
async function signIn(code: string): Promise<string> {
  const { console } = machine;
  const from = console.said.length;
  console.write("alice\n");
  await console.says(/Password: /, 15_000, from);
  console.write(`${password}\n`);
  await console.says(/One-time code: /, 15_000, from);
  console.write(`${code}\n`);
  typed.push(code);
  await console.says(/\$ $|Login incorrect\s+\S+ login: $/, 15_000, from);
  const said = console.said.slice(from);
  if (granted.test(said)) {
    console.write("exit\n");
    await console.says(/ login: $/, 30_000, from + said.length);
  }
  return said;
}

const show = (unit: string, property: string) => machine.sh(`systemctl show --value -p ${property} ${unit}`);
const pidOf = async (unit: string) => (await show(unit, "MainPID")).trim();

async function until(what: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    if (await what()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("it did not come to that in 30 s");
}

test("nothing on the machine has failed, and both services run in their sandboxes as their own accounts", async () => {
  expect((await machine.sh("systemctl list-units --failed --no-legend")).trim()).toBe("");
  for (const [unit, account, most] of [
    ["nightlatch-server", "nightlatch-server", 1.5],
    ["nightlatchd", "nightlatch", 1.9],
  ] as const) {
    expect((await show(unit, "ActiveState")).trim()).toBe("active");
    expect((await machine.sh(`stat -c %U /proc/${await pidOf(unit)}`)).trim()).toBe(account);
    const score = await machine.run("systemd-analyze", "security", `--threshold=${most * 10}`, unit);
    expect(score.status, score.out.split("\n").at(-2)).toBe(0);
  }
});

test("the machine joins, and alice signs in at the console with the server's word", async () => {
  await machine.sh(
    "umask 077; runuser -u nightlatch-server -- nightlatch-server join-token create > /run/join-token",
  );
  await machine.sh("nightlatch join https://127.0.0.1:8443 --token-file /run/join-token");
  expect(await signIn(await codes.next())).toMatch(granted);
  expect(await machine.sh("nightlatch status")).toMatch(/alice +7 days and 50 sign-ins left/);
});

test("the server stops within its time, and alice signs in without it", async () => {
  await machine.sh("systemctl stop nightlatch-server");
  expect((await show("nightlatch-server", "Result")).trim()).toBe("success");
  const said = await signIn(await codes.next());
  expect(said).toContain("Offline sign-in: 7 days and 50 sign-ins left.");
  expect(said).toMatch(granted);
});

test("a killed agent is started again by its socket or by systemd, and a used code stays used", async () => {
  const code = await codes.next();
  expect(await signIn(code)).toMatch(granted);
  const before = await pidOf("nightlatchd");
  await machine.sh(`kill -KILL ${before}`);
  expect(await signIn(code)).not.toMatch(granted);
  expect(await pidOf("nightlatchd")).not.toBe(before);
  expect(await signIn(await codes.next())).toMatch(granted);
});

test("after all its processes were killed at once the machine knows how many sign-ins are left, and the last code stays used", async () => {
  const code = await codes.next();
  expect(await signIn(code)).toMatch(granted);
  const [, before = ""] = /and (\d+) sign-ins left/.exec(await machine.sh("nightlatch status")) ?? [];
  await machine.killAll();
  await machine.boot();
  await machine.sh("systemctl stop nightlatch-server");
  expect(await machine.sh("nightlatch status")).toContain(`and ${before} sign-ins left`);
  expect(await signIn(code)).not.toMatch(granted);
  const said = await signIn(await codes.next());
  expect(said).toContain(`and ${before} sign-ins left.`);
  expect(said).toMatch(granted);
}, 180_000);

test("the server comes back by itself when it is killed, and can be told to read its certificate anew", async () => {
  await machine.sh("systemctl start nightlatch-server");
  const before = await pidOf("nightlatch-server");
  await machine.sh(`kill -KILL ${before}`);
  await until(async () => !["", "0", before].includes(await pidOf("nightlatch-server")));
  await until(async () => (await machine.run("nightlatch", "sync")).status === 0);
  await machine.sh("systemctl reload nightlatch-server");
  expect((await show("nightlatch-server", "ActiveState")).trim()).toBe("active");
  expect(await machine.server("audit")).toContain("offline=true");
});

test("what systemd keeps of both holds no code and no password", async () => {
  const journal = await machine.sh("journalctl --no-pager -u nightlatchd -u nightlatch-server");
  expect(journal).toContain("sign-in");
  expect(journal).not.toContain(password);
  expect(typed.length).toBeGreaterThan(5);
  for (const code of typed) expect(journal).not.toMatch(new RegExp(`\\b${code}\\b`));
});

test("a revoked machine erases itself at its next sync", async () => {
  const [, id = ""] = /Machine +([A-Z2-7]+)/.exec(await machine.sh("nightlatch status")) ?? [];
  await machine.server("machine", "revoke", id);
  await machine.sh("nightlatch sync");
  expect((await machine.sh("ls -A /var/lib/nightlatch")).trim()).toBe("revoked.json");
});
