import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { userInfo } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { type DialogueListener, listenForDialogues } from "../../agent/dialogue/listen.ts";
import type { Caller, Converse } from "../../agent/dialogue/talk.ts";
import type { Peers } from "../../agent/socket/peer.ts";
import { limits } from "../../protocol/dialogue/limits.ts";
import { FakeClock, turn } from "../fakes/clock.ts";
import { sayAs } from "./as-user.ts";
import { dial, folder, isRoot, realPeers, rememberingLog } from "./workspace.ts";

const begin = "BEGIN 1 kind=logon user=alice service=login\n";
const asks: Converse = async (_begin, _caller, talk) =>
  (await talk.ask("hidden", "Code:")) === "right"
    ? { word: "END", verdict: "granted", offline: true }
    : { word: "END", verdict: "denied" };

async function agent(
  converse: Converse = asks,
  { clock = new FakeClock(), peers = realPeers, at = join(folder(), "run", "dialogue.sock") } = {},
): Promise<{
  path: string;
  clock: FakeClock;
  listener: DialogueListener;
  log: ReturnType<typeof rememberingLog>;
}> {
  const log = rememberingLog();
  const listener = await listenForDialogues({ at: { path: at }, clock, converse, peers, log });
  onTestFinished(() => listener.close());
  return { path: at, clock, listener, log };
}

/** Everybody is who the test says. */
const peersAre = (uid: number, name: string | undefined): Peers => ({
  of: () => ({ uid, pid: 7, gids: [uid] }),
  accountName: async () => name,
});

async function eventually(holds: () => boolean): Promise<void> {
  for (let round = 0; round < 1_000 && !holds(); round++) await turn();
  expect(holds()).toBe(true);
}

describe("a dialogue over a real socket", () => {
  test("from BEGIN to END", async () => {
    const { path } = await agent();
    const relay = await dial(path);
    relay.socket.write(begin);
    await relay.until("ASK hidden Code:\n");
    relay.socket.write("ANSWER right\n");
    expect(await relay.whole).toBe("ASK hidden Code:\nEND granted offline=yes\n");
  });

  test("tells the conversation who the kernel says is there", async () => {
    const callers: Caller[] = [];
    const own = userInfo();
    const { path } = await agent(async (_begin, caller) => {
      callers.push(caller);
      return { word: "END", verdict: "denied" };
    });
    const relay = await dial(path);
    relay.socket.write(begin.replace("alice", own.username));
    await relay.whole;
    expect(callers).toEqual([{ uid: own.uid, pid: process.pid, userName: own.username }]);
  });

  test("byte by byte", async () => {
    const { path } = await agent(async () => ({ word: "END", verdict: "locked" }));
    const relay = await dial(path);
    for (const byte of Buffer.from(begin)) relay.socket.write(Uint8Array.of(byte));
    expect(await relay.whole).toBe("END locked\n");
  });

  test("a relay that shuts its own direction down has gone", async () => {
    let over: AbortSignal | undefined;
    const { path, listener } = await agent(async (opening, caller, talk) => {
      over = talk.over;
      return await asks(opening, caller, talk);
    });
    const relay = await dial(path);
    relay.socket.write(begin);
    await relay.until("ASK");
    relay.socket.end();
    expect(await relay.whole).toBe("ASK hidden Code:\n");
    await eventually(() => over?.aborted === true);
    expect(listener.open).toBe(0);
  });

  test("a refusal still reaches a relay that has shut its own direction down", async () => {
    const { path } = await agent();
    const relay = await dial(path);
    relay.socket.end("HELLO\n");
    expect(await relay.whole).toBe("END refused unknown%20word\n");
  });

  test("a relay that breaks off leaves nothing behind", async () => {
    const { path, listener, clock } = await agent();
    const relay = await dial(path);
    relay.socket.write(begin);
    await relay.until("ASK");
    relay.socket.destroy();
    await eventually(() => listener.open === 0);
    expect(clock.sleeping).toBe(0);
  });

  test("a silent relay is dropped", async () => {
    const { path, clock, listener } = await agent();
    const relay = await dial(path);
    await eventually(() => listener.open === 1);
    await clock.advance(limits.silenceMs);
    expect(await relay.whole).toBe("END refused nothing%20was%20begun%20in%20time\n");
  });

  test("a relay that never reads is cut off", async () => {
    let over: AbortSignal | undefined;
    const { path, listener } = await agent(async (_begin, _caller, talk) => {
      over = talk.over;
      while (!talk.over.aborted) {
        talk.show("info", "x".repeat(1_000));
        await turn();
      }
      return { word: "END", verdict: "granted" };
    });
    const relay = await dial(path);
    relay.socket.pause();
    relay.socket.write(begin);
    await eventually(() => over?.aborted === true);
    await eventually(() => listener.open === 0);
  });

  test("closing the agent ends open dialogues as unavailable and removes the socket", async () => {
    const { path, listener } = await agent();
    const relay = await dial(path);
    relay.socket.write(begin);
    await relay.until("ASK");
    await listener.close();
    expect(await relay.whole).toBe("ASK hidden Code:\nEND unavailable\n");
    expect(existsSync(path)).toBe(false);
  });
});

