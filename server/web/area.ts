// The console and the portal are an area each: pages under one path, sessions of one kind, one frame, one table of access.

import type { Frame } from "../pages/layout.ts";
import type { Markup } from "../pages/markup.ts";
import type { Session, SessionKind } from "../sessions/sessions.ts";

export interface Area {
  readonly kind: SessionKind;
  /** Every path of it begins so; also the path of its first page. */
  readonly base: `/${string}`;
  readonly name: string;
  /** What the page after a change may say, by the word that stands in its address. */
  readonly notices: Readonly<Record<string, string>>;
  /** Below a fault: where to go from there. */
  readonly wayOut: Markup;
  frame(session: Session | undefined, token: string | undefined): Frame;
}

/** A path of this area that somebody is to come back to; its first page for every other text. */
export function pathWithin(area: Area, text: string): string {
  const fits =
    (text === area.base || text.startsWith(`${area.base}/`) || text.startsWith(`${area.base}?`)) &&
    /^[A-Za-z0-9/_?=&.%~+-]{1,4000}$/.test(text) &&
    !text.includes("//");
  return fits ? text : area.base;
}
