// After a restore: what every app and token shows at this moment may have been used just before.

import { timeStep } from "../../otp/totp.ts";
import type { Vault } from "../identity/vault.ts";
import type { Tx } from "../store/store.ts";
import { openAuthenticator } from "./authenticators.ts";
import { machineSeedPeriodSeconds } from "./machine-seed.ts";

const rowsAtOnce = 500;

/**
 * Of all users, through the present step and `ahead` more, which a policy may have let be. What is spent further stays so.
 * @throws Error when an authenticator does not open.
 */
export async function spendTimeSteps(tx: Tx, vault: Vault, ahead: number, nowMs: number): Promise<void> {
  const through = (periodSeconds: number) => timeStep(periodSeconds, nowMs) + ahead;
  for (let after: string | undefined = ""; after !== undefined; ) {
    const rows = await tx
      .selectFrom("authenticators")
      .selectAll()
      .where("type", "=", "totp")
      .where("id", ">", after)
      .orderBy("id")
      .limit(rowsAtOnce)
      .execute();
    const opened = rows.map((row) => openAuthenticator(row, vault)).filter((one) => one.type === "totp");
    for (const [periodSeconds, some] of Map.groupBy(opened, (one) => one.periodSeconds)) {
      const lastStep = through(periodSeconds);
      const behind = some.filter((one) => one.lastStep === null || one.lastStep < lastStep);
      if (behind.length === 0) continue;
      const ids = behind.map(({ id }) => id);
      await tx.updateTable("authenticators").set({ lastStep }).where("id", "in", ids).execute();
    }
    after = rows.at(-1)?.id;
  }
  const lastStep = through(machineSeedPeriodSeconds);
  await tx
    .updateTable("machineSeeds")
    .set({ lastStep })
    .where(({ eb, or }) => or([eb("lastStep", "is", null), eb("lastStep", "<", lastStep)]))
    .execute();
}
