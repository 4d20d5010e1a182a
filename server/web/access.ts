// The shape of the tables that say who may ask for what: each area has one, and a route that is not in it is not served.

import type { Role } from "../accounts/roles.ts";
import type { Form } from "./form.ts";

export interface Access {
  /** `anyone` has not signed in; `signed-in` is whoever has, to this area; else one of these roles. */
  readonly may: "anyone" | "signed-in" | readonly Role[];
  /** A code must have been given within the last minutes: what can't be taken back, or gives power. */
  readonly recentCode?: true;
  /**
   * Of a form: its page, to which what was typed comes back. `:id` as in the route; what follows a `?` is taken from the fields of
   * these names.
   */
  readonly page?: string | ((form: Form) => string);
  /** Where the form on that page is sent, if not to this route. */
  readonly sentTo?: string;
  /** Bytes of a form; 64 KiB where nothing is said. */
  readonly mostBytes?: number;
}

export type AccessTable = Readonly<Record<`${"GET" | "POST"} /${string}`, Access>>;
