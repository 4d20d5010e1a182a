// A seed for each machine: what one machine has says nothing about the others, and is good on that machine alone.

import fc from "fast-check";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { loadSodium } from "../../protocol/crypto/sodium.ts";
import {
  deriveMachineSeed,
  renewMachineSeeds,
  showMachineSeed,
} from "../../server/authenticators/machine-seed.ts";
import { theMachine } from "../../server/machines/machines.ts";
import { theUser } from "../../server/users/users.ts";
import { dayMs } from "../../words/clock.ts";
import { random, startMs, type TestServer, testServer, totpAt } from "./fixture.ts";
import type { TestMachine } from "./machine.ts";
import { everyByte } from "./postgres/databases.ts";

beforeAll(() => loadSodium());

describe("derivation", () => {
  it("gives the same seed for the same root and machine, and another for any other", () => {
    const root = fc.uint8Array({ minLength: 32, maxLength: 32 });
    const id = fc.stringMatching(/^[A-Z2-7]{32}$/);
    const place = fc.tuple(root, id);
    fc.assert(
      fc.property(place, place, (one, other) => {
        const same = Buffer.compare(one[0], other[0]) === 0 && one[1] === other[1];
        const [a, b] = [deriveMachineSeed(...one), deriveMachineSeed(...other)];
        expect(a).toHaveLength(20);
        expect(Buffer.compare(a, b) === 0).toBe(same);
        expect(deriveMachineSeed(...one)).toEqual(a);
      }),
    );
  });
});

