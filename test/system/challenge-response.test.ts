// A token that answers challenges at su and sudo: what is on the screen, and what a response is good for when server or agent
// go away between the challenge and the verdict.

import { afterAll, beforeAll, expect, test } from "vitest";
import { responseTo } from "../../otp/response.ts";
import { fromBase32 } from "../../words/base32.ts";
import { House, password } from "./house.ts";
import { atTerminal, type Session } from "./terminal.ts";

const user = "anna";
const caller = "caller";
let house: House;
let key: { readonly secret: Uint8Array; readonly suite: string };

beforeAll(async () => {
  house = await House.build([caller, user], ["nobody"]);
  await house.server.cli(
    "policy",
    "set",
    "online.factors=ocra",
    "offline.factors=ocra",
    "lockout.failures=0",
  );
  await house.server.cli("user", "add", user);
  const made = await house.server.json<{ secret: string; suite: string }>(
    "authenticator",
    "add",
    "ocra",
    user,
  );
  key = { suite: made.suite, secret: fromBase32(made.secret) ?? new Uint8Array() };
  await house.agent.sync();
});

afterAll(() => house?.leave());

const challengeOn = (screen: string) =>
  /Challenge (\d{4} \d{4})\. Response: /.exec(screen)?.[1]?.replace(" ", "") ?? "none";
const rightFor = (screen: string) => responseTo(key, challengeOn(screen), Date.now());

function su(type: (screen: string) => Promise<string>, command = ["su", user, "-c", "id -un"], as = caller) {
  const around = (inner: readonly string[]) =>
    house.inside(["setpriv", `--reuid=${as}`, `--regid=${as}`, "--init-groups", ...inner]);
  return atTerminal(
    command,
    [
      { asks: /password/i, type: password },
      { asks: /Response: /, type },
    ],
    around,
  );
}
const answered = async (screen: string) => rightFor(screen);

function granted(session: Session, becomes = user): void {
  expect(session, session.screen).toMatchObject({ status: 0, asked: 2 });
  expect(session.screen.trimEnd().split("\n").at(-1)).toBe(becomes);
}
const refused = (session: Session) => expect(session.status, session.screen).toBe(1);

test("su and sudo show it, and its response lets in, once", async () => {
  const first = await su(answered);
  granted(first);
  granted(await su(answered, ["sudo", "id", "-un"], user), "root");
  const used = rightFor(first.screen);
  refused(await su(async () => used));
});

test("the server stopped in between: the machine judges the same response, and the server never does", async () => {
  const session = await su(async (screen) => {
    await house.server.stop();
    return rightFor(screen);
  });
  granted(session);
  await house.server.start();
  await house.agent.sync();
  refused(await su(async () => rightFor(session.screen)));
  granted(await su(answered));
});

test("nothing secret of it is in the system's log", () => {
  expect(house.namespace.syslog).not.toMatch(/Challenge|Response/);
});

test("the agent killed in between: nobody gets in, and the response is worth nothing after", async () => {
  const session = await su(async (screen) => {
    await house.agent.stop("SIGKILL");
    await house.agent.start();
    return rightFor(screen);
  });
  refused(session);
  const next = await su(async () => rightFor(session.screen));
  refused(next);
  expect(challengeOn(next.screen)).not.toBe(challengeOn(session.screen));
  granted(await su(answered));
});

test("with the server stopped the agent asks and judges, also when it was killed in between", async () => {
  await house.server.stop();
  granted(await su(answered));
  const session = await su(async (screen) => {
    await house.agent.stop("SIGKILL");
    await house.agent.start();
    return rightFor(screen);
  });
  refused(session);
  refused(await su(async () => rightFor(session.screen)));
  granted(await su(answered));
});
