// The console and the portal are an area each: pages under one path, sessions of one kind, one frame, one table of access.

import type { Context } from "hono";
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
  /** What is said in place of the gate's English words, by the status of the answer. */
  readonly faults?: Readonly<Record<number, { readonly title: string; readonly text: string }>>;
  /** Of a form that comes back after a code, or because something in it was wrong. */
  readonly comingBack?: {
    readonly kept: string;
    readonly confirmed: string;
    readonly secrets: string;
  };
  /** The same area in the language of whoever asks; an area without it has one language. */
  readonly spoken?: (context: Context) => Area;
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
