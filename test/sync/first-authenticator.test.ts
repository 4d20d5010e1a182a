// A user of whom policy demands a code and who has none: an authenticator is added at the sign-in itself, and finishes it.

import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { systemRandom } from "../../platform/random.ts";
import { openServer } from "../../server/identity/open-server.ts";
import { setAddress } from "../../server/mail/addresses.ts";
import { mailSetting } from "../../server/mail/settings.ts";
import { type Provisioning, provisioningSetting } from "../../server/provisioning/provisioning-setting.ts";
import { writeSetting } from "../../server/settings/settings.ts";
import { theUser } from "../../server/users/users.ts";
import { newestCode, queued } from "../server/mail/queued.ts";
import { House, said, storm, Token } from "./house.ts";

let house: House;
const terminal = { at: { service: "su", tty: "pts/0" }, kind: "elevate", lang: "C.UTF-8" } as const;

beforeEach(async () => {
  house = await House.build(["user", "add", "bob", "--group", "staff"]);
  await house.join();
});

afterEach(() => house.tearDown());

/** As another process on the same database: the console, or the mail's courier. */
async function atServer<T>(work: (server: Awaited<ReturnType<typeof openServer>>) => Promise<T>): Promise<T> {
  const server = await openServer(join(house.folder, "server"), house.clock, systemRandom);
  try {
    return await work(server);
  } finally {
    await server.store.close();
  }
}

const provisioning = (setting: Partial<Provisioning>) =>
  atServer(({ store }) =>
    store.write(async (tx) => {
      await writeSetting(
        tx,
        provisioningSetting,
        { ...provisioningSetting.whenUnset, ...setting },
        house.clock.wallMs(),
      );
    }),
  );

const mailHost = (host: string) =>
  atServer(({ store }) =>
    store.write(async (tx) => {
      await writeSetting(
        tx,
        mailSetting,
        { ...mailSetting.whenUnset, host, from: "mfa@example.org" },
        house.clock.wallMs(),
      );
    }),
  );

const address = (text: string) =>
  atServer(({ store }) =>
    store.write(async (tx) => setAddress(tx, await theUser(tx, "bob"), "mail-1", text, house.clock.wallMs())),
  );

const numberIn = (shown: readonly string[]) => /type (\d\d) to add/.exec(shown.join("\n"))?.[1] ?? "none";
const keyIn = (shown: readonly string[]) =>
  /: ((?:[A-Z2-7]{4} ?){8})$/m.exec(shown.join("\n"))?.[1]?.replaceAll(" ", "") ?? "";
const codeOf = (shown: readonly string[]) => new Token(house.clock, keyIn(shown)).code();
const mailedCode = () => newestCode(house.server);

describe("by default", () => {
  test("nobody may, and a user without an authenticator is denied like one with a wrong code", async () => {
    const none = await house.agent.signIn("bob", ["123456"], terminal);
    await house.user("alice");
    const wrong = await house.agent.signIn("alice", ["123456"], terminal);
    const unknown = await house.agent.signIn("nobody", ["123456"], terminal);
    expect([none, unknown]).toEqual([wrong, wrong]);
    expect(said(none)).toBe("denied");
  });
});

