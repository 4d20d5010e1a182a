// What an admin sets about users who provide for themselves.

import * as v from "valibot";
import { algorithms } from "../../otp/hotp.ts";
import { keyTypes } from "../../protocol/sync/policy.ts";
import type { Setting } from "../settings/settings.ts";

const wholeNumber = (least: number, most: number) =>
  v.pipe(
    v.number(),
    v.integer(`give a whole number from ${least} to ${most}`),
    v.minValue(least, `give a whole number from ${least} to ${most}`),
    v.maxValue(most, `give a whole number from ${least} to ${most}`),
  );

export const whoMay = ["nobody", "everybody", "groups", "all-but-groups"] as const;

const schema = v.strictObject({
  /** Who may add authenticators by themselves; `groups`: members of one of those below, `all-but-groups`: of none. */
  who: v.picklist(whoMay),
  groups: v.pipe(v.array(v.pipe(v.string(), v.minLength(1), v.maxLength(100))), v.maxLength(1_000)),
  /** A code by mail, before somebody who has no authenticator may add a first one. Without a password there is always one. */
  mailCode: v.boolean(),
  /** How long an invitation by mail is good. */
  invitationHours: wholeNumber(1, 720),
  /** How long an authenticator may wait for its first code. */
  pendingMinutes: wholeNumber(5, 1_440),
  /** What users add. */
  types: v.pipe(v.array(v.picklist(keyTypes)), v.minLength(1), v.maxLength(keyTypes.length)),
  /** The TOTP and HOTP keys that are made for them. Some apps take nothing but sha1, 6 digits and 30 seconds. */
  algorithm: v.picklist(algorithms),
  digits: v.picklist([6, 7, 8]),
  periodSeconds: wholeNumber(10, 300),
});

export type Provisioning = v.InferOutput<typeof schema>;

export const provisioningSetting: Setting<Provisioning> = {
  name: "provisioning",
  schema,
  whenUnset: {
    who: "nobody",
    groups: [],
    mailCode: true,
    invitationHours: 72,
    pendingMinutes: 30,
    types: ["totp"],
    algorithm: "sha1",
    digits: 6,
    periodSeconds: 30,
  },
};
