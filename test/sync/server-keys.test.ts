// The server gets another identity. Machines follow it by what the old one has signed, and by nothing else.

import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { AdminError } from "../../agent/admin/actions.ts";
import type { Reply } from "../../agent/sync/transport.ts";
import { systemRandom } from "../../platform/random.ts";
import { deriveIdentity, type Identity } from "../../protocol/crypto/keys.ts";
import { type SignedDocument, signDocument } from "../../protocol/crypto/signed-document.ts";
import type { ServerKey } from "../../protocol/sync/documents.ts";
import { signResponse } from "../../protocol/sync/http-signature.ts";
import { fine, House, said, storm, type Token } from "./house.ts";

const dayMs = 86_400_000;
let house: House;
let alice: Token;
/** The server's first identity, as a thief of it has it: what is held here is not what the server forgets. */
let first: Identity;

/** Alice is enrolled. */
beforeEach(async () => {
  house = await House.build(["policy", "set", "offline.days=366", "offline.signIns=none"]);
  alice = await house.user("alice");
  await house.join();
  await house.agent.signIn("alice", [alice.code()]);
  await house.clock.advance(30_000);
  const { signing, box } = house.server.identity;
  first = { signing, box };
});

afterEach(() => house.tearDown());

async function rotate(overlapHours = 168): Promise<SignedDocument> {
  await house.admin("keys", "rotate-identity", "--overlap-hours", String(overlapHours));
  const { identity, store, vault } = house.server;
  // As the running server does now and then: a command may have given it another key.
  expect(await identity.refresh(store.db, vault)).toBe(true);
  const [document] = identity.after(identity.number - 1) ?? [];
  if (document === undefined) throw new Error("there is no document of the new key");
  return document;
}

/** What the server has kept of one of its identities. */
async function keptSeeds(number: number): Promise<unknown> {
  const { store, vault } = house.server;
  const rows = await store.db
    .selectFrom("serverKeys")
    .select("sealed")
    .where("number", "=", number)
    .execute();
  const name = { table: "server_keys", id: String(number) } as const;
  return JSON.parse(Buffer.from(vault.open(name, rows[0]?.sealed ?? "")).toString("utf8"));
}

/** Another machine in this one's place, as one that was set up anew. */
function setUpAnew(): void {
  house.agent.stop();
  rmSync(join(house.folder, "state"), { recursive: true });
  house.startAgent();
}

const record = () => house.agent.keeper.store().server();
const known = () => [record().keys?.number ?? 0, record().signingKey] as const;
const newest = () => house.server.identity.signing.publicKey.toBase64();
/** Whether a sync finds the server, and not somebody else. */
const healthy = () =>
  house.agent.actions.sync().then(
    () => true,
    (error: AdminError) => {
      expect(error.message).toContain("something answered that is not the server");
      return false;
    },
  );

/** The next sign-in, with another code than the last. */
async function signsIn(): Promise<string> {
  await house.clock.advance(30_000);
  return said(await house.agent.signIn("alice", [alice.code()]));
}

/** Answers as the server would, but for `change`, signed by `key` for the very request. */
function answersBy(key: Identity, change: (body: Record<string, unknown>) => object = (body) => body): void {
  house.line = async (sent, pass): Promise<Reply> => {
    const reply = await pass(sent);
    const changed = change(JSON.parse(Buffer.from(reply.body).toString("utf8")));
    const body = Buffer.from(JSON.stringify(changed), "utf8");
    const by = { keyId: "server", privateKey: key.signing.privateKey };
    const headers = signResponse(
      { status: reply.status, body },
      sent.headers["signature"] ?? "",
      by,
      house.clock.wallMs(),
    );
    return { ...reply, body, headers: { ...headers } };
  };
}

function forged(by: Identity, change: Partial<ServerKey>): { document: SignedDocument; key: Identity } {
  const key = deriveIdentity(systemRandom.bytes(32));
  const content: ServerKey = {
    number: 1,
    issuedAtMs: house.clock.wallMs(),
    previousSigningKey: first.signing.publicKey.toBase64(),
    previousBoxKey: first.box.publicKey.toBase64(),
    signingKey: key.signing.publicKey.toBase64(),
    boxKey: key.box.publicKey.toBase64(),
    previousEndsAtMs: house.clock.wallMs() + dayMs,
    ...change,
  };
  return { document: signDocument("server-key", content, by.signing.privateKey), key };
}

