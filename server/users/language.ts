// The language that a user has chosen.

import { type Language, parseLanguage } from "../../words/language.ts";
import type { Db, Tx } from "../store/store.ts";

/** Undefined when none was chosen. */
export async function languageOf(db: Db, userId: string): Promise<Language | undefined> {
  const row = await db.selectFrom("users").select("language").where("id", "=", userId).executeTakeFirst();
  return parseLanguage(row?.language);
}

export async function chooseLanguage(tx: Tx, userId: string, language: Language): Promise<void> {
  await tx.updateTable("users").set({ language }).where("id", "=", userId).execute();
}
