// A greeter can't show a key: a first authenticator is added on a phone, by a short code on the screen of the sign-in, and the
// sign-in goes on.

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { setAddress } from "../../server/mail/addresses.ts";
import { changeMail } from "../../server/mail/settings.ts";
import { type Provisioning, provisioningSetting } from "../../server/provisioning/provisioning-setting.ts";
import { writeSetting } from "../../server/settings/settings.ts";
import { theUser } from "../../server/users/users.ts";
import { minuteMs } from "../../words/clock.ts";
import { Browser, type Seen } from "../server/browser.ts";
import type { TestServer } from "../server/fixture.ts";
import { newestCode } from "../server/mail/queued.ts";
import { House, said, Token } from "./house.ts";

let house: House;
const greeter = { at: { service: "gdm-password", tty: "/dev/tty2" }, kind: "logon" } as const;

beforeEach(async () => {
  house = await House.build(["user", "add", "bob"], ["user", "add", "carol"]);
  await house.join();
  await provisioning({ who: "everybody", mailCode: false });
});

afterEach(() => house.tearDown());

const now = () => house.clock.wallMs();
const provisioning = (setting: Partial<Provisioning>) =>
  house.server.store.write(async (tx) => {
    await writeSetting(tx, provisioningSetting, { ...provisioningSetting.whenUnset, ...setting }, now());
  });
const mailFirst = async () => {
  await provisioning({ who: "everybody", mailCode: true });
  await house.server.store.write(async (tx) => {
    const { vault } = house.server;
    await changeMail(tx, vault, { host: "mail.example", from: "n@corp.example" }, now());
    await setAddress(tx, await theUser(tx, "bob"), "mail-1", "bob@corp.example", now());
  });
};
/** Another one each time: of another address, unless it is said. */
let phones = 0;
const phone = (address = `198.51.100.${++phones % 250}`) =>
  new Browser({ ...house.server, clock: house.clock } as unknown as TestServer, address);

const codeIn = (shown: readonly string[]) => /there: (\d{4} \d{4})\./.exec(shown.join("\n"))?.[1] ?? "none";
const asBob = (browser: Browser, code: string, name = "bob") =>
  browser.post("/portal/at-machine", { name, "screen-code": code });
/** From the page that a right code has led to: the key, and what else stands there. */
async function keyBehind(browser: Browser, led: Seen): Promise<{ token: Token; link: string; page: string }> {
  expect(led.status).toBe(303);
  const link = /link=([\w-]{43})/.exec(led.to ?? "")?.[1] ?? "";
  await browser.get(led.to ?? "");
  const begun = await browser.post("/portal/invitation", { link, type: "totp", "authenticator-name": "" });
  const page = (await browser.get(begun.to ?? "")).text;
  const key = /<code class="key">([A-Z2-7 ]+)</.exec(page)?.[1]?.replaceAll(" ", "") ?? "";
  return { token: new Token(house.clock, key), link, page };
}
const keyByCode = async (code: string) => {
  const browser = phone();
  return keyBehind(browser, await asBob(browser, code));
};
const confirm = (browser: Browser, link: string, code: string) =>
  browser.post("/portal/invitation/prove", { link, code });
const mailedCode = () => newestCode(house.server);
/** Through the mailed code to the link. */
const mailed = async (code: string) => {
  const browser = phone();
  const asked = await asBob(browser, code);
  const id = /name="id" value="([^"]+)"/.exec(asked.text)?.[1] ?? "";
  const led = await browser.post("/portal/first/code", { id, "mail-code": await mailedCode() });
  return { browser, ...(await keyBehind(browser, led)) };
};
const listed = async (name = "bob") => (await house.admin("authenticator", "list", name)) as unknown[];

