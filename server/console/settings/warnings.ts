// When users are told by mail that their offline use ends, as a page of settings.

import * as v from "valibot";
import { warningsSetting } from "../../mail/warnings-setting.ts";
import { textField } from "../../pages/forms.ts";
import { readSetting, writeSetting } from "../../settings/settings.ts";
import { wholeNumberText } from "../../web/form.ts";
import { mailStands } from "./mail-stands.ts";
import type { SettingsPage } from "./page.ts";

const most = 30;
const schema = v.strictObject({ days: wholeNumberText(0, most) });

export const warningsPage: SettingsPage = {
  slug: "warnings",
  title: "Warnings before offline use ends",
  about:
    "Users are told by mail, once for each lease, before they can no longer sign in offline on a machine.",
  fields: async (db, sent, faults) =>
    textField({
      name: "days",
      label: "Days before it ends",
      hint: "0: nobody is told. Leases that are no longer than this are not told of.",
      type: "number",
      value: sent?.text("days") ?? (await readSetting(db, warningsSetting)).days,
      fault: faults["days"],
      min: 0,
      max: most,
      required: true,
    }),
  save: async (visit) => {
    const read = visit.form.read(schema);
    if (!read.ok) return read.faults;
    await visit.write((tx) => writeSetting(tx, warningsSetting, read.value, visit.nowMs));
    return undefined;
  },
  below: (db) => mailStands(db),
};
