// The languages that people are spoken to in, and which one somebody means.

export const languages = ["en", "de", "fr", "es", "pl"] as const;
export type Language = (typeof languages)[number];

/** Spoken to everybody who asks for none of the others. */
export const fallbackLanguage: Language = "en";

export function parseLanguage(raw: unknown): Language | undefined {
  return languages.find((language) => language === raw);
}

/** More of a header than this is not read. */
const mostHeaderCharacters = 1_000;

/**
 * Out of an Accept-Language header (RFC 9110 section 12.5.4): the language of the highest weight, the first among equals.
 * `de-AT` means `de`; a weight of 0 refuses a language as a whole, not by one of its regions.
 */
export function acceptedLanguage(header: string | undefined): Language {
  const ranges = (header ?? "").slice(0, mostHeaderCharacters).split(",").map(parseRange);
  const refused = ranges.filter(({ weight }) => weight === 0).map(({ tag }) => tag);
  const wanted = ranges.filter(({ weight }) => weight > 0).sort((a, b) => b.weight - a.weight);
  for (const { tag } of wanted) {
    const found =
      tag === "*" ? languages.find((language) => !refused.includes(language)) : languageOfTag(tag);
    if (found !== undefined && !refused.includes(found)) return found;
  }
  return fallbackLanguage;
}

/** What can't be read weighs nothing, and refuses nothing. */
function parseRange(text: string): { readonly tag: string; readonly weight: number } {
  const read =
    /^\s*([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*|\*)\s*(?:;\s*[Qq]\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*)?$/.exec(
      text,
    );
  if (read === null) return { tag: "", weight: 0 };
  return { tag: (read[1] ?? "").toLowerCase(), weight: Number(read[2] ?? 1) };
}

function languageOfTag(tag: string): Language | undefined {
  return parseLanguage(tag.toLowerCase().split("-")[0]);
}

/**
 * Out of the name of a locale, as in LANG: `de_AT.UTF-8`, or a tag such as `de-AT`. A locale of the system that is not
 * UTF-8 gets English: its screen can't show the others' letters.
 */
export function languageOfLocale(locale: string | undefined): Language {
  const read = /^([A-Za-z]{2,3})(?:([_-])[A-Za-z0-9]+)?(?:\.([A-Za-z0-9-]+))?(?:@[A-Za-z0-9]+)?$/.exec(
    locale ?? "",
  );
  if (read === null) return fallbackLanguage;
  const [, tag = "", separator, charset] = read;
  const utf8 = charset === undefined ? separator !== "_" : /^utf-?8$/i.test(charset);
  return (utf8 ? parseLanguage(tag.toLowerCase()) : undefined) ?? fallbackLanguage;
}
