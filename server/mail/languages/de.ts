import type { Translation } from "../../../words/texts.ts";
import type { en } from "./en.ts";

export const de: Translation<typeof en, "de"> = {
  minutes: { one: "{count} Minute", other: "{count} Minuten" },

  "code-subject": "Ihr Code zur Anmeldung",
  "code-for": "Ihr Code zur Anmeldung an {machine}:",
  "code-good-for": "Er gilt {minutes} und nur für diese eine Anmeldung.",
  "code-not-you":
    "Wenn Sie sich gerade nicht anmelden, versucht es jemand anderes: Sagen Sie es Ihrer Administration. Geben Sie diesen Code niemandem.",
  "code-sms": "{code} ist Ihr Code zur Anmeldung an {machine}. Geben Sie ihn niemandem.",

  "warning-subject": "Ihre Anmeldung ohne Netz an {machine} endet bald",
  "warning-until": "{user}, Sie können sich an {machine} ohne Netz anmelden bis {until} (UTC).",
  "warning-renew": "Eine Anmeldung dort mit Netz verlängert das. Mehr brauchen Sie nicht zu tun.",

  "weekly-subject": "Nightlatch: die Woche in Kürze",
  "weekly-first": "Die ersten zehn von allem stehen hier; alle hat die Konsole. Zeiten sind UTC.",
  "weekly-leases": "Anmeldungen ohne Netz, die in sieben Tagen enden: {count}",
  "weekly-locked": "Zur Zeit gesperrte Personen: {count}",
  "weekly-flagged": "Rechner mit einer Markierung: {count}",
  "weekly-silent": "Rechner, von denen 30 Tage nichts zu hören war: {count}",
  "weekly-failed": "Nachrichten der letzten sieben Tage, die nicht gesendet werden konnten: {count}",

  "test-subject": "Nightlatch kann E-Mails senden",
  "test-body": "Dies ist ein Test, um den die Administration gebeten hat. Sie brauchen nichts zu tun.",
};