describe("another identity of the server", () => {
  test("is learnt at the next contact of any sort, and kept over a restart", async () => {
    await rotate();
    await house.agent.online.probe();
    expect(known()).toEqual([1, newest()]);
    house.startAgent();
    expect(known()).toEqual([1, newest()]);
    expect(await signsIn()).toBe("granted online by totp");
  });

  test("is learnt by the sign-in itself, whose answers were sealed to the key before", async () => {
    await rotate(0);
    expect(await signsIn()).toBe("granted online by totp");
    expect(known()).toEqual([1, newest()]);
  });

  test("brings all documents anew; what lies there is good until then", async () => {
    await rotate(0);
    await house.agent.online.probe();
    house.line = storm("unreachable");
    expect(await signsIn()).toBe("granted offline by totp");
    house.line = fine;
    const store = house.agent.keeper.store();
    const [before] = store.standings().readable;
    expect(await healthy()).toBe(true);
    const [after] = house.agent.keeper.store().standings().readable;
    expect(after?.bundle.signature).not.toBe(before?.bundle.signature);
    house.startAgent();
    house.line = storm("unreachable");
    expect(await signsIn()).toBe("granted offline by totp");
  });

  test("is found by who was away for years and four of them", async () => {
    for (let count = 0; count < 4; count++) {
      await rotate(1);
      await house.clock.advance(60 * dayMs);
    }
    house.startAgent();
    expect(await healthy()).toBe(true);
    expect(known()).toEqual([4, newest()]);
  });

  test("takes over what the one before has revoked and could not tell any more", async () => {
    await house.admin("user", "disable", "alice");
    await rotate(0);
    await house.clock.advance(dayMs);
    await house.agent.actions.sync();
    expect((await house.agent.actions.status()).enrolments).toEqual([]);
  });

  test("revokes machines as the one before did", async () => {
    await rotate(0);
    const [{ id }] = (await house.admin("machine", "list")) as [{ id: string }];
    await house.admin("machine", "revoke", id);
    await house.agent.online.probe();
    expect((await house.agent.actions.status()).state).toBe("revoked");
  });

  test.each([0, 1])("is met by who joins with a token from before, %i days on", async (days) => {
    const { token } = (await house.admin("join-token", "create", "--expires-hours", "99")) as {
      token: string;
    };
    await rotate(0);
    await rotate(0);
    await house.clock.advance(days * dayMs);
    setUpAnew();
    await house.agent.actions.join("https://server.test", token);
    expect(known()).toEqual([2, newest()]);
    expect(await signsIn()).toBe("granted online by totp");
  });

  test("is met by who joins with a token of its own, and followed from there", async () => {
    await rotate();
    setUpAnew();
    await house.join();
    expect(known()).toEqual([1, newest()]);
    await rotate();
    expect(await healthy()).toBe(true);
    expect(known()).toEqual([2, newest()]);
  });

  test.each(["before", "after"])("is no obstacle to a recovery %s it was learnt", async (when) => {
    await rotate(0);
    if (when === "after") await house.agent.online.probe();
    await house.clock.advance(30 * dayMs);
    house.agent.stop();
    writeFileSync(join(house.folder, "state/state.db"), "damaged");
    house.startAgent();
    expect(await signsIn()).toBe("granted online by totp");
    expect(known()).toEqual([1, newest()]);
    const note = JSON.parse(readFileSync(join(house.folder, "state/recovery.json"), "utf8"));
    expect(note.server.keys.number).toBe(1);
  });
});

