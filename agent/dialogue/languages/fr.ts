import type { Translation } from "../../../words/texts.ts";
import type { en } from "./en.ts";

export const fr: Translation<typeof en, "fr"> = {
  "one-time-code": "Code à usage unique : ",
  "backup-code": "Code de secours : ",
  "next-one-time-code": "Ensuite, le code à usage unique : ",
  "next-backup-code": "Ensuite, un code de secours : ",
  "code-or-mail": "Code à usage unique (rien : en recevoir un par e-mail) : ",
  "next-code-or-mail": "Ensuite, code à usage unique (rien : en recevoir un par e-mail) : ",
  "code-or-sms": "Code à usage unique (rien : en recevoir un par SMS) : ",
  "next-code-or-sms": "Ensuite, code à usage unique (rien : en recevoir un par SMS) : ",
  challenge: "Défi {challenge}. ",
  response: "Réponse : ",
  "next-response": "Ensuite, la réponse : ",
  "code-or-response": "Code à usage unique ou réponse : ",
  "next-code-or-response": "Ensuite, le code à usage unique ou la réponse : ",
  "code-sent-to": "Code envoyé à {to} : ",
  "code-sent": "Code qui vous a été envoyé, si vous pouvez en recevoir un : ",
  "pin-before": "Code PIN et code à usage unique d’un trait, d’abord le code PIN.",
  "pin-after": "Code à usage unique et code PIN d’un trait, d’abord le code à usage unique.",
  "pin-needed":
    "C’était juste, mais vous n’avez pas encore de code PIN à vous. Définissez-en un sur {address}, puis revenez.",
  "pin-if-any": "Si vous avez un code PIN, tapez-le avec le code comme toujours.",

  days: { one: "{count} jour", many: "{count} de jours", other: "{count} jours" },
  "sign-ins": { one: "{count} connexion", many: "{count} de connexions", other: "{count} connexions" },
  minutes: { one: "{count} minute", many: "{count} de minutes", other: "{count} minutes" },
  "days-left": "encore {days}",
  "days-and-sign-ins-left": "encore {days} et {signIns}",
  "out-of-reach": "Le serveur est injoignable. Connexion hors ligne : {left}.",

  connect: "Connectez-vous au réseau, puis ouvrez de nouveau la session.",
  "locked-out": "Trop de codes erronés. Réessayez dans {minutes}.",
  "lease-expired": "Les jours de connexion hors ligne sont écoulés.",
  "sign-ins-used-up": "Les connexions hors ligne sont épuisées.",
  "guess-limit": "Trop de codes erronés depuis la dernière connexion en ligne.",
  "clock-wrong":
    "L'horloge de cette machine n'est pas à l'heure : les codes ne peuvent pas être vérifiés hors ligne.",
  "offline-off": "Le serveur est injoignable, et la connexion hors ligne est désactivée.",
  "not-enrolled":
    "Le serveur est injoignable, et vous ne pouvez pas encore vous connecter hors ligne sur cette machine.",
  damaged: "Les données de connexion hors ligne de cette machine sont endommagées.",

  "call-help-desk": "Appelez votre service d'assistance et lisez-lui : {challenge}",
  "help-desk-answer": "Sa réponse (laissez vide pour abandonner) : ",
  "help-desk-tried-out": "Trop de réponses de l'assistance ont été essayées. Réessayez dans {minutes}.",
  "change-password": "Changer de mot de passe : {address}",
  "no-help-desk-online":
    "L'assistance intervient ici quand le serveur est injoignable. Adressez-vous à votre administrateur.",

  recovering:
    "Les données de connexion hors ligne de cette machine sont inutilisables. Une connexion avec le serveur joignable les rétablit.",
  "locked-online": "Trop de codes erronés. Réessayez plus tard ou adressez-vous à votre administrateur.",
  "not-joined":
    "Cette machine n'est pas encore rattachée à un serveur Nightlatch. Adressez-vous à votre administrateur.",
  "revoked-here": "L'inscription de cette machine a été révoquée. Adressez-vous à votre administrateur.",
  "state-broken":
    "Les données de connexion de cette machine sont inutilisables. Adressez-vous à votre administrateur.",

  "ask-enrol": "Inscrire cette machine pour la connexion sans le serveur ? [o/N] ",
  yes: "o oui",
  enrolled: "Cette machine est maintenant inscrite pour la connexion hors ligne.",
  "not-enrolled-now":
    "Cette machine n'a pas pu être inscrite ; la question vous sera posée de nouveau la prochaine fois.",

  "offer-seed":
    "Pour la connexion sans le serveur, cette machine a un code à elle, pour votre application d'authentification. Si personne d'autre ne voit cet écran, tapez {number} pour le voir maintenant.",
  "number-above": "Nombre ci-dessus (rien : pas maintenant) : ",
  "scan-or-type": "Scannez-le avec votre application d'authentification, ou tapez-y cette clé : {key}",
  "type-key": "Tapez cette clé dans votre application d'authentification (basée sur l'heure) : {key}",
  "code-of-new": "Code que l'application affiche pour elle (rien pour abandonner) : ",
  "wrong-code-of-new": "Ce n'est pas son code. Attendez le suivant.",
  "seed-proved":
    "Désormais, ses codes sont valables sur cette machine sans le serveur. La clé ne sera plus affichée : effacez cet écran.",
  "not-proved":
    "Elle n'a pas été ajoutée : ce qui a été affiché ne vaut rien. La question vous sera posée à nouveau la prochaine fois.",
  "not-shown-now":
    "Elle ne peut pas être affichée maintenant ; la question vous sera posée à nouveau la prochaine fois.",

  "offer-first":
    "Vous n'avez pas encore d'application d'authentification. Si personne d'autre ne voit cet écran, tapez {number} pour en ajouter une maintenant.",
  "first-elsewhere":
    "Vous n'avez pas encore d'application d'authentification. Ouvrez {address} sur votre téléphone et tapez-y ce code : {code}. Si le temps ne suffit pas ici, connectez-vous de nouveau.",
  "code-of-new-elsewhere":
    "Code de la nouvelle application (pour l'ajouter : {address}, {code} ; rien pour abandonner) : ",
  "first-not-yet": "Votre téléphone n'a pas encore affiché de clé. Tapez-y d'abord le code de cet écran.",
  "first-added-elsewhere": "Votre application d'authentification a été ajoutée.",
  "mailed-code": "Code envoyé par e-mail à {to} (rien pour abandonner) : ",
  "wrong-mailed-code": "Ce n'est pas le code de l'e-mail.",
  "first-added":
    "Votre application d'authentification a été ajoutée. La clé ne sera plus affichée : effacez cet écran.",
  "first-not-added":
    "Aucune application d'authentification n'a été ajoutée. Réessayez ou demandez à votre administrateur.",
};