describe("on a screen that can't show a key", () => {
  test("a phone shows it, by the code on the screen; its first code ends the sign-in, enrolled", async () => {
    let token: Token | undefined;
    const outcome = await house.agent.signIn(
      "bob",
      [
        "",
        async (shown) => {
          const seen = await keyByCode(codeIn(shown));
          token = seen.token;
          expect(seen.page).toContain('href="otpauth://totp/');
          return token.code();
        },
      ],
      greeter,
    );
    expect(said(outcome)).toBe("granted online by totp");
    expect(outcome.shown[0]).toContain("Open https://server.test/add on your phone");
    // Where messages are not shown, the prompt has it all.
    expect(outcome.asked[1]).toContain(`https://server.test/add, ${codeIn(outcome.shown)}`);
    await house.clock.advance(30_000);
    expect(said(await house.agent.signIn("bob", [token?.code() ?? ""], greeter))).toBe(
      "granted online by totp",
    );
    const audit = (await house.admin("audit", "--user", "bob")) as { kind: string }[];
    const kinds = audit.map(({ kind }) => kind);
    for (const kind of ["hand-over-shown", "self-provisioning-granted", "authenticator-proved"])
      expect(kinds).toContain(kind);
    expect(JSON.stringify(audit)).not.toContain(codeIn(outcome.shown).replace(" ", ""));
    expect((await phone().get("/add")).to).toBe("/portal/at-machine");
  });

  test("whoever types a code before the phone has shown a key is told so, and goes on", async () => {
    const outcome = await house.agent.signIn(
      "bob",
      ["", "123456", async (shown) => (await keyByCode(codeIn(shown))).token.code()],
      greeter,
    );
    expect(said(outcome)).toBe("granted online by totp");
    expect(outcome.shown[1]).toContain("Your phone has shown no key yet");
  });

  test("nothing typed, or wrong codes of the key, end in a denial, and add nothing", async () => {
    expect(said(await house.agent.signIn("bob", ["", ""], greeter))).toBe("denied");
    let key: Token | undefined;
    const wrong = async (shown: readonly string[]) => {
      key ??= (await keyByCode(codeIn(shown))).token;
      return key.code().replace(/.$/, (last) => String((Number(last) + 5) % 10));
    };
    expect(said(await house.agent.signIn("bob", ["", wrong, wrong, wrong], greeter))).toBe("denied");
    expect(await listed()).toEqual([]);
  });

  test("without a mailed code the key counts in that sign-in alone: who only saw the screen adds nothing", async () => {
    const browser = phone();
    let seen: Awaited<ReturnType<typeof keyBehind>> | undefined;
    const bystander = async (shown: readonly string[]) => {
      seen = await keyBehind(browser, await asBob(browser, codeIn(shown)));
      return "";
    };
    await house.agent.signIn("bob", ["", bystander], greeter);
    expect(seen?.page).not.toContain("/portal/invitation/prove");
    const forced = await confirm(browser, seen?.link ?? "", seen?.token.code() ?? "");
    expect(forced.status).toBe(404);
    // Nor in another sign-in, whose own code nobody has typed.
    const other = await house.agent.signIn("bob", ["", () => seen?.token.code() ?? "", ""], greeter);
    expect([said(other), other.shown[1]]).toEqual(["denied", expect.stringContaining("no key yet")]);
    expect(await listed()).toEqual([]);
  });

  test("the code is good once, for its user, until a newer one, and for five minutes", async () => {
    const codes: string[] = [];
    const keep = (shown: readonly string[]) => {
      codes.push(codeIn(shown));
      return "";
    };
    await house.agent.signIn("bob", ["", keep], greeter);
    await house.agent.signIn("bob", ["", keep], greeter);
    const [old = "", fresh = ""] = codes;
    expect((await asBob(phone(), old)).status).toBe(401);
    expect((await asBob(phone(), fresh, "carol")).status).toBe(401);
    expect((await asBob(phone(), fresh)).status).toBe(303);
    expect((await asBob(phone(), fresh)).status).toBe(401);
    await house.agent.signIn("bob", ["", keep], greeter);
    await house.clock.advance(5 * minuteMs);
    expect((await asBob(phone(), codes[2] ?? "")).status).toBe(401);
  });

  test("it can't be guessed: five wrong tries end it, by whomever, and whoever tries on has to wait", async () => {
    let code = "";
    await house.agent.signIn(
      "bob",
      [
        "",
        (shown) => {
          code = codeIn(shown);
          return "";
        },
      ],
      greeter,
    );
    const guess = code.replace(/^\d/, (first) => String((Number(first) + 1) % 10));
    for (let tries = 0; tries < 5; tries++) expect((await asBob(phone(), guess)).status).toBe(401);
    expect((await asBob(phone(), code)).status).toBe(429);
    await house.admin("admin", "unlock", "bob");
    expect((await asBob(phone(), code)).status).toBe(401);
    expect(await listed()).toEqual([]);
  });

  test("taken away in between, nothing is shown and nothing is added", async () => {
    const late = async (shown: readonly string[]) => {
      await provisioning({ who: "nobody" });
      expect((await asBob(phone(), codeIn(shown))).status).toBe(401);
      return "123456";
    };
    expect(said(await house.agent.signIn("bob", ["", late], greeter))).toBe("denied");
    await provisioning({ who: "everybody", mailCode: false });
    const later = async (shown: readonly string[]) => {
      const { token } = await keyByCode(codeIn(shown));
      await provisioning({ who: "nobody" });
      return token.code();
    };
    expect(said(await house.agent.signIn("bob", ["", later], greeter))).toBe("denied");
    expect(await listed()).toEqual([]);
  });
});

