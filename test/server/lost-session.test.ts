// A database that ends a session in the middle of its work, as when it is restarted.

import { expect, it } from "vitest";
import type { Tx } from "../../server/store/store.ts";
import { startMs } from "./fixture.ts";
import { ownPostgres } from "./postgres/own.ts";
import { endSession } from "./postgres/session.ts";

const postgres = ownPostgres();
const nobody = { machine: "M", users: [] };

async function keep(tx: Tx, name: string): Promise<void> {
  await tx.insertInto("settings").values({ name, content: "{}", updatedAtMs: startMs }).execute();
}

// An error that nobody hears would end this process, and with it the tests.
it.each(["write", "exchange"] as const)(
  "fails that %s, and neither the process nor anybody else's work",
  async (kind) => {
    const cutShort = async (tx: Tx) => {
      await keep(tx, "lost");
      await endSession(tx, postgres.url());
    };
    const lost =
      kind === "write" ? postgres.store().write(cutShort) : postgres.store().exchange(nobody, cutShort);
    const beside = postgres.store().exchange({ machine: "N", users: [] }, (tx) => keep(tx, `beside ${kind}`));
    await expect(lost).rejects.toThrow();
    await beside;
    await postgres.store().write((tx) => keep(tx, `after ${kind}`));
    const rows = await postgres
      .store()
      .db.selectFrom("settings")
      .select("name")
      .where("name", "like", `%${kind}`)
      .execute();
    expect(rows.map(({ name }) => name).sort()).toEqual([`after ${kind}`, `beside ${kind}`]);
    expect(
      await postgres.store().db.selectFrom("settings").select("name").where("name", "=", "lost").execute(),
    ).toEqual([]);
  },
);
