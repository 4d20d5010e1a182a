// The sign-in's own words in five languages.

import { describe, expect, test } from "vitest";
import { dialogueSpeech, dialogueTexts } from "../../agent/dialogue/languages/dialogue-speech.ts";
import { outOfReach, saysYes, whyNotOffline } from "../../agent/dialogue/words-shown.ts";
import { limits } from "../../protocol/dialogue/limits.ts";
import { minuteMs } from "../../words/clock.ts";
import { languages } from "../../words/language.ts";
import { checkCatalogue } from "../words/catalogue.ts";

/** Letters outside ASCII take two bytes, and a challenge, a number or another text is filled in. */
const mostCharacters = (limits.shownBytes - 200) / 4;

checkCatalogue(dialogueTexts, {
  // The same word in both.
  alike: { fr: ["minutes"] },
  most: () => mostCharacters,
});

const speaking = (language: string) => dialogueSpeech(`${language}.UTF-8`);

describe("what is left offline", () => {
  const left = (language: string, count: number) =>
    outOfReach(speaking(language), { days: count, signIns: count });

  test.each([
    ["en", 0, "0 days and 0 sign-ins left"],
    ["en", 1, "1 day and 1 sign-in left"],
    ["en", 2, "2 days and 2 sign-ins left"],
    ["de", 0, "noch 0 Tage und 0 Anmeldungen"],
    ["de", 1, "noch 1 Tag und 1 Anmeldung"],
    ["de", 2, "noch 2 Tage und 2 Anmeldungen"],
    ["fr", 0, "encore 0 jour et 0 connexion"],
    ["fr", 1, "encore 1 jour et 1 connexion"],
    ["fr", 2, "encore 2 jours et 2 connexions"],
    ["fr", 101, "encore 101 jours et 101 connexions"],
    ["es", 0, "quedan: 0 días y 0 inicios de sesión"],
    ["es", 1, "quedan: 1 día y 1 inicio de sesión"],
    ["es", 2, "quedan: 2 días y 2 inicios de sesión"],
    ["pl", 0, "pozostało: 0 dni i 0 logowań"],
    ["pl", 1, "pozostało: 1 dzień i 1 logowanie"],
    ["pl", 2, "pozostało: 2 dni i 2 logowania"],
    ["pl", 5, "pozostało: 5 dni i 5 logowań"],
    ["pl", 12, "pozostało: 12 dni i 12 logowań"],
    ["pl", 22, "pozostało: 22 dni i 22 logowania"],
    ["pl", 101, "pozostało: 101 dni i 101 logowań"],
  ])("%s, %i: %s", (language, count, expected) => {
    expect(left(language, count)).toContain(expected);
  });
});

test.each([
  ["pl", 1, "za 1 minutę"],
  ["pl", 3, "za 3 minuty"],
  ["pl", 15, "za 15 minut"],
  ["de", 1, "in: 1 Minute."],
  ["es", 15, "dentro de 15 minutos"],
])("%s counts %i minutes", (language, count, expected) => {
  const problem = { verdict: "locked", reason: "locked-out", forMs: count * minuteMs } as const;
  expect(whyNotOffline(speaking(language), problem)).toContain(expected);
});

describe("yes", () => {
  test.each([
    ["en", "y"],
    ["de", "ja"],
    ["de", "J"],
    ["fr", "oui"],
    ["es", "sí"],
    ["es", "si\u0301"],
    ["pl", "tak"],
    ["pl", " yes "],
  ])("in %s: %j", (language, answer) => {
    expect(saysYes(speaking(language), answer)).toBe(true);
  });

  test.each(languages)("in %s is never an empty answer, a no, or another language's word", (language) => {
    for (const answer of ["", " ", "n", "no", "nein", "non", "nie", "ok", "y yes", "q"])
      expect(saysYes(speaking(language), answer)).toBe(false);
  });
});
