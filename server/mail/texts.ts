// The messages that the server sends, each from its values to a letter in one language.

import type { Language } from "../../words/language.ts";
import { type Catalogue, speechOf } from "../../words/texts.ts";
import { de } from "./languages/de.ts";
import { en } from "./languages/en.ts";
import { es } from "./languages/es.ts";
import { fr } from "./languages/fr.ts";
import { pl } from "./languages/pl.ts";
import { type Letter, writeLetter } from "./letter.ts";

export const mailTexts: Catalogue<typeof en> = { en, de, fr, es, pl };

export function testLetter(language: Language): Letter {
  const { say } = speechOf(mailTexts, language);
  return writeLetter(say("test-subject"), language, [{ kind: "paragraph", text: say("test-body") }]);
}

export function testText(language: Language): string {
  return speechOf(mailTexts, language).say("test-body");
}
