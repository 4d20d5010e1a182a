/** One check of `nightlatch doctor`: what was looked at, what was found, and what to do about it. */
export interface Finding {
  readonly check: string;
  readonly outcome: "ok" | "warn" | "fail";
  readonly found: string;
  readonly todo?: string;
}
