import type { Translation } from "../../../words/texts.ts";
import type { en } from "./en.ts";

export const es: Translation<typeof en, "es"> = {
  "one-time-code": "Código de un solo uso: ",
  "backup-code": "Código de respaldo: ",
  "next-one-time-code": "Ahora, el código de un solo uso: ",
  "next-backup-code": "Ahora, un código de respaldo: ",
  "code-or-mail": "Código de un solo uso (nada: recibir uno por correo): ",
  "next-code-or-mail": "A continuación, código de un solo uso (nada: recibir uno por correo): ",
  "code-or-sms": "Código de un solo uso (nada: recibir uno por SMS): ",
  "next-code-or-sms": "A continuación, código de un solo uso (nada: recibir uno por SMS): ",
  challenge: "Desafío {challenge}. ",
  response: "Respuesta: ",
  "next-response": "Ahora, la respuesta: ",
  "code-or-response": "Código de un solo uso o respuesta: ",
  "next-code-or-response": "Ahora, el código de un solo uso o la respuesta: ",
  "code-sent-to": "Código enviado a {to}: ",
  "code-sent": "Código que se le ha enviado, si puede recibir uno: ",
  "pin-before": "PIN y código juntos, primero el PIN.",
  "pin-after": "Código y PIN juntos, primero el código.",
  "pin-needed": "Era correcto, pero aún no tiene un PIN propio. Establezca uno en {address} y vuelva.",
  "pin-if-any": "Si tiene un PIN, escríbalo con el código como siempre.",

  days: { one: "{count} día", many: "{count} de días", other: "{count} días" },
  "sign-ins": {
    one: "{count} inicio de sesión",
    many: "{count} de inicios de sesión",
    other: "{count} inicios de sesión",
  },
  minutes: { one: "{count} minuto", many: "{count} de minutos", other: "{count} minutos" },
  "days-left": "quedan: {days}",
  "days-and-sign-ins-left": "quedan: {days} y {signIns}",
  "out-of-reach": "No se puede acceder al servidor. Inicio de sesión sin conexión, {left}.",

  connect: "Conéctese a la red e inicie sesión de nuevo.",
  "locked-out": "Demasiados códigos incorrectos. Vuelva a intentarlo dentro de {minutes}.",
  "lease-expired": "Se han agotado los días de inicio de sesión sin conexión.",
  "sign-ins-used-up": "Se han agotado los inicios de sesión sin conexión.",
  "guess-limit": "Demasiados códigos incorrectos desde el último inicio de sesión con conexión.",
  "clock-wrong":
    "El reloj de este equipo no está en hora, por lo que los códigos no se pueden comprobar sin conexión.",
  "offline-off": "No se puede acceder al servidor y el inicio de sesión sin conexión está desactivado.",
  "not-enrolled":
    "No se puede acceder al servidor y usted todavía no puede iniciar sesión sin conexión en este equipo.",
  damaged: "Los datos de este equipo para el inicio de sesión sin conexión están dañados.",

  "call-help-desk": "Llame al servicio de asistencia y lea en voz alta: {challenge}",
  "help-desk-answer": "Su respuesta (deje vacío para desistir): ",
  "help-desk-tried-out":
    "Se han probado demasiadas respuestas del servicio de asistencia. Vuelva a intentarlo dentro de {minutes}.",
  "change-password": "Cambiar la contraseña: {address}",
  "no-help-desk-online":
    "El servicio de asistencia ayuda aquí cuando no se puede acceder al servidor. Consulte a su administrador.",

  recovering:
    "Los datos de este equipo para el inicio de sesión sin conexión no se pueden usar. Un inicio de sesión con acceso al servidor los restablece.",
  "locked-online":
    "Demasiados códigos incorrectos. Vuelva a intentarlo más tarde o consulte a su administrador.",
  "not-joined": "Este equipo todavía no pertenece a ningún servidor Nightlatch. Consulte a su administrador.",
  "revoked-here": "Se ha revocado el registro de este equipo. Consulte a su administrador.",
  "state-broken":
    "Los datos de este equipo para el inicio de sesión no se pueden usar. Consulte a su administrador.",

  "ask-enrol": "¿Registrar este equipo para iniciar sesión sin el servidor? [s/N] ",
  yes: "s si sí",
  enrolled: "Este equipo ya está registrado para el inicio de sesión sin conexión.",
  "not-enrolled-now":
    "No se ha podido registrar este equipo ahora; se le preguntará de nuevo la próxima vez.",

  "offer-seed":
    "Para iniciar sesión sin el servidor, este equipo tiene un código propio para su aplicación de autenticación. Si nadie más ve esta pantalla, escriba {number} para verlo ahora.",
  "number-above": "Número de arriba (vacío: ahora no): ",
  "scan-or-type": "Escanéelo con su aplicación de autenticación o escriba allí esta clave: {key}",
  "type-key": "Escriba esta clave en su aplicación de autenticación (basada en la hora): {key}",
  "code-of-new": "Código que la aplicación muestra ahora para ella (vacío para abandonar): ",
  "wrong-code-of-new": "Ese no es su código. Espere al siguiente.",
  "seed-proved":
    "Desde ahora sus códigos valen en este equipo sin el servidor. La clave no se vuelve a mostrar: borre esta pantalla.",
  "not-proved": "No se ha añadido: lo que se mostró no vale nada. Se le preguntará de nuevo la próxima vez.",
  "not-shown-now": "No se puede mostrar ahora; se le preguntará de nuevo la próxima vez.",

  "offer-first":
    "Todavía no tiene ningún autenticador. Si nadie más ve esta pantalla, escriba {number} para añadir uno ahora.",
  "first-elsewhere":
    "Todavía no tiene ningún autenticador. Abra {address} en su teléfono y escriba allí este código: {code}. Si aquí se acaba el tiempo, inicie sesión otra vez.",
  "code-of-new-elsewhere":
    "Código del nuevo autenticador (para añadirlo: {address}, {code}; nada para dejarlo): ",
  "first-not-yet":
    "Su teléfono aún no ha mostrado ninguna clave. Escriba allí primero el código de esta pantalla.",
  "first-added-elsewhere": "Se ha añadido su autenticador.",
  "mailed-code": "Código enviado por correo a {to} (vacío para abandonar): ",
  "wrong-mailed-code": "Ese no es el código del correo.",
  "first-added": "Se ha añadido su autenticador. La clave no se vuelve a mostrar: borre esta pantalla.",
  "first-not-added":
    "No se ha añadido ningún autenticador. Inténtelo de nuevo o pregunte a su administrador.",
};
