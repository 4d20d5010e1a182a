import { execFile } from "node:child_process";
import { chmodSync, chownSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { AdminError } from "../../agent/admin/actions.ts";
import { version } from "../../agent/platform/version.ts";
import { cliStage } from "./cli-stage.ts";
import { healthy } from "./fake-actions.ts";
import { folder, isRoot } from "./workspace.ts";

process.env["TZ"] = "UTC";

describe("nightlatch status", () => {
  test("for people", async () => {
    const on = await cliStage();
    expect(await on.run(["status"])).toEqual({
      exit: 0,
      err: "",
      out: `Agent      nightlatchd 0.1.0
State      healthy
MFA        enabled, mode offline
Machine    laptop-7
Server     https://mfa.corp.example, reachable
Last sync  2026-11-20 12:00
Waiting    1 event
Protector  file: against other accounts of this machine

User   Offline sign-in                Until             Last synced       Policy
alice  6 days and 20 sign-ins left    2026-11-26 12:00  2026-11-20 12:00  staff
bob    locked until 2026-11-20 12:15  2026-11-21 12:00  2026-10-31 12:00  staff
`,
    });
  });

  test("for programs", async () => {
    const on = await cliStage();
    const { out, exit } = await on.run(["--json", "status"]);
    expect(JSON.parse(out)).toEqual(healthy);
    expect(exit).toBe(0);
  });

  test("before anything was set up", async () => {
    const on = await cliStage();
    on.actions.now = {
      ...healthy,
      state: "not-joined",
      machine: null,
      server: { url: null, reach: "unknown", lastContactAtMs: null, lastFailure: null },
      lastSyncAtMs: null,
      enrolments: [],
    };
    const { out } = await on.run(["status"]);
    expect(out).toContain("State      not joined: run `nightlatch join`\n");
    expect(out).toContain("Server     none\n");
    expect(out).toContain("Last sync  never\n");
    expect(out).toContain("Nobody is enrolled for offline sign-in here.\n");
  });

  test("just joined, with the first sync under way", async () => {
    const on = await cliStage();
    on.actions.now = { ...healthy, lastSyncAtMs: null, syncUnderWay: true };
    expect((await on.run(["status"])).out).toContain("Last sync  never: the first one is under way\n");
  });

  test("out of reach, with a reason", async () => {
    const on = await cliStage();
    on.actions.now = {
      ...healthy,
      server: { ...healthy.server, reach: "unreachable", lastFailure: "dns" },
    };
    expect((await on.run(["status"])).out).toContain("unreachable (dns), last reached 2026-11-20 12:00");
    const server = { ...healthy.server, reach: "unreachable", lastFailure: "unreachable" } as const;
    on.actions.now = { ...healthy, server };
    expect((await on.run(["status"])).out).toContain("unreachable, last reached 2026-11-20 12:00");
  });

  test("in colour on a terminal, unless nobody wants it", async () => {
    const on = await cliStage();
    expect((await on.run(["status"], { isTTY: true })).out).toContain("\u001b[32mState");
    for (const env of [{ NO_COLOR: "1" }, { TERM: "dumb" }] as Record<string, string>[])
      expect((await on.run(["status"], { isTTY: true, env })).out).not.toContain("\u001b");
  });

  test("can't be used to play with the terminal", async () => {
    const on = await cliStage();
    on.actions.now = { ...healthy, machine: "evil\u001b]0;x\u0007\nState healthy" };
    const { out } = await on.run(["status"]);
    expect(out).toContain("evil\\u{1b}]0;x\\u{7}\\u{a}State healthy\n");
    expect(out).not.toContain("\u001b");
  });
});

describe("nightlatch", () => {
  test("syncs", async () => {
    const on = await cliStage();
    const { out } = await on.run(["sync"]);
    expect(out).toBe("Synced: 3 events sent, 2 bundles received, 1 revocation applied.\n");
  });

  test("rotates keys, and says when the server has not heard of it yet", async () => {
    const on = await cliStage();
    expect((await on.run(["rotate-keys"])).out).toBe(
      "laptop-7 has new keys, sealed by file.\nThe old keys are worth nothing any more.\n",
    );
    on.actions.heard = false;
    expect((await on.run(["rotate-keys"])).out).toContain("hold until the next contact");
    const { out } = await on.run(["--json", "rotate-keys"]);
    expect(JSON.parse(out)).toMatchObject({ machine: "laptop-7", protector: { name: "file" }, heard: false });
    expect(on.actions.calls).toEqual(Array.from({ length: 3 }, () => ["rotate-keys", "same"]));
  });

  test.each([
    ["join", "https://mfa.corp.example"],
    ["explain"],
    ["forget", "alice", "bob"],
    ["status", "--wrong"],
    ["sign-in"],
  ])("points to the help of the command that was not understood: %s", async (...args) => {
    const { exit, err } = await (await cliStage()).run(args);
    expect(exit).toBe(2);
    expect(err.split("\n").slice(1)).toEqual([`see: nightlatch ${args[0]} --help`, ""]);
  });

  test("shows the protector and what it defends, or changes it", async () => {
    const on = await cliStage();
    expect((await on.run(["protector"])).out).toBe("file: against other accounts of this machine\n");
    expect(JSON.parse((await on.run(["--json", "protector"])).out)).toEqual(healthy.protector);
    expect((await on.run(["protector", "tpm2"])).out).toContain("sealed by tpm2");
    expect(on.actions.calls).toEqual([["rotate-keys", "tpm2"]]);
    const wrong = await on.run(["protector", "tpm3"]);
    expect([wrong.exit, wrong.err]).toEqual([
      2,
      "nightlatch: a protector is one of tpm2, systemd-creds, file\nsee: nightlatch protector --help\n",
    ]);
  });

  test("joins with a token from a file or from standard input", async () => {
    const on = await cliStage();
    const file = join(folder(), "token");
    writeFileSync(file, "nlj1-abc\n");
    await on.run(["join", "https://mfa.corp.example", "--token-file", file]);
    const { out } = await on.run(["join", "https://mfa.corp.example", "--token-file", "-"], {
      input: " nlj1-def \n",
    });
    expect(out).toBe("Joined https://mfa.corp.example as laptop-7.\n");
    expect(on.actions.calls.map(([, , token]) => token)).toEqual(["nlj1-abc", "nlj1-def"]);
  });

  test.each([
    ["empty", "\n", "there is no join token"],
    ["of two words", "a b", "there is no join token"],
    ["far too long", "x".repeat(5_000), "is too long for a join token"],
  ])("does not join with a token that is %s", async (_what, input, fault) => {
    const on = await cliStage();
    const { exit, err } = await on.run(["join", "https://x", "--token-file", "-"], { input });
    expect({ exit, err }).toEqual({ exit: 1, err: expect.stringContaining(fault) });
    expect(on.actions.calls).toEqual([]);
  });

  test("says so when the token file is not there", async () => {
    const on = await cliStage();
    const { exit, err } = await on.run(["join", "https://x", "--token-file", "/nowhere"]);
    expect({ exit, err }).toEqual({ exit: 1, err: "nightlatch: the token file can't be read (ENOENT)\n" });
  });

  test("explains", async () => {
    const on = await cliStage();
    expect((await on.run(["explain", "alice", "--kind", "unlock"])).out).toBe(
      `A unlock of alice now, under the policy staff:
  with the server  asked    the policy asks for totp
  without it       refused  the lease has ended

Step by step:
  1. alice is enrolled
  2. the lease ended 2 days ago
`.replace("A unlock", "An unlock"),
    );
    expect(on.actions.calls).toEqual([["explain", "alice", "unlock"]]);
  });

  test("forgets", async () => {
    const on = await cliStage();
    expect((await on.run(["forget", "alice"])).out).toBe("Forgotten.\n");
    on.actions.forgotten = false;
    expect((await on.run(["forget", "alice"])).out).toBe("There was nothing to forget.\n");
    for (const args of [
      ["forget", "alice", "--json"],
      ["--json", "forget", "alice"],
    ])
      expect(JSON.parse((await on.run(args)).out)).toEqual({ forgotten: false });
  });

  test.each([
    [[], 2],
    [["statsu"], 2],
    [["status", "more"], 2],
    [["--bogus"], 2],
    [["join"], 2],
    [["join", "https://x"], 2],
    [["explain"], 2],
    [["explain", "alice", "--kind", "x"], 2],
    [["explain", "a\nb"], 2],
    [["forget", ""], 2],
    [["sign-in", "alice", "--kind", "x"], 2],
    [["sign-in", "alice", "--service", ""], 2],
    [["--help"], 0],
    [["help"], 0],
    [["--version"], 0],
  ])("%j exits with %i", async (args, exit) => {
    const on = await cliStage();
    expect((await on.run(args)).exit).toBe(exit);
    expect(on.actions.calls).toEqual([]);
  });

  test("tells its exit codes and its version", async () => {
    const on = await cliStage();
    expect((await on.run(["--help"])).out).toContain("  3  sign-in only: too many failures\n");
    expect((await on.run(["--version"])).out).toBe(`${version}\n`);
  });

  test("passes on what the agent says is wrong", async () => {
    const on = await cliStage();
    on.actions.fail = new AdminError("already-joined", "this machine has\u001b[2J joined");
    expect(await on.run(["sync"])).toEqual({
      exit: 1,
      out: "",
      err: "nightlatch: this machine has\\u{1b}[2J joined\n",
    });
    const { out, exit } = await on.run(["--json", "sync"]);
    expect(JSON.parse(out)).toMatchObject({ error: { code: "already-joined" } });
    expect(exit).toBe(1);
  });

  test("runs from a checkout", async () => {
    const script = join(import.meta.dirname, "../../scripts/nightlatch");
    const [out, code] = await new Promise<[string, unknown]>((resolve) => {
      execFile(script, ["--admin-socket", "/nowhere/admin.sock", "status"], (error, _out, err) =>
        resolve([err, error?.code]),
      );
    });
    expect(out).toBe("nightlatch: the agent is not running: there is no /nowhere/admin.sock\n");
    expect(code).toBe(5);
  });
});

describe("an agent that is not to be trusted", () => {
  const fault = (err: string) => ({ exit: 5, out: "", err: expect.stringMatching(err) });

  test("is not there", async () => {
    const on = await cliStage();
    expect(await on.run(["--admin-socket", join(folder(), "x"), "status"])).toEqual(
      fault("the agent is not running"),
    );
  });

  test("listens where others may write", async () => {
    const on = await cliStage();
    chmodSync(join(on.admin, ".."), 0o777);
    expect(await on.run(["status"])).toEqual(
      fault("don't trust this agent: the folder .* is writable by others"),
    );
    expect(await on.run(["sign-in", "root"])).toEqual(fault("don't trust this agent: the folder"));
  });

  test("is a file", async () => {
    const on = await cliStage();
    const file = join(folder(), "x");
    writeFileSync(file, "");
    expect(await on.run(["--admin-socket", file, "status"])).toEqual(
      fault("don't trust this agent: .* is not a socket"),
    );
  });

  test.runIf(isRoot)("belongs to another account", async () => {
    const on = await cliStage();
    chownSync(on.dialogue, 1, 1);
    expect(await on.run(["sign-in", "root"])).toEqual(fault("belongs to another user \\(uid 1\\)"));
    expect(await on.run(["sign-in", "root"], { io: { accounts: { userId: async () => 1 } } })).toMatchObject({
      exit: 1,
    });
  });

  test("is another account's program behind a trusted socket", async () => {
    const on = await cliStage();
    const peers = { of: () => ({ uid: 12_345, pid: 1, gids: [] }) };
    expect(await on.run(["status"], { io: { peers } })).toEqual(fault("another user's program listens"));
    expect(await on.run(["status"], { io: { peers: { of: () => undefined } } })).toEqual(
      fault("another user's program"),
    );
    expect(on.actions.calls).toEqual([]);
  });

  test.each([
    ["no HTTP", "hello\n", "broke the connection off"],
    ["no JSON", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello", "are both of the same version"],
    ["another API", "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}", "are both of the same version"],
    ["half an answer", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{", "broke the connection off"],
    ["nothing", "", "broke the connection off"],
  ])("speaks %s", async (_what, reply, err) => {
    const on = await cliStage();
    const path = join(folder(), "x.sock");
    const server = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.once("data", () => socket.end(reply));
    }).listen(path);
    onTestFinished(() => void server.close());
    await new Promise((resolve) => server.once("listening", resolve));
    expect(await on.run(["--admin-socket", path, "status"])).toEqual(fault(err));
  });

  test("does not answer within a minute", async () => {
    const on = await cliStage();
    const path = join(folder(), "x.sock");
    let arrived = (): void => undefined;
    const called = new Promise<void>((resolve) => (arrived = resolve));
    const server = createServer((socket) => {
      socket.on("error", () => undefined).once("data", () => arrived());
    }).listen(path);
    onTestFinished(() => void server.close());
    await new Promise((resolve) => server.once("listening", resolve));
    const ran = on.run(["--admin-socket", path, "status"]);
    await called;
    await on.clock.advance(60_000);
    expect(await ran).toEqual(fault("broke the connection off"));
  });
});
