import type { Translation } from "../../../words/texts.ts";
import type { en } from "./en.ts";

export const de: Translation<typeof en, "de"> = {
  minutes: { one: "{count} Minute", other: "{count} Minuten" },
  hours: { one: "{count} Stunde", other: "{count} Stunden" },
  hello: "Guten Tag {user},",

  "change-subject": "Ihre Anmeldung wurde geändert",
  "authenticator-added": "Ihrem Konto wurde ein Authentifikator hinzugefügt: {name}",
  "authenticator-removed": "Aus Ihrem Konto wurde ein Authentifikator entfernt: {name}",
  "backup-codes-made": "Für Ihr Konto wurden neue Ersatzcodes erstellt. Ältere gelten nicht mehr.",
  "password-changed": "Das Kennwort Ihres Kontos wurde geändert.",
  "pin-set": "Ihre PIN wurde gesetzt oder geändert.",
  "pin-reset": "Ihre PIN wurde zurückgesetzt. Setzen Sie im Portal eine neue.",
  "pin-locked":
    "Ihre PIN ist gesperrt: Sie war zu oft falsch, jedes Mal mit einem richtigen Code. Bitten Sie Ihren Administrator, sie zurückzusetzen.",
  "address-changed": "Eine E-Mail-Adresse Ihres Kontos wurde geändert. Sie lautet jetzt: {address}",
  "address-removed": "Aus Ihrem Konto wurde eine E-Mail-Adresse entfernt: {address}",
  "change-not-you": "Wenn Sie das nicht waren, sagen Sie es sofort Ihrem Administrator.",

  "code-subject": "Ihr Code",
  "code-sign-in": "Ihr Code für die Anmeldung im Portal:",
  "code-first-authenticator": "Ihr Code, um einen Authentifikator hinzuzufügen:",
  "code-address": "Der Code, der diese E-Mail-Adresse bestätigt:",
  "code-good-for": "Er gilt {minutes} lang. Geben Sie ihn niemandem.",
  "code-not-you":
    "Wenn Sie ihn nicht angefordert haben, ist nichts zu tun: Mit diesem Code allein kommt niemand hinein.",

  "invitation-subject": "Fügen Sie Ihren Authentifikator hinzu",
  "invitation-body":
    "Sie sind eingeladen, Ihrem Konto einen Authentifikator hinzuzufügen. Öffnen Sie diesen Link:",
  "invitation-good-for": "Er gilt {hours} lang und für einen Authentifikator. Geben Sie ihn niemandem.",
};
