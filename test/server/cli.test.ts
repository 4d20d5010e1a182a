// The command line, from an empty folder to a machine that signs in and is revoked.

import { once } from "node:events";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { systemClock } from "../../platform/clock.ts";
import { loadSodium } from "../../protocol/crypto/sodium.ts";
import { defaultPolicy } from "../../protocol/sync/policy.ts";
import { fromBase32 } from "../../words/base32.ts";
import { commandLine } from "./command-line.ts";
import { hotpAt, temporaryFolder } from "./fixture.ts";
import { TestMachine } from "./machine.ts";
import { httpsFetch, run, serve } from "./process.ts";

describe("users", () => {
  it("are added, grouped, listed, disabled and enabled", async () => {
    const { call, json } = commandLine();
    const added = await json(
      "user",
      "add",
      "alice",
      "--group",
      "staff",
      "--group",
      "vpn",
      "--display-name",
      "A",
    );
    const alice = {
      name: "alice",
      displayName: "A",
      groups: ["staff", "vpn"],
      authenticators: 0,
      disabled: false,
      createdAt: "2026-03-01T12:00:00.000Z",
      lockedUntil: null,
    };
    expect(added).toEqual(alice);
    await call("user", "group", "remove", "alice", "vpn");
    await call("user", "group", "add", "alice", "ops");
    await call("user", "disable", "alice");
    expect(await json("user", "list")).toEqual([{ ...alice, groups: ["ops", "staff"], disabled: true }]);
    await call("user", "enable", "alice");
    expect((await json("user", "list"))[0].disabled).toBe(false);
  });

  it("whose names look alike can't be there together", async () => {
    const { call } = commandLine();
    await call("user", "add", "alice");
    for (const name of ["alice", "Alice", "ａｌｉｃｅ"]) {
      const { code, err } = await call("user", "add", name);
      expect(code).toBe(1);
      expect(err.split("\n")).toHaveLength(2);
    }
    expect((await call("user", "add", "al\u202eice")).err).toContain("control or invisible character");
  });

  it("that are not there are not found", async () => {
    const { call } = commandLine();
    const { code, out, err } = await call("user", "disable", "nobody");
    expect([code, out, err]).toEqual([1, "", 'nightlatch-server: there is no user "nobody"\n']);
  });
});

describe("authenticators", () => {
  it("are shown once, as a URI with the parameters asked for", async () => {
    const { call, json } = commandLine();
    await call("user", "add", "alice");
    const totp = await json(
      ..."authenticator add totp alice --algorithm sha256 --digits 8 --period 60".split(" "),
    );
    expect(totp).toMatchObject({
      type: "totp",
      user: "alice",
      algorithm: "sha256",
      digits: 8,
      periodSeconds: 60,
    });
    const uri = new URL(totp.uri);
    expect(Object.fromEntries(uri.searchParams)).toEqual({
      secret: totp.secret,
      issuer: "Nightlatch",
      algorithm: "SHA256",
      digits: "8",
      period: "60",
    });
    const hotp = await json("authenticator", "add", "hotp", "alice", "--counter", "5");
    expect(hotp).toMatchObject({ type: "hotp", counter: 5 });
    expect(new URL(hotp.uri).searchParams.get("counter")).toBe("5");
    const codes = await json("authenticator", "add", "backup-codes", "alice");
    expect(codes.codes).toHaveLength(10);
    const listed = await json("authenticator", "list", "alice");
    expect(listed.map((one: { type: string }) => one.type).toSorted()).toEqual([
      "backup-codes",
      "hotp",
      "totp",
    ]);
    expect(JSON.stringify(listed)).not.toContain(totp.secret);
    expect((await call("authenticator", "remove", "alice", totp.id)).code).toBe(0);
    expect((await call("authenticator", "remove", "alice", totp.id)).code).toBe(1);
  });

  it("take a given secret, with a warning when it is short, and refuse one that is none", async () => {
    const { call, json } = commandLine();
    await call("user", "add", "alice");
    const add = ["authenticator", "add", "totp", "alice", "--secret"];
    expect((await call(...add, "JBSWY3DPEHPK3PXP")).err).toContain("warning: the secret has 10 bytes");
    const long = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
    expect((await json(...add, long)).secret).toBe(long);
    expect((await call(...add, "MFRGG")).code).toBe(1);
    expect((await call(...add, "not base32!")).code).toBe(2);
  });

  it("are drawn as a QR code on a terminal, and where asked for", async () => {
    const [pipe, terminal] = [commandLine(), commandLine(true)];
    for (const { call } of [pipe, terminal]) await call("user", "add", "alice");
    const add = ["authenticator", "add", "totp", "alice"];
    expect((await pipe.call(...add)).out).not.toContain("█");
    expect((await pipe.call(...add, "--qr")).out).toContain("█");
    expect((await terminal.call(...add)).out).toContain("█");
  });
});

