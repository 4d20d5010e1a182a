// When admins get the weekly report by mail.

import * as v from "valibot";
import type { Setting } from "../settings/settings.ts";

/** In the order of the days since 1970-01-01, a Thursday. */
export const weekdays = [
  "thursday",
  "friday",
  "saturday",
  "sunday",
  "monday",
  "tuesday",
  "wednesday",
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
