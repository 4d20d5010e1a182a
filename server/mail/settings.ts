// How mail leaves: the setting `mail`, its password sealed by the vault.

import { isIP } from "node:net";
import * as v from "valibot";
import { languages } from "../../words/language.ts";
import { Secret } from "../../words/secret.ts";
import { Failure } from "../failure.ts";
import type { Vault } from "../identity/vault.ts";
import { isLoopback } from "../listen/address.ts";
import { readSetting, type Setting, writeSetting } from "../settings/settings.ts";
import type { Db, Tx } from "../store/store.ts";
import { parseMailAddress } from "./address.ts";
import { isCertificate } from "./certificate.ts";

/** `none`: plain text, to this very machine only. */
export const securities = ["starttls", "tls", "none"] as const;

const row = { table: "settings", id: "mail.password" } as const;

const hostText = v.pipe(
  v.string(),
  v.maxLength(253),
  v.check(
    (host) => host === "" || isIP(host) !== 0 || /^[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(host),
    "not the name or address of a host",
  ),
);
const addressOrNone = v.pipe(
  v.string(),
  v.check((text) => text === "" || parseMailAddress(text).ok, "not an e-mail address: NAME@DOMAIN"),
);
/** One line, without anything that could begin another. */
const plainLine = v.pipe(
  v.string(),
  v.maxLength(200),
  v.regex(/^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]*$/u, "one line without control characters"),
);

const schema = v.pipe(
  v.strictObject({
    /** Empty: no mail is sent. */
    host: hostText,
    port: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535)),
    security: v.picklist(securities),
    /** Empty: without AUTH. */
    user: plainLine,
    sealedPassword: v.string(),
    /** PEM of the authorities that the mail server's certificate is checked by; empty: the system's. */
    ca: v.pipe(v.string(), v.maxLength(65_536), v.check(isCertificate, "not a certificate in PEM")),
    from: addressOrNone,
    fromName: plainLine,
    replyTo: addressOrNone,
    language: v.picklist(languages),
  }),
  v.forward(
    v.check(
      ({ security, host }) => security !== "none" || host === "" || isLoopback(host),
      "without TLS mail goes to this very machine only (127.0.0.1, ::1, localhost); say starttls or tls",
    ),
    ["security"],
  ),
  v.forward(
    v.check(({ host, from }) => host === "" || from !== "", "say from which address mail is sent"),
    ["from"],
  ),
);
export type MailSetting = v.InferOutput<typeof schema>;

export const mailSetting: Setting<MailSetting> = {
  name: "mail",
  schema,
  whenUnset: {
    host: "",
    port: 587,
    security: "starttls",
    user: "",
    sealedPassword: "",
    ca: "",
    from: "",
    fromName: "Nightlatch",
    replyTo: "",
    language: "en",
  },
};

/** As a mail is sent by; undefined while mail is switched off. */
export interface MailRoute extends Omit<MailSetting, "sealedPassword"> {
  readonly password: Secret | undefined;
}

/** @throws Error when the stored password does not open: mail is not sent without it instead. */
export async function mailRoute(db: Db, vault: Vault): Promise<MailRoute | undefined> {
  const { sealedPassword, ...setting } = await readSetting(db, mailSetting);
  if (setting.host === "") return undefined;
  const password =
    sealedPassword === ""
      ? undefined
      : new Secret(Buffer.from(vault.open(row, sealedPassword)).toString("utf8"));
  return { ...setting, password };
}

export type MailChange = Partial<Omit<MailSetting, "sealedPassword">> & {
  /** Empty: forget it. */
  readonly password?: string | undefined;
};

const whereItGoes = ["host", "port", "security", "ca"] as const;

/**
 * What is not named stays. A password is not sent to another server than the one it was given for: where that changes, it
 * has to be given again.
 * @throws Failure with the field at fault.
 */
export async function changeMail(
  tx: Tx,
  vault: Vault,
  change: MailChange,
  nowMs: number,
): Promise<MailSetting> {
  const present = await readSetting(tx, mailSetting);
  const { password, ...fields } = change;
  if (password !== undefined && (password.length > 1_000 || /\p{Cc}/u.test(password)))
    throw new Failure("invalid", "password: at most 1000 characters, no control characters");
  const elsewhere = whereItGoes.some(
    (field) => fields[field] !== undefined && fields[field] !== present[field],
  );
  if (elsewhere && present.sealedPassword !== "" && password === undefined && fields.host !== "")
    throw new Failure(
      "invalid",
      "password: give it again, since mail goes to another server or another way now",
    );
  const sealedPassword =
    password === undefined
      ? fields.host === ""
        ? ""
        : present.sealedPassword
      : password === ""
        ? ""
        : vault.seal(row, Buffer.from(password, "utf8"));
  const next = { ...present, ...fields, sealedPassword };
  if ((next.user === "") !== (sealedPassword === "") && next.host !== "")
    throw new Failure("invalid", "user: user and password go together; leave out both to send without AUTH");
  return writeSetting(tx, mailSetting, next, nowMs);
}
