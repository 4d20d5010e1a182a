// The portal as an area, once in each language: its bar, what it says after a change, and the gate's words.

import { type Language, languages } from "../../words/language.ts";
import { buttonForm } from "../pages/forms.ts";
import { html, type Markup } from "../pages/markup.ts";
import type { Session } from "../sessions/sessions.ts";
import type { Area } from "../web/area.ts";
import type { Visit } from "../web/visit.ts";
import { languageFor, type PortalSpeech, portalSpeech } from "./portal-speech.ts";

const base = "/portal";

/** Each in its own words, for whoever can't read the present one. */
const languageNames: Readonly<Record<Language, string>> = {
  en: "English",
  de: "Deutsch",
  fr: "Français",
  es: "Español",
  pl: "Polski",
};

interface SpokenArea extends Area {
  readonly speech: PortalSpeech;
}

function areaIn(language: Language): SpokenArea {
  const speech = portalSpeech(language);
  const { say } = speech;
  const fault = (title: "title-refused" | "title-not-found" | "title-fault", text: string) => ({
    title: say(title),
    text,
  });
  return {
    kind: "portal",
    base,
    name: say("area"),
    speech,
    notices: {
      "signed-out": say("done-signed-out"),
      "signed-out-everywhere": say("done-signed-out-everywhere"),
      added: say("done-added"),
      renamed: say("done-renamed"),
      removed: say("done-removed"),
      "given-up": say("done-given-up"),
      disenrolled: say("done-disenrolled"),
      address: say("done-address"),
      "address-removed": say("done-address-removed"),
      codes: say("done-codes"),
      password: say("done-password"),
      pin: say("done-pin"),
    },
    faults: {
      400: fault("title-fault", say("fault-400")),
      403: fault("title-refused", say("fault-403")),
      404: fault("title-not-found", say("fault-404")),
      409: fault("title-fault", say("fault-409")),
      413: fault("title-refused", say("fault-413")),
      415: fault("title-refused", say("fault-400")),
      500: fault("title-fault", say("fault-500")),
    },
    comingBack: { kept: say("kept-typed"), confirmed: say("kept-confirmed"), secrets: say("kept-secrets") },
    wayOut: html`<p><a href="${base}">${say("to-overview")}</a></p>`,
    frame: (session, token) => ({
      area: say("area"),
      home: base,
      navigation: session === undefined ? [] : navigation(speech),
      person: html`<div class="people">${choice(speech)}${person(speech, session, token)}</div>`,
      language,
      skipLabel: say("skip"),
      navigationLabel: say("main"),
    }),
  };
}

const areas = Object.fromEntries(languages.map((language) => [language, areaIn(language)])) as Readonly<
  Record<Language, SpokenArea>
>;

export const portalArea: Area = { ...areas.en, spoken: (context) => areas[languageFor(context)] };

/** The words of the very page that is asked for. */
export function speechOf(visit: Visit): PortalSpeech {
  return (visit.area as SpokenArea).speech;
}

function navigation({ say }: PortalSpeech) {
  return [
    { path: base, label: say("nav-home") },
    { path: `${base}/authenticators`, label: say("nav-authenticators") },
    { path: `${base}/backup-codes`, label: say("nav-backup-codes") },
    { path: `${base}/pin`, label: say("nav-pin") },
    { path: `${base}/machines`, label: say("nav-machines") },
    { path: `${base}/account`, label: say("nav-account") },
    { path: `${base}/activity`, label: say("nav-activity") },
  ];
}

function choice({ say, language }: PortalSpeech): Markup {
  const button = (one: Language) =>
    html`<button class="quiet" name="language" value="${one}" lang="${one}"${one === language ? html` aria-current="true"` : null}>${languageNames[one]}</button>`;
  return html`<details class="person"><summary><span class="unseen">${say("language")}: </span>${languageNames[language]}</summary>
<form method="post" action="${base}/language">${languages.map(button)}</form></details>`;
}

function person({ say }: PortalSpeech, session: Session | undefined, token: string | undefined) {
  if (session === undefined || token === undefined) return null;
  return html`<details class="person"><summary>${session.userName}</summary><div>
${buttonForm({ action: `${base}/sign-out`, token, label: say("sign-out") })}
${buttonForm({ action: `${base}/sign-out-everywhere`, token, label: say("sign-out-everywhere") })}
</div></details>`;
}
