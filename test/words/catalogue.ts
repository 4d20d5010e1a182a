// What has to hold of every catalogue, beside what the compiler sees.

import { describe, expect, test } from "vitest";
import { languages } from "../../words/language.ts";
import { type Catalogue, pluralCategories, type Texts } from "../../words/texts.ts";

export interface Expectations {
  /** Keys whose text may be the same as the English one, by language: a word that both have. */
  readonly alike: Readonly<Record<string, readonly string[]>>;
  /** The most characters of a text, its values left out. */
  readonly most: (key: string, english: string) => number;
}

export function checkCatalogue<T extends Texts>(catalogue: Catalogue<T>, expected: Expectations): void {
  const english = entries(catalogue.en);

  describe.each(languages)("%s", (language) => {
    const texts = entries(catalogue[language]);

    test("has every key and no other", () => {
      expect(Object.keys(catalogue[language]).sort()).toEqual(Object.keys(catalogue.en).sort());
    });

    test("has a text for each category of its plurals", () => {
      for (const text of Object.values(catalogue[language]))
        if (typeof text !== "string") expect(Object.keys(text)).toEqual([...pluralCategories[language]]);
    });

    test("takes the values that English takes", () => {
      const wrong = texts.filter(({ key, text, category }) => {
        const wanted = english.find(
          (one) => one.key === key && (one.category === category || category !== "one"),
        );
        const given = placeholders(text);
        // "one" may say it in words.
        const optional = category === undefined ? [] : ["count"];
        const all = placeholders(wanted?.text ?? "");
        return (
          given.some((name) => !all.includes(name) && !optional.includes(name)) ||
          all.some((name) => !given.includes(name) && !optional.includes(name))
        );
      });
      expect(wrong).toEqual([]);
    });

    test("has no text that is empty, too long, or oddly spaced", () => {
      const wrong = texts.filter(({ key, text }) => {
        const like = english.filter((one) => one.key === key).map((one) => one.text);
        const most = Math.max(...like.map((one) => expected.most(key, bare(one))));
        return bare(text).length > most || bare(text).trim().length === 0 || / {2}|^ |[\t\n]/.test(text);
      });
      expect(wrong.map(({ key, text }) => `${key}: ${text}`)).toEqual([]);
    });

    if (language !== "en")
      test("has no English left in it", () => {
        const same = texts.filter(
          ({ key, text }) =>
            /\p{L}{2}/u.test(bare(text)) && english.some((one) => one.key === key && one.text === text),
        );
        const keys = [...new Set(same.map(({ key }) => key))];
        expect(keys.sort()).toEqual([...(expected.alike[language] ?? [])].sort());
      });
  });
}

interface Entry {
  readonly key: string;
  readonly category: string | undefined;
  readonly text: string;
}

function entries(texts: object): Entry[] {
  return Object.entries(texts).flatMap(([key, text]: [string, string | Record<string, string>]): Entry[] =>
    typeof text === "string"
      ? [{ key, category: undefined, text }]
      : Object.entries(text).map(([category, one]) => ({ key, category, text: one })),
  );
}

function placeholders(text: string): string[] {
  return [...new Set([...text.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name))].sort();
}

function bare(text: string): string {
  return text.replaceAll(/\{\w+\}/g, "");
}
