// The messages that the server sends, each from its values to a letter in one language.

import type { Language } from "../../words/language.ts";
import { harmless } from "../../words/harmless.ts";
import { type Catalogue, speechOf } from "../../words/texts.ts";
import { de } from "./languages/de.ts";
import { en } from "./languages/en.ts";
import { es } from "./languages/es.ts";
import { fr } from "./languages/fr.ts";
import { pl } from "./languages/pl.ts";
import { type Block, type Letter, writeLetter } from "./letter.ts";
import type { Section } from "./weekly-content.ts";

export const mailTexts: Catalogue<typeof en> = { en, de, fr, es, pl };

/** `machine`: its own name for itself. */
export function codeLetter(
  language: Language,
  values: { readonly code: string; readonly machine: string; readonly minutes: number },
): Letter {
  const { say } = speechOf(mailTexts, language);
  const { code, machine } = values;
  return writeLetter(say("code-subject"), language, [
    { kind: "paragraph", text: say("code-for", { machine }) },
    { kind: "code", text: code },
    {
      kind: "paragraph",
      text: say("code-good-for", { minutes: say("minutes", { count: values.minutes }) }),
    },
    { kind: "paragraph", text: say("code-not-you") },
  ]);
}

/** One text message: no longer than it must be, since some gateways count by 160 characters. */
export function codeText(
  language: Language,
  { code, machine }: { readonly code: string; readonly machine: string },
): Letter {
  const { say } = speechOf(mailTexts, language);
  const text = harmless(say("code-sms", { code, machine: machine.slice(0, 40) }));
  return { subject: "", text, html: "" };
}

/** `untilMs`: when the lease ends; said in UTC, since nobody knows here where the reader is. */
export function warningLetter(
  language: Language,
  values: { readonly user: string; readonly machine: string; readonly untilMs: number },
): Letter {
  const { say } = speechOf(mailTexts, language);
  const { user, machine, untilMs } = values;
  const format = new Intl.DateTimeFormat(language, {
    dateStyle: "long",
    timeStyle: "short",
    timeZone: "UTC",
  });
  const until = format.format(untilMs);
  return writeLetter(say("warning-subject", { machine }), language, [
    { kind: "paragraph", text: say("warning-until", { user, machine, until }) },
    { kind: "paragraph", text: say("warning-renew") },
  ]);
}

export function weeklyLetter(language: Language, sections: readonly Section[]): Letter {
  const { say } = speechOf(mailTexts, language);
  const blocks = sections.flatMap(({ about, count, first }): Block[] => [
    { kind: "paragraph", text: say(`weekly-${about}`, { count }) },
    ...first.map((cells): Block => ({ kind: "paragraph", text: `– ${cells.join(" | ")}` })),
  ]);
  return writeLetter(say("weekly-subject"), language, [
    ...blocks,
    { kind: "paragraph", text: say("weekly-first") },
  ]);
}

export function testLetter(language: Language): Letter {
  const { say } = speechOf(mailTexts, language);
  return writeLetter(say("test-subject"), language, [{ kind: "paragraph", text: say("test-body") }]);
}

export function testText(language: Language): string {
  return speechOf(mailTexts, language).say("test-body");
}
