import type { Translation } from "../../../words/texts.ts";
import type { en } from "./en.ts";

export const fr: Translation<typeof en, "fr"> = {
  minutes: { one: "{count} minute", many: "{count} de minutes", other: "{count} minutes" },
  hours: { one: "{count} heure", many: "{count} d'heures", other: "{count} heures" },
  hello: "Bonjour {user},",

  "change-subject": "Votre connexion a été modifiée",
  "authenticator-added": "Un authentificateur a été ajouté à votre compte : {name}",
  "authenticator-removed": "Un authentificateur a été retiré de votre compte : {name}",
  "backup-codes-made":
    "De nouveaux codes de secours ont été créés pour votre compte. Les anciens ne sont plus valables.",
  "password-changed": "Le mot de passe de votre compte a été changé.",
  "pin-set": "Votre code PIN a été défini ou modifié.",
  "pin-reset": "Votre code PIN a été réinitialisé. Définissez-en un nouveau sur le portail.",
  "pin-locked":
    "Votre code PIN est bloqué : il a été faux trop souvent, chaque fois avec un code juste. Demandez à votre administrateur de le réinitialiser.",
  "address-changed": "Une adresse e-mail de votre compte a été changée. La nouvelle est : {address}",
  "address-removed": "Une adresse e-mail a été retirée de votre compte : {address}",
  "change-not-you": "Si ce n'était pas vous, prévenez immédiatement votre administrateur.",

  "code-subject": "Votre code",
  "code-sign-in": "Votre code pour vous connecter au portail :",
  "code-first-authenticator": "Votre code pour ajouter un authentificateur :",
  "code-address": "Le code qui confirme cette adresse e-mail :",
  "code-good-for": "Il est valable {minutes}. Ne le donnez à personne.",
  "code-not-you":
    "Si vous ne l'avez pas demandé, il n'y a rien à faire : ce code ne suffit à personne pour entrer.",

  "invitation-subject": "Ajoutez votre authentificateur",
  "invitation-body": "Vous êtes invité à ajouter un authentificateur à votre compte. Ouvrez ce lien :",
  "invitation-good-for": "Il est valable {hours}, pour un seul authentificateur. Ne le donnez à personne.",
};
