export const en = {
  minutes: { one: "{count} minute", other: "{count} minutes" },
  hours: { one: "{count} hour", other: "{count} hours" },
  hello: "Hello {user},",

  "change-subject": "Your sign-in has changed",
  "authenticator-added": "An authenticator was added to your account: {name}",
  "authenticator-removed": "An authenticator was removed from your account: {name}",
  "backup-codes-made": "New backup codes were made for your account. Older ones are no longer good.",
  "password-changed": "The password of your account was changed.",
  "pin-set": "Your PIN was set or changed.",
  "pin-reset": "Your PIN was reset. Set a new one in the portal.",
  "pin-locked":
    "Your PIN is locked: it was wrong too many times, each time with a right code. Ask your administrator to reset it.",
  "address-changed": "An e-mail address of your account was changed. It is now: {address}",
  "address-removed": "An e-mail address was removed from your account: {address}",
  "change-not-you": "If that was not you, tell your administrator at once.",

  "code-subject": "Your code",
  "code-sign-in": "Your code to sign in to the portal:",
  "code-first-authenticator": "Your code to add an authenticator:",
  "code-address": "The code that confirms this e-mail address:",
  "code-good-for": "It is good for {minutes}. Give it to nobody.",
  "code-not-you":
    "If you have not asked for it, there is nothing to do: nobody gets in with this code alone.",

  "invitation-subject": "Add your authenticator",
  "invitation-body": "You are invited to add an authenticator to your account. Open this link:",
  "invitation-good-for": "It is good for {hours}, and for one authenticator. Give it to nobody.",
} as const;
