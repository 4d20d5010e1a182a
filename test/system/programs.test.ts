// su, sudo and sshd themselves, with a password and then a code: what the person sees and what the program returns.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FreshCodes } from "../../scripts/parts/codes.ts";
import { House, password } from "./house.ts";
import { atTerminal, type Session } from "./terminal.ts";

/** Names, modes, owners, times and contents of all in /etc, as the host has it. */
const fingerprintOfEtc = (): string =>
  createHash("sha256")
    .update(
      execFileSync("tar", ["-C", "/", "--sort=name", "-cf", "-", "etc"], {
        maxBuffer: 1e9,
        stdio: ["ignore", "pipe", "ignore"],
      }),
    )
    .digest("hex");

const caller = "caller";

interface Program {
  readonly name: string;
  /** Its own user, so that no program's codes and failures count for another. */
  readonly user: string;
  /** Prints who it has made of us. */
  readonly command: (house: House, user: string) => readonly string[];
  readonly becomes: (user: string) => string;
  readonly runAs: (user: string) => string;
  readonly statusOfFailure: number;
  /** sudo asks every module for silence (before 1.9.16 always), so it shows questions and nothing else. */
  readonly showsInfo: boolean;
}

const programs: readonly Program[] = [
  {
    name: "su",
    user: "anna",
    command: (_, user) => ["su", user, "-c", "id -un"],
    becomes: (user) => user,
    runAs: () => caller,
    statusOfFailure: 1,
    showsInfo: true,
  },
  {
    name: "sudo",
    user: "boris",
    command: () => ["sudo", "id", "-un"],
    becomes: () => "root",
    runAs: (user) => user,
    statusOfFailure: 1,
    showsInfo: false,
  },
  {
    name: "sshd, keyboard-interactive",
    user: "clara",
    command: (house, user) => house.ssh(user, "keyboard-interactive"),
    becomes: (user) => user,
    runAs: () => "root",
    statusOfFailure: 255,
    showsInfo: true,
  },
  {
    name: "sshd, publickey and keyboard-interactive",
    user: "dora",
    command: (house, user) => house.ssh(user, "publickey,keyboard-interactive"),
    becomes: (user) => user,
    runAs: () => "root",
    statusOfFailure: 255,
    showsInfo: true,
  },
];

let house: House;
const codes = new Map<string, FreshCodes>();
const before = fingerprintOfEtc();

beforeAll(async () => {
  const users = programs.map(({ user }) => user);
  house = await House.build([caller, ...users], ["dora"]);
  for (const user of users) {
    await house.server.cli("user", "add", user);
    codes.set(user, new FreshCodes(await house.server.addTotp(user)));
  }
});

afterAll(async () => {
  await house?.leave();
  expect(fingerprintOfEtc(), "the host's /etc is as it was").toBe(before);
});

describe.each(programs)("$name", (program) => {
  const { user } = program;
  let lastCode = "";

  const attempt = (code: () => Promise<string>): Promise<Session> => {
    const as = program.runAs(user);
    const around = (command: readonly string[]) =>
      house.inside(["setpriv", `--reuid=${as}`, `--regid=${as}`, "--init-groups", ...command]);
    const questions = [
      { asks: /password/i, type: password },
      { asks: /code:/i, type: code },
    ];
    return atTerminal(program.command(house, user), questions, around);
  };
  const fresh = async () => {
    lastCode = (await codes.get(user)?.next()) ?? "";
    return lastCode;
  };
  const again = async () => lastCode;
  const wrong = async () => (await codes.get(user)?.wrong()) ?? "";

  const granted = (session: Session) => {
    expect(session, session.screen).toMatchObject({ status: 0, asked: 2 });
    expect(session.screen.trimEnd().split("\n").at(-1)).toBe(program.becomes(user));
  };
  const refused = (session: Session, asked: number) => {
    expect(session, session.screen).toMatchObject({ status: program.statusOfFailure, asked });
    expect(session.screen.split("\n")).not.toContain(program.becomes(user));
  };

  test("lets in with a good code", async () => granted(await attempt(fresh)));
  test("refuses the same code again", async () => refused(await attempt(again), 2));
  test("refuses a wrong code", async () => refused(await attempt(wrong), 2));

  test("refuses, without a question for a code, when the agent is stopped", async () => {
    await house.agent.stop();
    refused(await attempt(fresh), 1);
    await house.agent.start();
  });

  describe("with the server stopped", () => {
    beforeAll(() => house.server.stop());
    afterAll(async () => {
      await house.server.start();
      await house.agent.sync();
    });

    test(`lets in with a good code${program.showsInfo ? ", and says how long that will last" : ""}`, async () => {
      const session = await attempt(fresh);
      granted(session);
      expect(/\d+ days?/.test(session.screen), session.screen).toBe(program.showsInfo);
    });
    test("refuses the same code again", async () => refused(await attempt(again), 2));
    test("refuses a wrong code", async () => refused(await attempt(wrong), 2));
  });

  test("lets in again when the server is back", async () => granted(await attempt(fresh)));
});

test("programs say why to syslog, not to the person", () => {
  expect(house.namespace.syslog).toMatch(/pam_nightlatch/);
});