describe("with a code by mail first", () => {
  beforeEach(mailFirst);

  test("the code on the screen leads to a mailed one, and that one to the key", async () => {
    const outcome = await house.agent.signIn(
      "bob",
      ["", async (shown) => (await mailed(codeIn(shown))).token.code()],
      greeter,
    );
    expect(said(outcome)).toBe("granted online by totp");
  });

  test("who is too slow confirms on the phone, and signs in again with the next code", async () => {
    let slow: Awaited<ReturnType<typeof mailed>> | undefined;
    const late = async (shown: readonly string[]) => {
      slow = await mailed(codeIn(shown));
      return "";
    };
    expect(said(await house.agent.signIn("bob", ["", late], greeter))).toBe("denied");
    expect(slow?.page).toContain("sign in there again");
    if (slow === undefined) throw new Error("nothing was shown");
    expect((await confirm(slow.browser, slow.link, slow.token.code())).status).toBe(200);
    await house.clock.advance(30_000);
    expect(said(await house.agent.signIn("bob", [slow.token.code()], greeter))).toBe(
      "granted online by totp",
    );
  });

  test("who has confirmed on the phone while the screen waits goes on there with the next code", async () => {
    const both = async (shown: readonly string[]) => {
      const { browser, link, token } = await mailed(codeIn(shown));
      await confirm(browser, link, token.code());
      await house.clock.advance(30_000);
      return token.code();
    };
    expect(said(await house.agent.signIn("bob", ["", both], greeter))).toBe("granted online by totp");
  });

  test("a mailed code counts with the browser's own half alone", async () => {
    const outcome = house.agent.signIn(
      "bob",
      [
        "",
        async (shown) => {
          await asBob(phone(), codeIn(shown));
          const stranger = { id: "A".repeat(43), "mail-code": await mailedCode() };
          expect((await phone().post("/portal/first/code", stranger)).status).toBe(401);
          return "";
        },
      ],
      greeter,
    );
    expect(said(await outcome)).toBe("denied");
  });
});

describe("where policy asks two questions", () => {
  beforeEach(async () => {
    await mailFirst();
    await provisioning({ who: "everybody", mailCode: false });
    await house.admin("policy", "set", "online.factors=totp,email");
  });

  const sentCode = () => newestCode(house.server);

  test("one is added at the terminal for the one, and the answer to the other is kept", async () => {
    let token: Token | undefined;
    const number = (shown: readonly string[]) => /type (\d\d) to add/.exec(shown.join("\n"))?.[1] ?? "none";
    const prove = (shown: readonly string[]) => {
      const key = /: ((?:[A-Z2-7]{4} ?){8})$/m.exec(shown.join("\n"))?.[1]?.replaceAll(" ", "") ?? "";
      token = new Token(house.clock, key);
      return token.code();
    };
    const next = async () => {
      await house.clock.advance(30_000);
      return token?.code() ?? "";
    };
    const terminal = { at: { service: "su", tty: "pts/0" }, kind: "elevate", lang: "C.UTF-8" } as const;
    const outcome = await house.agent.signIn("bob", ["", sentCode, number, prove, next], terminal);
    expect(said(outcome)).toBe("granted online by totp+email");
  });

  test("and on a phone; a wrong answer to the other question lets nobody in", async () => {
    let token: Token | undefined;
    const prove = async (shown: readonly string[]) => {
      token = (await keyByCode(codeIn(shown))).token;
      return token.code();
    };
    const next = async () => {
      await house.clock.advance(30_000);
      return token?.code() ?? "";
    };
    const wrong = await house.agent.signIn("bob", ["", "00000000", prove, next], greeter);
    expect(said(wrong)).toBe("denied");
    await house.clock.advance(30_000);
    const code = () => token?.code() ?? "";
    expect(said(await house.agent.signIn("bob", [code, sentCode], greeter))).toBe(
      "granted online by totp+email",
    );
  });
});
