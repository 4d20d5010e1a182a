// What an exchange only sends to PostgreSQL is as much a part of its transaction as what it waits for.

import { describe, expect, it, onTestFinished } from "vitest";
import { send } from "../../server/store/send.ts";
import { openStore, type Store, type Tx } from "../../server/store/store.ts";
import { startMs } from "./fixture.ts";
import { ownPostgres } from "./postgres/own.ts";
import { endSession } from "./postgres/session.ts";

const postgres = ownPostgres();
const nobody = { machine: "M", users: [] };

function keep(tx: Tx, name: string): Promise<void> {
  return send(tx, tx.insertInto("settings").values({ name, content: "{}", updatedAtMs: startMs }));
}

async function kept(db: Tx | Store["db"], beginning: string): Promise<string[]> {
  const rows = await db
    .selectFrom("settings")
    .select("name")
    .where("name", "like", `${beginning}%`)
    .orderBy("name")
    .execute();
  return rows.map(({ name }) => name);
}

describe("a statement that is only sent", () => {
  it("is seen by the next one, and by everybody once the exchange has ended", async () => {
    const seen = await postgres.store().exchange(nobody, async (tx) => {
      await keep(tx, "seen 1");
      await keep(tx, "seen 2");
      return kept(tx, "seen");
    });
    expect(seen).toEqual(["seen 1", "seen 2"]);
    expect(await kept(postgres.store().db, "seen")).toEqual(seen);
  });

  it("is durable before the exchange ends also when it is the last of it", async () => {
    const other = await openStore({ kind: "postgres", url: postgres.url() });
    onTestFinished(() => other.close());
    for (let at = 0; at < 20; at++) {
      await postgres.store().exchange(nobody, (tx) => keep(tx, `last ${at}`));
      expect(await kept(other.db, `last ${at}`)).toContain(`last ${at}`);
    }
  });

  it("fails the exchange at its end when nothing comes after it, and nothing is kept", async () => {
    const twice = postgres.store().exchange(nobody, async (tx) => {
      await keep(tx, "twice");
      await keep(tx, "twice");
      await keep(tx, "twice, after");
      return "granted";
    });
    await expect(twice).rejects.toThrow("duplicate key");
    expect(await kept(postgres.store().db, "twice")).toEqual([]);
  });

  it("fails the next one that is waited for, which tells what has failed first", async () => {
    const early = postgres.store().exchange(nobody, async (tx) => {
      await keep(tx, "early");
      await keep(tx, "early");
      await kept(tx, "early");
      throw new Error("it went on");
    });
    await expect(early).rejects.toThrow("duplicate key");
    expect(await kept(postgres.store().db, "early")).toEqual([]);
  });

  it("is undone with an exchange that fails by itself, and the connection is as good as before", async () => {
    const undone = postgres.store().exchange(nobody, async (tx) => {
      await keep(tx, "undone");
      throw new Error("no");
    });
    await expect(undone).rejects.toThrow("no");
    expect(await kept(postgres.store().db, "undone")).toEqual([]);
    await postgres.store().exchange(nobody, (tx) => keep(tx, "undone, then done"));
    expect(await kept(postgres.store().db, "undone")).toEqual(["undone, then done"]);
  });
});

describe("an exchange whose connection ends", () => {
  it("is refused when only what is sent and the commit were left, and the next one has a connection", async () => {
    const cut = postgres.store().exchange(nobody, async (tx) => {
      await keep(tx, "cut 1");
      await endSession(tx, postgres.url());
      await keep(tx, "cut 2");
      return "granted";
    });
    await expect(cut).rejects.toThrow();
    expect(await kept(postgres.store().db, "cut")).toEqual([]);
    await postgres.store().exchange(nobody, (tx) => keep(tx, "cut, and again"));
    expect(await kept(postgres.store().db, "cut")).toEqual(["cut, and again"]);
  });
});
