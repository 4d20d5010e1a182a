// What a page says that is of no use while this server sends no mail.

import { mailSetting } from "../../mail/settings.ts";
import { html, type Markup } from "../../pages/markup.ts";
import { readSetting } from "../../settings/settings.ts";
import type { Db } from "../../store/store.ts";

export async function mailStands(db: Db): Promise<Markup | null> {
  const { host } = await readSetting(db, mailSetting);
  return host === ""
    ? html`<p class="notice">Mail is off, so nothing of this is sent: <a href="/admin/settings/mail">set a mail server</a> first.</p>`
    : null;
}
