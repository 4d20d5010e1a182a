// Texts for people, in several languages. A catalogue is an object of texts by key; English is written first, `as const`,
// and says which keys there are and what each one takes: a translation with a key missing or too many does not compile,
// nor does a call with a value missing.

import type { Language } from "./language.ts";

/** The categories of Intl.PluralRules that each language has. */
export const pluralCategories = {
  en: ["one", "other"],
  de: ["one", "other"],
  fr: ["one", "many", "other"],
  es: ["one", "many", "other"],
  pl: ["one", "few", "many", "other"],
} as const satisfies Record<Language, readonly Intl.LDMLPluralRule[]>;

/** A text for each category, chosen by `{count}`. */
export type Plural<L extends Language> = Readonly<Record<(typeof pluralCategories)[L][number], string>>;

/** The English texts. Values stand in braces: `{name}`. */
export type Texts = Readonly<Record<string, string | Plural<"en">>>;

/** The same texts in another language. */
export type Translation<T extends Texts, L extends Language> = {
  readonly [K in keyof T]: T[K] extends string ? string : Plural<L>;
};

/** One set of texts in all languages. */
export type Catalogue<T extends Texts> = { readonly en: T } & {
  readonly [L in Exclude<Language, "en">]: Translation<T, L>;
};

type Placeholders<S> = S extends `${string}{${infer Name}}${infer Rest}` ? Name | Placeholders<Rest> : never;
type Taken<Text> = Text extends string ? Placeholders<Text> : "count" | Placeholders<Text[keyof Text]>;
type Value<Name> = Name extends "count" ? number : string | number;
/** What has to be handed over along with a key: nothing for a text without values. */
export type ValuesFor<Text> = [Taken<Text>] extends [never]
  ? []
  : [values: { readonly [Name in Taken<Text> & string]: Value<Name> }];

/** Speaks one language. */
export interface Speech<T extends Texts> {
  readonly language: Language;
  say<K extends keyof T & string>(key: K, ...values: ValuesFor<T[K]>): string;
}

export function speechOf<T extends Texts>(catalogue: Catalogue<T>, language: Language): Speech<T> {
  const texts: Readonly<Record<string, unknown>> = catalogue[language];
  const numbers = new Intl.NumberFormat(language);
  const rules = new Intl.PluralRules(language);
  return {
    language,
    say(key, ...[values = {}]: [values?: Readonly<Record<string, string | number>>]) {
      const text = texts[key];
      const template =
        typeof text === "string"
          ? text
          : (text as Readonly<Record<string, string>>)[rules.select(Number(values["count"]))];
      if (template === undefined) throw new Error(`no text for "${key}" in ${language}`);
      return template.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
        const value = Object.hasOwn(values, name) ? values[name] : undefined;
        if (value === undefined) throw new Error(`no value for {${name}} of "${key}"`);
        return typeof value === "number" ? numbers.format(value) : value;
      });
    },
  };
}
