// A settings page, as whoever owns a setting describes it; ./pages.ts has the list of them.

import { Failure } from "../../failure.ts";
import type { Notice } from "../../pages/layout.ts";
import type { Markup } from "../../pages/markup.ts";
import type { Db } from "../../store/store.ts";
import type { FieldFaults, Form } from "../../web/form.ts";
import type { SignedIn } from "../../web/visit.ts";
import type { ConsoleParts } from "../parts.ts";

export interface SettingsPage {
  /** The last part of its address: a stable word, such as `mail`. */
  readonly slug: string;
  readonly title: string;
  /** One sentence for the list of settings. */
  readonly about: string;
  /**
   * The fields, without form and buttons. `sent` is what was typed when something in it was wrong; a secret is never
   * among what is shown.
   */
  readonly fields: (db: Db, sent: Form | undefined, faults: FieldFaults) => Promise<Markup>;
  /** Writes it, in a transaction of the visitor's (`visit.write`). Faults by field, or undefined when it is done. */
  readonly save: (visit: SignedIn, parts: ConsoleParts) => Promise<FieldFaults | undefined>;
  /** More buttons of the form, by which nothing is saved. */
  readonly looks?: readonly SettingsLook[];
  /** Buttons below: what they do is said on the page after. */
  readonly actions?: readonly SettingsAction[];
  /** Under form and buttons: what it comes to. */
  readonly below?: (db: Db, visit: SignedIn) => Promise<Markup | null>;
}

export interface SettingsAction {
  readonly slug: string;
  readonly label: string;
  /** What was done, in a sentence, and shown. @throws Failure with what to do about it. */
  readonly run: (
    visit: SignedIn,
    parts: ConsoleParts,
  ) => Promise<string | { readonly text: string; readonly result: Markup }>;
  readonly fields?: Markup;
}

export interface SettingsLook {
  readonly slug: string;
  readonly label: string;
  readonly run: (visit: SignedIn, parts: ConsoleParts) => Promise<Looked>;
}

export type Looked =
  | { readonly kind: "faults"; readonly faults: FieldFaults }
  /** The form again with `sent` in it, what is to be said on top, and below it the rest. */
  | {
      readonly kind: "seen";
      readonly sent: Form;
      readonly notice: Notice;
      readonly result?: Markup;
    };

/** Of a use case that names the field first, as `writeSetting` does. @throws whatever is no refusal. */
export function failedField(error: unknown): FieldFaults {
  if (!(error instanceof Failure)) throw error;
  const [, field = "", why = error.message] = /^(\w+)[^:]*: (.*)$/s.exec(error.message) ?? [];
  return { [field]: why };
}
