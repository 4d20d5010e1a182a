import type { Translation } from "../../../words/texts.ts";
import type { en } from "./en.ts";

export const pl: Translation<typeof en, "pl"> = {
  // In the accusative, as they follow "przez".
  minutes: { one: "{count} minutę", few: "{count} minuty", many: "{count} minut", other: "{count} minuty" },
  hours: { one: "{count} godzinę", few: "{count} godziny", many: "{count} godzin", other: "{count} godziny" },
  hello: "Dzień dobry, {user}!",

  "change-subject": "Zmiana w logowaniu",
  "authenticator-added": "Do konta dodano uwierzytelniacz: {name}",
  "authenticator-removed": "Z konta usunięto uwierzytelniacz: {name}",
  "backup-codes-made": "Utworzono nowe kody zapasowe do konta. Poprzednie nie są już ważne.",
  "password-changed": "Hasło do konta zostało zmienione.",
  "pin-set": "Ustawiono lub zmieniono Twój PIN.",
  "pin-reset": "Twój PIN został zresetowany. Ustaw nowy w portalu.",
  "pin-locked":
    "Twój PIN jest zablokowany: był błędny zbyt wiele razy, za każdym razem przy poprawnym kodzie. Poproś administratora o jego zresetowanie.",
  "address-changed": "Adres e-mail konta został zmieniony. Nowy adres: {address}",
  "address-removed": "Z konta usunięto adres e-mail: {address}",
  "change-not-you": "Jeśli to nie była Państwa zmiana, proszę natychmiast powiadomić administratora.",

  "code-subject": "Kod",
  "code-sign-in": "Kod do zalogowania się w portalu:",
  "code-first-authenticator": "Kod do dodania uwierzytelniacza:",
  "code-address": "Kod potwierdzający ten adres e-mail:",
  "code-good-for": "Jest ważny przez {minutes}. Proszę nikomu go nie podawać.",
  "code-not-you":
    "Jeśli nikt o niego nie prosił, nie trzeba nic robić: samym tym kodem nikt się nie zaloguje.",

  "invitation-subject": "Proszę dodać uwierzytelniacz",
  "invitation-body": "Zapraszamy do dodania uwierzytelniacza do konta. Proszę otworzyć ten odnośnik:",
  "invitation-good-for":
    "Jest ważny przez {hours} i dla jednego uwierzytelniacza. Proszę nikomu go nie przekazywać.",
};
