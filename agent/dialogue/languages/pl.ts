import type { Translation } from "../../../words/texts.ts";
import type { en } from "./en.ts";

export const pl: Translation<typeof en, "pl"> = {
  "one-time-code": "Kod jednorazowy: ",
  "backup-code": "Kod zapasowy: ",
  "next-one-time-code": "Teraz kod jednorazowy: ",
  "next-backup-code": "Teraz kod zapasowy: ",
  "code-or-mail": "Kod jednorazowy (nic: otrzymaj go e-mailem): ",
  "next-code-or-mail": "Teraz kod jednorazowy (nic: otrzymaj go e-mailem): ",
  "code-or-sms": "Kod jednorazowy (nic: otrzymaj go SMS-em): ",
  "next-code-or-sms": "Teraz kod jednorazowy (nic: otrzymaj go SMS-em): ",
  challenge: "Wyzwanie {challenge}. ",
  response: "Odpowiedź: ",
  "next-response": "Teraz odpowiedź: ",
  "code-or-response": "Kod jednorazowy lub odpowiedź: ",
  "next-code-or-response": "Teraz kod jednorazowy lub odpowiedź: ",
  "code-sent-to": "Kod wysłany na {to}: ",
  "code-sent": "Kod, który do ciebie wysłano, jeśli możesz go otrzymać: ",
  "pin-before": "PIN i kod razem, najpierw PIN.",
  "pin-after": "Kod i PIN razem, najpierw kod.",
  "pin-needed":
    "Wszystko się zgadza, ale nie masz jeszcze własnego PIN-u. Ustaw go pod adresem {address} i wróć.",
  "pin-if-any": "Jeśli masz PIN, wpisz go razem z kodem, jak zawsze.",

  days: { one: "{count} dzień", few: "{count} dni", many: "{count} dni", other: "{count} dnia" },
  "sign-ins": {
    one: "{count} logowanie",
    few: "{count} logowania",
    many: "{count} logowań",
    other: "{count} logowania",
  },
  // In the accusative, as it follows "za".
  minutes: { one: "{count} minutę", few: "{count} minuty", many: "{count} minut", other: "{count} minuty" },
  "days-left": "pozostało: {days}",
  "days-and-sign-ins-left": "pozostało: {days} i {signIns}",
  "out-of-reach": "Serwer jest nieosiągalny. Logowanie bez połączenia, {left}.",

  connect: "Proszę połączyć się z siecią i zalogować się ponownie.",
  "locked-out": "Zbyt wiele błędnych kodów. Następna próba możliwa za {minutes}.",
  "lease-expired": "Dni logowania bez połączenia już upłynęły.",
  "sign-ins-used-up": "Logowania bez połączenia zostały wyczerpane.",
  "guess-limit": "Zbyt wiele błędnych kodów od ostatniego logowania z połączeniem.",
  "clock-wrong": "Zegar tego komputera wskazuje zły czas, dlatego kodów nie można sprawdzić bez połączenia.",
  "offline-off": "Serwer jest nieosiągalny, a logowanie bez połączenia jest wyłączone.",
  "not-enrolled":
    "Serwer jest nieosiągalny, a na tym komputerze nie można jeszcze logować się bez połączenia.",
  damaged: "Dane tego komputera do logowania bez połączenia są uszkodzone.",

  "call-help-desk": "Proszę zadzwonić do pomocy technicznej i odczytać: {challenge}",
  "help-desk-answer": "Jej odpowiedź (puste pole oznacza rezygnację): ",
  "help-desk-tried-out":
    "Wypróbowano zbyt wiele odpowiedzi pomocy technicznej. Następna próba możliwa za {minutes}.",
  "change-password": "Zmiana hasła: {address}",
  "no-help-desk-online":
    "Pomoc techniczna pomaga tutaj, gdy serwer jest nieosiągalny. Proszę zwrócić się do administratora.",

  recovering:
    "Danych tego komputera do logowania bez połączenia nie można użyć. Logowanie przy osiągalnym serwerze je naprawi.",
  "locked-online": "Zbyt wiele błędnych kodów. Proszę spróbować później lub zwrócić się do administratora.",
  "not-joined":
    "Ten komputer nie należy jeszcze do żadnego serwera Nightlatch. Proszę zwrócić się do administratora.",
  "revoked-here": "Rejestracja tego komputera została cofnięta. Proszę zwrócić się do administratora.",
  "state-broken": "Danych tego komputera do logowania nie można użyć. Proszę zwrócić się do administratora.",

  "ask-enrol": "Zarejestrować ten komputer do logowania bez serwera? [t/N] ",
  yes: "t tak",
  enrolled: "Ten komputer jest teraz zarejestrowany do logowania bez połączenia.",
  "not-enrolled-now":
    "Nie udało się teraz zarejestrować tego komputera; pytanie pojawi się ponownie następnym razem.",

  "offer-seed":
    "Do logowania bez serwera ten komputer ma własny kod dla aplikacji uwierzytelniającej. Jeśli nikt inny nie widzi tego ekranu, proszę wpisać {number}, aby zobaczyć go teraz.",
  "number-above": "Liczba powyżej (puste: nie teraz): ",
  "scan-or-type": "Proszę zeskanować go aplikacją uwierzytelniającą albo wpisać w niej ten klucz: {key}",
  "type-key": "Proszę wpisać ten klucz w aplikacji uwierzytelniającej (kody zależne od czasu): {key}",
  "code-of-new": "Kod, który aplikacja teraz dla niego pokazuje (puste, aby zrezygnować): ",
  "wrong-code-of-new": "To nie jest jego kod. Proszę poczekać na następny.",
  "seed-proved":
    "Od teraz jego kody działają na tym komputerze bez serwera. Klucz nie zostanie pokazany ponownie: proszę wyczyścić ekran.",
  "not-proved":
    "Nie został dodany: to, co pokazano, jest bezwartościowe. Następnym razem pytanie pojawi się ponownie.",
  "not-shown-now": "Nie można go teraz pokazać; następnym razem pytanie pojawi się ponownie.",

  "offer-first":
    "Nie ma jeszcze żadnego uwierzytelniacza. Jeśli nikt inny nie widzi tego ekranu, proszę wpisać {number}, aby teraz go dodać.",
  "first-elsewhere":
    "Nie ma jeszcze żadnego uwierzytelniacza. Proszę otworzyć {address} na telefonie i wpisać tam ten kod: {code}. Jeśli zabraknie tu czasu, proszę zalogować się ponownie.",
  "code-of-new-elsewhere":
    "Kod nowego uwierzytelniacza (dodawanie: {address}, {code}; puste, aby zrezygnować): ",
  "first-not-yet": "Telefon nie pokazał jeszcze klucza. Proszę najpierw wpisać tam kod z tego ekranu.",
  "first-added-elsewhere": "Dodano uwierzytelniacz.",
  "mailed-code": "Kod wysłany pocztą na {to} (puste, aby zrezygnować): ",
  "wrong-mailed-code": "To nie jest kod z wiadomości.",
  "first-added":
    "Uwierzytelniacz został dodany. Klucz nie zostanie pokazany ponownie: proszę wyczyścić ekran.",
  "first-not-added":
    "Nie dodano żadnego uwierzytelniacza. Proszę spróbować ponownie albo zapytać administratora.",
};
