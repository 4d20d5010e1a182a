// The portal's texts, and the language of whoever looks at it: chosen before in this browser, else the browser's own.

import type { Context } from "hono";
import { getCookie } from "hono/cookie";
import { acceptedLanguage, type Language, parseLanguage } from "../../words/language.ts";
import { type Catalogue, type Speech, speechOf } from "../../words/texts.ts";
import { de } from "./languages/de.ts";
import { en } from "./languages/en.ts";
import { es } from "./languages/es.ts";
import { fr } from "./languages/fr.ts";
import { pl } from "./languages/pl.ts";

export const portalTexts: Catalogue<typeof en> = { en, de, fr, es, pl };

export type PortalSpeech = Speech<typeof en>;

const cookieName = "nightlatch-language";
const yearSeconds = 31_536_000;

export function languageFor(context: Context): Language {
  return (
    parseLanguage(getCookie(context, cookieName)) ?? acceptedLanguage(context.req.header("accept-language"))
  );
}

export function portalSpeech(language: Language): PortalSpeech {
  return speechOf(portalTexts, language);
}

/** It says nothing about anybody, and outlives the session. */
export function languageCookie(secure: boolean, language: Language): string {
  const parts = [`${cookieName}=${language}`, "Path=/", "HttpOnly", "SameSite=Lax", `Max-Age=${yearSeconds}`];
  return [...parts, ...(secure ? ["Secure"] : [])].join("; ");
}