describe("where the setting permits it", () => {
  beforeEach(() => provisioning({ who: "groups", groups: ["staff"], mailCode: false }));

  test("whatever is typed for a code leads to the offer; the new authenticator ends the sign-in, enrolled", async () => {
    let key = "";
    const prove = (shown: readonly string[]) => {
      key = keyIn(shown);
      return codeOf(shown);
    };
    const outcome = await house.agent.signIn("bob", ["", numberIn, prove], terminal);
    expect(said(outcome)).toBe("granted online by totp");
    expect(outcome.shown.filter((line) => /^[█▀▄ ]{20,}$/.test(line)).length).toBeGreaterThan(15);
    await house.clock.advance(30_000);
    const bob = new Token(house.clock, key);
    expect(said(await house.agent.signIn("bob", [bob.code()]))).toBe("granted online by totp");
    house.line = storm("unreachable");
    await house.agent.online.probe();
    expect(said(await house.agent.signIn("bob", [bob.code()]))).toBe("denied");
    await house.clock.advance(30_000);
    expect(said(await house.agent.signIn("bob", [bob.code()]))).toBe("granted offline by totp");
    const kinds = ((await house.admin("audit", "--user", "bob")) as { kind: string }[]).map(
      ({ kind }) => kind,
    );
    for (const kind of [
      "authenticator-offered",
      "authenticator-begun",
      "authenticator-proved",
      "sign-in-granted",
    ])
      expect(kinds).toContain(kind);
  });

  test("the code that proved it is spent", async () => {
    let code = "";
    const prove = (shown: readonly string[]) => {
      code = codeOf(shown);
      return code;
    };
    await house.agent.signIn("bob", ["", numberIn, prove], terminal);
    expect(said(await house.agent.signIn("bob", [code], terminal))).toBe("denied");
  });

  test("giving up, wrong codes and messages that don't arrive end in a denial, and add nothing", async () => {
    const wrong = (shown: readonly string[]) =>
      codeOf(shown).replace(/.$/, (last) => String((Number(last) + 5) % 10));
    for (const answers of [
      [""],
      ["", ""],
      ["", "no"],
      ["", numberIn, ""],
      ["", numberIn, wrong, wrong, wrong],
    ]) {
      const outcome = await house.agent.signIn("bob", answers, terminal).catch(() => undefined);
      if (answers.length > 1) expect(outcome && said(outcome)).toBe("denied");
    }
    const listed = (await house.admin("authenticator", "list", "bob")) as unknown[];
    expect(listed).toEqual([]);
  });

  test("an authenticator that was shown and not proved lets nobody in, in this dialogue or the next", async () => {
    let key = "";
    const see = (shown: readonly string[]) => {
      key = keyIn(shown);
      return "";
    };
    expect(said(await house.agent.signIn("bob", ["", numberIn, see], terminal))).toBe("denied");
    const old = () => new Token(house.clock, key).code();
    expect(said(await house.agent.signIn("bob", [old()], { ...terminal, uid: 1000 }))).toBe("denied");
    expect(said(await house.agent.signIn("bob", ["", numberIn, old, ""], terminal))).toBe("denied");
  });

  test("users of no such group, with an authenticator, and programs of the user's own get no offer", async () => {
    await house.user("alice", "--group", "staff");
    await house.admin("user", "add", "carol");
    for (const [user, place] of [
      ["alice", terminal],
      ["carol", terminal],
      ["bob", { ...terminal, uid: 1000 }],
    ] as const) {
      const outcome = await house.agent.signIn(user, ["123456"], place);
      expect([user, said(outcome), outcome.shown]).toEqual([user, "denied", []]);
    }
  });

  test("nor where policy asks two questions of which none is answered by a code that is sent, or no TOTP", async () => {
    for (const factors of ["totp,backup-codes", "hotp"]) {
      await house.admin("policy", "set", `online.factors=${factors}`);
      const outcome = await house.agent.signIn("bob", ["1", "2"], terminal);
      expect(outcome.shown.join()).not.toMatch(/no authenticator/);
    }
  });

  test("nor where the setting or the policy lets users add other types only, also in the middle", async () => {
    const staff: Partial<Provisioning> = { who: "groups", groups: ["staff"], mailCode: false };
    await provisioning({ ...staff, types: ["hotp", "ocra"] });
    const outcome = await house.agent.signIn("bob", ["123456"], terminal);
    expect([said(outcome), outcome.shown]).toEqual(["denied", []]);
    await provisioning({ ...staff, types: ["totp"] });
    const late = async (shown: readonly string[]) => {
      await provisioning({ ...staff, types: ["hotp"] });
      return codeOf(shown);
    };
    expect(said(await house.agent.signIn("bob", ["", numberIn, late], terminal))).toBe("denied");
    await provisioning({ ...staff, types: ["totp"] });
    await house.admin("policy", "set", "tokens.types=hotp");
    const byPolicy = await house.agent.signIn("bob", ["123456"], terminal);
    expect([said(byPolicy), byPolicy.shown]).toEqual(["denied", []]);
    expect(await house.admin("authenticator", "list", "bob")).toEqual([]);
  });

  test("taken away while the person scans, nothing is added", async () => {
    const late = async (shown: readonly string[]) => {
      await provisioning({ who: "nobody" });
      return codeOf(shown);
    };
    expect(said(await house.agent.signIn("bob", ["", numberIn, late], terminal))).toBe("denied");
    expect(await house.admin("authenticator", "list", "bob")).toEqual([]);
  });
});

describe("with a code by mail first", () => {
  beforeEach(async () => {
    await provisioning({ who: "everybody", mailCode: true });
    await mailHost("mail.example.org");
  });

  test("who has no address gets no offer, nor where the server sends no mail", async () => {
    const without = await house.agent.signIn("bob", [""], terminal);
    await address("bob@example.org");
    await mailHost("");
    const silent = await house.agent.signIn("bob", [""], terminal);
    for (const outcome of [without, silent]) expect([said(outcome), outcome.shown]).toEqual(["denied", []]);
  });

  test("the mailed code comes before the key, and the address is shown in part", async () => {
    await address("bob@example.org");
    const outcome = await house.agent.signIn("bob", ["", numberIn, mailedCode, codeOf], terminal);
    expect(said(outcome)).toBe("granted online by totp");
    expect(outcome.asked.join("\n")).toMatch(/mailed to b\*\*\*@e\*\*\*\.org/);
    expect(await queued(house.server)).toMatchObject([
      { kind: "account-change", recipient: "bob@example.org", text: expect.stringContaining("added") },
      { kind: "code", recipient: "bob@example.org" },
    ]);
  });

  test("wrong codes show nothing, and a code mailed for one dialogue is worth nothing in another", async () => {
    await address("bob@example.org");
    const guess = () => "00000000";
    const outcome = await house.agent.signIn("bob", ["", numberIn, guess, guess, guess], terminal);
    expect([said(outcome), keyIn(outcome.shown)]).toEqual(["denied", ""]);
    const before = await mailedCode();
    const again = await house.agent.signIn("bob", ["", numberIn, () => before, ""], terminal);
    expect([said(again), keyIn(again.shown)]).toEqual(["denied", ""]);
  });

  test("no more than five codes an hour go out", async () => {
    await address("bob@example.org");
    for (let time = 0; time < 7; time++) await house.agent.signIn("bob", ["", numberIn, ""], terminal);
    expect((await queued(house.server)).length).toBe(5);
  });
});
