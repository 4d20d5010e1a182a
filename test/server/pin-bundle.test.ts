// What a machine gets of users with a PIN: seeds under the PIN, and nothing to test one by.

import { describe, expect, it } from "vitest";
import { isPinKey, maskSeed, openPin } from "../../otp/pin-lock.ts";
import type { Bundle } from "../../protocol/sync/documents.ts";
import { addOtp } from "../../server/authenticators/manage.ts";
import { changedPin } from "../../server/pins/new-pin.ts";
import { keepPin, pinOf, resetPin } from "../../server/pins/pins.ts";
import { theUser } from "../../server/users/users.ts";
import { secondMs } from "../../words/clock.ts";
import { random, type TestServer, testServer, totpAt } from "./fixture.ts";
import type { TestMachine } from "./machine.ts";
import { setPin } from "./pins.ts";

const stepMs = 30 * secondMs;

async function enrolled(...policy: string[]) {
  const server = await testServer();
  const secret = await server.userWithTotp("alice");
  await server.policy("pin.place=before", ...policy);
  await setPin(server, "alice", "9946");
  const laptop = await server.machine();
  const typed = () => `9946${totpAt(secret, server.clock.nowMs)}`;
  const bundle = await laptop.enrolledVerify("alice", [typed()]);
  return { server, laptop, secret, typed, bundle };
}

/** The seeds that a PIN gives on a machine. */
async function seedsBy(laptop: TestMachine, bundle: Bundle, pin: string): Promise<string[]> {
  const { authenticators, pin: lock } = laptop.sealedContent(bundle);
  if (lock === null) throw new Error("no lock");
  const [salt, difference] = [Buffer.from(lock.salt, "base64"), Buffer.from(lock.difference, "base64")];
  const key = await openPin(pin, { salt, difference, cost: lock.cost });
  return authenticators.flatMap((one) =>
    one.type === "backup-codes" ? [] : [maskSeed(key, Buffer.from(one.secret, "base64")).toBase64()],
  );
}

function masked(laptop: TestMachine, bundle: Bundle): string[] {
  return laptop.authenticators(bundle).map((one) => (one.type === "backup-codes" ? "" : one.secret));
}

async function afterSync(server: TestServer, laptop: TestMachine): Promise<Bundle[]> {
  server.clock.pass(stepMs);
  return (await laptop.sync()).bundles.map((document) => laptop.openBundle(document));
}

