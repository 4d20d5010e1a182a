// The portal's and the letters' texts in five languages.

import { globSync, readFileSync } from "node:fs";
import { describe, expect, it, test } from "vitest";
import { portalSpeech, portalTexts } from "../../server/portal/portal-speech.ts";
import { letterTexts } from "../../server/provisioning/letters.ts";
import { languages } from "../../words/language.ts";
import { checkCatalogue } from "../words/catalogue.ts";
import { Browser, signIn } from "./browser.ts";
import { testServer } from "./fixture.ts";
import { inPortal } from "./portal-fixture.ts";

/** What stands on a button, in the bar or at the head of a column must fit into one line of a phone. */
const short =
  /^(nav|column|kind|verdict|where)-|^type-[th]otp$|^(sign-out|sign-out-everywhere|add|rename|remove|save|back|go-on|give-up|add-begin|prove-button|backup-make|seed-show|disenrol|seed|mail-send|address-change|address-remove|password-change|sign-in)$/;

describe("the portal", () => {
  checkCatalogue(portalTexts, {
    // The product's name, the zone of the time, and words that both languages have.
    alike: {
      de: ["area", "utc", "code", "column-name", "nav-pin", "pin", "where-portal"],
      fr: ["area", "utc", "minutes", "code", "nav-machines", "column-machine", "where-console"],
      es: ["area", "nav-pin", "pin", "utc", "where-portal"],
      pl: ["area", "nav-pin", "pin", "utc", "where-portal"],
    },
    most: (key, english) => (short.test(key) ? 34 : english.length * 2 + 30),
  });
});

describe("letters", () => {
  checkCatalogue(letterTexts, {
    alike: { fr: ["minutes"] },
    most: (_, english) => english.length * 2 + 30,
  });
});

describe("every text is said somewhere", () => {
  const said = (folder: string) =>
    globSync(`${folder}/*.ts`)
      .map((path) => readFileSync(path, "utf8"))
      .join("\n");
  const unused = (texts: object, source: string) =>
    Object.keys(texts).filter((key) => !source.includes(`"${key}"`) && !/^(type|kind|code)-/.test(key));

  test("in the portal", () => {
    expect(unused(portalTexts.en, said("server/portal"))).toEqual([]);
  });

  test("in letters", () => {
    expect(unused(letterTexts.en, said("server/provisioning"))).toEqual([]);
  });
});

test.each([
  [0, "Pozostało 0 niewykorzystanych kodów."],
  [1, "Pozostał 1 niewykorzystany kod."],
  [2, "Pozostały 2 niewykorzystane kody."],
  [5, "Pozostało 5 niewykorzystanych kodów."],
  [12, "Pozostało 12 niewykorzystanych kodów."],
  [22, "Pozostały 22 niewykorzystane kody."],
  [101, "Pozostało 101 niewykorzystanych kodów."],
])("Polish counts %i backup codes", (count, expected) => {
  expect(portalSpeech("pl").say("backup-left", { count })).toBe(expected);
});

describe("the language of a page", () => {
  it.each([
    ["de-AT,de;q=0.9,en;q=0.8", "de", "Kennwort"],
    ["pl", "pl", "Hasło"],
    ["nl, sv", "en", "Password"],
    ["", "en", "Password"],
  ])("for Accept-Language %j is %s", async (header, language, word) => {
    const { text } = await new Browser(await testServer()).get("/portal/sign-in", {
      "accept-language": header,
    });
    expect(text).toContain(`<html lang="${language}">`);
    expect(text).toContain(word);
  });

  it("is chosen by a button, in this browser for good", async () => {
    const browser = new Browser(await testServer());
    await browser.get("/portal/sign-in");
    const seen = await browser.post("/portal/language", { language: "fr" });
    expect([seen.status, seen.to]).toEqual([303, "/portal/sign-in"]);
    expect(seen.headers.getSetCookie()[0]).toBe(
      "nightlatch-language=fr; Path=/; HttpOnly; SameSite=Lax; Max-Age=31536000; Secure",
    );
    const { text } = await browser.get("/portal/sign-in", { "accept-language": "de" });
    expect(text).toContain('<html lang="fr">');
  });

  it("goes with the account to another browser", async () => {
    const server = await testServer();
    const { browser, who } = await inPortal(server);
    await browser.post("/portal/language", { language: "es" });
    const other = new Browser(server);
    await signIn(server, other, who, "/portal");
    const { text } = await other.get("/portal", { "accept-language": "de" });
    expect(text).toContain('<html lang="es">');
  });

  it("is none that nobody speaks here, and never leads elsewhere", async () => {
    const browser = new Browser(await testServer());
    await browser.get("/portal/sign-in");
    for (const language of ["xx", "", '"><script>', "__proto__"]) {
      const seen = await browser.post("/portal/language", { language });
      expect([seen.status, seen.headers.getSetCookie()]).toEqual([303, []]);
    }
    const away = await browser.post(
      "/portal/language",
      { language: "de" },
      { referer: "https://mfa.example//evil.example/" },
    );
    expect(away.to).toBe("/portal");
    const foreign = await browser.post(
      "/portal/language",
      { language: "de" },
      { "sec-fetch-site": "cross-site" },
    );
    expect(foreign.status).toBe(403);
  });

  it("is the gate's, too", async () => {
    const browser = new Browser(await testServer());
    for (const language of languages) {
      const seen = await browser.get("/portal/nothing-here", { "accept-language": language });
      expect(seen.status).toBe(404);
      expect(seen.text).toContain(portalSpeech(language).say("title-not-found"));
    }
  });
});
