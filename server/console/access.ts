// Who may do what in the console, all of it. A route that is not here is not served.

import type { Role } from "../accounts/roles.ts";
import type { AccessTable } from "../web/access.ts";
import type { Form } from "../web/form.ts";
import { mostConfirmBytes } from "../web/kept-form.ts";

const readers: readonly Role[] = ["help-desk", "auditor", "admin"];
const auditors: readonly Role[] = ["auditor", "admin"];
const helpers: readonly Role[] = ["help-desk", "admin"];
const admins: readonly Role[] = ["admin"];

const user = "/admin/users/:id";
const machine = "/admin/machines/:id";
const policyPage = (form: Form) =>
  form.text("what") === "add" ? "/admin/policies/add" : "/admin/policies/edit?name";

export const consoleAccess = {
  "GET /admin/sign-in": { may: "anyone" },
  "POST /admin/sign-in": { may: "anyone" },
  "GET /admin/sign-in/challenge": { may: "anyone" },
  "POST /admin/sign-in/challenge": { may: "anyone" },
  "POST /admin/sign-out": { may: "signed-in" },
  "POST /admin/sign-out-everywhere": { may: "signed-in" },
  "GET /admin/confirm": { may: "signed-in" },
  "POST /admin/confirm": { may: "signed-in", mostBytes: mostConfirmBytes },

  "GET /admin/account": { may: readers },
  "POST /admin/account/password": { may: readers, recentCode: true, page: "/admin/account" },

  "GET /admin": { may: readers },
  "GET /admin/sign-ins.json": { may: readers },
  "GET /admin/lease-ends.json": { may: readers },

  "GET /admin/users": { may: readers },
  "GET /admin/users/add": { may: admins },
  "POST /admin/users/add": { may: admins, page: "/admin/users/add" },
  "GET /admin/users/:id": { may: readers },
  "POST /admin/users/:id/unlock": { may: helpers, recentCode: true, page: user },
  "POST /admin/users/:id/pin/reset": { may: helpers, recentCode: true, page: user },
  "POST /admin/users/:id/pin/initial": { may: admins, recentCode: true, page: user },
  "POST /admin/users/:id/enable": { may: admins, recentCode: true, page: user },
  "POST /admin/users/:id/disable": { may: admins, page: user },
  "GET /admin/users/:id/remove": { may: admins, recentCode: true },
  "POST /admin/users/:id/remove": { may: admins, recentCode: true, page: "/admin/users/:id/remove" },
  "POST /admin/users/:id/rename": { may: admins, recentCode: true, page: user },
  "POST /admin/users/:id/groups": { may: admins, recentCode: true, page: user },
  "POST /admin/users/:id/role": { may: admins, recentCode: true, page: user },
  "POST /admin/users/:id/set-up-link": { may: admins, recentCode: true, page: user },
  "POST /admin/users/:id/reset": { may: admins, recentCode: true, page: user },
  "POST /admin/users/:id/invite": { may: admins, recentCode: true, page: user },
  "POST /admin/users/:id/invite-link": { may: admins, recentCode: true, page: user },
  "POST /admin/users/:id/withdraw-invitation": { may: admins, page: user },
  "POST /admin/users/:id/renew-seeds": { may: admins, recentCode: true, page: user },
  "POST /admin/users/:id/addresses": { may: admins, recentCode: true, page: user },
  "POST /admin/users/:id/addresses/remove": { may: admins, recentCode: true, page: user },
  "POST /admin/users/:id/addresses/codes": { may: admins, recentCode: true, page: user },
  "POST /admin/users/:id/authenticators": { may: admins, recentCode: true, page: user },
  "POST /admin/users/:id/authenticators/remove": { may: admins, recentCode: true, page: user },

  "GET /admin/machines": { may: readers },
  "GET /admin/machines/remove": { may: admins, recentCode: true },
  "POST /admin/machines/remove": { may: admins, recentCode: true, page: "/admin/machines/remove?one" },
  "GET /admin/machines/:id": { may: readers },
  "POST /admin/machines/:id/exempt": { may: admins, recentCode: true, page: machine },
  "POST /admin/machines/:id/tags": { may: admins, recentCode: true, page: machine },
  "POST /admin/machines/:id/clear-flags": { may: admins, page: machine },
  "GET /admin/machines/:id/revoke": { may: admins, recentCode: true },
  "POST /admin/machines/:id/revoke": { may: admins, recentCode: true, page: "/admin/machines/:id/revoke" },
  "POST /admin/machines/:id/unlock-user": { may: helpers, recentCode: true, page: machine },

  "GET /admin/enrolments": { may: readers },
  "GET /admin/enrolments.csv": { may: readers },
  "GET /admin/enrolments/end": { may: admins },
  "POST /admin/enrolments/end": { may: admins, recentCode: true, page: "/admin/enrolments/end?one" },

  "GET /admin/policies": { may: auditors },
  "GET /admin/policies/add": { may: admins, recentCode: true },
  "GET /admin/policies/edit": { may: auditors },
  "POST /admin/policies/look": { may: admins, page: policyPage },
  "POST /admin/policies/save": {
    may: admins,
    recentCode: true,
    page: policyPage,
    sentTo: "/admin/policies/look",
  },
  "GET /admin/policies/remove": { may: admins, recentCode: true },
  "POST /admin/policies/remove": { may: admins, recentCode: true, page: "/admin/policies/remove?name" },

  "GET /admin/join-tokens": { may: admins },
  "POST /admin/join-tokens": { may: admins, recentCode: true, page: "/admin/join-tokens" },
  "POST /admin/join-tokens/:id/remove": { may: admins, page: "/admin/join-tokens" },

  "GET /admin/audit": { may: auditors },
  "GET /admin/audit.csv": { may: auditors },

  "GET /admin/settings": { may: auditors },
  "GET /admin/settings/:page": { may: auditors },
  "GET /admin/settings/mail/queue": { may: auditors },
  "GET /admin/settings/mail/queue.csv": { may: auditors },
  "POST /admin/settings/mail/queue/retry-all": { may: admins, page: "/admin/settings/mail/queue" },
  "POST /admin/settings/mail/queue/:id/retry": { may: admins, page: "/admin/settings/mail/queue" },
  "POST /admin/settings/mail/queue/:id/drop": {
    may: admins,
    recentCode: true,
    page: "/admin/settings/mail/queue",
  },
  "POST /admin/settings/:page": { may: admins, recentCode: true, page: "/admin/settings/:page" },
  "POST /admin/settings/:page/:action": { may: admins, recentCode: true, page: "/admin/settings/:page" },
} as const satisfies AccessTable;
