// What a form brought, field by field. A use case is handed the fields that its page has, and never the form.

import * as v from "valibot";
import { Failure } from "../failure.ts";
import { tokenName } from "../pages/forms.ts";

/** A sentence for each field that has to be changed. */
export type FieldFaults = Readonly<Record<string, string>>;

export class Form {
  readonly #fields: URLSearchParams;

  constructor(text: string) {
    this.#fields = new URLSearchParams(text);
  }

  /** Empty where the field is missing. Line ends as Unix has them. */
  text(name: string): string {
    return (this.#fields.get(name) ?? "").replaceAll("\r\n", "\n");
  }

  all(name: string): string[] {
    return this.#fields.getAll(name);
  }

  has(name: string): boolean {
    return this.#fields.has(name);
  }

  /** Every field in its order, but for the token. */
  entries(): (readonly [string, string])[] {
    return [...this.#fields].filter(([name]) => name !== tokenName);
  }

  get token(): string {
    return this.text(tokenName);
  }

  /** Every field as text, for a strict schema: one that the page does not have is refused, not passed over. */
  read<T>(
    schema: v.GenericSchema<unknown, T>,
  ): { readonly ok: true; readonly value: T } | { readonly ok: false; readonly faults: FieldFaults } {
    const names = [...new Set(this.#fields.keys())].filter((name) => name !== tokenName);
    const given = Object.fromEntries(names.map((name) => [name, this.text(name)]));
    const read = v.safeParse(schema, given);
    if (read.success) return { ok: true, value: read.output };
    const faults: Record<string, string> = {};
    for (const issue of read.issues) faults[v.getDotPath(issue) ?? ""] ??= issue.message;
    return { ok: false, faults };
  }
}

/** For forms that a page of ours can't send otherwise: buttons, and fields that take any text. @throws Failure */
export function readOrRefuse<T>(form: Form, schema: v.GenericSchema<unknown, T>): T {
  const read = form.read(schema);
  if (!read.ok) throw new Failure("invalid", "this form has other fields than its page");
  return read.value;
}

/** A field's schema for a whole number. */
export function wholeNumberText(least: number, most: number) {
  const sentence = `give a whole number from ${least} to ${most}`;
  return v.pipe(
    v.string(),
    v.trim(),
    v.regex(/^\d{1,15}$/, sentence),
    v.transform(Number),
    v.minValue(least, sentence),
    v.maxValue(most, sentence),
  );
}
