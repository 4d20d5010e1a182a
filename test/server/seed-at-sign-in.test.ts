// `provide` at the server: whose seed is shown when, and what a replay, a stranger or a race gets.

import { beforeEach, describe, expect, it } from "vitest";
import { openSealed, sealTo } from "../../protocol/crypto/sealed-box.ts";
import type { ResponseOf } from "../../protocol/sync/exchanges.ts";
import { fromBase32 } from "../../words/base32.ts";
import { purge } from "../../server/mail/purge.ts";
import { dayMs, minuteMs } from "../../words/clock.ts";
import { random, type TestServer, testServer, totpAt, wrongCode } from "./fixture.ts";
import type { TestMachine } from "./machine.ts";

let server: TestServer;
let laptop: TestMachine;
let secret: Uint8Array;

beforeEach(async () => {
  server = await testServer();
  secret = await server.userWithTotp("alice");
  await server.policy("seeds=per-machine");
  laptop = await server.machine("laptop");
});

/** A granted sign-in of this dialogue; whether the seed may be shown. */
async function signIn(dialogue: string, machine = laptop, caller: "system" | "self" = "system") {
  server.clock.pass(30_000);
  const result = await machine.verify("alice", [totpAt(secret, server.clock.nowMs)], { dialogue, caller });
  return result.verdict === "granted" && result.maySeed;
}

const newDialogue = () => random.bytes(16).toBase64();

type Step = { do: "show-seed" } | { do: "prove-seed"; sealedCode: string };

async function provide(
  dialogue: string,
  step: Step,
  machine = laptop,
): Promise<ResponseOf<"provide">["result"]> {
  return (await machine.ask("provide", { ...machine.asking(), dialogue, step })).result;
}

const show = (dialogue: string, machine = laptop) => provide(dialogue, { do: "show-seed" }, machine);

function prove(dialogue: string, code: string, machine = laptop) {
  const sealed = sealTo(machine.serverBoxKey, Buffer.from(JSON.stringify(code), "utf8"));
  return provide(dialogue, { do: "prove-seed", sealedCode: sealed.toBase64() }, machine);
}

function keyOf(result: ResponseOf<"provide">["result"], machine = laptop): Uint8Array {
  if (result.is !== "shown") throw new Error(result.is);
  const opened = openSealed(machine.identity.box, Buffer.from(result.sealed, "base64"));
  const content = JSON.parse(Buffer.from(opened ?? []).toString("utf8")) as { secret: string; uri: string };
  expect(content.uri).toContain(content.secret);
  return fromBase32(content.secret) ?? new Uint8Array();
}

