// A browser as far as a server can tell one: cookies, forms filled in as they stand on the page, origin and referrer.

import { hotpCode } from "../../otp/hotp.ts";
import { timeStep } from "../../otp/totp.ts";
import { type AppParts, makeApp } from "../../server/api/app.ts";
import { createSetupLink } from "../../server/accounts/setup-links.ts";
import { setRole } from "../../server/accounts/accounts.ts";
import type { Role } from "../../server/accounts/roles.ts";
import { addUser, findUser, theUser } from "../../server/users/users.ts";
import { fromBase32 } from "../../words/base32.ts";
import { pino } from "pino";
import { random, type TestServer } from "./fixture.ts";

export interface Seen {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Where it leads, for a redirection. */
  readonly to: string | null;
  /** Where the code goes that is asked for before a form is taken; null for any other answer. */
  readonly asks: string | null;
}

/** Enough to tell passwords apart, where their cost is not what is tested. */
const quickly = { passwordCost: { memory: 8, passes: 1, parallelism: 1 } } as const;

export class Browser {
  readonly cookies = new Map<string, string>();
  readonly origin: string;
  readonly address: string;
  /** The page that was opened last, for its forms. */
  page = "";
  url = "";
  readonly #app: ReturnType<typeof makeApp>;

  constructor(
    server: TestServer,
    address = "192.0.2.1",
    origin = "https://mfa.example",
    how: Pick<AppParts, "passwordCost"> = quickly,
  ) {
    this.#app = makeApp({ ...server, ...how, random, log: pino({ level: "silent" }), syncMinutes: 60 });
    this.address = address;
    this.origin = origin;
  }

  async get(path: string, headers: Record<string, string> = {}): Promise<Seen> {
    const seen = await this.#send("GET", path, undefined, headers);
    if (seen.status < 300 || seen.status >= 400) {
      this.page = seen.text;
      this.url = path;
    }
    return seen;
  }

  /** Follows where it leads. */
  async open(path: string): Promise<Seen> {
    let seen = await this.get(path);
    for (let hops = 0; seen.to !== null && hops < 5; hops++) seen = await this.get(seen.to);
    return seen;
  }

  /** As a page of the server would send it: with the token of the form on the page that was opened last. */
  async send(path: string, fields: Record<string, string | readonly string[]> = {}): Promise<Seen> {
    return this.post(path, { ...(this.token === undefined ? {} : { "form-token": this.token }), ...fields });
  }

  /** Whatever is given, and nothing else. */
  async post(
    path: string,
    fields: Record<string, string | readonly string[]>,
    headers: Record<string, string> = {},
  ): Promise<Seen> {
    const body = new URLSearchParams();
    for (const [name, value] of Object.entries(fields))
      for (const one of typeof value === "string" ? [value] : value) body.append(name, one);
    const usual = {
      "content-type": "application/x-www-form-urlencoded",
      origin: this.origin,
      "sec-fetch-site": "same-origin",
      referer: this.origin + this.url,
    };
    const seen = await this.#send("POST", path, body.toString(), { ...usual, ...headers });
    // A page with a form in answer to a form is the one that is open now.
    if (seen.status !== 303 && seen.text.includes('name="form-token"')) this.page = seen.text;
    return seen;
  }

  get token(): string | undefined {
    return /name="form-token" value="([^"]+)"/.exec(this.page)?.[1];
  }

  async #send(
    method: string,
    path: string,
    body: string | undefined,
    headers: Record<string, string>,
  ): Promise<Seen> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const all = { ...(cookie === "" ? {} : { cookie }), ...headers };
    const given = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ""));
    const request = new Request(this.origin + path, { method, headers: given, body: body ?? null });
    const response = await this.#app.fetch(request, { clientAddress: this.address });
    for (const line of response.headers.getSetCookie()) {
      const [name = "", value = ""] = (line.split(";")[0] ?? "").split("=");
      if (value === "") this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    const location = response.headers.get("location");
    const text = await response.text();
    const asks = response.status === 403 ? /action="([a-z/]+\/confirm)"/.exec(text)?.[1] : undefined;
    return { status: response.status, headers: response.headers, text, to: location, asks: asks ?? null };
  }
}

export const goodPassword = "a lamp beside the harbour";

export interface Person {
  readonly name: string;
  readonly password: string;
  readonly secret: Uint8Array;
}

/** The secret part of a one-time link for a user, who is added where there is none. */
export function setupLink(server: TestServer, name: string, role: Role): Promise<string> {
  const { store, vault, clock } = server;
  return store.write(async (tx) => {
    if ((await findUser(tx, name)) === undefined)
      await addUser(tx, { name, displayName: "", groups: [] }, random, clock.nowMs);
    const user = await theUser(tx, name);
    await setRole(tx, { user, role, evenTheLastAdmin: false }, clock.nowMs);
    return createSetupLink(tx, vault, user, 24, random, clock.nowMs);
  });
}

/** Goes through the set-up page as a person does; the clock has then moved on to the next code. */
export async function person(server: TestServer, name: string, role: Role): Promise<Person> {
  const link = await setupLink(server, name, role);
  const browser = new Browser(server);
  const { text } = await browser.get(`/set-up?code=${link}`);
  const secret = offeredSecret(text);
  const seen = await browser.send("/set-up", {
    link,
    password: goodPassword,
    repeated: goodPassword,
    code: codeOf(server, secret),
  });
  if (seen.status !== 200 && seen.status !== 303) throw new Error(`set-up: ${seen.status} ${seen.text}`);
  server.clock.pass(30_000);
  return { name, password: goodPassword, secret };
}

export function offeredSecret(page: string): Uint8Array {
  const secret = fromBase32(/<code class="key">([A-Z2-7 ]+)</.exec(page)?.[1] ?? "");
  if (secret === undefined) throw new Error("the page offers no authenticator");
  return secret;
}

export function codeOf(server: TestServer, secret: Uint8Array): string {
  return hotpCode({ secret, algorithm: "sha1", digits: 6 }, timeStep(30, server.clock.nowMs));
}

export function signIn(server: TestServer, browser: Browser, who: Person, base = "/admin"): Promise<Seen> {
  const { name, password, secret } = who;
  return browser.post(`${base}/sign-in`, { name, password, code: codeOf(server, secret) });
}

/** Somebody new with this role, signed in. */
export async function signedIn(server: TestServer, role: Role, name = `a-${role}`): Promise<Browser> {
  const who = await person(server, name, role);
  const browser = new Browser(server);
  const seen = await signIn(server, browser, who);
  if (seen.status !== 303) throw new Error(`sign-in: ${seen.status}`);
  await browser.get("/admin");
  return browser;
}
