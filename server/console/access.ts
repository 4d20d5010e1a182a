// Who may do what in the console, all of it. A route that is not here is not served.

import type { Role } from "../accounts/roles.ts";
import type { AccessTable } from "../web/access.ts";

const readers: readonly Role[] = ["help-desk", "auditor", "admin"];

export const consoleAccess = {
  "GET /admin/sign-in": { may: "anyone" },
  "POST /admin/sign-in": { may: "anyone" },
  "POST /admin/sign-out": { may: "signed-in" },
  "POST /admin/sign-out-everywhere": { may: "signed-in" },
  "GET /admin/confirm": { may: "signed-in" },
  "POST /admin/confirm": { may: "signed-in" },
  "GET /admin": { may: readers },
  "GET /admin/users": { may: readers },
} as const satisfies AccessTable;
