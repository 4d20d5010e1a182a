// What a form brought, field by field. A use case is handed the fields that its page has, and never the form.

import * as v from "valibot";
import { tokenName } from "../pages/forms.ts";

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
