import { type ChildProcess, execFile, spawn } from "node:child_process";
import { chmodSync, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { inheritedSockets } from "../../agent/platform/listen-fds.ts";
import { type Libc, loadLibc } from "../../platform/libc.ts";
import { serviceManager } from "../../platform/notify.ts";
import { FakeClock, turn } from "../fakes/clock.ts";
import { manager } from "../fakes/service-manager.ts";
import { dial, folder } from "./workspace.ts";

const libc = loadLibc();

describe("the service manager", () => {
  test.each(["path", "abstract"])("hears of it, at a %s address", async (sort) => {
    const address = sort === "path" ? join(folder(), "notify") : `@nightlatch-test-${process.pid}`;
    const heard = await manager(address);
    const env = { NOTIFY_SOCKET: address, OTHER: "kept" };
    const service = serviceManager(env, process.pid, libc, new FakeClock());
    service.ready("healthy\nSTOPPING=1");
    service.stopping();
    expect(await heard.said(2)).toEqual(["READY=1\nSTATUS=healthy STOPPING=1\n", "STOPPING=1\n"]);
    expect(env).toEqual({ OTHER: "kept" });
  });

  /** Remembers what would be sent. */
  const recording = (): { libc: Libc; sent: string[] } => {
    const sent: string[] = [];
    return { sent, libc: { ...libc, sendDatagram: (_address, message) => sent.push(message.trim()) > 0 } };
  };

  test("hears twice in each watchdog interval, until the agent stops", async () => {
    const { libc: fake, sent } = recording();
    const clock = new FakeClock();
    const env = { NOTIFY_SOCKET: "/x", WATCHDOG_USEC: "30000000", WATCHDOG_PID: "42" };
    const stop = new AbortController();
    const alive = serviceManager(env, 42, fake, clock).keepAlive(stop.signal);
    await clock.advance(44_999);
    expect(sent).toEqual(["WATCHDOG=1", "WATCHDOG=1", "WATCHDOG=1"]);
    stop.abort();
    await alive;
    await clock.advance(60_000);
    expect(sent).toHaveLength(3);
    expect(clock.sleeping).toBe(0);
    expect(env).toEqual({});
  });

  test.each([
    ["nobody asked", { NOTIFY_SOCKET: "/x" }],
    ["another process was asked", { NOTIFY_SOCKET: "/x", WATCHDOG_USEC: "1000000", WATCHDOG_PID: "43" }],
    ["the interval is none", { NOTIFY_SOCKET: "/x", WATCHDOG_USEC: "soon" }],
    ["there is no manager", { WATCHDOG_USEC: "1000000" }],
  ])("hears no watchdog when %s", async (_when, env) => {
    const { libc: fake, sent } = recording();
    await serviceManager({ ...env }, 42, fake, new FakeClock()).keepAlive(new AbortController().signal);
    expect(sent).toEqual([]);
  });

  test("that is not there stops nothing", () => {
    const service = serviceManager({ NOTIFY_SOCKET: "/nowhere/at/all" }, 42, libc, new FakeClock());
    service.ready();
    service.stopping();
  });

  test.each(["vsock:2:1234", "relative", "", "/", "@", `/${"a".repeat(120)}`, "/with\0nul"])(
    "is not sought at %j",
    (address) => expect(libc.sendDatagram(address, "READY=1")).toBe(false),
  );
});

describe("sockets that systemd opened", () => {
  /** What the kernel would say of each descriptor. */
  const kernel = (sockets: Record<number, { type: number; accepting: number; domain: number }>): Libc => ({
    ...libc,
    closeOnExec: (fd) => fd in sockets,
    socketOption(fd, _level, name) {
      const socket = sockets[fd];
      if (socket === undefined) return undefined;
      const value = Buffer.alloc(4);
      value.writeInt32LE({ 3: socket.type, 30: socket.accepting, 39: socket.domain }[name] ?? -1);
      return value;
    },
  });
  const listening = { type: 1, accepting: 1, domain: 1 };
  const given = (names: string, count = "2") => ({
    LISTEN_PID: "42",
    LISTEN_FDS: count,
    LISTEN_FDNAMES: names,
  });

  test("are known by their names, and the environment no longer speaks of them", () => {
    const env = { ...given("admin:dialogue"), OTHER: "kept" };
    expect(inheritedSockets(env, 42, kernel({ 3: listening, 4: listening }))).toEqual({
      admin: 3,
      dialogue: 4,
    });
    expect(env).toEqual({ OTHER: "kept" });
  });

  test("may be one, or none", () => {
    expect(inheritedSockets(given("dialogue", "1"), 42, kernel({ 3: listening }))).toEqual({ dialogue: 3 });
    expect(inheritedSockets({}, 42, kernel({}))).toEqual({});
    expect(inheritedSockets(given("", "0"), 42, kernel({}))).toEqual({});
  });

  test("for another process are left alone", () => {
    const env = given("dialogue:admin");
    expect(inheritedSockets(env, 43, kernel({}))).toEqual({});
    expect(env).toEqual({});
  });

  test.each([
    ["without a name", given(""), "has no FileDescriptorName="],
    ["of an unknown name", given("dialogue:http"), "has no FileDescriptorName="],
    ["of one name", given("dialogue:dialogue"), "two socket units are named dialogue"],
    ["without a number", given("dialogue:admin", "two"), "LISTEN_FDS is not a number"],
    ["in a strange number", given("dialogue:admin", "-1"), "LISTEN_FDS is not a number"],
    ["that are not open", given("dialogue:admin", "2"), "is not a ListenStream="],
  ])("%s are an error", (_what, env, fault) => {
    expect(() => inheritedSockets(env, 42, kernel({ 3: listening }))).toThrow(fault);
  });

  test.each([
    ["that takes datagrams", { ...listening, type: 2 }],
    ["that is a connection", { ...listening, accepting: 0 }],
    ["of the network", { ...listening, domain: 2 }],
  ])("one %s is an error", (_what, socket) => {
    expect(() => inheritedSockets(given("dialogue", "1"), 42, kernel({ 3: socket }))).toThrow(
      "is not a ListenStream=",
    );
  });

  test("serve real relays, and stay when the agent goes", async () => {
    const activate = "/usr/bin/systemd-socket-activate";
    if (!existsSync(activate)) return;
    const at = folder();
    chmodSync(at, 0o755);
    const path = join(at, "dialogue.sock");
    const program = join(at, "agent.ts");
    const ours = (file: string): string => JSON.stringify(join(import.meta.dirname, "../..", file));
    writeFileSync(
      program,
      `
import { execFileSync } from "node:child_process";
import { listenForDialogues } from ${ours("agent/dialogue/listen.ts")};
import { loadLibc } from ${ours("platform/libc.ts")};
import { inheritedSockets } from ${ours("agent/platform/listen-fds.ts")};
import { systemPeers } from ${ours("agent/platform/peer-credentials.ts")};
import { systemClock } from ${ours("platform/clock.ts")};
const libc = loadLibc();
const { dialogue } = inheritedSockets(process.env, process.pid, libc);
const child = execFileSync("sh", ["-c", "[ -S /proc/self/fd/3 ] && echo leaked || echo kept"], { encoding: "utf8" });
const log = { debug() {}, info() {}, warn() {}, error() {} };
const listener = await listenForDialogues({
  at: { fd: dialogue },
  clock: systemClock,
  peers: systemPeers(libc, async () => "root"),
  log,
  converse: async () => ({ word: "END", verdict: "granted", method: child.trim() }),
});
process.once("SIGTERM", () => void listener.close());
`,
    );
    const child: ChildProcess = spawn(
      activate,
      [
        "--listen",
        path,
        "--fdname=dialogue",
        process.execPath,
        "--disable-warning=ExperimentalWarning",
        program,
      ],
      { stdio: ["ignore", "ignore", "ignore"] },
    );
    onTestFinished(() => void child.kill("SIGKILL"));
    for (let tries = 0; tries < 100_000 && !existsSync(path); tries++) await turn();
    // The file is there a moment before somebody listens behind it.
    const dialled = async (): Promise<Awaited<ReturnType<typeof dial>>> =>
      dial(path).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== "ECONNREFUSED" || child.exitCode !== null) throw error;
        return turn().then(dialled);
      });
    const relay = await dialled();
    relay.socket.write("BEGIN 1 kind=logon user=root service=login\n");
    expect(await relay.whole).toBe("END granted method=kept\n");
    const ended = new Promise((resolve) => child.once("exit", (code) => resolve(code)));
    child.kill("SIGTERM");
    expect(await ended).toBe(0);
    expect(existsSync(path)).toBe(true);
  });
});

describe("the calls of the C library", () => {
  test("close descriptors to programs that are started, and say so of one that is not open", () => {
    expect(libc.closeOnExec(0)).toBe(true);
    expect(libc.closeOnExec(9_999)).toBe(false);
    expect(libc.socketOption(9_999, 1, 17, 12)).toBeUndefined();
  });

  test("are missing in another runtime, which is told at the start", async () => {
    const script = `
      process.getBuiltinModule = () => undefined;
      const { loadLibc } = await import(${JSON.stringify(join(import.meta.dirname, "../../platform/libc.ts"))});
      try { loadLibc(); } catch (error) { console.log(error.message); }`;
    const said = await new Promise<string>((resolve) => {
      execFile(process.execPath, ["--input-type=module", "-e", script], (_error, out) => resolve(out));
    });
    expect(said).toMatch(/^this Node \(v\S+\) has no node:ffi; use the runtime that comes with Nightlatch/);
  });
});
