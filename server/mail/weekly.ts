// The weekly report to the admins, sent once by one of several instances; and at any time by an admin's hand.

import { dayMs, hourMs } from "../../words/clock.ts";
import type { Language } from "../../words/language.ts";
import { record, serverEntry } from "../audit/audit.ts";
import { Failure } from "../failure.ts";
import { readSetting } from "../settings/settings.ts";
import type { Db, Tx } from "../store/store.ts";
import { languageOf } from "../users/language.ts";
import { addressesOf, isMail } from "./addresses.ts";
import type { Letter } from "./letter.ts";
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
  // 1970-01-05 was the first Monday.
  const firstMs = ((weekdays.indexOf(day) + 4) % 7) * dayMs + hour * hourMs;
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
    if ((await readSetting(tx, mailSetting)).host === "") return 0;
    const claimed = await tx
      .insertInto("notices")
      .values({ name, atMs: nowMs })
      .onConflict((conflict) => conflict.column("name").doNothing())
      .executeTakeFirst();
    if (claimed.numInsertedOrUpdatedRows !== 1n) return 0;
    return queueFor(tx, { vault, random }, await admins(tx), nowMs);
  });
}

/**
 * Whether or not one was sent this week: `onlyTo`, or all admins. Returns how many of them have an address and got it.
 * @throws Failure while mail is off.
 */
export async function sendReportNow(
  tx: Tx,
  parts: Omit<WarnParts, "store">,
  onlyTo: string | undefined,
  nowMs: number,
): Promise<number> {
  if ((await readSetting(tx, mailSetting)).host === "")
    throw new Failure("conflict", "mail is off: set a mail server and a sender's address first");
  const queued = await queueFor(tx, parts, onlyTo === undefined ? await admins(tx) : [onlyTo], nowMs);
  if (queued > 0) await record(tx, serverEntry(nowMs, "weekly-report-sent", {}, { mails: queued }));
  return queued;
}

/** What this very person would get at this moment. */
export async function reportForHand(
  db: Db,
  userId: string,
  nowMs: number,
): Promise<Letter & { readonly language: Language }> {
  const language = (await languageOf(db, userId)) ?? (await readSetting(db, mailSetting)).language;
  return { language, ...weeklyLetter(language, await weeklyContent(db, nowMs)) };
}

async function admins(tx: Tx): Promise<string[]> {
  const rows = await tx
    .selectFrom("accounts")
    .innerJoin("users", "users.id", "accounts.userId")
    .select("users.id")
    .where("accounts.role", "=", "admin")
    .where("users.disabledAtMs", "is", null)
    .orderBy("users.id")
    .execute();
  return rows.map(({ id }) => id);
}

async function queueFor(
  tx: Tx,
  { vault, random }: Omit<WarnParts, "store">,
  userIds: readonly string[],
  nowMs: number,
): Promise<number> {
  const { language } = await readSetting(tx, mailSetting);
  const sections = await weeklyContent(tx, nowMs);
  let queued = 0;
  for (const userId of userIds) {
    const to = (await addressesOf(tx, userId)).find(isMail);
    if (to === undefined) continue;
    const letter = weeklyLetter((await languageOf(tx, userId)) ?? language, sections);
    const message = { channel: "mail", kind: "weekly-report", userId, recipient: to.address } as const;
    if (await enqueue(tx, vault, { ...message, letter, lifeMs: lateMs, urgent: false }, random, nowMs))
      queued += 1;
  }
  return queued;
}