describe("the identity before", () => {
  test("is accepted until its end, and not after", async () => {
    await rotate(2);
    await house.agent.online.probe();
    answersBy(first);
    expect(await healthy()).toBe(true);
    house.line = fine;
    await house.clock.advance(2 * 3_600_000 - 30_000);
    answersBy(first);
    expect(await healthy()).toBe(true);
    await house.clock.advance(60_000);
    expect(await healthy()).toBe(false);
    house.line = fine;
    expect(await healthy()).toBe(true);
  });

  test("is not accepted at all where it may be in wrong hands", async () => {
    await rotate(0);
    await house.agent.online.probe();
    answersBy(first);
    expect(await healthy()).toBe(false);
  });

  test("can't be put back by setting the clock back", async () => {
    await rotate(2);
    await house.agent.online.probe();
    await house.clock.advance(3 * 3_600_000);
    await house.agent.actions.sync();
    house.clock.setWall(house.clock.wallMs() - dayMs);
    house.reboot(0);
    answersBy(first);
    expect(await healthy()).toBe(false);
  });

  test("signs no revocation and no bundle after its end", async () => {
    await rotate(0);
    await house.agent.online.probe();
    const content = { serial: 900, machine: record().machine, issuedAtMs: 1, target: { scope: "machine" } };
    const revocation = signDocument("revocation", content, first.signing.privateKey);
    answersBy(house.server.identity, (body) => ({ ...body, revocations: [revocation] }));
    await house.agent.online.probe();
    expect((await house.agent.actions.status()).state).toBe("healthy");
  });

  test("is gone from the server's own state", async () => {
    await rotate();
    expect(await keptSeeds(0)).toEqual({ signing: null, box: expect.any(String) });
    expect(await keptSeeds(1)).toEqual({ signing: expect.any(String), box: expect.any(String) });
  });
});

describe("a forged key", () => {
  const takesNothing = async (documents: SignedDocument[], by: Identity) => {
    const before = known();
    answersBy(by, (body) => ({ ...body, serverKeys: documents }));
    expect(await healthy()).toBe(false);
    expect(known()).toEqual(before);
    house.line = fine;
    expect(await healthy()).toBe(true);
  };

  test("signed by nobody we know is not taken", async () => {
    const stranger = deriveIdentity(systemRandom.bytes(32));
    const { document, key } = forged(stranger, {});
    await takesNothing([document], key);
  });

  test("signed by the identity before, when that has been replaced, is not taken", async () => {
    await rotate(168);
    await house.agent.online.probe();
    const again = forged(first, {});
    await takesNothing([again.document], again.key);
    const next = forged(first, { number: 2, previousSigningKey: newest() });
    await takesNothing([next.document], next.key);
    await takesNothing([next.document], first);
  });

  test("that skips a number, or speaks of another key before it, is not taken", async () => {
    const skipping = forged(first, { number: 2 });
    await takesNothing([skipping.document], skipping.key);
    const other = deriveIdentity(systemRandom.bytes(32)).signing.publicKey.toBase64();
    const elsewhere = forged(first, { previousSigningKey: other });
    await takesNothing([elsewhere.document], elsewhere.key);
  });

  test("that has been put behind a real one is not taken, and the real one neither", async () => {
    const real = await rotate();
    const { document, key } = forged(first, { number: 2 });
    await takesNothing([real, document], key);
  });

  test("in an answer that the real server has not signed so is not taken", async () => {
    const { document } = forged(first, {});
    house.line = async (sent, pass) => {
      const reply = await pass(sent);
      const body = { ...JSON.parse(Buffer.from(reply.body).toString("utf8")), serverKeys: [document] };
      return { ...reply, body: Buffer.from(JSON.stringify(body), "utf8") };
    };
    expect(await healthy()).toBe(false);
    expect(known()[0]).toBe(0);
  });
});

describe("an older key told again", () => {
  test("changes nothing, by itself or before the newer one", async () => {
    const one = await rotate();
    await house.agent.online.probe();
    const two = await rotate();
    await house.agent.online.probe();
    answersBy(house.server.identity, (body) => ({ ...body, serverKeys: [one] }));
    expect(await healthy()).toBe(true);
    expect(known()).toEqual([2, newest()]);
    answersBy(house.server.identity, (body) => ({ ...body, serverKeys: [one, two] }));
    expect(await healthy()).toBe(true);
    expect(known()).toEqual([2, newest()]);
  });

  test("does not bring back the key it named, in an answer by that key", async () => {
    const one = await rotate(0);
    const { signing, box } = house.server.identity;
    const second = { signing, box };
    await rotate(0);
    await house.agent.online.probe();
    answersBy(second, (body) => ({ ...body, serverKeys: [one] }));
    expect(await healthy()).toBe(false);
    expect(known()).toEqual([2, newest()]);
  });
});