describe("policies", () => {
  it("are shown whole and set by key", async () => {
    const { call, json } = commandLine();
    const untouched = { name: "default", position: null, groups: [], tags: [], policy: defaultPolicy };
    expect(await json("policy", "show")).toEqual(untouched);
    const { code } = await call(
      ..."policy set offline.days=3 offline.signIns=none scope=remote,elevate lockout.failures=5".split(" "),
      ..."online.factors=totp/hotp,backup-codes mfa=exempt".split(" "),
    );
    expect(code).toBe(0);
    expect((await json("policy", "show")).policy).toEqual({
      ...defaultPolicy,
      mfa: "exempt",
      scope: ["remote", "elevate"],
      online: { factors: [["totp", "hotp"], ["backup-codes"]] },
      offline: { ...defaultPolicy.offline, days: 3, signIns: null },
    });
  });

  it("of groups are listed in their order, moved and removed", async () => {
    const { call, json } = commandLine();
    await call("policy", "set", "--group", "staff", "offline.days=1");
    await call("policy", "set", "--group", "travellers", "offline.days=30");
    const names = async () => (await json("policy", "list")).map((one: { name: string }) => one.name);
    expect(await names()).toEqual(["staff", "travellers", "default"]);
    expect((await call("policy", "move", "travellers", "1")).code).toBe(0);
    expect(await names()).toEqual(["travellers", "staff", "default"]);
    expect((await call("policy", "move", "travellers", "3")).code).toBe(1);
    expect((await call("policy", "move", "default", "1")).code).toBe(1);
    await call("policy", "remove", "travellers");
    expect(await names()).toEqual(["staff", "default"]);
    expect((await call("policy", "show", "travellers")).code).toBe(1);
    expect((await call("policy", "remove", "default")).code).toBe(1);
  });

  it("have groups and machine tags for a condition, which stays when it is not given", async () => {
    const { call, json } = commandLine();
    await call(..."policy set --name road --group staff --group ops --tag laptop offline.days=3".split(" "));
    expect(await json("policy", "set", "--name", "road", "offline.days=4")).toMatchObject({
      name: "road",
      position: 1,
      groups: ["staff", "ops"],
      tags: ["laptop"],
      policy: { offline: { days: 4 } },
    });
    const all = await json("policy", "set", "--name", "road", "--all-users", "--all-machines");
    expect(all).toMatchObject({ groups: [], tags: [] });
    expect((await call("policy", "set", "--name", "default", "--group", "staff")).code).toBe(1);
    expect((await call("policy", "set", "--name", "road", "--tag", "two words")).code).toBe(1);
    expect((await call("policy", "set", "--tag", "laptop", "offline.days=1")).code).toBe(2);
    expect((await call("policy", "set", "--name", "road", "--group", "x", "--all-users")).code).toBe(2);
  });

  it("are looked at before they are changed", async () => {
    const { call, json } = commandLine();
    await call("user", "add", "alice", "--group", "staff");
    const args = ["preview", "set", "--group", "staff", "offline.days=3"];
    expect(await json("policy", ...args)).toEqual({
      users: { count: 1, first: ["alice"] },
      machines: { count: 0, first: [] },
      moves: [
        {
          from: "default",
          to: "staff",
          users: 1,
          machines: 0,
          differences: [{ field: "offline.days", before: 7, after: 3 }],
        },
      ],
      warnings: [],
    });
    expect((await call("policy", ...args)).out).toContain("  offline.days: 7 -> 3\n");
    expect(await json("policy", "list")).toHaveLength(1);
    expect((await call("policy", "preview", "remove", "staff")).code).toBe(1);
  });

  it("are set from a file with all or some of the fields", async () => {
    const { call, json } = commandLine();
    const file = join(temporaryFolder(), "policy.json");
    writeFileSync(file, JSON.stringify({ offline: { days: 2 }, enrol: "ask" }));
    await call("policy", "set", "--file", file);
    const { policy } = await json("policy", "show");
    expect(policy).toEqual({
      ...defaultPolicy,
      enrol: "ask",
      offline: { ...defaultPolicy.offline, days: 2 },
    });
  });

  it.each([
    ["offline.days=many"],
    ["offline.days=367"],
    ["days=3"],
    ["__proto__=3"],
    ["offline=3"],
    ["scope=sideways"],
    ["online.factors="],
    ["offline.days"],
  ])("refuse %s and stay as they were", async (assignment) => {
    const { call, json } = commandLine();
    const { code, err } = await call("policy", "set", assignment);
    expect(code).toBe(1);
    expect(err.trimEnd().split("\n")).toHaveLength(1);
    expect((await json("policy", "show")).policy).toEqual(defaultPolicy);
  });
});

describe("join tokens", () => {
  it("go to standard output alone, the hints to standard error", async () => {
    const { call, json } = commandLine();
    const { out, err } = await call("join-token", "create");
    expect(out).toMatch(/^nlj1-[A-Z2-7]{26}-[A-Z2-7]{26}\n$/);
    expect(err).toContain("until 2026-03-02 12:00:00 UTC;");
    expect(await json("join-token", "create", "--uses", "3", "--expires-hours", "1")).toEqual({
      token: expect.stringMatching(/^nlj1-/),
      uses: 3,
      expiresAt: "2026-03-01T13:00:00.000Z",
    });
    const { fingerprint } = await json("identity");
    expect(out).toContain(fingerprint);
    expect(await json("join-token", "list")).toHaveLength(2);
  });
});

