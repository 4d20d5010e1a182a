// Whoever opens a machine's state has, for each PIN, the code that would go with it. Each try at the server is a guess at the PIN
// then, and no guess at a code: it has to be counted as one.

import { describe, expect, it } from "vitest";
import { maskSeed, openPin } from "../../otp/pin-lock.ts";
import { commonSuite, responseTo } from "../../otp/response.ts";
import type { Authenticator, SealedContent } from "../../protocol/sync/documents.ts";
import { addOtp } from "../../server/authenticators/manage.ts";
import { changedPin } from "../../server/pins/new-pin.ts";
import { keepPin, pinOf } from "../../server/pins/pins.ts";
import { theUser } from "../../server/users/users.ts";
import { secondMs } from "../../words/clock.ts";
import { Browser } from "./browser.ts";
import { hotpAt, random, type TestServer, testServer, totpAt } from "./fixture.ts";
import { reasons, setPin, stateOfPin } from "./pins.ts";
import { inPortal } from "./portal-fixture.ts";

const denied = { verdict: "denied" };
const stepMs = 30 * secondMs;

async function stolen(...policy: string[]) {
  const server = await testServer();
  const secret = await server.userWithTotp("alice");
  await server.policy("pin.place=before", "pin.attempts=3", "lockout.failures=0", ...policy);
  await setPin(server, "alice", "9946");
  const laptop = await server.machine();
  const code = () => totpAt(secret, server.clock.nowMs);
  const bundle = await laptop.enrolledVerify("alice", [`9946${code()}`]);
  const content = laptop.sealedContent(bundle);
  return { server, laptop, code, content };
}

async function seedUnder(pin: string, { pin: lock }: SealedContent, one: Authenticator): Promise<Uint8Array> {
  if (lock === null || one.type === "backup-codes") throw new Error("nothing is masked");
  const [salt, difference] = [Buffer.from(lock.salt, "base64"), Buffer.from(lock.difference, "base64")];
  return maskSeed(
    await openPin(pin, { salt, difference, cost: lock.cost }),
    Buffer.from(one.secret, "base64"),
  );
}

/** A PIN and the code that belongs to it, if it is the right one. */
async function guess(server: TestServer, pin: string, content: SealedContent): Promise<string> {
  const [one] = content.authenticators;
  if (one === undefined) throw new Error("no seed");
  return pin + totpAt(await seedUnder(pin, content, one), server.clock.nowMs);
}

const guesses = ["1357", "1358", "1359"];

describe("a PIN with the code that an opened state has for it", () => {
  it.each(["seeds=shared", "seeds=per-machine"])(
    "is a try at the PIN: the last one locks it, and the audit says what it was (%s)",
    async (seeds) => {
      const { server, laptop, code, content } = await stolen(seeds);
      for (const [failures, pin] of guesses.entries()) {
        server.clock.pass(stepMs);
        expect(await stateOfPin(server, "alice")).toEqual({ state: "set", failures });
        expect(await laptop.verify("alice", [await guess(server, pin, content)])).toEqual(denied);
      }
      expect(await stateOfPin(server, "alice")).toEqual({ state: "locked", failures: 3 });
      server.clock.pass(stepMs);
      expect(await laptop.verify("alice", [await guess(server, "9946", content)])).toEqual(denied);
      server.clock.pass(stepMs);
      expect(await laptop.verify("alice", [`9946${code()}`])).toEqual(denied);
      expect(await reasons(server)).toEqual([...guesses.map(() => "opened-state"), "wrong-pin", "wrong-pin"]);
    },
  );

  it("is a try with every kind of token, and at every machine", async () => {
    const { server, laptop, code } = await stolen(
      "online.factors=hotp/ocra/totp",
      "offline.factors=hotp/ocra/totp",
    );
    const { store, vault, clock } = server;
    await server.addHotp("alice");
    const wish = { type: "ocra", suite: commonSuite, secret: random.bytes(20), counter: 0 } as const;
    await store.write(async (tx) => addOtp(tx, vault, await theUser(tx, "alice"), wish, random, clock.nowMs));
    clock.pass(stepMs);
    const content = laptop.sealedContent(await laptop.enrolledVerify("alice", [`9946${code()}`]));
    const desk = await server.machine("desk");
    const of = (type: string) => content.authenticators.find((one) => one.type === type) as Authenticator;
    const byToken = `1357${hotpAt(await seedUnder("1357", content, of("hotp")), 0)}`;
    expect(await desk.verify("alice", [byToken])).toEqual(denied);
    const dialogue = random.bytes(16).toBase64();
    const asking = { ...desk.asking(), dialogue, user: "alice", caller: "system" } as const;
    const { challenge } = await desk.ask("challenge", asking);
    const key = { secret: await seedUnder("1358", content, of("ocra")), suite: commonSuite };
    const response = `1358${responseTo(key, challenge, clock.nowMs)}`;
    expect(await desk.verify("alice", [response], { dialogue })).toEqual(denied);
    expect(await stateOfPin(server, "alice")).toEqual({ state: "set", failures: 2 });
  });

  it("is a try also by an older state, when what two states tell of a changed PIN is put to use", async () => {
    const { server, laptop, content } = await stolen();
    const { store, vault, clock } = server;
    const user = await theUser(store.db, "alice");
    const present = await pinOf(store.db, vault, user.id);
    const changed = present && (await changedPin(present, "9946", "1111"));
    if (changed === undefined) throw new Error("not changed");
    await store.write((tx) => keepPin(tx, vault, user, changed, false, clock.nowMs));
    clock.pass(stepMs);
    // The same word: 1357 before is 3522 now.
    const code = (await guess(server, "1357", content)).slice(4);
    expect(await laptop.verify("alice", [`3522${code}`])).toEqual(denied);
    expect(await stateOfPin(server, "alice")).toEqual({ state: "set", failures: 1 });
  });

  it("is one on the server's own pages too", async () => {
    const server = await testServer();
    const { who } = await inPortal(server);
    await server.policy("pin.place=before");
    await setPin(server, who.name, "9946");
    const pin = await pinOf(server.store.db, server.vault, (await theUser(server.store.db, who.name)).id);
    if (pin === undefined) throw new Error("no PIN");
    const masked = maskSeed(pin.key, who.secret);
    server.clock.pass(2 * stepMs);
    const code = totpAt(maskSeed(await openPin("1357", pin.lock), masked), server.clock.nowMs);
    const { name, password } = who;
    const seen = await new Browser(server).post("/portal/sign-in", { name, password, code: `1357${code}` });
    expect(seen.status).toBe(401);
    expect(await stateOfPin(server, name)).toEqual({ state: "set", failures: 1 });
  });
});
