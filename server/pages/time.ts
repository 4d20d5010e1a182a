// Times as people read them, in UTC, with the exact moment for whoever or whatever wants it.

import { isoTime, secondTime } from "../iso-time.ts";
import { html, type Markup } from "./markup.ts";

/** `2026-03-01 12:00`. */
export function moment(ms: number | null): Markup | string {
  if (ms === null) return "–";
  const iso = isoTime(ms);
  return html`<time datetime="${iso}" title="${iso}">${secondTime(ms).slice(0, -":00 UTC".length)}</time>`;
}
