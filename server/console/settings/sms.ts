// How text messages leave, as a page of settings, and a button to try it.

import * as v from "valibot";
import { bodyFormats, changeGateway, gatewaySetting, methods } from "../../mail/gateway-setting.ts";
import { tryText } from "../../mail/trial.ts";
import { selectField, textArea, textField } from "../../pages/forms.ts";
import { html } from "../../pages/markup.ts";
import { readSetting } from "../../settings/settings.ts";
import { queueInShort } from "./mail-queue.ts";
import { failedField, type SettingsPage } from "./page.ts";

const line = v.pipe(v.string(), v.trim());
/** Nothing is set by a form that lacks a field. */
const schema = v.strictObject({
  url: line,
  method: v.picklist(methods),
  format: v.picklist(bodyFormats),
  body: line,
  headerName: line,
  header: v.string(),
  ca: line,
});

export const smsPage: SettingsPage = {
  slug: "sms",
  title: "Text messages",
  about: "The gateway that this server sends text messages by, over HTTP.",
  fields: async (db, sent, faults) => {
    const setting = await readSetting(db, gatewaySetting);
    const about = <N extends keyof typeof schema.entries>(name: N, label: string) => ({
      name,
      label,
      fault: faults[name],
    });
    const value = (name: Exclude<keyof typeof schema.entries, "header">) => sent?.text(name) ?? setting[name];
    const choices = (all: readonly string[]) => all.map((one) => ({ value: one, label: one }));
    return html`${textField({
      ...about("url", "Address of the gateway"),
      hint: "https://…, or http://… to this very machine. Empty: no text messages, and the header is forgotten.",
      value: value("url"),
      literal: true,
      most: 2_000,
    })}${selectField({ ...about("method", "Method"), value: value("method"), choices: choices(methods) })}${selectField(
      {
        ...about("format", "Format"),
        hint: "Of the body; of a GET, of the query: form.",
        value: value("format"),
        choices: choices(bodyFormats),
      },
    )}${textArea({
      ...about("body", "Body"),
      hint: "With {to} for the number and {text} for the message.",
      value: value("body"),
      rows: 3,
      most: 4_096,
    })}${textField({
      ...about("headerName", "Name of a header with a key"),
      hint: "Such as Authorization. Empty: none.",
      value: value("headerName"),
      literal: true,
      most: 64,
    })}${textField({
      ...about("header", "Its value"),
      hint:
        setting.sealedHeader === ""
          ? "None is set."
          : "One is set. Empty: it stays. To be given again when gateway, name or authorities change.",
      type: "password",
      autocomplete: "off",
      most: 2_000,
    })}${textArea({
      ...about("ca", "Authorities"),
      hint: "Certificates in PEM that the gateway's is checked by. Empty: the system's.",
      value: value("ca"),
      rows: 4,
      most: 60_000,
    })}`;
  },
  save: async (visit, { vault }) => {
    const read = visit.form.read(schema);
    if (!read.ok) return read.faults;
    const { header, ca, ...fields } = read.value;
    try {
      await visit.write(async (tx) => {
        // White space around it is no change, which would ask for the header's value.
        const present = await readSetting(tx, gatewaySetting);
        const same = ca === present.ca.replaceAll("\r\n", "\n").trim();
        const change = {
          ...fields,
          ...(same ? {} : { ca }),
          ...(header === "" && fields.headerName !== "" ? {} : { header }),
          ...(fields.url === "" ? { header: "" } : {}),
        };
        await changeGateway(tx, vault, change, visit.nowMs);
      });
      return undefined;
    } catch (error) {
      return failedField(error);
    }
  },
  actions: [
    {
      slug: "test",
      label: "Send a text message there now",
      fields: textField({
        name: "to",
        label: "Number for a test",
        hint: "With its country, such as +41791234567.",
        required: true,
        literal: true,
        most: 40,
      }),
      run: async (visit, { vault, clock }) => {
        const to = await tryText(
          { vault, clock, write: (work) => visit.write(work) },
          visit.form.text("to").trim(),
        );
        return `The gateway has taken the message to ${to}.`;
      },
    },
  ],
  below: (db) => queueInShort(db, "sms"),
};
