import type { Translation } from "../../../words/texts.ts";
import type { en } from "./en.ts";

export const es: Translation<typeof en, "es"> = {
  minutes: { one: "{count} minuto", many: "{count} de minutos", other: "{count} minutos" },

  "code-subject": "Su código de inicio de sesión",
  "code-for": "Su código para iniciar sesión en {machine}:",
  "code-good-for": "Vale {minutes}, y solo para este inicio de sesión.",
  "code-not-you":
    "Si no está iniciando sesión ahora, otra persona lo intenta: avise a su administrador. No dé este código a nadie.",
  "code-sms": "{code} es su código para iniciar sesión en {machine}. No lo dé a nadie.",

  "warning-subject": "Su inicio de sesión sin red en {machine} termina pronto",
  "warning-until": "{user}, puede iniciar sesión en {machine} sin red hasta el {until} (UTC).",
  "warning-renew": "Un solo inicio de sesión allí con red lo renueva. No tiene que hacer nada más.",

  "weekly-subject": "Nightlatch: la semana en breve",
  "weekly-first":
    "Aquí están los diez primeros de cada lista; la consola los tiene todos. Las horas son UTC.",
  "weekly-leases": "Inicios de sesión sin red que terminan en siete días: {count}",
  "weekly-locked": "Personas bloqueadas ahora: {count}",
  "weekly-flagged": "Equipos marcados: {count}",
  "weekly-silent": "Equipos sin noticias desde hace 30 días: {count}",
  "weekly-failed": "Mensajes de los últimos siete días que no se pudieron enviar: {count}",

  "test-subject": "Nightlatch puede enviar correo",
  "test-body": "Esta es una prueba que ha pedido un administrador. No tiene que hacer nada.",
};
