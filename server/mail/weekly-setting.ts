// When admins get the weekly report by mail.

import * as v from "valibot";
import type { Setting } from "../settings/settings.ts";

export const weekdays = [
  "monday",
  "tuesday",
  "wednesday",
  "thursday",
  "friday",
  "saturday",
  "sunday",
] as const;
export const reportDays = ["off", ...weekdays] as const;

const range = "give a whole number from 0 to 23";

const schema = v.strictObject({
  day: v.picklist(reportDays),
  /** In UTC. */
  hour: v.pipe(v.number(), v.integer(range), v.minValue(0, range), v.maxValue(23, range)),
});

export type WeeklyReport = v.InferOutput<typeof schema>;

export const weeklySetting: Setting<WeeklyReport> = {
  name: "weekly-report",
  schema,
  whenUnset: { day: "off", hour: 6 },
};
