// What users are told by mail ahead of time.

import * as v from "valibot";
import type { Setting } from "../settings/settings.ts";

const range = "give a whole number from 0 to 30";

const schema = v.strictObject({
  /** So many days before a lease ends; 0: nobody is told. */
  days: v.pipe(v.number(), v.integer(range), v.minValue(0, range), v.maxValue(30, range)),
});

export type Warnings = v.InferOutput<typeof schema>;

export const warningsSetting: Setting<Warnings> = { name: "warnings", schema, whenUnset: { days: 2 } };
