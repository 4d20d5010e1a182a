// What the module tells the agent of a sign-in, and what it refuses to tell.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type FakeAgent, playing, startFakeAgent } from "./fake-agent.ts";
import { buildModule, type DriveOptions, makeStage, type Stage } from "./stage.ts";
import { parseTranscript } from "./transcript.ts";

const granting = playing(parseTranscript("inline", "! relay: PAM_SUCCESS\n> BEGIN\n< END granted").turns);

let stage: Stage;
let agent: FakeAgent;
beforeAll(async () => {
  buildModule();
  stage = makeStage();
  stage.alone("nightlatch");
  agent = await startFakeAgent(stage.socket, granting);
});
afterAll(async () => {
  await agent.close();
  stage.remove();
});

/** The module's first line, undefined when it never spoke to the agent. */
async function opening(options: DriveOptions) {
  const before = agent.heard.length;
  const driven = await stage.drive(options);
  await agent.settled();
  return { ...driven, begin: agent.heard[before]?.lines[0] };
}

describe("the kind follows from the service", () => {
  test.each([
    ["sshd", "remote"],
    ["remote", "remote"],
    ["sudo", "elevate"],
    ["sudo-i", "elevate"],
    ["su", "elevate"],
    ["su-l", "elevate"],
    ["polkit-1", "elevate"],
    ["pkexec", "elevate"],
    ["xscreensaver", "unlock"],
    ["xsecurelock", "unlock"],
    ["swaylock", "unlock"],
    ["i3lock", "unlock"],
    ["gnome-screensaver", "unlock"],
    ["kde", "unlock"],
    ["kscreenlocker", "unlock"],
    ["light-locker", "unlock"],
    ["cinnamon-screensaver", "unlock"],
    ["mate-screensaver", "unlock"],
    ["vlock", "unlock"],
    ["physlock", "unlock"],
    ["login", "logon"],
    ["gdm-password", "logon"],
    ["sshd-like", "logon"],
    ["sud", "logon"],
  ])("%s: %s", async (service, kind) => {
    stage.alone(service);
    const { begin } = await opening({ service });
    expect(begin).toBe(`BEGIN 1 kind=${kind} user=alice service=${service}`);
  });

  test("unless the stack says it", async () => {
    stage.alone("mylock", "kind=unlock");
    expect((await opening({ service: "mylock" })).begin).toBe(
      "BEGIN 1 kind=unlock user=alice service=mylock",
    );
  });
});

describe("terminal and host", () => {
  test("are sent when they are known", async () => {
    const { begin } = await opening({ args: ["--tty", "/dev/pts/3", "--rhost", "fe80::1%eth0"] });
    expect(begin).toBe(
      "BEGIN 1 kind=logon user=alice service=nightlatch tty=/dev/pts/3 rhost=fe80::1%25eth0",
    );
  });

  test("are left out when they are empty", async () => {
    const { begin } = await opening({ args: ["--tty", "", "--rhost", ""] });
    expect(begin).toBe("BEGIN 1 kind=logon user=alice service=nightlatch");
  });

  test.each(["--tty", "--rhost"])("%s of more than 128 bytes is no sign-in", async (name) => {
    expect((await opening({ args: [name, "h".repeat(128)] })).auth).toBe("PAM_SUCCESS");
    const { auth, begin } = await opening({ args: [name, "h".repeat(129)] });
    expect(auth).toBe("PAM_AUTHINFO_UNAVAIL");
    expect(begin).toBeUndefined();
  });
});

describe("the language", () => {
  const lang = async (options: DriveOptions) => / lang=(\S+)/.exec((await opening(options)).begin ?? "")?.[1];

  test("comes from LC_ALL, then LC_MESSAGES, then LANG", async () => {
    const env = { LC_ALL: "de_DE.UTF-8", LC_MESSAGES: "fr_FR", LANG: "C" };
    expect(await lang({ env })).toBe("de_DE.UTF-8");
    expect(await lang({ env: { ...env, LC_ALL: "" } })).toBe("fr_FR");
    expect(await lang({ env: { LANG: "sr_RS@latin" } })).toBe("sr_RS@latin");
  });

  test("of PAM's environment comes before the process's", async () => {
    expect(await lang({ env: { LC_ALL: "de_DE" }, args: ["--pamenv", "LANG=cs_CZ.UTF-8"] })).toBe(
      "cs_CZ.UTF-8",
    );
  });

  test.each(["../../etc", "a b", "%n", "žš", "x".repeat(129), "a\nb"])(
    "is left out when strange: %j",
    async (value) => {
      const { auth, begin } = await opening({ env: { LANG: value } });
      expect(begin).toBe("BEGIN 1 kind=logon user=alice service=nightlatch");
      expect(auth).toBe("PAM_SUCCESS");
    },
  );
});

