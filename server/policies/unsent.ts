// Codes that a policy asks for and this server does not send: nobody answers such a question by them.

import { isSentType, type Policy, type SentType } from "../../protocol/sync/policy.ts";
import { gatewaySetting } from "../mail/gateway-setting.ts";
import { mailSetting } from "../mail/settings.ts";
import { readSetting } from "../settings/settings.ts";
import type { Db } from "../store/store.ts";

const off: Readonly<Record<SentType, string>> = {
  email: "mail is off: nightlatch-server mail set, or Settings in the console",
  sms: "text messages are off: nightlatch-server sms set, or Settings in the console",
};

/** A sentence for each type, for whoever sets the policy. */
export async function unsentWarnings(db: Db, { online }: Policy): Promise<string[]> {
  const asked = new Set(online.factors.flat().filter(isSentType));
  const isOff = {
    email: (await readSetting(db, mailSetting)).host === "",
    sms: (await readSetting(db, gatewaySetting)).url === "",
  };
  const unsent = [...asked].filter((type) => isOff[type]);
  return unsent.map((type) => {
    const alone = online.factors.some((question) => question.every((one) => one === type));
    const so = alone ? "; until then nobody gets in under this policy" : "";
    return `online.factors has ${type}, and ${off[type]}${so}`;
  });
}
