import { describe, expect, expectTypeOf, test } from "vitest";
import { languages } from "../../words/language.ts";
import { type Catalogue, pluralCategories, speechOf, type Translation } from "../../words/texts.ts";

const en = {
  plain: "Hello",
  named: "Hello {name}, it is {day}",
  files: { one: "{count} file in {folder}", other: "{count} files in {folder}" },
} as const;
const files = { one: "1", many: "2", other: "3" };
const catalogue: Catalogue<typeof en> = {
  en,
  de: { plain: "Hallo", named: "{day}: {name}", files: { one: "eine Datei", other: "{count} Dateien" } },
  fr: { plain: "Bonjour", named: "{name} {day}", files },
  es: { plain: "Hola", named: "{name} {day}", files },
  pl: { plain: "Cześć", named: "{name} {day}", files: { one: "1", few: "2-4", many: "5", other: "1,5" } },
};

describe("a speech", () => {
  test("fills in values, wherever the language has them", () => {
    expect(speechOf(catalogue, "en").say("named", { name: "Ann", day: "Friday" })).toBe(
      "Hello Ann, it is Friday",
    );
    expect(speechOf(catalogue, "de").say("named", { name: "Ann", day: "Freitag" })).toBe("Freitag: Ann");
  });

  test("writes numbers as the language does", () => {
    const count = 12_345;
    expect(speechOf(catalogue, "en").say("files", { count, folder: "x" })).toBe("12,345 files in x");
    expect(speechOf(catalogue, "de").say("files", { count, folder: "x" })).toBe("12.345 Dateien");
  });

  test("takes a value for no more than text: braces in it are not filled in", () => {
    expect(speechOf(catalogue, "en").say("named", { name: "{day}", day: "$&" })).toBe(
      "Hello {day}, it is $&",
    );
  });

  test("a value that only an object's parents have is missing", () => {
    const say = speechOf(catalogue, "en").say as (key: string, values: object) => string;
    expect(() => say("named", { name: "x" })).toThrow("{day}");
    const odd = speechOf({ ...catalogue, de: { ...catalogue.de, plain: "{toString}" } }, "de");
    expect(() => odd.say("plain")).toThrow("{toString}");
  });

  test("what a key takes is known to the compiler", () => {
    const { say } = speechOf(catalogue, "en");
    expectTypeOf(say<"plain">).parameters.toEqualTypeOf<["plain"]>();
    expectTypeOf(say<"named">)
      .parameter(1)
      .toEqualTypeOf<{
        readonly name: string | number;
        readonly day: string | number;
      }>();
    expectTypeOf(say<"files">)
      .parameter(1)
      .toEqualTypeOf<{
        readonly count: number;
        readonly folder: string | number;
      }>();
    // @ts-expect-error: `folder` is missing.
    expect(() => say("files", { count: 1 })).toThrow("{folder}");
  });

  test("a translation has all keys and categories, and no other", () => {
    const whole = catalogue.pl;
    expectTypeOf(whole).toEqualTypeOf<Translation<typeof en, "pl">>();
    const { few: _, ...withoutFew } = whole.files;
    // @ts-expect-error: Polish has a category `few`.
    const lacking: Translation<typeof en, "pl"> = { ...whole, files: withoutFew };
    // @ts-expect-error: English has no such key.
    const more: Translation<typeof en, "de"> = { ...catalogue.de, other: "x" };
    expect([lacking, more]).toHaveLength(2);
  });
});

describe("plural categories", () => {
  test.each(languages)("%s has all that the language has", (language) => {
    const { pluralCategories: known } = new Intl.PluralRules(language).resolvedOptions();
    expect([...pluralCategories[language]].sort()).toEqual([...known].sort());
  });
});