describe("a bundle under a PIN", () => {
  it("has the seeds for the right PIN, and others for every other one", async () => {
    const { laptop, bundle, secret } = await enrolled();
    expect(await seedsBy(laptop, bundle, "9946")).toEqual([secret.toBase64()]);
    expect(await seedsBy(laptop, bundle, "9947")).not.toEqual([secret.toBase64()]);
    expect(JSON.stringify(laptop.sealedContent(bundle))).not.toContain(secret.toBase64());
  });

  it("masks the seed of the machine itself, where each has one", async () => {
    const { server, laptop, bundle, typed } = await enrolled("seeds=per-machine");
    const [here] = await seedsBy(laptop, bundle, "9946");
    const desk = await server.machine("desk");
    server.clock.pass(stepMs);
    const there = await desk.enrolledVerify("alice", [typed()]);
    expect(await seedsBy(desk, there, "9946")).not.toEqual([here]);
    expect(masked(laptop, bundle)).not.toContain(here);
    // The machine's own seed is good online too, with the PIN alone.
    const code = totpAt(Buffer.from(here ?? "", "base64"), server.clock.nowMs);
    expect(await laptop.verify("alice", [code])).toEqual({ verdict: "denied" });
    server.clock.pass(stepMs);
    const next = totpAt(Buffer.from(here ?? "", "base64"), server.clock.nowMs);
    expect(await laptop.verify("alice", [`9946${next}`])).toMatchObject({ verdict: "granted" });
  });

  it("is the same mask on each machine, for each token, and after each new bundle", async () => {
    const { server, laptop, bundle, typed } = await enrolled();
    const desk = await server.machine("desk");
    server.clock.pass(stepMs);
    expect(masked(desk, await desk.enrolledVerify("alice", [typed()]))).toEqual(masked(laptop, bundle));
    const [first] = await seedsBy(laptop, bundle, "9946");
    await server.addHotp("alice");
    const [fresh] = await afterSync(server, laptop);
    if (fresh === undefined) throw new Error("no bundle came");
    expect((await seedsBy(laptop, fresh, "9946"))[0]).toBe(first);
    expect(masked(laptop, fresh)[0]).toBe(masked(laptop, bundle)[0]);
  });

  it("after a change of the PIN has no second mask of a seed: the difference alone is another", async () => {
    const { server, laptop, bundle, secret } = await enrolled();
    const { store, vault, clock } = server;
    const alice = await theUser(store.db, "alice");
    const present = await pinOf(store.db, vault, alice.id);
    if (present === undefined) throw new Error("no PIN");
    expect(await changedPin(present, "9947", "35791")).toBeUndefined();
    const changed = await changedPin(present, "9946", "35791");
    if (changed === undefined) throw new Error("not changed");
    await store.write((tx) => keepPin(tx, vault, alice, changed, false, clock.nowMs));
    const [fresh] = await afterSync(server, laptop);
    if (fresh === undefined) throw new Error("no bundle came");
    expect(masked(laptop, fresh)).toEqual(masked(laptop, bundle));
    const [was, is] = [laptop.sealedContent(bundle).pin, laptop.sealedContent(fresh).pin];
    expect([is?.salt, is?.cost]).toEqual([was?.salt, was?.cost]);
    expect(is?.difference).not.toBe(was?.difference);
    expect(await seedsBy(laptop, fresh, "35791")).toEqual([secret.toBase64()]);
    expect(await seedsBy(laptop, fresh, "9946")).not.toEqual([secret.toBase64()]);
    expect(isPinKey(changed.key, present.key)).toBe(true);
  });

  it("does not come, and the old one ends, once the PIN is reset or locked", async () => {
    for (const end of ["reset", "lock"] as const) {
      const { server, laptop, typed } = await enrolled("pin.attempts=1");
      server.clock.pass(stepMs);
      const wrong = typed().replace("9946", "1357");
      if (end === "lock") expect(await laptop.verify("alice", [wrong])).toEqual({ verdict: "denied" });
      else
        await server.store.write(async (tx) => resetPin(tx, await theUser(tx, "alice"), server.clock.nowMs));
      const { bundles, revocations } = await laptop.sync();
      expect([bundles.length, revocations.length]).toEqual([0, 1]);
    }
  });

  it("takes the place of a plain one at the next sync after policy asks for a PIN, and the other way round", async () => {
    const { server, laptop, secret } = await enrolled();
    await server.policy("pin.place=none");
    const [plain] = await afterSync(server, laptop);
    if (plain === undefined) throw new Error("no bundle came");
    expect(laptop.sealedContent(plain)).toMatchObject({
      pin: null,
      authenticators: [{ secret: secret.toBase64() }],
    });
    await server.policy("pin.place=after");
    const [fresh] = await afterSync(server, laptop);
    if (fresh === undefined) throw new Error("no bundle came");
    expect(await seedsBy(laptop, fresh, "9946")).toEqual([secret.toBase64()]);
  });

  it("leaves out a seed that somebody made up or wrote out: it would tell the right PIN", async () => {
    const { server, laptop, bundle } = await enrolled();
    const made = Buffer.from("12345678901234567890", "ascii");
    const wish = { type: "totp", counter: 0, secret: made } as const;
    await server.store.write(async (tx) =>
      addOtp(tx, server.vault, await theUser(tx, "alice"), wish, random, server.clock.nowMs),
    );
    expect(await afterSync(server, laptop)).toEqual([]);
    server.clock.pass(stepMs);
    expect(await laptop.verify("alice", [`9946${totpAt(made, server.clock.nowMs)}`])).toMatchObject({
      verdict: "granted",
    });
    expect(laptop.authenticators(bundle)).toHaveLength(1);
  });
});
