import type { Translation } from "../../../words/texts.ts";
import type { en } from "./en.ts";

export const fr: Translation<typeof en, "fr"> = {
  minutes: { one: "{count} minute", many: "{count} de minutes", other: "{count} minutes" },

  "code-subject": "Votre code de connexion",
  "code-for": "Votre code pour vous connecter à {machine} :",
  "code-good-for": "Il est valable {minutes}, et pour cette seule connexion.",
  "code-not-you":
    "Si vous n’êtes pas en train de vous connecter, quelqu’un d’autre essaie de le faire : dites-le à votre administrateur. Ne donnez ce code à personne.",
  "code-sms": "{code} est votre code pour vous connecter à {machine}. Ne le donnez à personne.",

  "warning-subject": "Votre connexion hors ligne à {machine} prend bientôt fin",
  "warning-until": "{user}, vous pouvez vous connecter à {machine} sans le réseau jusqu’au {until} (UTC).",
  "warning-renew":
    "Une seule connexion sur cette machine avec le réseau renouvelle ce délai. Vous n’avez rien d’autre à faire.",

  "weekly-subject": "Nightlatch : la semaine en bref",
  "weekly-first":
    "Les dix premiers de chaque liste sont nommés ici ; la console les a tous. Les heures sont en UTC.",
  "weekly-leases": "Connexions hors ligne qui prennent fin dans les sept jours : {count}",
  "weekly-locked": "Personnes bloquées en ce moment : {count}",
  "weekly-flagged": "Machines signalées : {count}",
  "weekly-silent": "Machines sans nouvelles depuis 30 jours : {count}",
  "weekly-failed": "Messages des sept derniers jours qui n’ont pas pu être envoyés : {count}",

  "test-subject": "Nightlatch peut envoyer des e-mails",
  "test-body": "Ceci est un essai demandé par un administrateur. Vous n’avez rien à faire.",
};
