// Which function answers which route of the portal.

import { parseLanguage } from "../../words/language.ts";
import { FirstAuthenticators } from "../provisioning/first-in-portal.ts";
import { chooseLanguage } from "../users/language.ts";
import { pathWithin } from "../web/area.ts";
import type { GateParts, Handlers } from "../web/gate.ts";
import type { Visit } from "../web/visit.ts";
import type { portalAccess } from "./access.ts";
import { accountPages } from "./account-changes.ts";
import { activityPage } from "./activity.ts";
import { authenticatorPages } from "./authenticators.ts";
import { backupCodePages } from "./backup-codes.ts";
import { challengeDoor } from "./challenge-door.ts";
import { doors } from "./doors.ts";
import { firstPages } from "./first.ts";
import { homePage } from "./home.ts";
import { invitationPages } from "./invitation.ts";
import { machinePages } from "./machines.ts";
import { MailSignIns } from "./mail-sign-in.ts";
import { pinPages } from "./pin.ts";
import type { PortalParts } from "./parts.ts";
import { languageCookie } from "./portal-speech.ts";

export function portalHandlers(parts: PortalParts & GateParts): Handlers<typeof portalAccess> {
  const { db } = parts.store;
  return {
    ...doors(parts, new MailSignIns(parts)),
    ...challengeDoor(parts),
    ...firstPages(new FirstAuthenticators(parts)),
    ...invitationPages(parts),
    ...authenticatorPages(parts),
    ...backupCodePages(parts),
    ...pinPages(parts),
    ...machinePages(parts),
    ...accountPages(parts),
    "POST /portal/language": (visit) => switchLanguage(parts, visit),
    "GET /portal": (visit) => homePage(parts, visit),
    "GET /portal/activity": (visit) => activityPage(db, visit),
  };
}

/** In this browser, and for the account of whoever is signed in here. Anybody's form may do it: it gives nothing away. */
async function switchLanguage({ store }: PortalParts, visit: Visit): Promise<Response> {
  const language = parseLanguage(visit.form.text("language"));
  const { session } = visit;
  const answer = visit.goTo(pathWithin(visit.area, visit.cameFrom));
  if (language === undefined) return answer;
  if (session !== undefined) await store.write((tx) => chooseLanguage(tx, session.userId, language));
  answer.headers.append("set-cookie", languageCookie(visit.secure, language));
  return answer;
}
