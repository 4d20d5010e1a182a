// How long the audit is kept, as a page of settings.

import * as v from "valibot";
import {
  keepSentence,
  mostDays,
  retentionSetting,
  retentionStands,
  setRetention,
  waitMs,
} from "../../audit/retention.ts";
import { textField } from "../../pages/forms.ts";
import { html } from "../../pages/markup.ts";
import { moment } from "../../pages/time.ts";
import { readSetting } from "../../settings/settings.ts";
import { failedField, type SettingsPage } from "./page.ts";

const schema = v.strictObject({
  keepDays: v.pipe(v.string(), v.trim(), v.regex(/^\d{1,15}$/, keepSentence), v.transform(Number)),
});

export const auditPage: SettingsPage = {
  slug: "audit",
  title: "Audit",
  about:
    "How long the entries of the audit are kept; older ones are removed by the running server, for good.",
  fields: async (db, sent, faults) =>
    textField({
      name: "keepDays",
      label: "Days that entries are kept",
      hint: "0: for ever. Before you set less, export what has to be archived: Audit, Export as CSV.",
      type: "number",
      value: sent?.text("keepDays") ?? (await readSetting(db, retentionSetting)).keepDays,
      fault: faults["keepDays"],
      min: 0,
      max: mostDays,
      required: true,
    }),
  save: async (visit) => {
    const read = visit.form.read(schema);
    if (!read.ok) return read.faults;
    try {
      await visit.write((tx) => setRetention(tx, read.value, visit.nowMs));
    } catch (error) {
      return failedField(error);
    }
    return undefined;
  },
  below: async (db, { nowMs }) => {
    const { keepDays, beginsAtMs } = await retentionStands(db);
    if (keepDays === 0) return html`<p>Nothing is removed.</p>`;
    const days = waitMs / 86_400_000;
    return html`<p>Entries older than ${keepDays} days are removed once a day${
      beginsAtMs === null
        ? html`, from ${days} days after the server has first looked at its clock`
        : beginsAtMs > nowMs && html`, from ${moment(beginsAtMs)} on`
    }. After a change here, and whenever the clock seems to have been set, nothing is removed for ${days} days: time to notice.</p>`;
  },
};
