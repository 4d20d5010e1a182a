// Whether what a relay shows comes up on a terminal of text, where a QR code can be drawn and read off. Everything that is
// not known to be one is none: a greeter cuts messages, or shows them to a whole room.

import { renderUnicodeCompact } from "uqr";
import { limits } from "../../protocol/dialogue/limits.ts";
import type { Begin } from "../../protocol/dialogue/messages.ts";

export type Screen =
  | { readonly is: "other" }
  /** `blocks`: it can show the half blocks that a code is drawn with, as far as can be known here. */
  | { readonly is: "terminal"; readonly blocks: boolean };

const services: ReadonlySet<string> = new Set(["login", "sshd", "su", "su-l", "sudo", "sudo-i"]);

/** A graphical greeter may name a tty, too: service and terminal have to fit both. */
export function screenOf({ service, tty, lang }: Begin): Screen {
  const isTty = tty !== undefined && /^(ssh|(\/dev\/)?(tty[A-Za-z]*\d+|pts\/\d+|console))$/.test(tty);
  if (!services.has(service) || !isTty) return { is: "other" };
  // What sshd runs in says nothing of the terminal at the other end; terminals of today show UTF-8.
  const utf8 = service === "sshd" || (lang !== undefined && /\.utf-?8$/i.test(lang));
  // The kernel's own console has no half blocks in its font to rely on.
  const kernel = /^(\/dev\/)?(tty\d+|console)$/.test(tty);
  return { is: "terminal", blocks: utf8 && !kernel };
}

/** 80 columns, and 24 lines with one left for the prompt. */
const mostColumns = 80;
const mostLines = 24;

/** A line a row; undefined for what would not fit a terminal. Light on dark: what reads QR codes reads both. */
export function qrLines(text: string): readonly string[] | undefined {
  const lines = renderUnicodeCompact(text, { ecc: "L", border: 2 }).split("\n");
  const fits = lines.every(
    (line) => line.length <= mostColumns && Buffer.byteLength(line) <= limits.shownBytes,
  );
  return fits && lines.length <= mostLines ? lines : undefined;
}
