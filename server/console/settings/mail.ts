// How mail leaves, as a page of settings, and a button to try it.

import * as v from "valibot";
import { languages } from "../../../words/language.ts";
import { changeMail, type MailSetting, mailSetting, securities } from "../../mail/settings.ts";
import { tryMail } from "../../mail/trial.ts";
import { selectField, textArea, textField } from "../../pages/forms.ts";
import { html } from "../../pages/markup.ts";
import { readSetting } from "../../settings/settings.ts";
import { wholeNumberText } from "../../web/form.ts";
import { queueInShort } from "./mail-queue.ts";
import { failedField, type SettingsPage } from "./page.ts";

const securityLabels: Readonly<Record<MailSetting["security"], string>> = {
  starttls: "STARTTLS, without which nothing is sent",
  tls: "TLS from the beginning",
  none: "None: to this very machine only",
};

const line = v.pipe(v.string(), v.trim());
/** Nothing is set by a form that lacks a field. */
const schema = v.strictObject({
  host: line,
  port: wholeNumberText(1, 65_535),
  security: v.picklist(securities),
  user: line,
  password: v.string(),
  ca: line,
  from: line,
  fromName: line,
  replyTo: line,
  language: v.picklist(languages),
});

export const mailPage: SettingsPage = {
  slug: "mail",
  title: "Mail",
  about: "The mail server that this server sends by.",
  fields: async (db, sent, faults) => {
    const setting = await readSetting(db, mailSetting);
    const about = <N extends keyof typeof schema.entries>(name: N, label: string) => ({
      name,
      label,
      fault: faults[name],
    });
    const value = (name: Exclude<keyof MailSetting, "sealedPassword">) =>
      sent?.text(name) ?? String(setting[name]);
    const isSet = setting.sealedPassword !== "";
    return html`${textField({
      ...about("host", "Mail server"),
      hint: "Empty: no mail is sent, and the password is forgotten.",
      value: value("host"),
      literal: true,
    })}${textField({
      ...about("port", "Port"),
      hint: "587 with STARTTLS, 465 with TLS, as a rule.",
      type: "number",
      value: value("port"),
      min: 1,
      max: 65_535,
    })}${selectField({
      ...about("security", "Security"),
      value: value("security"),
      choices: securities.map((one) => ({ value: one, label: securityLabels[one] })),
    })}${textField({
      ...about("user", "User"),
      hint: "Empty: without a user and a password.",
      value: value("user"),
      autocomplete: "off",
      literal: true,
    })}${textField({
      ...about("password", "Password"),
      hint: isSet
        ? "One is set. Empty: it stays. To be given again when server, port, security or authorities change."
        : "None is set.",
      type: "password",
      autocomplete: "new-password",
    })}${textArea({
      ...about("ca", "Authorities"),
      hint: "Certificates in PEM that the mail server's is checked by. Empty: the system's.",
      value: value("ca"),
      rows: 4,
      most: 60_000,
    })}${textField({
      ...about("from", "Sender's address"),
      type: "email",
      value: value("from"),
    })}${textField({
      ...about("fromName", "Sender's name"),
      value: value("fromName"),
    })}${textField({
      ...about("replyTo", "Address for answers"),
      hint: "Empty: the sender's.",
      type: "email",
      value: value("replyTo"),
    })}${selectField({
      ...about("language", "Language"),
      hint: "Of mail to people whose language is not known.",
      value: value("language"),
      choices: languages.map((one) => ({ value: one, label: one })),
    })}`;
  },
  save: async (visit, { vault }) => {
    const read = visit.form.read(schema);
    if (!read.ok) return read.faults;
    const { password, ca, ...fields } = read.value;
    try {
      await visit.write(async (tx) => {
        // White space around it is no change, which would ask for the password.
        const present = await readSetting(tx, mailSetting);
        const same = ca === present.ca.replaceAll("\r\n", "\n").trim();
        const off = fields.host === "";
        const change = {
          ...fields,
          ...(same ? {} : { ca }),
          ...(password === "" && fields.user !== "" ? {} : { password }),
          ...(off ? { user: "", password: "" } : {}),
        };
        await changeMail(tx, vault, change, visit.nowMs);
      });
      return undefined;
    } catch (error) {
      return failedField(error);
    }
  },
  actions: [
    {
      slug: "test",
      label: "Send a mail there now",
      fields: textField({ name: "to", label: "Address for a test", type: "email", required: true }),
      run: async (visit, { vault, random, clock }) => {
        const to = visit.form.text("to").trim();
        await tryMail({ vault, random, clock, write: (work) => visit.write(work) }, to);
        return `The mail server has taken the mail to ${to}.`;
      },
    },
  ],
  below: (db) => queueInShort(db, "mail"),
};