describe("a flood", () => {
  test("of 64 dialogues leaves the 65th refused at once, and room again when one ends", async () => {
    const { path, listener } = await agent(asks);
    const open = [];
    for (let user = 0; user < limits.open; user++) {
      const relay = await dial(path);
      relay.socket.write(begin.replace("alice", `user${user}`));
      open.push(relay);
    }
    for (const relay of open) await relay.until("ASK");
    expect(listener.open).toBe(limits.open);
    const late = await dial(path);
    expect(await late.whole).toBe("END refused too%20many%20dialogues%20are%20open\n");
    open[0]?.socket.write("ANSWER right\n");
    await open[0]?.whole;
    const next = await dial(path);
    next.socket.write(begin);
    await next.until("ASK");
  });

  test("of one unprivileged caller stops at four, before anything is said", async () => {
    const { path, listener } = await agent(asks, { peers: peersAre(1000, "alice") });
    const open = [];
    for (let count = 0; count < limits.openPerUnprivilegedCaller; count++) open.push(await dial(path));
    await eventually(() => listener.open === limits.openPerUnprivilegedCaller);
    const fifth = await dial(path);
    expect(await fifth.whole).toBe("END refused too%20many%20dialogues%20are%20open\n");
  });

  test("of connections while account names are looked up is bounded as well", async () => {
    const peers: Peers = { ...peersAre(1000, "alice"), accountName: () => new Promise(() => undefined) };
    const { path, listener } = await agent(asks, { peers });
    for (let count = 0; count < 8; count++) (await dial(path)).socket.write(begin);
    await eventually(() => listener.open === limits.openPerUnprivilegedCaller);
    await turn();
    expect(listener.open).toBe(limits.openPerUnprivilegedCaller);
  });
});

