// Which function answers which route of the console.

import { signInHandlers } from "../web/sign-in-pages.ts";
import { auditHandlers } from "./audit/list.ts";
import { enrolmentHandlers } from "./enrolments/report.ts";
import { joinTokenHandlers } from "./join-tokens.ts";
import { machineChanges } from "./machines/change.ts";
import { machinesPage } from "./machines/list.ts";
import { machineRemovals } from "./machines/remove.ts";
import { machinePage } from "./machines/show.ts";
import { overviewHandlers } from "./overview.ts";
import { ownAccountHandlers } from "./own-account.ts";
import type { ConsoleHandlers, ConsoleParts } from "./parts.ts";
import { policyHandlers } from "./policies/edit.ts";
import { settingsHandlers } from "./settings/handlers.ts";
import { mailQueueHandlers } from "./settings/mail-queue.ts";
import { addressChanges } from "./users/addresses.ts";
import { authenticatorChanges } from "./users/authenticators.ts";
import { userChanges } from "./users/change.ts";
import { pinChanges } from "./users/pin.ts";
import { renaming } from "./users/rename.ts";
import { usersPage } from "./users/list.ts";
import { userPage } from "./users/show.ts";
import { waysIn } from "./users/ways-in.ts";

export function consoleHandlers(parts: ConsoleParts): ConsoleHandlers {
  const doors = signInHandlers(parts.signIns);
  const { db } = parts.store;
  return {
    "GET /admin/sign-in": doors.showSignIn,
    "POST /admin/sign-in": doors.signIn,
    "GET /admin/sign-in/challenge": doors.showChallengeSignIn,
    "POST /admin/sign-in/challenge": doors.askChallenge,
    "POST /admin/sign-out": doors.signOut,
    "POST /admin/sign-out-everywhere": doors.signOutEverywhere,
    "GET /admin/confirm": doors.showConfirm,
    "POST /admin/confirm": doors.confirm,
    ...ownAccountHandlers(parts),
    ...overviewHandlers(parts),
    "GET /admin/users": (visit) => usersPage(visit, db),
    "GET /admin/users/:id": (visit) => userPage(visit, parts),
    ...userChanges(parts),
    ...renaming(parts),
    ...pinChanges(parts),
    ...authenticatorChanges(parts),
    ...addressChanges(parts),
    ...waysIn(parts),
    "GET /admin/machines": (visit) => machinesPage(visit, db),
    "GET /admin/machines/:id": (visit) => machinePage(visit, parts),
    ...machineChanges(parts),
    ...machineRemovals(parts),
    ...enrolmentHandlers(parts),
    ...policyHandlers(parts),
    ...joinTokenHandlers(parts),
    ...auditHandlers(parts),
    ...mailQueueHandlers(parts),
    ...settingsHandlers(parts),
  };
}