describe("under seeds=per-machine", () => {
  let server: TestServer;
  let laptop: TestMachine;
  let desk: TestMachine;
  let secret: Uint8Array;

  beforeEach(async () => {
    server = await testServer();
    secret = await server.userWithTotp("alice");
    await server.addHotp("alice");
    await server.addBackupCodes("alice");
    await server.policy("seeds=per-machine", "online.factors=totp/hotp");
    laptop = await server.machine("laptop");
    desk = await server.machine("desk");
  });

  const sealed = async (machine: TestMachine) => {
    server.clock.pass(30_000);
    return machine.sealedContent(await machine.enrolledVerify("alice", [code()]));
  };
  const code = (of = secret) => totpAt(of, server.clock.nowMs);

  async function seedOf(machine: TestMachine): Promise<Uint8Array> {
    const totp = (await sealed(machine)).authenticators.find((one) => one.type === "totp");
    if (totp === undefined) throw new Error("no seed");
    return Buffer.from(totp.secret, "base64");
  }

  function show(machine: TestMachine, again = false) {
    return server.store.write(async (tx) =>
      showMachineSeed(
        tx,
        server.vault,
        {
          user: await theUser(tx, "alice"),
          machine: await theMachine(tx, machine.id),
          operator: "carol",
          again,
        },
        random,
        server.clock.nowMs,
      ),
    );
  }

  it("a bundle has the machine's seed and the hashes of backup codes, and no key of the user's own", async () => {
    const { authenticators } = await sealed(laptop);
    expect(authenticators.map((one) => one.type).sort()).toEqual(["backup-codes", "totp"]);
    expect(JSON.stringify(authenticators)).not.toContain(secret.toBase64());
    const other = await seedOf(desk);
    expect(JSON.stringify(authenticators)).not.toContain(other.toBase64());
    expect(authenticators[0]?.id).not.toBe(authenticators[1]?.id);
  });

  it("neither root nor seed can be read in the database, and the root is in no bundle", async () => {
    const seed = await seedOf(laptop);
    const row = await server.store.db.selectFrom("offlineRoots").selectAll().executeTakeFirstOrThrow();
    const root = server.vault.open({ table: "offline_roots", id: row.userId }, row.sealed);
    expect(Buffer.from(deriveMachineSeed(root, laptop.id))).toEqual(seed);
    const sent = JSON.stringify([await sealed(laptop), await sealed(desk)]);
    const bytes = await everyByte(server.data);
    for (const hidden of [root, seed]) {
      expect(bytes.indexOf(hidden)).toBe(-1);
      expect(bytes.indexOf(hidden.toBase64())).toBe(-1);
    }
    expect(sent).not.toContain(root.toBase64());
  });

  it("a code of the machine's seed is taken online too, there alone, and once", async () => {
    const seed = await seedOf(laptop);
    await sealed(desk);
    server.clock.pass(30_000);
    expect((await desk.verify("alice", [code(seed)])).verdict).toBe("denied");
    expect((await laptop.verify("alice", [code(seed)])).verdict).toBe("granted");
    expect((await laptop.verify("alice", [code(seed)])).verdict).toBe("denied");
  });

  it("but begins no lease: only the user's own authenticator does", async () => {
    const seed = await seedOf(laptop);
    const first = laptop.enrolments[0]?.leaseId;
    server.clock.pass(dayMs);
    const bundle = await laptop.enrolledVerify("alice", [code(seed)]);
    expect(bundle.lease.id).toBe(first);
    server.clock.pass(30_000);
    expect((await laptop.enrolledVerify("alice", [code()])).lease.id).not.toBe(first);
  });

  it("and not before the user is enrolled there", async () => {
    const seed = await show(laptop);
    const answer = totpAt(Buffer.from(seed?.secret ?? "", "base64"), server.clock.nowMs);
    expect((await laptop.verify("alice", [answer])).verdict).toBe("denied");
  });

  it("what the machine says it has spent of its seed is spent at the server", async () => {
    const seed = await seedOf(laptop);
    server.clock.pass(30_000);
    const { id } = (await show(laptop)) ?? { id: "" };
    const lastStep = Math.floor(server.clock.nowMs / 30_000);
    const spent = [{ type: "totp" as const, id, lastStep }];
    expect((await laptop.verify("alice", [code(seed)], { spent })).verdict).toBe("denied");
  });

  it("a seed is shown once, a second time only on purpose, and each time is in the audit", async () => {
    const seed = await seedOf(laptop);
    expect((await show(laptop))?.secret).toBe(seed.toBase64());
    expect(await show(laptop)).toBeUndefined();
    expect((await show(laptop, true))?.secret).toBe(seed.toBase64());
    const shown = (await server.audit()).filter((entry) => entry.kind === "machine-seed-shown");
    expect(shown).toMatchObject([
      { user: "alice", machine: laptop.id, detail: { operator: "carol", again: false } },
      { detail: { again: true } },
    ]);
    expect(JSON.stringify(shown)).not.toContain(seed.toBase64());
  });

  it("renewed seeds are others on every machine, and have not been shown", async () => {
    const before = [await seedOf(laptop), await seedOf(desk)];
    await show(laptop);
    await server.store.write(async (tx) =>
      renewMachineSeeds(tx, await theUser(tx, "alice"), "carol", startMs),
    );
    const [bundle] = (await laptop.sync()).bundles;
    if (bundle === undefined) throw new Error("no bundle");
    const { authenticators } = laptop.sealedContent(laptop.openBundle(bundle));
    for (const seed of before) expect(JSON.stringify(authenticators)).not.toContain(seed.toBase64());
    expect(await show(laptop)).toBeDefined();
  });

  it("ends with the user's last own authenticator", async () => {
    await sealed(laptop);
    await server.store.write(async (tx) => {
      const user = await theUser(tx, "alice");
      await tx.deleteFrom("authenticators").where("userId", "=", user.id).execute();
    });
    const { bundles, revocations } = await laptop.sync();
    expect([bundles.length, revocations.length]).toEqual([0, 1]);
  });

  it("a change of policy changes what lies on the machine at its next sync, both ways", async () => {
    await sealed(laptop);
    await server.policy("seeds=shared");
    const types = async () => {
      const [bundle] = (await laptop.sync()).bundles;
      if (bundle === undefined) throw new Error("no bundle");
      return laptop.sealedContent(laptop.openBundle(bundle)).authenticators.map((one) => one.id.slice(0, 8));
    };
    const shared = await types();
    expect(shared).toHaveLength(3);
    expect(shared).not.toContain("machine-");
    await server.policy("seeds=per-machine");
    expect(await types()).toContain("machine-");
  });
});
