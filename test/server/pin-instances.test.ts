// Two instances of the server on one database, and no more tries at a PIN than at one.

import { join } from "node:path";
import { expect, it } from "vitest";
import { systemClock } from "../../platform/clock.ts";
import { loadSodium } from "../../protocol/crypto/sodium.ts";
import { fromBase32 } from "../../words/base32.ts";
import { hotpAt, temporaryFolder } from "./fixture.ts";
import { parse, TestMachine } from "./machine.ts";
import { run, serve } from "./process.ts";

const machinesInAll = 16;

it("16 wrong PINs at once, each with a right code, at two instances are three tries and a lock", async () => {
  await loadSodium();
  const data = join(temporaryFolder(), "data");
  const cli = (...args: string[]) => run(["--data", data, "--json", ...args]);
  await cli("init");
  await cli("user", "add", "alice");
  await cli("policy", "set", "pin.place=before", "pin.attempts=3", "lockout.failures=0", "hotpLookAhead=0");
  // A token for each: whichever comes first, no code is spent by another one.
  const secrets: Uint8Array[] = [];
  while (secrets.length < machinesInAll) {
    const made = JSON.parse((await cli("authenticator", "add", "hotp", "alice")).out);
    secrets.push(fromBase32(made.secret) ?? new Uint8Array());
  }
  const codeOf = (at: number, counter: number) => hotpAt(secrets[at] ?? new Uint8Array(), counter);
  const { pin } = JSON.parse((await cli("user", "pin", "set", "alice", "--generate")).out);
  const { token } = JSON.parse((await cli("join-token", "create", "--uses", String(machinesInAll))).out);
  const plainHttp = ["--data", data, "--insecure-http-loopback", "--requests-per-minute", "0"];
  const servers = [await serve(plainHttp), await serve(plainHttp)];
  const machines: TestMachine[] = [];
  for (let at = 0; at < machinesInAll; at++) {
    const machine = new TestMachine((request) => fetch(request), systemClock, `machine-${at}`);
    machine.origin = servers[at % 2]?.url ?? "";
    await machine.join(token);
    machines.push(machine);
  }
  const wrong = (at: number) => `${pin === "994600" ? "994700" : "994600"}${codeOf(at, 0)}`;
  const sent = await Promise.all(
    machines.map((machine, at) => machine.send("verify", machine.verifyRequest("alice", [wrong(at)]))),
  );
  expect(sent.map((one) => parse(one))).toMatchObject(
    machines.map(() => ({ result: { verdict: "denied" } })),
  );
  expect(JSON.parse((await cli("user", "pin", "show-state", "alice")).out)).toMatchObject({
    state: "locked",
    wrongInARow: 3,
  });
  const [one] = machines;
  const right = `${pin}${codeOf(0, 1)}`;
  expect(await one?.verify("alice", [right])).toEqual({ verdict: "denied" });
}, 120_000);
