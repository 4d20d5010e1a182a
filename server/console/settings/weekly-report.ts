// The weekly report to the admins, as a page of settings: when it goes, what it would say now, and a button that sends it.

import * as v from "valibot";
import { Failure } from "../../failure.ts";
import { reportForHand, sendReportNow } from "../../mail/weekly.ts";
import { reportDays, weeklySetting } from "../../mail/weekly-setting.ts";
import { selectField, textField } from "../../pages/forms.ts";
import { html } from "../../pages/markup.ts";
import { readSetting, writeSetting } from "../../settings/settings.ts";
import { readOrRefuse, wholeNumberText } from "../../web/form.ts";
import { mailStands } from "./mail-stands.ts";
import type { SettingsPage } from "./page.ts";

const schema = v.strictObject({ day: v.picklist(reportDays), hour: wholeNumberText(0, 23) });

export const weeklyReportPage: SettingsPage = {
  slug: "weekly-report",
  title: "Weekly report",
  about: "Admins are told by mail, once a week, what needs a look.",
  fields: async (db, sent, faults) => {
    const setting = await readSetting(db, weeklySetting);
    return html`${selectField({
      name: "day",
      label: "Day",
      value: sent?.text("day") ?? setting.day,
      choices: reportDays.map((day) => ({ value: day, label: day === "off" ? "Off: no report" : day })),
      fault: faults["day"],
    })}${textField({
      name: "hour",
      label: "From which hour on, in UTC",
      type: "number",
      value: sent?.text("hour") ?? setting.hour,
      fault: faults["hour"],
      min: 0,
      max: 23,
      required: true,
    })}`;
  },
  save: async (visit) => {
    const read = visit.form.read(schema);
    if (!read.ok) return read.faults;
    await visit.write((tx) => writeSetting(tx, weeklySetting, read.value, visit.nowMs));
    return undefined;
  },
  actions: [
    {
      slug: "send",
      label: "Send it now",
      fields: selectField({
        name: "to",
        label: "To whom",
        value: "me",
        choices: [
          { value: "me", label: "Me" },
          { value: "admins", label: "All admins" },
        ],
      }),
      run: async (visit, { vault, random }) => {
        const { to } = readOrRefuse(visit.form, v.strictObject({ to: v.picklist(["me", "admins"]) }));
        const onlyTo = to === "me" ? visit.session.userId : undefined;
        const queued = await visit.write((tx) => sendReportNow(tx, { vault, random }, onlyTo, visit.nowMs));
        if (queued === 0)
          throw new Failure(
            "conflict",
            "there is no address to send it to: give an e-mail address to its reader first",
          );
        return `The report is on its way to ${queued === 1 ? "one address" : `${queued} addresses`}.`;
      },
    },
  ],
  below: async (db, visit) => {
    const letter = await reportForHand(db, visit.session.userId, visit.nowMs);
    return html`${await mailStands(db)}<h2>As it would go out now</h2>
<article class="card letter" lang="${letter.language}"><h3>${letter.subject}</h3><div class="written">${letter.text}</div></article>`;
  },
};
