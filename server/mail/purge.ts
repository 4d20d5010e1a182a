// What is over is forgotten after a while; the audit has kept what matters of it.

import { dayMs } from "../../words/clock.ts";
import type { Store } from "../store/store.ts";

const keepMessagesMs = 30 * dayMs;
/** Longer than any lease. */
const keepNoticesMs = 400 * dayMs;

export async function purge(store: Store, nowMs: number): Promise<void> {
  await store.write(async (tx) => {
    await tx
      .deleteFrom("messages")
      .where("endedAtMs", "<", nowMs - keepMessagesMs)
      .execute();
    await tx
      .deleteFrom("signInCodes")
      .where("expiresAtMs", "<", nowMs - dayMs)
      .execute();
    await tx
      .deleteFrom("mailCodes")
      .where("expiresAtMs", "<", nowMs - dayMs)
      .execute();
    await tx
      .deleteFrom("seedShowings")
      .where("grantedAtMs", "<", nowMs - dayMs)
      .execute();
    await tx
      .deleteFrom("notices")
      .where("atMs", "<", nowMs - keepNoticesMs)
      .execute();
  });
}
