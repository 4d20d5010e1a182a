// The secrets among the settings: a field of the JSON each, sealed under a name of its own.

import type { SealedRow, SealedTable } from "../identity/sealed-rows.ts";
import type { Tx } from "../store/store.ts";

/** In the order of their names in the vault. Empty text stands for no secret. */
export const settingSecrets = [
  { id: "directory.password", setting: "directory", field: "sealedPassword" },
  { id: "mail.password", setting: "mail", field: "sealedPassword" },
  { id: "sms.header", setting: "sms", field: "sealedHeader" },
] as const;

/** For another key. What is set stays, so it is nothing for the audit. */
export const sealedSettings: SealedTable = {
  async page(tx, after) {
    const rows: SealedRow[] = [];
    for (const { id, setting, field } of settingSecrets) {
      const sealed = (await contentOf(tx, setting))?.[field];
      if (id > after && typeof sealed === "string" && sealed !== "") rows.push({ id, sealed });
    }
    return rows;
  },
  async put(tx, id, sealed) {
    const secret = settingSecrets.find((one) => one.id === id);
    const content = secret && (await contentOf(tx, secret.setting));
    if (secret === undefined || content === undefined) return;
    await tx
      .updateTable("settings")
      .set({ content: JSON.stringify({ ...content, [secret.field]: sealed }) })
      .where("name", "=", secret.setting)
      .execute();
  },
};

async function contentOf(tx: Tx, setting: string): Promise<Record<string, unknown> | undefined> {
  const row = await tx
    .selectFrom("settings")
    .select("content")
    .where("name", "=", setting)
    .executeTakeFirst();
  return row === undefined ? undefined : JSON.parse(row.content);
}
