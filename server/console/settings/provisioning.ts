// Which users add authenticators by themselves, as a page of settings.

import { algorithms } from "../../../otp/hotp.ts";
import { selectField, textField } from "../../pages/forms.ts";
import { html } from "../../pages/markup.ts";
import { type Provisioning, provisioningSetting, whoMay } from "../../provisioning/provisioning-setting.ts";
import { readSetting, writeSetting } from "../../settings/settings.ts";
import type { FieldFaults, Form } from "../../web/form.ts";
import { failedField, type SettingsPage } from "./page.ts";

const whoLabels: Readonly<Record<(typeof whoMay)[number], string>> = {
  nobody: "Nobody",
  everybody: "Everybody",
  groups: "Members of these groups only",
  "all-but-groups": "Everybody but members of these groups",
};

const typeChoices = [
  { value: "totp", label: "By the clock (TOTP)" },
  { value: "hotp", label: "By a counter (HOTP)" },
  { value: "ocra", label: "By answering a challenge (OCRA)" },
  { value: "totp,hotp", label: "By the clock or a counter" },
  { value: "totp,ocra", label: "By the clock or by answering" },
  { value: "totp,hotp,ocra", label: "Any of these" },
];

const numbers = ["invitationHours", "pendingMinutes", "digits", "periodSeconds"] as const;

export const provisioningPage: SettingsPage = {
  slug: "provisioning",
  title: "Self-provisioning",
  about: "Which users add authenticators by themselves, and what those are.",
  fields: async (db, sent, faults) => {
    const setting = await readSetting(db, provisioningSetting);
    const value = (name: keyof Provisioning, present: string) => sent?.text(name) ?? present;
    const choices = (all: readonly string[]) => all.map((one) => ({ value: one, label: one }));
    const number = (name: (typeof numbers)[number], label: string) =>
      textField({
        name,
        label,
        type: "number",
        value: value(name, String(setting[name])),
        ...fault(faults, name),
      });
    return html`${selectField({
      name: "who",
      label: "Who may add authenticators",
      value: value("who", setting.who),
      choices: whoMay.map((one) => ({ value: one, label: whoLabels[one] })),
      ...fault(faults, "who"),
    })}${textField({
      name: "groups",
      label: "Groups",
      hint: "Joined by commas.",
      value: value("groups", setting.groups.join(", ")),
      ...fault(faults, "groups"),
    })}${selectField({
      name: "mailCode",
      label: "A code by mail before a first authenticator",
      hint: "Users without a password are always mailed one.",
      value: value("mailCode", setting.mailCode ? "on" : "off"),
      choices: choices(["on", "off"]),
    })}${number("invitationHours", "Hours that an invitation is good")}${number(
      "pendingMinutes",
      "Minutes that an authenticator may wait for its first code",
    )}${selectField({
      name: "types",
      label: "What users add",
      value: value("types", setting.types.join(",")),
      choices: typeChoices,
    })}${selectField({
      name: "algorithm",
      label: "Algorithm",
      hint: "Of codes by the clock or a counter. Some apps take sha1 only.",
      value: value("algorithm", setting.algorithm),
      choices: choices(algorithms),
    })}${selectField({
      name: "digits",
      label: "Digits of a code",
      value: value("digits", String(setting.digits)),
      choices: choices(["6", "7", "8"]),
    })}${number("periodSeconds", "Seconds that a code by the clock is shown")}`;
  },
  save: async (visit) => {
    const wish = wishOf(visit.form);
    try {
      await visit.write((tx) => writeSetting(tx, provisioningSetting, wish, visit.nowMs));
      return undefined;
    } catch (error) {
      return failedField(error);
    }
  },
};

/** As the schema is to see it: what is no number stays a text, which it refuses. */
function wishOf(sent: Form): unknown {
  const list = (name: string) =>
    sent
      .text(name)
      .split(",")
      .map((one) => one.trim())
      .filter((one) => one !== "");
  const whole = Object.fromEntries(
    numbers.map((name) => [
      name,
      /^\d{1,9}$/.test(sent.text(name)) ? Number(sent.text(name)) : sent.text(name),
    ]),
  );
  return {
    who: sent.text("who"),
    groups: list("groups"),
    mailCode: sent.text("mailCode") === "on",
    types: list("types"),
    algorithm: sent.text("algorithm"),
    ...whole,
  };
}

function fault(faults: FieldFaults, name: string): { readonly fault?: string } {
  const text = faults[name];
  return text === undefined ? {} : { fault: text };
}
