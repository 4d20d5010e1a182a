// Which function answers which route of the console.

import type { SignIns } from "../sessions/sign-in.ts";
import type { Store } from "../store/store.ts";
import type { Handlers } from "../web/gate.ts";
import { signInHandlers } from "../web/sign-in-pages.ts";
import type { consoleAccess } from "./access.ts";
import { overviewPage } from "./overview.ts";
import { usersPage } from "./users/list.ts";

export interface ConsoleParts {
  readonly store: Store;
  readonly signIns: SignIns;
}

export function consoleHandlers(parts: ConsoleParts): Handlers<typeof consoleAccess> {
  const doors = signInHandlers(parts.signIns);
  return {
    "GET /admin/sign-in": doors.showSignIn,
    "POST /admin/sign-in": doors.signIn,
    "POST /admin/sign-out": doors.signOut,
    "POST /admin/sign-out-everywhere": doors.signOutEverywhere,
    "GET /admin/confirm": doors.showConfirm,
    "POST /admin/confirm": doors.confirm,
    "GET /admin": (visit) => overviewPage(visit, parts.store.db),
    "GET /admin/users": (visit) => usersPage(visit, parts.store.db),
  };
}