describe("a caller", () => {
  test("whom the kernel does not name is refused", async () => {
    const { path } = await agent(asks, { peers: { of: () => undefined, accountName: async () => "alice" } });
    expect(await (await dial(path)).whole).toBe("END refused the%20caller%20is%20not%20known\n");
  });

  test("whose account can't be looked up may begin for nobody", async () => {
    const peers = {
      ...peersAre(1000, "alice"),
      accountName: () => Promise.reject(new Error("no directory")),
    };
    const { path } = await agent(asks, { peers });
    const relay = await dial(path);
    relay.socket.write(begin);
    expect(await relay.whole).toMatch(/^END refused this%20caller/);
  });

  test.runIf(isRoot)("of another account may begin for itself and for nobody else", async () => {
    const parent = folder();
    chmodSync(parent, 0o755);
    const { path } = await agent(asks, { at: join(parent, "run", "dialogue.sock") });
    expect(await sayAs(1, path, begin.replace("alice", "daemon"))).toBe("ASK hidden Code:\n");
    expect(await sayAs(1, path, begin.replace("alice", "root"))).toMatch(/^END refused this%20caller/);
    expect(await sayAs(1, path, begin)).toMatch(/^END refused this%20caller/);
  });

  test.runIf(isRoot)("without an account may begin for nobody, and so may the overflow uid", async () => {
    const parent = folder();
    chmodSync(parent, 0o755);
    const { path } = await agent(asks, { at: join(parent, "run", "dialogue.sock") });
    expect(await sayAs(54_321, path, begin)).toMatch(/^END refused this%20caller/);
    expect(await sayAs(65_534, path, begin.replace("alice", "nobody"))).toMatch(
      /^END refused the%20caller%20is/,
    );
  });
});

describe("the socket's place", () => {
  test("is a folder of 0755 and a socket of 0666", async () => {
    const { path } = await agent();
    expect(lstatSync(path).mode & 0o777).toBe(0o666);
    expect(lstatSync(join(path, "..")).mode & 0o777).toBe(0o755);
  });

  test("may hold what a dead agent left", async () => {
    const { path, listener } = await agent();
    const left = join(path, "..", "left.sock");
    const dead = createServer().listen(left);
    await new Promise((resolve) => dead.once("listening", resolve));
    // Under another name while it closes: as after a kill, nobody removes the path.
    renameSync(left, `${left}.kept`);
    await new Promise((resolve) => dead.close(resolve));
    renameSync(`${left}.kept`, left);
    await listener.close();
    const again = await agent(asks, { at: left });
    expect((await dial(again.path)).socket.readyState).toBe("open");
  });

  test("may not hold a living agent", async () => {
    const { path } = await agent();
    await expect(agent(asks, { at: path })).rejects.toThrow(`another agent already listens on ${path}`);
    expect((await dial(path)).socket.readyState).toBe("open");
  });

  test("may not hold a file, which is left alone", async () => {
    const at = join(folder(), "dialogue.sock");
    writeFileSync(at, "precious");
    await expect(agent(asks, { at })).rejects.toThrow("is not a socket: move it away");
    expect(existsSync(at)).toBe(true);
  });

  test("may not hold a link", async () => {
    const at = join(folder(), "dialogue.sock");
    symlinkSync("/nowhere", at);
    await expect(agent(asks, { at })).rejects.toThrow("is not a socket");
  });

  test.each([0o775, 0o757, 0o777, 0o1777])("may not be writable by others: %o", async (mode) => {
    const at = folder();
    chmodSync(at, mode);
    await expect(agent(asks, { at: join(at, "dialogue.sock") })).rejects.toThrow(
      `the folder ${at} is writable by others`,
    );
  });

  test("may not be reached through a link", async () => {
    const at = folder();
    mkdirSync(join(at, "real"));
    symlinkSync(join(at, "real"), join(at, "link"));
    await expect(agent(asks, { at: join(at, "link", "dialogue.sock") })).rejects.toThrow(
      "is a symbolic link",
    );
  });

  test("may not be a file", async () => {
    const at = join(folder(), "run");
    writeFileSync(at, "");
    await expect(agent(asks, { at: join(at, "dialogue.sock") })).rejects.toThrow("is not a folder");
  });

  test("may not lie in a folder that is not there", async () => {
    await expect(agent(asks, { at: join(folder(), "a", "b", "dialogue.sock") })).rejects.toThrow(
      "there is no",
    );
  });

  test.runIf(isRoot)("may not belong to another account", async () => {
    const at = folder();
    chownSync(at, 1, 1);
    await expect(agent(asks, { at: join(at, "dialogue.sock") })).rejects.toThrow(
      "belongs to another user (uid 1)",
    );
  });
});
