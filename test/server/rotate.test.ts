// New keys for a machine, as the server sees it: offered under the old ones, in force with the first request they sign.

import { describe, expect, it } from "vitest";
import { systemRandom as random } from "../../platform/random.ts";
import { deriveIdentity, type Identity, publicIdentity, rotationProof } from "../../protocol/crypto/keys.ts";
import { openSealed } from "../../protocol/crypto/sealed-box.ts";
import { theMachine } from "../../server/machines/machines.ts";
import { revokeMachine } from "../../server/machines/revoke.ts";
import { flags, startMs, testServer, totpAt } from "./fixture.ts";
import type { TestMachine } from "./machine.ts";

function offer(laptop: TestMachine, identity: Identity, prover = identity) {
  const keys = publicIdentity(identity);
  return {
    ...laptop.asking(),
    signingKey: keys.signingKey.toBase64(),
    boxKey: keys.boxKey.toBase64(),
    proof: rotationProof(laptop.id, laptop.identity.signing.publicKey, {
      ...identity,
      signing: { ...identity.signing, privateKey: prover.signing.privateKey },
    }).toBase64(),
    enrolments: laptop.enrolments,
  };
}

async function setting() {
  const server = await testServer();
  const laptop = await server.machine();
  const secret = await server.userWithTotp("alice");
  await laptop.enrolledVerify("alice", [totpAt(secret, startMs)]);
  const old = laptop.identity;
  const fresh = deriveIdentity(random.bytes(32));
  const as = (identity: Identity) => Object.assign(laptop, { identity });
  return { server, laptop, old, fresh, as };
}

const kinds = async (server: Awaited<ReturnType<typeof testServer>>) =>
  (await server.audit()).map(({ kind }) => kind);

describe("new keys", () => {
  it("hold from the first request on that they sign; until then the old ones do", async () => {
    const { server, laptop, old, fresh, as } = await setting();
    const answer = await laptop.ask("rotate", offer(laptop, fresh));
    expect(answer.bundles).toHaveLength(1);
    await laptop.ask("probe", laptop.asking());
    expect(await kinds(server)).not.toContain("machine-keys-rotated");
    as(fresh);
    await laptop.ask("probe", laptop.asking());
    expect(await kinds(server)).toContain("machine-keys-rotated");
    as(old);
    const refused = await laptop.send("probe", laptop.asking());
    expect(refused.status).toBe(409);
    laptop.check(refused);
    const { error, revocations } = JSON.parse(Buffer.from(refused.body).toString());
    expect(error.code).toBe("keys-retired");
    expect(laptop.openRevocation(revocations[0]).target).toEqual({
      scope: "keys",
      signingKey: old.signing.publicKey.toBase64(),
    });
    expect(await flags(server, laptop)).toEqual(["state-restored"]);
    as(fresh);
    expect((await laptop.ask("probe", laptop.asking())).revocations).toEqual([]);
  });

  it("get the bundles sealed to them, with the lease as it was, and nobody else can open them", async () => {
    const { laptop, old, fresh } = await setting();
    const answer = await laptop.ask("rotate", offer(laptop, fresh));
    const [document] = answer.bundles;
    if (document === undefined) throw new Error("no bundle");
    const bundle = laptop.openBundle(document);
    expect(bundle.lease.id).toBe(laptop.enrolments[0]?.leaseId);
    const sealed = Buffer.from(bundle.sealed, "base64");
    expect(openSealed(fresh.box, sealed)).toBeDefined();
    expect(openSealed(old.box, sealed)).toBeUndefined();
    const recoveryKey = Buffer.from(answer.sealedRecoveryKey ?? "", "base64");
    expect(openSealed(fresh.box, recoveryKey)).toHaveLength(32);
  });

  it("of a machine that never took them are replaced by the next offer", async () => {
    const { laptop, fresh, as } = await setting();
    await laptop.ask("rotate", offer(laptop, fresh));
    const later = deriveIdentity(random.bytes(32));
    await laptop.ask("rotate", offer(laptop, later));
    as(fresh);
    expect((await laptop.send("probe", laptop.asking())).status).toBe(401);
    as(later);
    await laptop.ask("probe", laptop.asking());
  });

  it("are not taken without a proof by themselves, nor when the machine has or had them", async () => {
    const { laptop, old, fresh, as } = await setting();
    const nothing = { sealedRecoveryKey: null, bundles: [] };
    expect(await laptop.ask("rotate", offer(laptop, fresh, old))).toMatchObject(nothing);
    expect(await laptop.ask("rotate", offer(laptop, old))).toMatchObject(nothing);
    await laptop.ask("rotate", offer(laptop, fresh));
    as(fresh);
    await laptop.ask("probe", laptop.asking());
    expect(await laptop.ask("rotate", offer(laptop, old))).toMatchObject(nothing);
  });

  it("take no place by a request that is repeated", async () => {
    const { server, laptop, fresh, as } = await setting();
    await laptop.ask("rotate", offer(laptop, fresh));
    as(fresh);
    laptop.sequence -= 1;
    expect((await laptop.send("probe", laptop.asking())).status).toBe(409);
    expect(await kinds(server)).not.toContain("machine-keys-rotated");
  });

  it("are no way back for a revoked machine", async () => {
    const { server, laptop, fresh, as } = await setting();
    await laptop.ask("rotate", offer(laptop, fresh));
    await server.store.write(async (tx) => {
      const machine = await theMachine(tx, laptop.id);
      await revokeMachine(tx, server.identity.signing.privateKey, machine, startMs);
    });
    expect(await laptop.ask("rotate", offer(laptop, deriveIdentity(random.bytes(32))))).toMatchObject({
      sealedRecoveryKey: null,
      bundles: [],
    });
    as(fresh);
    const { revocations } = await laptop.ask("probe", laptop.asking());
    expect(revocations.map((one) => laptop.openRevocation(one).target)).toEqual([{ scope: "machine" }]);
  });

  it("leave the old ones no way to join again under the machine's name", async () => {
    const { server, laptop, old, fresh, as } = await setting();
    await laptop.ask("rotate", offer(laptop, fresh));
    as(fresh);
    await laptop.ask("probe", laptop.asking());
    as(old);
    const token = await server.token();
    expect((await laptop.send("join", laptop.joinRequest(token))).status).toBe(403);
    const refused = (await server.audit()).find(({ kind }) => kind === "join-refused");
    expect(refused?.detail).toMatchObject({ reason: "replaced-keys" });
  });

  it("leave no more than twenty old ones to be told", async () => {
    const { server, laptop, as } = await setting();
    for (let time = 0; time < 23; time++) {
      const next = deriveIdentity(random.bytes(32));
      await laptop.ask("rotate", offer(laptop, next));
      as(next);
      await laptop.ask("probe", laptop.asking());
      server.clock.pass(1_000);
    }
    const kept = await server.store.db.selectFrom("machineKeys").select("signingKey").execute();
    expect(kept).toHaveLength(20);
  });
});
