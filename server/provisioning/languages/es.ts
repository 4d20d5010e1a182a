import type { Translation } from "../../../words/texts.ts";
import type { en } from "./en.ts";

export const es: Translation<typeof en, "es"> = {
  minutes: { one: "{count} minuto", many: "{count} de minutos", other: "{count} minutos" },
  hours: { one: "{count} hora", many: "{count} de horas", other: "{count} horas" },
  hello: "Hola, {user}:",

  "change-subject": "Su inicio de sesión ha cambiado",
  "authenticator-added": "Se ha añadido un autenticador a su cuenta: {name}",
  "authenticator-removed": "Se ha quitado un autenticador de su cuenta: {name}",
  "backup-codes-made":
    "Se han creado nuevos códigos de respaldo para su cuenta. Los anteriores ya no son válidos.",
  "password-changed": "Se ha cambiado la contraseña de su cuenta.",
  "pin-set": "Su PIN se ha establecido o cambiado.",
  "pin-reset": "Su PIN se ha restablecido. Establezca uno nuevo en el portal.",
  "pin-locked":
    "Su PIN está bloqueado: fue incorrecto demasiadas veces, cada vez con un código correcto. Pida a su administrador que lo restablezca.",
  "address-changed": "Se ha cambiado una dirección de correo de su cuenta. Ahora es: {address}",
  "address-removed": "Se ha quitado una dirección de correo de su cuenta: {address}",
  "change-not-you": "Si no ha sido usted, avise de inmediato a su administrador.",

  "code-subject": "Su código",
  "code-sign-in": "Su código para iniciar sesión en el portal:",
  "code-first-authenticator": "Su código para añadir un autenticador:",
  "code-address": "El código que confirma esta dirección de correo:",
  "code-good-for": "Es válido durante {minutes}. No se lo dé a nadie.",
  "code-not-you": "Si no lo ha pedido, no tiene que hacer nada: nadie puede entrar solo con este código.",

  "invitation-subject": "Añada su autenticador",
  "invitation-body": "Se le invita a añadir un autenticador a su cuenta. Abra este enlace:",
  "invitation-good-for": "Es válido durante {hours} y para un solo autenticador. No se lo dé a nadie.",
};
