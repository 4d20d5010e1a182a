// The weekly report to the admins, sent once by one of several instances.

import { dayMs, hourMs } from "../../words/clock.ts";
import { readSetting } from "../settings/settings.ts";
import { languageOf } from "../users/language.ts";
import { addressesOf, isMail } from "./addresses.ts";
import { enqueue } from "./queue.ts";
import { mailSetting } from "./settings.ts";
import { weeklyLetter } from "./texts.ts";
import type { WarnParts } from "./warn.ts";
import { weeklyContent } from "./weekly-content.ts";
import { type WeeklyReport, weekdays, weeklySetting } from "./weekly-setting.ts";

/** A report that no server was there for is made up for so long after, and not later. */
const lateMs = dayMs;
const weekMs = 7 * dayMs;

/** The moment of this week's report: the last one that is not in the future. */
function lastReportMs({ day, hour }: WeeklyReport, nowMs: number): number | undefined {
  if (day === "off") return undefined;
  const firstMs = weekdays.indexOf(day) * dayMs + hour * hourMs;
  return firstMs + Math.floor((nowMs - firstMs) / weekMs) * weekMs;
}

/** Returns how many admins it was queued for. */
export async function sendWeeklyReport(parts: WarnParts, nowMs: number): Promise<number> {
  const { store, vault, random } = parts;
  const atMs = lastReportMs(await readSetting(store.db, weeklySetting), nowMs);
  if (atMs === undefined || nowMs - atMs >= lateMs) return 0;
  const name = `weekly-report:${atMs}`;
  const told = await store.db.selectFrom("notices").select("name").where("name", "=", name).execute();
  if (told.length > 0) return 0;
  return store.write(async (tx) => {
    const { host, language } = await readSetting(tx, mailSetting);
    if (host === "") return 0;
    const claimed = await tx
      .insertInto("notices")
      .values({ name, atMs: nowMs })
      .onConflict((conflict) => conflict.column("name").doNothing())
      .executeTakeFirst();
    if (claimed.numInsertedOrUpdatedRows !== 1n) return 0;
    const sections = await weeklyContent(tx, nowMs);
    const admins = await tx
      .selectFrom("accounts")
      .innerJoin("users", "users.id", "accounts.userId")
      .select("users.id")
      .where("accounts.role", "=", "admin")
      .where("users.disabledAtMs", "is", null)
      .orderBy("users.id")
      .execute();
    let queued = 0;
    for (const { id: userId } of admins) {
      const to = (await addressesOf(tx, userId)).find(isMail);
      if (to === undefined) continue;
      const letter = weeklyLetter((await languageOf(tx, userId)) ?? language, sections);
      const message = { channel: "mail", kind: "weekly-report", userId, recipient: to.address } as const;
      if (await enqueue(tx, vault, { ...message, letter, lifeMs: lateMs, urgent: false }, random, nowMs))
        queued += 1;
    }
    return queued;
  });
}
