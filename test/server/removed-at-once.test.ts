// Two instances of the server on one database: machines speak to both while an admin revokes and removes them.

import { join } from "node:path";
import { expect, it } from "vitest";
import { systemClock } from "../../platform/clock.ts";
import { loadSodium } from "../../protocol/crypto/sodium.ts";
import { temporaryFolder } from "./fixture.ts";
import { parse, type Sent, TestMachine } from "./machine.ts";
import { run, serve } from "./process.ts";

it("machines that are removed while they speak hear yes or erase yourself, and never that nobody knows them", async () => {
  await loadSodium();
  const data = join(temporaryFolder(), "data");
  const cli = (...args: string[]) => run(["--data", data, "--json", ...args]);
  await cli("init");
  const { token } = JSON.parse((await cli("join-token", "create", "--uses", "6")).out);
  const plainHttp = ["--data", data, "--insecure-http-loopback", "--requests-per-minute", "0"];
  const urls = [(await serve(plainHttp)).url, (await serve(plainHttp)).url];
  const machines: TestMachine[] = [];
  for (let at = 0; at < 6; at++) {
    const machine = new TestMachine((request) => fetch(request), systemClock, `machine-${at}`);
    machine.origin = urls[at % 2] ?? "";
    await machine.join(token);
    machines.push(machine);
  }
  const ids = machines.map(({ id }) => id);
  /** What the server has the machine do; `status` of an answer that is none. */
  const said = (machine: TestMachine, sent: Sent): string => {
    if (sent.status !== 200) return `status ${sent.status}`;
    machine.check(sent);
    const { revocations } = parse(sent) as { revocations: { payload: string; signature: string }[] };
    return revocations.map((one) => machine.openRevocation(one).target.scope).join(" ") || "go on";
  };
  const before = await Promise.all(machines.map((machine) => machine.send("probe", machine.asking())));
  let over = false;
  const talks = machines.map(async (machine, at) => {
    const heard = before.slice(at, at + 1).map((sent) => said(machine, sent));
    for (let time = 0; !over; time++) {
      machine.origin = urls[(at + time) % 2] ?? "";
      heard.push(said(machine, await machine.send("probe", machine.asking())));
    }
    heard.push(said(machine, await machine.send("probe", machine.asking())));
    return heard;
  });
  try {
    for (const id of ids) await cli("machine", "revoke", id);
    const [one, other] = await Promise.all([
      cli("machine", "remove", ...ids.slice(0, 3)),
      cli("machine", "remove", ...ids.slice(3)),
    ]);
    expect([one.code, other.code]).toEqual([0, 0]);
  } finally {
    over = true;
  }
  for (const heard of await Promise.all(talks)) {
    expect([...new Set(heard)]).toEqual(["go on", "machine"]);
    expect(heard.lastIndexOf("go on")).toBeLessThan(heard.indexOf("machine"));
  }
  expect(JSON.parse((await cli("machine", "list")).out)).toEqual([]);
  const twice = await Promise.all(ids.slice(0, 2).map((id) => cli("machine", "remove", id)));
  expect(twice.map(({ code }) => code)).toEqual([1, 1]);
}, 120_000);