describe("the user", () => {
  const hex = (text: string, encoding: "utf8" | "hex" = "utf8"): DriveOptions => ({
    user: "",
    args: ["--user-hex", Buffer.from(text, encoding).toString("hex")],
  });

  test.each([
    ["DOM\\alice", "DOM%5Calice"],
    ["alice@corp.example", "alice@corp.example"],
    ["alice kind=remote", "alice%20kind%3Dremote"],
    ["alice\nEND granted", "alice%0AEND%20granted"],
    ["alice ", "alice%20"],
    ["žofie", "%C5%BEofie"],
    ["%61lice", "%2561lice"],
  ])("%j is one word", async (user, word) => {
    expect((await opening(hex(user))).begin).toBe(`BEGIN 1 kind=logon user=${word} service=nightlatch`);
  });

  test("may have 256 bytes, all escaped", async () => {
    expect((await opening(hex(" ".repeat(256)))).auth).toBe("PAM_SUCCESS");
  });

  test.each([
    ["257 bytes", hex("u".repeat(257))],
    ["60 KiB", hex("u".repeat(61_440))],
    ["a byte that no UTF-8 holds", hex("616cff", "hex")],
    ["an overlong form", hex("c0af", "hex")],
    ["a surrogate", hex("eda080", "hex")],
  ])("of %s is no sign-in", async (_name, options) => {
    const { auth, begin } = await opening(options);
    expect(auth).toBe("PAM_AUTHINFO_UNAVAIL");
    expect(begin).toBeUndefined();
  });

  test("is asked for when the application knows none", async () => {
    const { begin, seen } = await opening({ user: "", args: ["--user-hex", ""], answers: ["bob"] });
    expect(seen).toEqual([expect.stringMatching(/^ask shown: login: ?$/)]);
    expect(begin).toBe("BEGIN 1 kind=logon user=bob service=nightlatch");
  });

  test.each([
    ["nobody answers", [], "PAM_CONV_ERR"],
    ["the answer is empty", [""], "PAM_AUTHINFO_UNAVAIL"],
  ])("is missing when %s", async (_name, answers, code) => {
    const { auth, begin } = await opening({ user: "", args: ["--user-hex", ""], answers });
    expect(auth).toBe(code);
    expect(begin).toBeUndefined();
  });
});

describe("the module's arguments", () => {
  test.each([
    "nodelay",
    "kind=",
    "kind=LOGON",
    "kind=root",
    "silence=0",
    "silence=-1",
    "silence=61",
    "silence=1s",
    "silence=",
    "silence",
    "total=0",
    "total=601",
    "total=99999999999999999999",
    "socket=run/dialogue.sock",
    "socket=",
    `socket=/${"a".repeat(107)}`,
    "agent_user=",
    "debug=1",
    "DEBUG",
    "use_first_pass",
    "nullok",
    "kind=logon kind=logon",
    "silence=5 silence=6",
    // These two are given twice: the stage gives them as well.
    "agent_user=root",
    "socket=/run/nightlatch/dialogue.sock",
  ])("%s is refused", async (args) => {
    stage.alone("argued", args);
    const { auth, begin, log } = await opening({ service: "argued" });
    expect(auth).toBe("PAM_SERVICE_ERR");
    expect(begin).toBeUndefined();
    expect(log).toHaveLength(1);
    expect(log[0]).toMatch(/^err: argument ".*" (is|must) /);
  });

  test("that are good are taken", async () => {
    stage.alone("argued", "kind=elevate silence=60 total=600 debug debug");
    expect((await opening({ service: "argued" })).auth).toBe("PAM_SUCCESS");
  });
});
