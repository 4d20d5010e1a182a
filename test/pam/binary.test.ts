// The module as a file: what it exports, what it needs, and what it leaves behind in a process.

import { execFile, execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { playing, startFakeAgent } from "./fake-agent.ts";
import { buildModule, drivePath, makeStage, modulePath, type Stage } from "./stage.ts";
import { parseTranscript } from "./transcript.ts";

let stage: Stage;
beforeAll(() => {
  buildModule();
  stage = makeStage();
});
afterAll(() => stage.remove());

const sanitized = process.env["NIGHTLATCH_PAM_SANITIZE"] === "1";
const output = (program: string, ...args: string[]) => execFileSync(program, args, { encoding: "utf8" });

test("exports PAM's six entry points and nothing else", () => {
  const names = output("nm", "-D", "--defined-only", modulePath).trim().split("\n");
  expect(names.map((line) => line.split(" ").slice(1).join(" ")).sort()).toEqual([
    "T pam_sm_acct_mgmt",
    "T pam_sm_authenticate",
    "T pam_sm_chauthtok",
    "T pam_sm_close_session",
    "T pam_sm_open_session",
    "T pam_sm_setcred",
  ]);
});

describe.skipIf(sanitized)("as built for use", () => {
  test("it needs libpam and libc only", () => {
    const needed = output("readelf", "-dW", modulePath).matchAll(/\(NEEDED\).*\[(.+)\]/g);
    expect([...needed].map((found) => found[1]).sort()).toEqual(["libc.so.6", "libpam.so.0"]);
  });

  test("it is bound at once, read-only afterwards, with a stack that does not execute", () => {
    expect(output("readelf", "-dW", modulePath)).toMatch(/BIND_NOW|\bNOW\b/);
    const segments = output("readelf", "-lW", modulePath);
    expect(segments).toMatch(/GNU_RELRO/);
    expect(segments).toMatch(/GNU_STACK.* RW /);
    expect(output("readelf", "-dW", modulePath)).not.toMatch(/TEXTREL|RUNPATH|RPATH/);
  });

  test("it has no static data that changes", () => {
    const symbols = output("nm", "-f", "sysv", modulePath)
      .split("\n")
      .map((line) => line.split("|").map((cell) => cell.trim()));
    // Tables of addresses lie in .data.rel.ro, which is read-only once they are known.
    const changing = symbols.filter((cells) => /^\.(data|bss|tdata|tbss)$/.test(cells[6] ?? ""));
    // What the C compiler's start-up code and the linker bring along.
    const theirs = /^(__dso_handle|__TMC_END__|completed\.\d+|__bss_start|_edata|_end)$/;
    expect(changing.map((cells) => cells[0] ?? "").filter((name) => !theirs.test(name))).toEqual([]);
  });
});

describe("rounds in one process, with twelve file descriptors", () => {
  const denying = "! relay: PAM_SUCCESS\n> BEGIN\n< ASK hidden Code\n> ANSWER\n< END denied";

  test.each([
    ["nightlatch", "PAM_AUTH_ERR"],
    ["lost", "PAM_AUTHINFO_UNAVAIL"],
  ])("%s: none stays open", async (service, code) => {
    const agent = await startFakeAgent(stage.socket, playing(parseTranscript("inline", denying).turns));
    try {
      stage.alone("nightlatch");
      stage.service("lost", [`auth required ${modulePath} socket=${stage.folder}/dialogue.sock`]);
      const script = `ulimit -n 12; yes 492039 | "$0" --log --confdir "$1" --service ${service} --rounds 30 alice`;
      // Not at once: the agent lives in this process. It fails, since a refusal is not exit status 0.
      const run = promisify(execFile)("sh", ["-c", script, drivePath, join(stage.folder, "pam.d")]);
      const { stdout } = await run.catch((failed: { stdout: string }) => failed);
      const rounds = stdout.trim().split("\n");
      expect(rounds).toHaveLength(30);
      for (const round of rounds) expect(round).toMatch(new RegExp(`^[0-9]+ ${code}$`));
    } finally {
      await agent.close();
    }
  });
});

test("the driver says how it is called", () => {
  const { status, stderr } = spawnSync(drivePath, [], { encoding: "utf8" });
  expect(status).toBe(2);
  expect(stderr).toContain("usage: drive");
});
