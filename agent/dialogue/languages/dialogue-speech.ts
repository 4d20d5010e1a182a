// The sign-in's texts in the language that the relay was told of.

import { languageOfLocale } from "../../../words/language.ts";
import { type Catalogue, type Speech, speechOf } from "../../../words/texts.ts";
import { de } from "./de.ts";
import { en } from "./en.ts";
import { es } from "./es.ts";
import { fr } from "./fr.ts";
import { pl } from "./pl.ts";

export const dialogueTexts: Catalogue<typeof en> = { en, de, fr, es, pl };

export type DialogueSpeech = Speech<typeof en>;

/** `lang` of BEGIN, such as `de_AT.UTF-8`. */
export function dialogueSpeech(lang: string | undefined): DialogueSpeech {
  return speechOf(dialogueTexts, languageOfLocale(lang));
}
