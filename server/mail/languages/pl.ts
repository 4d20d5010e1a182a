import type { Translation } from "../../../words/texts.ts";
import type { en } from "./en.ts";

export const pl: Translation<typeof en, "pl"> = {
  minutes: {
    one: "{count} minutę",
    few: "{count} minuty",
    many: "{count} minut",
    other: "{count} minuty",
  },

  "code-subject": "Twój kod logowania",
  "code-for": "Twój kod do zalogowania się na {machine}:",
  "code-good-for": "Jest ważny przez {minutes} i tylko dla tego jednego logowania.",
  "code-not-you":
    "Jeśli nie logujesz się w tej chwili, próbuje to zrobić ktoś inny: powiedz o tym administratorowi. Nie podawaj tego kodu nikomu.",
  "code-sms": "{code} to twój kod do zalogowania się na {machine}. Nie podawaj go nikomu.",

  "warning-subject": "Twoje logowanie bez sieci na {machine} wkrótce się skończy",
  "warning-until": "{user}, możesz logować się na {machine} bez sieci do: {until} (UTC).",
  "warning-renew": "Jedno zalogowanie się tam z siecią przedłuża ten czas. Nie musisz robić nic więcej.",

  "weekly-subject": "Nightlatch: tydzień w skrócie",
  "weekly-first": "Tutaj jest pierwszych dziesięć z każdej listy; konsola ma wszystkie. Czas podano w UTC.",
  "weekly-leases": "Logowania bez sieci, które skończą się w ciągu siedmiu dni: {count}",
  "weekly-locked": "Osoby teraz zablokowane: {count}",
  "weekly-flagged": "Oznaczone komputery: {count}",
  "weekly-silent": "Komputery bez kontaktu od 30 dni: {count}",
  "weekly-failed": "Wiadomości z ostatnich siedmiu dni, których nie udało się wysłać: {count}",

  "test-subject": "Nightlatch może wysyłać pocztę",
  "test-body": "To jest test, o który poprosił administrator. Nie musisz nic robić.",
};
