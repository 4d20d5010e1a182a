// `sendCode`: a code for one sign-in, queued and kept in one transaction. Whatever is found here, the asker sees the same.

import { isSentType, type SentType } from "../../protocol/sync/policy.ts";
import type { RequestOf } from "../../protocol/sync/exchanges.ts";
import { minuteMs } from "../../words/clock.ts";
import { parseLanguage } from "../../words/language.ts";
import type { Random } from "../../words/random.ts";
import { record, serverEntry } from "../audit/audit.ts";
import { enrolmentEver } from "../enrolments/enrolments.ts";
import type { Vault } from "../identity/vault.ts";
import type { Machine } from "../machines/machines.ts";
import { masked } from "../mail/address.ts";
import { addressesOf, isMail } from "../mail/addresses.ts";
import { type Asker, machineAsks, tooManyCodes } from "../mail/code-limits.ts";
import { gatewaySetting } from "../mail/gateway-setting.ts";
import { countWaiting, enqueue, mostWaiting } from "../mail/queue.ts";
import { mailSetting } from "../mail/settings.ts";
import { codeLetter, codeText } from "../mail/texts.ts";
import { policyOf } from "../policies/applicable.ts";
import { readSetting } from "../settings/settings.ts";
import type { Tx } from "../store/store.ts";
import { findUser, type User } from "../users/users.ts";
import { failuresOf, isLocked } from "./lockout.ts";
import { codeMinutes, makeSentCode } from "./sent-codes.ts";

type Request = RequestOf<"sendCode">;

interface Parts {
  readonly vault: Vault;
  readonly random: Random;
}

interface Way {
  readonly by: Asker;
  readonly type: SentType;
  readonly recipients: readonly string[];
}

/** A repeat sends another code, which takes the first one's place. */
export async function sendCode(
  tx: Tx,
  parts: Parts,
  machine: Machine,
  request: Request,
  nowMs: number,
): Promise<{ to: string | null }> {
  const user = await findUser(tx, request.user);
  const way = user === undefined ? "unknown-user" : await wayTo(tx, machine, user, request, nowMs);
  const about = { user: request.user, machine: machine.id };
  if (user === undefined || typeof way === "string") {
    const detail = { reason: typeof way === "string" ? way : "unknown-user" };
    await record(tx, serverEntry(nowMs, "code-not-sent", about, detail));
    return { to: null };
  }
  await queueCode(tx, parts, machine, request, user, way, nowMs);
  const to = way.recipients.map(masked);
  await record(tx, serverEntry(nowMs, "code-sent", about, { by: way.type, to }));
  const enrolment = await enrolmentEver(tx, machine.id, user.id);
  return { to: enrolment?.endedAtMs === null ? to.join(", ") : null };
}

/** The reason, for the audit alone, where no code is to be sent. */
async function wayTo(
  tx: Tx,
  machine: Machine,
  user: User,
  request: Request,
  nowMs: number,
): Promise<Way | string> {
  if (user.disabledAtMs !== null) return "user-disabled";
  const { policy } = await policyOf(tx, { userId: user.id, machineId: machine.id });
  if (isLocked(failuresOf(user, request.caller), policy.lockout, nowMs)) return "locked-out";
  const asked = policy.online.factors.flat().filter(isSentType);
  const types = request.types.filter((type) => asked.includes(type));
  if (policy.mfa === "exempt" || types.length === 0) return "policy";
  const addresses = (await addressesOf(tx, user.id)).filter(({ forCodes }) => forCodes);
  const on = {
    email: (await readSetting(tx, mailSetting)).host !== "",
    sms: (await readSetting(tx, gatewaySetting)).url !== "",
  };
  const by = machineAsks(machine.id, (await enrolmentEver(tx, machine.id, user.id)) !== undefined);
  for (const type of types) {
    const fitting = addresses.filter((one) => isMail(one) === (type === "email"));
    if (!on[type] || fitting.length === 0) continue;
    const recipients = fitting.map(({ address }) => address);
    if (await tooManyCodes(tx, by, user.id, recipients, nowMs)) return "too-many";
    if ((await countWaiting(tx)) + recipients.length > mostWaiting) return "queue-full";
    return { by, type, recipients };
  }
  return "no-address";
}

async function queueCode(
  tx: Tx,
  { vault, random }: Parts,
  machine: Machine,
  request: Request,
  user: User,
  { by, type, recipients }: Way,
  nowMs: number,
): Promise<void> {
  const place = { machineId: machine.id, dialogue: request.dialogue };
  const code = await makeSentCode(tx, vault, { ...place, type, userId: user.id }, random, nowMs);
  const row = await tx.selectFrom("users").select("language").where("id", "=", user.id).executeTakeFirst();
  const language = parseLanguage(row?.language) ?? request.language;
  const values = { code, machine: machine.hostname, minutes: codeMinutes };
  const message = {
    channel: type === "email" ? "mail" : "sms",
    kind: "code",
    userId: user.id,
    letter: type === "email" ? codeLetter(language, values) : codeText(language, values),
    lifeMs: codeMinutes * minuteMs,
    urgent: true,
    by,
  } as const;
  for (const recipient of recipients)
    if (!(await enqueue(tx, vault, { ...message, recipient }, random, nowMs)))
      throw new Error("there was room in the queue a moment ago");
}