describe("mistakes", () => {
  it.each([
    [["bogus"]],
    [["user", "add"]],
    [["user", "list", "--bogus"]],
    [["policy", "set"]],
    [["join-token", "create", "--uses", "0"]],
    [["enrolment", "revoke", "alice"]],
    [["serve", "--listen", "127.0.0.1:0"]],
    [["serve", "--listen", "nonsense", "--dev-ca"]],
    [["serve", "--listen", "127.0.0.1:0", "--tls-cert", "x"]],
    [["serve", "--listen", "0.0.0.0:0", "--insecure-http-loopback"]],
    [["serve", "--listen", "127.0.0.1:0", "--dev-ca", "--insecure-http-loopback"]],
  ])("in usage end with 2: %j", async (args) => {
    const { call } = commandLine();
    const { code, out, err } = await call(...args);
    expect([code, out]).toEqual([2, ""]);
    expect(err).not.toBe("");
    const scripted = await call(...args, "--json");
    expect([scripted.code, scripted.out]).toEqual([2, ""]);
    expect(JSON.parse(scripted.err)).toEqual({ error: { code: "usage", message: expect.any(String) } });
  });

  it("in the folder end with 1 and say what to do", async () => {
    const { call, data } = commandLine();
    await call("user", "list");
    chmodSync(data, 0o755);
    const { code, err } = await call("user", "list");
    expect([code, err]).toEqual([
      1,
      `nightlatch-server: ${data} is open to other users; run: chmod 700 ${data}\n`,
    ]);
    const message = `${data} is open to other users; run: chmod 700 ${data}`;
    const scripted = await call("user", "list", "--json");
    expect(scripted.err).toBe(`${JSON.stringify({ error: { code: "unsafe", message } })}\n`);
  });
});

describe("the program", () => {
  it("serves a machine over HTTPS while the command line looks on, and ends when told", async () => {
    await loadSodium();
    const data = join(temporaryFolder(), "data");
    const cli = async (...args: string[]) => {
      const { code, out, err } = await run([...args, "--json"], { NIGHTLATCH_DATA: data });
      if (code !== 0) throw new Error(err);
      return JSON.parse(out);
    };
    const server = await serve(["--data", data, "--dev-ca"]);
    expect(server.fingerprint).toBe((await cli("identity")).fingerprint);
    await cli("user", "add", "alice");
    const { secret } = await cli("authenticator", "add", "hotp", "alice");
    const { token } = await cli("join-token", "create", "--tag", "laptop");
    const laptop = new TestMachine(httpsFetch(server.ca ?? ""), systemClock, "laptop");
    laptop.origin = server.url;
    await laptop.join(token);
    await laptop.enrolledVerify("alice", [hotpAt(fromBase32(secret) ?? new Uint8Array(), 0)]);
    laptop.event("sign-in-granted", { user: "alice", offline: true, method: "hotp" });
    await laptop.sync();

    expect(await cli("machine", "list")).toEqual([
      {
        id: laptop.id,
        hostname: "laptop",
        platform: "linux",
        agentVersion: "0.1.0",
        protector: "file",
        joinedAt: expect.stringMatching(/Z$/),
        lastSyncAt: expect.stringMatching(/Z$/),
        revokedAt: null,
        exempt: false,
        flags: [],
        tags: ["laptop"],
      },
    ]);
    const [enrolment] = await cli("enrolment", "list", "--user", "alice", "--machine", "laptop");
    expect(enrolment).toMatchObject({ user: "alice", machine: laptop.id, daysLeft: 7, signInsLeft: 50 });
    const audit = await cli("audit", "--user", "alice", "--limit", "2");
    expect(audit).toMatchObject([
      { kind: "enrolled", source: "server" },
      { kind: "sign-in-granted", source: "machine", machine: laptop.id, detail: { offline: true } },
    ]);
    const joined = (await cli("audit", "--machine", "laptop")).filter(
      ({ kind }: { kind: string }) => kind === "machine-joined",
    );
    // Not who started the server.
    expect(joined).toMatchObject([{ source: "server", operator: null }]);

    await cli("enrolment", "revoke", "alice", "--machine", laptop.id.slice(0, 8));
    expect((await laptop.ask("probe", laptop.asking())).revocations).toHaveLength(1);
    await cli("machine", "revoke", "laptop");
    expect(await laptop.verify("alice", ["x"])).toEqual({ verdict: "revoked" });

    server.child.kill("SIGTERM");
    const [code] = await once(server.child, "close");
    expect(code).toBe(0);
    for (const line of server.log().trimEnd().split("\n")) expect(JSON.parse(line)).toHaveProperty("msg");
  });
});
