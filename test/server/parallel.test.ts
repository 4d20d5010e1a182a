// One code, many at once: in one process and in two, over HTTP. Exactly one is granted.

import { once } from "node:events";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { systemClock } from "../../platform/clock.ts";
import { loadSodium } from "../../protocol/crypto/sodium.ts";
import { fromBase32 } from "../../words/base32.ts";
import { commandLineAt } from "./command-line.ts";
import { hotpAt, startMs, temporaryFolder, testServer, totpAt } from "./fixture.ts";
import { parse, TestMachine } from "./machine.ts";
import { run, serve } from "./process.ts";

/** Each machine once: an agent has one request in flight. */
async function verdicts(machines: readonly TestMachine[], user: string, code: string) {
  const sent = await Promise.all(
    machines.map((machine) => machine.send("verify", machine.verifyRequest(user, [code]))),
  );
  return sent.map((one) =>
    one.status === 200 ? (parse(one) as { result: { verdict: string } }).result.verdict : String(one.status),
  );
}

describe("64 submissions of one code at once", () => {
  it("by as many machines to one server are granted once", async () => {
    const server = await testServer();
    const secret = await server.userWithTotp("alice");
    const machines = await Promise.all(Array.from({ length: 64 }, () => server.machine()));
    const seen = await verdicts(machines, "alice", totpAt(secret, startMs));
    expect(seen.filter((verdict) => verdict === "granted")).toHaveLength(1);
    expect(new Set(seen)).toEqual(new Set(["granted", "denied", "locked"]));
    const audit = await server.audit();
    expect(audit.filter((entry) => entry.kind === "sign-in-granted")).toHaveLength(1);
  });

  it("of a backup code are granted once", async () => {
    const server = await testServer();
    await server.userWithTotp("alice");
    await server.policy("lockout.failures=0");
    const [code = ""] = await server.addBackupCodes("alice");
    const machines = await Promise.all(Array.from({ length: 16 }, () => server.machine()));
    const seen = await verdicts(machines, "alice", code);
    expect(seen.filter((verdict) => verdict === "granted")).toHaveLength(1);
  });

  it("guess no further than the lockout allows", async () => {
    const server = await testServer();
    await server.userWithTotp("alice");
    await server.policy("lockout.failures=5");
    const machines = await Promise.all(Array.from({ length: 64 }, () => server.machine()));
    const seen = await verdicts(machines, "alice", "nonsense");
    expect(seen.filter((verdict) => verdict === "denied")).toHaveLength(5);
    expect(seen.filter((verdict) => verdict === "locked")).toHaveLength(59);
  });

  it("to two processes on one database are granted once in each of twenty rounds, and the command line may work meanwhile", async () => {
    await loadSodium();
    const data = join(temporaryFolder(), "data");
    const { call, json } = commandLineAt(systemClock, data);
    await call("user", "add", "alice");
    const { secret } = await json("authenticator", "add", "hotp", "alice");
    const { token } = await json("join-token", "create", "--uses", "64");
    const plainHttp = ["--data", data, "--insecure-http-loopback", "--log-level", "warn"];
    plainHttp.push("--requests-per-minute", "0");
    const servers = [await serve(plainHttp), await serve(plainHttp)];
    const machines: TestMachine[] = [];
    for (let at = 0; at < 64; at++) {
      const machine = new TestMachine((request) => fetch(request), systemClock, `machine-${at}`);
      machine.origin = servers[at % 2]?.url ?? "";
      await machine.join(token);
      machines.push(machine);
    }
    await call("policy", "set", "lockout.failures=0");
    const meanwhile = (...args: string[]) => run(["--data", data, "--json", ...args]);
    for (let round = 0; round < 20; round++) {
      const code = hotpAt(fromBase32(secret) ?? new Uint8Array(), round);
      const [seen, added] = await Promise.all([
        verdicts(machines, "alice", code),
        meanwhile("user", "add", `user-${round}`),
      ]);
      expect(added.code).toBe(0);
      expect(seen.filter((verdict) => verdict === "granted")).toHaveLength(1);
      expect(seen.filter((verdict) => verdict === "denied")).toHaveLength(63);
    }
    const audit: { kind: string }[] = await json("audit", "--limit", "10000");
    expect(audit.filter((entry) => entry.kind === "sign-in-granted")).toHaveLength(20);
    expect(servers.map((server) => server.log()).join("")).toBe("");
  }, 180_000);
});

describe("a code that was granted", () => {
  it("stays spent when the server is killed the moment its answer is there", async () => {
    await loadSodium();
    const data = join(temporaryFolder(), "data");
    const { call, json } = commandLineAt(systemClock, data);
    await call("user", "add", "alice");
    const { secret } = await json("authenticator", "add", "hotp", "alice");
    const { token } = await json("join-token", "create");
    const laptop = new TestMachine((request) => fetch(request), systemClock, "laptop");
    const plainHttp = ["--data", data, "--insecure-http-loopback"];
    for (let counter = 0; counter < 3; counter++) {
      const server = await serve(plainHttp);
      laptop.origin = server.url;
      if (counter === 0) await laptop.join(token);
      const code = hotpAt(fromBase32(secret) ?? new Uint8Array(), counter);
      const before = hotpAt(fromBase32(secret) ?? new Uint8Array(), Math.max(0, counter - 1));
      if (counter > 0) expect(await laptop.verify("alice", [before])).toEqual({ verdict: "denied" });
      expect(await laptop.verify("alice", [code])).toMatchObject({ verdict: "granted" });
      server.child.kill("SIGKILL");
      await once(server.child, "close");
    }
  });
});
