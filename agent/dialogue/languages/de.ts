import type { Translation } from "../../../words/texts.ts";
import type { en } from "./en.ts";

export const de: Translation<typeof en, "de"> = {
  "one-time-code": "Einmalcode: ",
  "backup-code": "Ersatzcode: ",
  "next-one-time-code": "Nun der Einmalcode: ",
  "next-backup-code": "Nun ein Ersatzcode: ",
  "code-or-mail": "Einmalcode (nichts: einen per E-Mail bekommen): ",
  "next-code-or-mail": "Nun der Einmalcode (nichts: einen per E-Mail bekommen): ",
  "code-or-sms": "Einmalcode (nichts: einen per SMS bekommen): ",
  "next-code-or-sms": "Nun der Einmalcode (nichts: einen per SMS bekommen): ",
  challenge: "Aufgabe {challenge}. ",
  response: "Antwort: ",
  "next-response": "Nun die Antwort: ",
  "code-or-response": "Einmalcode oder Antwort: ",
  "next-code-or-response": "Nun der Einmalcode oder die Antwort: ",
  "code-sent-to": "Code, der an {to} gesendet wurde: ",
  "code-sent": "Code, der Ihnen gesendet wurde, wenn Sie einen bekommen können: ",
  "pin-before": "PIN und Code in einem, zuerst die PIN.",
  "pin-after": "Code und PIN in einem, zuerst der Code.",
  "pin-needed":
    "Das war richtig, aber Sie haben noch keine eigene PIN. Setzen Sie eine unter {address} und kommen Sie dann zurück.",
  "pin-if-any": "Wenn Sie eine PIN haben, tippen Sie sie wie immer zusammen mit dem Code.",

  days: { one: "{count} Tag", other: "{count} Tage" },
  "sign-ins": { one: "{count} Anmeldung", other: "{count} Anmeldungen" },
  minutes: { one: "{count} Minute", other: "{count} Minuten" },
  "days-left": "noch {days}",
  "days-and-sign-ins-left": "noch {days} und {signIns}",
  "out-of-reach": "Der Server ist nicht erreichbar. Anmeldung ohne Server: {left}.",

  connect: "Verbinden Sie sich mit dem Netz und melden Sie sich noch einmal an.",
  "locked-out": "Zu viele falsche Codes. Nächster Versuch möglich in: {minutes}.",
  "lease-expired": "Die Tage für die Anmeldung ohne Server sind abgelaufen.",
  "sign-ins-used-up": "Die Anmeldungen ohne Server sind aufgebraucht.",
  "guess-limit": "Zu viele falsche Codes seit der letzten Anmeldung mit Server.",
  "clock-wrong":
    "Die Uhr dieses Rechners geht falsch, deshalb können Codes ohne Server nicht geprüft werden.",
  "offline-off": "Der Server ist nicht erreichbar, und die Anmeldung ohne Server ist abgeschaltet.",
  "not-enrolled":
    "Der Server ist nicht erreichbar, und Sie können sich an diesem Rechner noch nicht ohne ihn anmelden.",
  damaged: "Was dieser Rechner für die Anmeldung ohne Server aufbewahrt, ist beschädigt.",

  "call-help-desk": "Rufen Sie Ihren Helpdesk an und lesen Sie vor: {challenge}",
  "help-desk-answer": "Dessen Antwort (leer lassen zum Aufgeben): ",
  "help-desk-tried-out":
    "Zu viele Antworten des Helpdesks wurden versucht. Nächster Versuch möglich in: {minutes}.",
  "change-password": "Passwort ändern: {address}",
  "no-help-desk-online":
    "Der Helpdesk hilft hier, solange der Server nicht erreichbar ist. Fragen Sie Ihren Administrator.",

  recovering:
    "Was dieser Rechner für die Anmeldung ohne Server aufbewahrt, ist nicht brauchbar. Eine Anmeldung mit erreichbarem Server bringt es in Ordnung.",
  "locked-online":
    "Zu viele falsche Codes. Versuchen Sie es später noch einmal oder fragen Sie Ihren Administrator.",
  "not-joined": "Dieser Rechner gehört noch zu keinem Nightlatch-Server. Fragen Sie Ihren Administrator.",
  "revoked-here": "Diesem Rechner wurde die Anmeldung ohne Server entzogen. Fragen Sie Ihren Administrator.",
  "state-broken":
    "Was dieser Rechner für die Anmeldung aufbewahrt, ist nicht brauchbar. Fragen Sie Ihren Administrator.",

  "ask-enrol": "Diesen Rechner für die Anmeldung ohne Server einrichten? [j/N] ",
  yes: "j ja",
  enrolled: "Dieser Rechner ist jetzt für die Anmeldung ohne Server eingerichtet.",
  "not-enrolled-now":
    "Dieser Rechner konnte jetzt nicht eingerichtet werden; Sie werden beim nächsten Mal wieder gefragt.",

  "offer-seed":
    "Für die Anmeldung ohne Server hat dieser Rechner einen eigenen Code für Ihre Authenticator-App. Wenn sonst niemand diesen Bildschirm sieht, tippen Sie {number}, um ihn jetzt zu sehen.",
  "number-above": "Zahl von oben (leer: jetzt nicht): ",
  "scan-or-type":
    "Scannen Sie ihn mit Ihrer Authenticator-App oder tippen Sie dort diesen Schlüssel ein: {key}",
  "type-key": "Tippen Sie diesen Schlüssel in Ihre Authenticator-App ein (zeitbasiert): {key}",
  "code-of-new": "Code, den die App dafür anzeigt (leer lassen zum Aufgeben): ",
  "wrong-code-of-new": "Das ist nicht der Code dafür. Warten Sie auf den nächsten.",
  "seed-proved":
    "Ab jetzt gelten seine Codes an diesem Rechner ohne Server. Der Schlüssel wird nicht noch einmal gezeigt: Leeren Sie diesen Bildschirm.",
  "not-proved":
    "Er wurde nicht hinzugefügt: Was gezeigt wurde, ist wertlos. Sie werden beim nächsten Mal wieder gefragt.",
  "not-shown-now": "Er kann jetzt nicht gezeigt werden; Sie werden beim nächsten Mal wieder gefragt.",

  "offer-first":
    "Sie haben noch keinen Authenticator. Wenn sonst niemand diesen Bildschirm sieht, tippen Sie {number}, um jetzt einen hinzuzufügen.",
  "first-elsewhere":
    "Sie haben noch keinen Authenticator. Öffnen Sie {address} auf Ihrem Telefon und tippen Sie dort diesen Code ein: {code}. Reicht die Zeit hier nicht, melden Sie sich noch einmal an.",
  "code-of-new-elsewhere":
    "Code des neuen Authenticators (hinzufügen: {address}, {code}; leer lassen zum Aufgeben): ",
  "first-not-yet":
    "Ihr Telefon hat noch keinen Schlüssel gezeigt. Tippen Sie dort zuerst den Code von diesem Bildschirm ein.",
  "first-added-elsewhere": "Ihr Authenticator wurde hinzugefügt.",
  "mailed-code": "Code aus der E-Mail an {to} (leer lassen zum Aufgeben): ",
  "wrong-mailed-code": "Das ist nicht der Code aus der E-Mail.",
  "first-added":
    "Ihr Authenticator wurde hinzugefügt. Der Schlüssel wird nicht noch einmal gezeigt: Leeren Sie diesen Bildschirm.",
  "first-not-added":
    "Es wurde kein Authenticator hinzugefügt. Versuchen Sie es noch einmal oder fragen Sie Ihren Administrator.",
};
