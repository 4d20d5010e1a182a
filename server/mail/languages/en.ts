export const en = {
  minutes: { one: "{count} minute", other: "{count} minutes" },

  "code-subject": "Your sign-in code",
  "code-for": "Your code to sign in on {machine}:",
  "code-good-for": "It is good for {minutes}, and for this one sign-in only.",
  "code-not-you":
    "If you are not signing in right now, somebody else is trying to: tell your administrator. Give this code to nobody.",
  "code-sms": "{code} is your code to sign in on {machine}. Give it to nobody.",

  "warning-subject": "Your offline sign-in on {machine} ends soon",
  "warning-until": "{user}, you can sign in on {machine} without the network until {until} (UTC).",
  "warning-renew": "One sign-in on it with the network renews that. You need do nothing else.",

  "weekly-subject": "Nightlatch: the week in short",
  "weekly-first": "The first ten of each are named here; the console has them all. Times are UTC.",
  "weekly-leases": "Offline sign-ins that end within seven days: {count}",
  "weekly-locked": "Users who are locked out now: {count}",
  "weekly-flagged": "Machines with a flag: {count}",
  "weekly-silent": "Machines not heard of for 30 days: {count}",
  "weekly-failed": "Messages of the last seven days that could not be sent: {count}",

  "test-subject": "Nightlatch can send mail",
  "test-body": "This is a test that an administrator has asked for. There is nothing for you to do.",
} as const;
