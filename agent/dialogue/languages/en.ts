// What a person reads during a sign-in. Says what to do; says nothing that a stranger could use.

export const en = {
  "one-time-code": "One-time code: ",
  "backup-code": "Backup code: ",
  "next-one-time-code": "Next, one-time code: ",
  "next-backup-code": "Next, backup code: ",
  "code-or-mail": "One-time code (nothing: get one by e-mail): ",
  "next-code-or-mail": "Next, one-time code (nothing: get one by e-mail): ",
  "code-or-sms": "One-time code (nothing: get one by text message): ",
  "next-code-or-sms": "Next, one-time code (nothing: get one by text message): ",
  /** In front of the question that takes a response to it. */
  challenge: "Challenge {challenge}. ",
  response: "Response: ",
  "next-response": "Next, response: ",
  "code-or-response": "One-time code or response: ",
  "next-code-or-response": "Next, one-time code or response: ",
  "code-sent-to": "Code that was sent to {to}: ",
  "code-sent": "Code that was sent to you, if you can get one: ",
  "pin-before": "PIN and code as one, the PIN first.",
  "pin-after": "Code and PIN as one, the code first.",
  "pin-needed": "That was right, but you have no PIN of your own yet. Set one at {address} and come back.",
  "pin-if-any": "If you have a PIN, type it with the code as always.",

  days: { one: "{count} day", other: "{count} days" },
  "sign-ins": { one: "{count} sign-in", other: "{count} sign-ins" },
  minutes: { one: "{count} minute", other: "{count} minutes" },
  "days-left": "{days} left",
  "days-and-sign-ins-left": "{days} and {signIns} left",
  "out-of-reach": "The server is out of reach. Offline sign-in: {left}.",

  connect: "Connect to the network and sign in again.",
  "locked-out": "Too many wrong codes. Try again in {minutes}.",
  "lease-expired": "The days of offline sign-in have run out.",
  "sign-ins-used-up": "The offline sign-ins are used up.",
  "guess-limit": "Too many wrong codes since the last online sign-in.",
  "clock-wrong": "This machine's clock is wrong, so codes can't be checked offline.",
  "offline-off": "The server is out of reach, and offline sign-in is switched off.",
  "not-enrolled": "The server is out of reach, and you can't sign in offline on this machine yet.",
  damaged: "What this machine keeps for offline sign-in is damaged.",

  "call-help-desk": "Call your help desk and read out: {challenge}",
  "help-desk-answer": "Its answer (nothing to give up): ",
  "help-desk-tried-out": "Too many answers of the help desk were tried. Try again in {minutes}.",
  "change-password": "Change your password: {address}",
  "no-help-desk-online": "The help desk helps here while the server is out of reach. Ask your administrator.",

  recovering:
    "What this machine keeps for offline sign-in can't be used. A sign-in with the server in reach sets it right.",
  "locked-online": "Too many wrong codes. Try again later, or ask your administrator.",
  "not-joined": "This machine has not joined a Nightlatch server yet. Ask your administrator.",
  "revoked-here": "This machine's enrolment was revoked. Ask your administrator.",
  "state-broken": "What this machine keeps for sign-in can't be used. Ask your administrator.",

  "ask-enrol": "Enrol this machine for sign-in without the server? [y/N] ",
  /** What counts as yes, beside `y` and `yes`; a space between two. */
  yes: "y yes",
  enrolled: "This machine is now enrolled for offline sign-in.",
  "not-enrolled-now": "This machine could not be enrolled now; you are asked again next time.",

  "offer-seed":
    "For sign-in without the server this machine has a code of its own, for your authenticator app. If nobody else sees this screen, type {number} to see it now.",
  "number-above": "Number above (nothing: not now): ",
  "scan-or-type": "Scan it with your authenticator app, or type this key there: {key}",
  "type-key": "Type this key into your authenticator app (time-based): {key}",
  "code-of-new": "Code that the app now shows for it (nothing to give up): ",
  "wrong-code-of-new": "That is not its code. Wait for the next one.",
  "seed-proved":
    "From now on its codes work on this machine without the server. The key is not shown again: clear this screen.",
  "not-proved": "It was not added: what was shown is worth nothing. You are asked again next time.",
  "not-shown-now": "It can't be shown now; you are asked again next time.",

  "offer-first":
    "You have no authenticator yet. If nobody else sees this screen, type {number} to add one now.",
  "first-elsewhere":
    "You have no authenticator yet. Open {address} on your phone, and type this code there: {code}. If time runs out here meanwhile, sign in again.",
  "code-of-new-elsewhere":
    "Code of the new authenticator (to add it: {address}, {code}; nothing to give up): ",
  "first-not-yet": "Your phone has shown no key yet. Type the code of this screen there first.",
  "first-added-elsewhere": "Your authenticator was added.",
  "mailed-code": "Code that was mailed to {to} (nothing to give up): ",
  "wrong-mailed-code": "That is not the code in the mail.",
  "first-added": "Your authenticator was added. The key is not shown again: clear this screen.",
  "first-not-added": "No authenticator was added. Try again, or ask your administrator.",
} as const;
