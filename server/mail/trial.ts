// One mail or text message past the queue, for an admin who wants to know whether the setting is right.

import type { Clock } from "../../words/clock.ts";
import type { Random } from "../../words/random.ts";
import { record, serverEntry } from "../audit/audit.ts";
import { Failure } from "../failure.ts";
import type { Vault } from "../identity/vault.ts";
import type { Tx } from "../store/store.ts";
import { parseMailAddress, parsePhoneNumber } from "./address.ts";
import { tryMs } from "./claim.ts";
import { sendText } from "./gateway.ts";
import { gatewayRoute } from "./gateway-setting.ts";
import { mailRoute } from "./settings.ts";
import { sendMail } from "./smtp.ts";
import { testLetter, testText } from "./texts.ts";

export interface TrialParts {
  readonly vault: Vault;
  readonly random: Random;
  readonly clock: Clock;
  /** In the name of whoever asks for it. */
  readonly write: <T>(work: (tx: Tx) => Promise<T>) => Promise<T>;
}

/** Audited before anything leaves. @throws Failure when there is no such address, mail is off, or it was not taken. */
export async function tryMail({ vault, random, clock, write }: TrialParts, address: string): Promise<void> {
  const recipient = parseMailAddress(address);
  if (!recipient.ok) throw new Failure("invalid", recipient.error);
  const nowMs = clock.wallMs();
  const route = await write(async (tx) => {
    const present = await mailRoute(tx, vault);
    if (present === undefined)
      throw new Failure("conflict", "mail is off: set a mail server and a sender's address first");
    await record(tx, serverEntry(nowMs, "mail-tried", {}, { to: recipient.value }));
    return present;
  });
  const id = random.bytes(16).toHex();
  const mail = { id, recipient: recipient.value, letter: testLetter(route.language), nowMs };
  const sending = await patience(clock, (stop) => sendMail(route, mail, stop));
  if (sending.kind === "stopped") throw new Failure("conflict", "the mail server did not answer in time");
  if (sending.kind === "failed") throw new Failure("conflict", sending.problem);
}

/** The number as it went out. Audited before anything leaves. @throws Failure as `tryMail` does. */
export async function tryText(
  { vault, clock, write }: Omit<TrialParts, "random">,
  number: string,
): Promise<string> {
  const recipient = parsePhoneNumber(number);
  if (!recipient.ok) throw new Failure("invalid", recipient.error);
  const route = await write(async (tx) => {
    const present = await gatewayRoute(tx, vault);
    if (present === undefined)
      throw new Failure("conflict", "text messages are off: set the gateway's address first");
    await record(tx, serverEntry(clock.wallMs(), "sms-tried", {}, { to: recipient.value }));
    return present;
  });
  const message = { recipient: recipient.value, text: testText("en") };
  const sending = await patience(clock, (stop) => sendText(route, message, stop));
  if (sending.kind === "stopped") throw new Failure("conflict", "the gateway did not answer in time");
  if (sending.kind === "failed") throw new Failure("conflict", sending.problem);
  return recipient.value;
}

/** Tells `work` to stop after as long as a courier would try. */
async function patience<T>(clock: Clock, work: (stop: AbortSignal) => Promise<T>): Promise<T> {
  const tooLong = new AbortController();
  const over = new AbortController();
  void clock.sleep(tryMs, over.signal).then(
    () => tooLong.abort(),
    () => undefined,
  );
  try {
    return await work(tooLong.signal);
  } finally {
    over.abort();
  }
}
