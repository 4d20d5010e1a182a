// A policy as the fields of a form: each is a key of the command line's, with the same texts for the same values.

import * as v from "valibot";
import type { Policy } from "../../../protocol/sync/policy.ts";
import { fieldset, selectField, textField } from "../../pages/forms.ts";
import { html, type Markup } from "../../pages/markup.ts";
import { assignmentKeys, assignmentText } from "../../policies/assignments.ts";
import type { FieldFaults } from "../../web/form.ts";

interface Shown {
  readonly label: string;
  readonly choices?: readonly string[];
  /** Takes a number, at most this one. */
  readonly most?: number;
}

/** By section. A key that stands in none of them comes at the end, under its own name. */
const sections: readonly (readonly [string, Readonly<Record<string, Shown>>])[] = [
  [
    "What is asked",
    {
      mfa: { label: "Second factor", choices: ["required", "exempt"] },
      scope: { label: "At which kinds of sign-in" },
      "online.factors": { label: "Questions with the server in reach" },
    },
  ],
  [
    "Without the server",
    {
      "offline.days": { label: "Offline days", most: 366 },
      "offline.signIns": { label: "Offline sign-ins" },
      "offline.factors": { label: "Questions without the server" },
      enrol: { label: "Enrolment after an online sign-in", choices: ["automatic", "ask", "off"] },
      unreachable: { label: "Who is not enrolled", choices: ["deny", "skip"] },
      seeds: { label: "Offline codes are checked by", choices: ["shared", "per-machine"] },
      helpDesk: { label: "Help-desk unlock", choices: ["off", "on", "on-also-clock"] },
    },
  ],
  [
    "Limits",
    {
      "lockout.failures": { label: "Wrong sign-ins that lock", most: 100 },
      "lockout.minutes": { label: "Minutes of a lockout", most: 10_080 },
      guessLimit: { label: "Wrong answers offline in all", most: 10_000 },
      "totpWindow.past": { label: "Time steps before", most: 10 },
      "totpWindow.future": { label: "Time steps after", most: 10 },
      hotpLookAhead: { label: "Counters looked ahead", most: 100 },
    },
  ],
  [
    "PIN",
    {
      "pin.place": { label: "Where the PIN stands", choices: ["none", "before", "after"] },
      "pin.leastLength": { label: "Characters at least", most: 8 },
      "pin.complexity": { label: "Complexity", choices: ["decimal", "alphanumeric", "strong"] },
      "pin.trivial": { label: "Trivial PINs", choices: ["refused", "allowed"] },
      "pin.attempts": { label: "Wrong PINs that lock it", most: 100 },
    },
  ],
  [
    "Unlocks without a code",
    {
      "grace.unlocks": { label: "Unlocks", most: 100 },
      "grace.minutes": { label: "Within minutes", most: 1_440 },
    },
  ],
  [
    "What people read",
    {
      "texts.login": { label: "Before the first question" },
      "texts.help": { label: "When a sign-in was not granted" },
      "texts.passwordUrl": { label: "Where a password is changed" },
    },
  ],
  [
    "New authenticators",
    {
      "tokens.types": { label: "What may be made" },
      "tokens.algorithm": { label: "Hash function", choices: ["any", "sha1", "sha256", "sha512"] },
      "tokens.digits": { label: "Digits", choices: ["any", "6", "7", "8"] },
      "tokens.periodSeconds": { label: "Seconds that a code is shown" },
      "tokens.ocraSuite": { label: "Suite of tokens that answer challenges (OCRA)" },
    },
  ],
];

const names = assignmentKeys.map(({ name }) => name);
const placed = new Set(sections.flatMap(([, fields]) => Object.keys(fields)));

/** Every key as a text, for a strict form. */
export const policyFieldSchemas: Readonly<Record<string, v.GenericSchema<unknown, string>>> =
  Object.fromEntries(names.map((name) => [name, v.pipe(v.string(), v.maxLength(4_096))]));

/** What the command line would be given. */
export function assignmentsOf(values: Readonly<Record<string, string>>): string[] {
  return names.map((name) => `${name}=${(values[name] ?? "").trim()}`);
}

/** The texts of a policy's fields. */
export function valuesOf(policy: Policy): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, assignmentText(name, at(policy, name))]));
}

export function policyFields(values: Readonly<Record<string, string>>, faults: FieldFaults): Markup {
  const others = Object.fromEntries(
    names.filter((name) => !placed.has(name)).map((name) => [name, { label: name }]),
  );
  const all = Object.keys(others).length === 0 ? sections : [...sections, ["More", others] as const];
  const known = (name: string) => names.includes(name);
  return html`${all.map(([legend, fields]) =>
    fieldset(
      legend,
      html`<div class="grid">${Object.entries(fields)
        .filter(([name]) => known(name))
        .map(([name, shown]) => fieldOf(name, shown, values[name] ?? "", faults[name]))}</div>`,
    ),
  )}`;
}

function fieldOf(name: string, shown: Shown, value: string, fault: string | undefined): Markup {
  const { label, choices, most } = shown;
  const help = assignmentKeys.find((key) => key.name === name)?.help;
  // Where the values are to be chosen from, their list says nothing more.
  const hint = choices !== undefined && help?.includes(" | ") === true ? undefined : help;
  if (choices !== undefined && (choices.includes(value) || value === ""))
    return selectField({
      name,
      label,
      hint,
      fault,
      value,
      choices: choices.map((one) => ({ value: one, label: one })),
    });
  return most === undefined
    ? textField({ name, label, hint, fault, value, most: 4_096, literal: true })
    : textField({ name, label, hint, fault, value, type: "number", min: 0, max: most });
}

/**
 * A failure's sentence begins with the place of the fault, such as `offline.factors.0.1`. By field where it is one of the
 * form's, else under the empty name.
 */
export function faultsIn(sentence: string): FieldFaults {
  const place = /^([A-Za-z][A-Za-z0-9.]*): /.exec(sentence)?.[1];
  const name = place && names.find((known) => place === known || place.startsWith(`${known}.`));
  return name === undefined || name === "" || place === undefined
    ? { "": sentence }
    : { [name]: sentence.slice(place.length + 2) };
}

function at(policy: object, name: string): unknown {
  return name
    .split(".")
    .reduce<unknown>(
      (value, key) =>
        typeof value === "object" && value !== null
          ? new Map<string, unknown>(Object.entries(value)).get(key)
          : undefined,
      policy,
    );
}
