// A settings page, as whoever owns a setting describes it; ./pages.ts has the list of them.

import { Failure } from "../../failure.ts";
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
  /** Buttons below: what they do is said on the page after. */
  readonly actions?: readonly SettingsAction[];
  /** Under form and buttons: what it comes to. */
  readonly below?: (db: Db, visit: SignedIn) => Promise<Markup | null>;
}

export interface SettingsAction {
  readonly slug: string;
  readonly label: string;
  /** What was done, in a sentence. @throws Failure with what to do about it. */
  readonly run: (visit: SignedIn, parts: ConsoleParts) => Promise<string>;
  readonly fields?: Markup;
}

/** Of a use case that names the field first, as `writeSetting` does. @throws whatever is no refusal. */
export function failedField(error: unknown): FieldFaults {
  if (!(error instanceof Failure)) throw error;
  const [, field = "", why = error.message] = /^(\w+)[^:]*: (.*)$/s.exec(error.message) ?? [];
  return { [field]: why };
}
