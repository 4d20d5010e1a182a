// A machine's own seed on a real terminal: su and sshd draw it, and its code comes back; a sudo that hides messages shows none.

import { afterAll, beforeAll, expect, test } from "vitest";
import { FreshCodes } from "../../scripts/parts/codes.ts";
import { House, password } from "./house.ts";
import { atTerminal, type Session } from "./terminal.ts";

const users = ["anna", "boris", "clara"] as const;
const caller = "caller";
let house: House;
const codes = new Map<string, FreshCodes>();

beforeAll(async () => {
  house = await House.build([caller, ...users], ["nobody"]);
  await house.server.cli("policy", "set", "seeds=per-machine");
  for (const user of users) {
    await house.server.cli("user", "add", user);
    codes.set(user, new FreshCodes(await house.server.addTotp(user)));
  }
});

afterAll(() => house?.leave());

const numberOn = (screen: string) => /type\s+(\d\d)\s+to\s+see/.exec(screen)?.[1] ?? "";
const keyOn = (screen: string) =>
  /this\s+key[^:]*:\s*((?:[A-Z2-7]{4}\s+){7}[A-Z2-7]{4})/.exec(screen)?.[1]?.replaceAll(/\s/g, "") ?? "";

async function signIn(as: string, user: string, command: readonly string[]): Promise<Session> {
  const around = (inner: readonly string[]) =>
    house.inside([
      "setpriv",
      `--reuid=${as}`,
      `--regid=${as}`,
      "--init-groups",
      "env",
      "LC_ALL=C.UTF-8",
      ...inner,
    ]);
  const questions = [
    { asks: /password/i, type: password },
    { asks: /code:/i, type: async () => (await codes.get(user)?.next()) ?? "" },
    { asks: /Number above/, type: async (screen: string) => numberOn(screen) },
    {
      asks: /app now shows/,
      type: (screen: string) => new FreshCodes({ secret: keyOn(screen), periodSeconds: 30 }).next(),
    },
  ];
  return atTerminal(command, questions, around);
}

const rowsOf = ({ screen }: Session) => screen.split("\n").filter((line) => /[█▀▄ ]{20,}/.test(line)).length;

test("su draws it, and it works offline once a code of it was typed", async () => {
  const session = await signIn(caller, "anna", ["su", "anna", "-c", "id -un"]);
  expect(session, session.screen).toMatchObject({ status: 0, asked: 4 });
  expect(rowsOf(session)).toBeGreaterThan(15);
  expect(session.screen).toMatch(/its codes work on this machine/);
});

test("so does sshd", async () => {
  const session = await signIn("root", "clara", house.ssh("clara", "keyboard-interactive"));
  expect(session, session.screen).toMatchObject({ status: 0, asked: 4 });
  expect(rowsOf(session)).toBeGreaterThan(15);
  expect(session.screen).toMatch(/clara\s*$/);
});

test("a sudo that hides messages shows no seed, and lets in", async () => {
  const session = await signIn("boris", "boris", ["sudo", "id", "-un"]);
  expect(session.status, session.screen).toBe(0);
  expect(session.asked).toBeGreaterThanOrEqual(3);
  const hides = !/type\s+\d\d\s+to\s+see/.test(session.screen);
  expect(rowsOf(session) === 0).toBe(hides);
});

test("nothing of it is in the system's log", () => {
  expect(house.namespace.syslog).not.toMatch(/[█▀▄]|[A-Z2-7]{4} [A-Z2-7]{4}/);
});
