// Who may stand at the other end: no user but root and the agent's account could have put the socket there.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  renameSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type FakeAgent, playing, startFakeAgent } from "./fake-agent.ts";
import { buildModule, isRoot, makeStage, me, modulePath, nodePath, type Stage } from "./stage.ts";
import { parseTranscript } from "./transcript.ts";

const granting = "! relay: PAM_SUCCESS\n> BEGIN\n< END granted\n";
const nobody = 65534;

let stage: Stage;
let agent: FakeAgent | undefined;
const children: ChildProcess[] = [];

beforeAll(() => buildModule());
beforeEach(() => {
  stage = makeStage();
  stage.alone("nightlatch", "silence=1");
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  await agent?.close();
  agent = undefined;
  stage.remove();
});

async function grantEverybody(path = stage.socket): Promise<FakeAgent> {
  agent = await startFakeAgent(path, playing(parseTranscript("inline", granting).turns));
  chmodSync(path, 0o666);
  return agent;
}

/** A granting agent in a process of its own, under another user, in a folder where that user may make a socket. */
async function grantAs(uid: number): Promise<ChildProcess> {
  const script = join(stage.folder, "granting.txt");
  writeFileSync(script, granting, { mode: 0o644 });
  chownSync(dirname(stage.socket), uid, uid);
  const program = fileURLToPath(new URL("fake-agent.ts", import.meta.url));
  const child = spawn(nodePath, [program, stage.socket, script], {
    uid,
    gid: uid,
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  await once(child.stdout as NodeJS.ReadableStream, "data");
  return child;
}

/** Refused with this reason, and without a word to whoever listens. */
async function expectRefusal(reason: string, service = "nightlatch") {
  const { auth, log } = await stage.drive({ service, answers: ["492039"] });
  expect(auth).toBe("PAM_AUTHINFO_UNAVAIL");
  expect(log.join("\n")).toContain(reason);
  for (const each of agent?.heard ?? []) expect(each.lines).toEqual([]);
}

test("the stage itself is trusted", async () => {
  await grantEverybody();
  expect((await stage.drive({})).auth).toBe("PAM_SUCCESS");
});

describe("nobody there", () => {
  test("no socket", () => expectRefusal("is the agent running?"));

  test("no folder", async () => {
    stage.service("lost", [
      `auth required ${modulePath} socket=${stage.folder}/nowhere/dialogue.sock agent_user=${me}`,
    ]);
    await expectRefusal("is the agent installed?", "lost");
  });

  test("a socket that its listener left behind", async () => {
    await grantEverybody();
    renameSync(stage.socket, `${stage.socket}.kept`);
    await agent?.close();
    renameSync(`${stage.socket}.kept`, stage.socket);
    await expectRefusal("does not take the connection");
  });

  test("an ordinary file", async () => {
    writeFileSync(stage.socket, "END granted\n");
    await expectRefusal("is not a socket");
  });

  test("a folder", async () => {
    mkdirSync(stage.socket);
    await expectRefusal("is not a socket");
  });
});

describe("the path", () => {
  test("must not end in a symbolic link", async () => {
    await grantEverybody(`${stage.socket}.real`);
    symlinkSync(`${stage.socket}.real`, stage.socket);
    await expectRefusal("is not a socket");
  });

  test("must not lead through a symbolic link", async () => {
    await grantEverybody();
    symlinkSync(dirname(stage.socket), join(stage.folder, "way"));
    stage.service("linked", [
      `auth required ${modulePath} socket=${stage.folder}/way/dialogue.sock agent_user=${me}`,
    ]);
    await expectRefusal("leads through a symbolic link", "linked");
  });

  test.each(["run/../run/dialogue.sock", "run/./dialogue.sock", "run//dialogue.sock", "run/dialogue.sock/"])(
    "must be plain: %s",
    async (path) => {
      await grantEverybody();
      stage.service("dotted", [
        `auth required ${modulePath} socket=${stage.folder}/${path} agent_user=${me}`,
      ]);
      await expectRefusal("the socket's path", "dotted");
    },
  );

  test("must not lead through a file", async () => {
    await grantEverybody();
    stage.service("file", [
      `auth required ${modulePath} socket=${stage.socket}/dialogue.sock agent_user=${me}`,
    ]);
    await expectRefusal("not a folder", "file");
  });

  test.each([0o777, 0o775, 0o757, 0o1777])("must not end in a folder of mode %o", async (mode) => {
    await grantEverybody();
    chmodSync(dirname(stage.socket), mode);
    await expectRefusal("writable by others");
  });

  test.each([0o777, 0o770])("must not lead through a folder of mode %o", async (mode) => {
    await grantEverybody();
    chmodSync(stage.folder, mode);
    await expectRefusal("writable by others");
  });

  test("may lead through a sticky folder, in which nobody can move what is not theirs", async () => {
    await grantEverybody();
    chmodSync(stage.folder, 0o1777);
    expect((await stage.drive({})).auth).toBe("PAM_SUCCESS");
  });
});

describe.skipIf(!isRoot)("another user (only root can try this)", () => {
  test("owns the socket", async () => {
    await grantEverybody();
    chownSync(stage.socket, nobody, nobody);
    await expectRefusal("the agent's socket belongs to another user");
  });

  test("owns the socket's folder", async () => {
    await grantEverybody();
    chownSync(dirname(stage.socket), nobody, nobody);
    await expectRefusal("a folder of the socket's path belongs to another user");
  });

  test("owns a folder on the way", async () => {
    await grantEverybody();
    chownSync(stage.folder, nobody, nobody);
    await expectRefusal("a folder of the socket's path belongs to another user");
  });

  test("listens on a socket that looks like root's", async () => {
    await grantAs(nobody);
    chownSync(dirname(stage.socket), 0, 0);
    chownSync(stage.socket, 0, 0);
    await expectRefusal("the process that listens belongs to another user");
  });

  test("squats where the agent is not running, in a folder of its own", async () => {
    await grantAs(nobody);
    await expectRefusal("a folder of the socket's path belongs to another user");
  });

  test("puts a hard link to its socket in a sticky folder", async () => {
    await grantAs(nobody);
    chownSync(dirname(stage.socket), 0, 0);
    chmodSync(dirname(stage.socket), 0o1777);
    linkSync(stage.socket, `${stage.socket}.other`);
    unlinkSync(stage.socket);
    renameSync(`${stage.socket}.other`, stage.socket);
    expect(lstatSync(stage.socket).uid).toBe(nobody);
    await expectRefusal("writable by others");
  });

  test("is the agent's own account: trusted", async () => {
    await grantAs(nobody);
    stage.service("named", [`auth required ${modulePath} socket=${stage.socket} agent_user=nobody`]);
    expect((await stage.drive({ service: "named" })).auth).toBe("PAM_SUCCESS");
  });

  test("has the agent's account's name spelled otherwise: not trusted", async () => {
    await grantAs(nobody);
    stage.service("named", [`auth required ${modulePath} socket=${stage.socket} agent_user=Nobody`]);
    await expectRefusal("belongs to another user", "named");
  });

  test("does not matter to root's agent when the agent's account does not exist", async () => {
    await grantEverybody();
    stage.service("named", [`auth required ${modulePath} socket=${stage.socket} agent_user=no-such-account`]);
    expect((await stage.drive({ service: "named" })).auth).toBe("PAM_SUCCESS");
  });

  test("is the caller, as a screen locker is", async () => {
    await grantEverybody();
    expect((await stage.drive({ uid: nobody, user: "nobody" })).auth).toBe("PAM_SUCCESS");
  });
});

describe("a listener that does not accept", () => {
  const deaf = `
    const { createServer, connect } = require("node:net");
    const [path, fill] = process.argv.slice(1);
    createServer().listen({ path, backlog: 1 }, () => {
      for (let i = 0; i < Number(fill); i++) connect(path).on("error", () => {});
      console.log("listening");
      process.kill(process.pid, "SIGSTOP");
    });`;

  test.each([0, 8])("costs the limit for silence, with %i others waiting", async (fill) => {
    const child = spawn(nodePath, ["-e", deaf, stage.socket, String(fill)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    children.push(child);
    await once(child.stdout as NodeJS.ReadableStream, "data");
    const { auth, ms } = await stage.drive({});
    expect(auth).toBe("PAM_AUTHINFO_UNAVAIL");
    expect(ms).toBeGreaterThan(900);
    expect(ms).toBeLessThan(2500);
  });
});
