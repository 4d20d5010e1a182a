// Somebody whose only authenticator is a token that answers challenges, at the server's own pages.

import { commonSuite, responseTo } from "../../otp/response.ts";
import { setPassword, setRole } from "../../server/accounts/accounts.ts";
import { keepPassword } from "../../server/accounts/password.ts";
import { addOtp } from "../../server/authenticators/manage.ts";
import { addUser, theUser } from "../../server/users/users.ts";
import { Browser, goodPassword, type Seen } from "./browser.ts";
import { random, testServer } from "./fixture.ts";

export const areas = ["/portal", "/admin"] as const;
type Base = (typeof areas)[number];

export type TokenSite = Awaited<ReturnType<typeof tokenSite>>;

/** `alice` has a password, a role and the token `key`. */
export async function tokenSite() {
  const server = await testServer();
  const tokenFor = async (name: string, withPassword = true): Promise<Uint8Array> => {
    const { store, vault, clock } = server;
    const secret = random.bytes(20);
    const kept = await keepPassword(goodPassword, { memory: 8, passes: 1, parallelism: 1 }, random);
    await store.write(async (tx) => {
      await addUser(tx, { name, displayName: "", groups: [] }, random, clock.nowMs);
      const user = await theUser(tx, name);
      const wish = { type: "ocra", suite: commonSuite, secret, counter: 0 } as const;
      await addOtp(tx, vault, user, wish, random, clock.nowMs);
      await setRole(tx, { user, role: "admin", evenTheLastAdmin: false }, clock.nowMs);
      if (withPassword) await setPassword(tx, vault, user, kept, clock.nowMs);
    });
    return secret;
  };
  const key = await tokenFor("alice");
  const begin = async (browser: Browser, base: Base, name = "alice") =>
    shownBy(await browser.post(`${base}/sign-in/challenge`, { name }));
  const response = (digits: string, secret = key) =>
    responseTo({ secret, suite: commonSuite }, digits, server.clock.nowMs);
  const answer = (
    browser: Browser,
    base: Base,
    shown: { readonly id: string },
    code: string,
    more: Record<string, string> = {},
  ) => {
    const fields = { name: "alice", password: goodPassword, challenge: shown.id, code, ...more };
    return browser.post(`${base}/sign-in`, fields);
  };
  const signedInBy = async (base: Base): Promise<Browser> => {
    const browser = new Browser(server);
    const shown = await begin(browser, base);
    const seen = await answer(browser, base, shown, response(shown.digits));
    if (seen.status !== 303) throw new Error(`not let in: ${seen.status}`);
    return browser;
  };
  const denied = async () =>
    (await server.audit())
      .filter(({ kind }) => kind === "web-sign-in-denied")
      .map(({ detail }) => detail["reason"]);
  return { server, key, tokenFor, begin, response, answer, signedInBy, denied };
}

/** What a page shows, and what its form carries along. */
export function shownBy({ text }: Seen) {
  const digits = /(?:Response to|challenges:<?[^0-9]*) ?(\d{4}) (\d{4})/.exec(text);
  if (digits === null) throw new Error("the page shows no challenge");
  const id = /name="challenge" value="([^"]+)"/.exec(text)?.[1] ?? "";
  return { digits: `${digits[1]}${digits[2]}`, id };
}

export const wrong = (right: string) => (right === "000000" ? "000001" : "000000");