describe("the seed at a sign-in", () => {
  it("is shown once a dialogue, sealed to the machine, and proved by its code into a bundle", async () => {
    const dialogue = newDialogue();
    expect(await signIn(dialogue)).toBe(true);
    const key = keyOf(await show(dialogue));
    expect(await show(dialogue)).toEqual({ is: "refused" });
    const code = totpAt(key, server.clock.nowMs);
    expect(await prove(dialogue, wrongCode(code))).toEqual({ is: "wrong" });
    const proved = await prove(dialogue, code);
    if (proved.is !== "proved" || proved.bundle === null) throw new Error(proved.is);
    const [totp] = laptop.authenticators(laptop.openBundle(proved.bundle));
    expect(totp).toMatchObject({ type: "totp", secret: Buffer.from(key).toString("base64") });
    expect(totp?.type === "totp" && totp.lastStep).toBe(Math.floor(server.clock.nowMs / 30_000));
    expect(await prove(dialogue, code)).toEqual({ is: "refused" });
    expect(await signIn(newDialogue())).toBe(false);
    const kinds = (await server.audit()).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind.startsWith("machine-seed"))).toEqual([
      "machine-seed-shown",
      "machine-seed-proved",
    ]);
  });

  it("is no use in what the audit, the database or the log keep of it", async () => {
    const dialogue = newDialogue();
    await signIn(dialogue);
    const key = keyOf(await show(dialogue));
    const kept = JSON.stringify([
      await server.audit(),
      await server.store.db.selectFrom("seedShowings").selectAll().execute(),
      await server.store.db.selectFrom("machineSeeds").selectAll().execute(),
    ]);
    expect(kept).not.toContain(Buffer.from(key).toString("base64"));
  });

  it("of a showing that nobody proved is another one than the next, and good for nothing", async () => {
    const [first, second] = [newDialogue(), newDialogue()];
    await signIn(first);
    const old = keyOf(await show(first));
    expect(await signIn(second)).toBe(true);
    const fresh = keyOf(await show(second));
    expect(Buffer.compare(old, fresh)).not.toBe(0);
    // The older dialogue can't prove its own any more, nor the newer one's.
    expect(await prove(first, totpAt(old, server.clock.nowMs))).toEqual({ is: "refused" });
    expect(await prove(first, totpAt(fresh, server.clock.nowMs))).toEqual({ is: "refused" });
    expect(await prove(second, totpAt(old, server.clock.nowMs))).toEqual({ is: "wrong" });
    server.clock.pass(30_000);
    expect((await laptop.verify("alice", [totpAt(old, server.clock.nowMs)])).verdict).toBe("denied");
  });

  it("is shown to no other dialogue, machine or caller, and not after five minutes", async () => {
    const dialogue = newDialogue();
    const desk = await server.machine("desk");
    expect(await signIn(dialogue)).toBe(true);
    expect(await show(newDialogue())).toEqual({ is: "refused" });
    expect(await show(dialogue, desk)).toEqual({ is: "refused" });
    expect(await signIn(newDialogue(), laptop, "self")).toBe(false);
    server.clock.pass(5 * minuteMs);
    expect(await show(dialogue)).toEqual({ is: "refused" });
  });

  it("is not shown to a user disabled, nor given out by command, meanwhile", async () => {
    const dialogue = newDialogue();
    await signIn(dialogue);
    await server.store.db.updateTable("machineSeeds").set({ shownAtMs: 1 }).execute();
    expect(await show(dialogue)).toEqual({ is: "refused" });
    await server.store.db.updateTable("machineSeeds").set({ shownAtMs: null }).execute();
    await server.store.db.updateTable("users").set({ disabledAtMs: 1 }).execute();
    expect(await show(dialogue)).toEqual({ is: "refused" });
  });

  it("ends with five wrong codes, or when policy has no seeds any more", async () => {
    const dialogue = newDialogue();
    await signIn(dialogue);
    const key = keyOf(await show(dialogue));
    const right = totpAt(key, server.clock.nowMs);
    await server.policy("seeds=shared");
    expect(await prove(dialogue, right)).toEqual({ is: "refused" });
    await server.policy("seeds=per-machine");
    for (let time = 1; time <= 4; time++)
      expect(await prove(dialogue, wrongCode(right))).toEqual({ is: "wrong" });
    expect(await prove(dialogue, wrongCode(right))).toEqual({ is: "refused" });
    expect(await prove(dialogue, right)).toEqual({ is: "refused" });
  });

  it("refuses a code that was sealed to somebody else", async () => {
    const dialogue = newDialogue();
    await signIn(dialogue);
    await show(dialogue);
    const sealedCode = random.bytes(60).toBase64();
    expect(await provide(dialogue, { do: "prove-seed", sealedCode })).toEqual({ is: "refused" });
  });
});

describe("showings that nobody came back to", () => {
  const kept = async () => {
    const rows = await server.store.db.selectFrom("seedShowings").select("machineId").execute();
    return rows.map(({ machineId }) => machineId).sort();
  };

  it("are dropped with the next sign-in at their machine, and by no other's: that one holds no lock on them", async () => {
    const desk = await server.machine("desk");
    await signIn(newDialogue());
    await signIn(newDialogue());
    server.clock.pass(6 * minuteMs);
    await signIn(newDialogue(), desk);
    expect(await kept()).toEqual([laptop.id, laptop.id, desk.id].sort());
    await signIn(newDialogue());
    expect(await kept()).toEqual([laptop.id, desk.id].sort());
  });

  it("are forgotten after a day at the latest", async () => {
    await signIn(newDialogue());
    await purge(server.store, server.clock.nowMs + dayMs);
    expect(await kept()).toEqual([laptop.id]);
    await purge(server.store, server.clock.nowMs + dayMs + 1);
    expect(await kept()).toEqual([]);
  });
});
