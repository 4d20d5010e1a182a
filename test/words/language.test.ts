import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { acceptedLanguage, languageOfLocale, languages, parseLanguage } from "../../words/language.ts";

describe("Accept-Language", () => {
  test.each([
    [undefined, "en"],
    ["", "en"],
    ["de", "de"],
    ["de-AT", "de"],
    ["DE-at", "de"],
    ["de-AT,de;q=0.9,en;q=0.8", "de"],
    ["en;q=0.8,de;q=0.9", "de"],
    ["en-GB,de;q=0.9", "en"],
    ["fr,es", "fr"],
    ["nl,pl;q=0.5", "pl"],
    ["nl,sv", "en"],
    ["*", "en"],
    ["nl,*;q=0.1", "en"],
    ["en;q=0,*", "de"],
    ["en;q=0,de;q=0.000,*", "fr"],
    ["de;q=0,de-AT", "en"],
    ["de-AT;q=0,de", "de"],
    ["es ; q=0.7 , fr ; Q=0.701", "fr"],
    ["zh-Hant-TW,es-419;q=0.4", "es"],
    ["de;q=2,fr;q=0.1", "fr"],
    ["de;q=0.1234,fr;q=0.1", "fr"],
    ["de;level=1,fr;q=0.1", "fr"],
    [",,;q=1,fr", "fr"],
    ["constructor,__proto__,fr", "fr"],
    [`${"x,".repeat(600)}fr`, "en"],
  ])("%j means %s", (header, language) => {
    expect(acceptedLanguage(header)).toBe(language);
  });

  test("whatever comes in, a language comes out", () => {
    fc.assert(fc.property(fc.string(), (header) => languages.includes(acceptedLanguage(header))));
  });
});

describe("the name of a locale", () => {
  test.each([
    [undefined, "en"],
    ["C", "en"],
    ["C.UTF-8", "en"],
    ["POSIX", "en"],
    ["de_AT.UTF-8", "de"],
    ["de_DE.utf8", "de"],
    ["pl_PL.UTF-8", "pl"],
    ["fr", "fr"],
    ["es-MX", "es"],
    ["nl_NL.UTF-8", "en"],
    ["de_DE.UTF-8@euro", "de"],
    ["", "en"],
    ["de_DE/../x", "en"],
  ])("%j means %s", (locale, language) => {
    expect(languageOfLocale(locale)).toBe(language);
  });

  test.each(["de_DE", "de_DE@euro", "pl_PL.ISO-8859-2"])("%s can't show every letter: English", (locale) => {
    expect(languageOfLocale(locale)).toBe("en");
  });
});

test("only a known language is a language", () => {
  expect(languages.map(parseLanguage)).toEqual([...languages]);
  for (const raw of ["EN", "de-AT", "", null, 1, "toString"]) expect(parseLanguage(raw)).toBeUndefined();
});
