// The pages behind an invitation. Looking spends nothing; the link's secret goes from form to form, and on no other site.

import type { KeyType } from "../../protocol/sync/policy.ts";
import { typesFor } from "../authenticators/template.ts";
import { findMachine } from "../machines/machines.ts";
import { html } from "../pages/markup.ts";
import { policyOf } from "../policies/applicable.ts";
import {
  beginByInvitation,
  findInvitation,
  finishByInvitation,
  type Invitation,
} from "../provisioning/invitations.ts";
import { tellOfChange } from "../provisioning/letters.ts";
import { findPending } from "../provisioning/pending.ts";
import { provisioningSetting } from "../provisioning/provisioning-setting.ts";
import { readSetting } from "../settings/settings.ts";
import type { Db } from "../store/store.ts";
import type { Handlers } from "../web/gate.ts";
import type { Visit } from "../web/visit.ts";
import type { portalAccess } from "./access.ts";
import { choosing, type Fault, faultAt, readName, readType, scanning } from "./adding.ts";
import { speechOf } from "./area.ts";
import { toSignIn } from "./open-page.ts";
import type { PortalParts } from "./parts.ts";

type Invited = Pick<
  Handlers<typeof portalAccess>,
  "GET /portal/invitation" | "POST /portal/invitation" | "POST /portal/invitation/prove"
>;

export function invitationPages(parts: PortalParts): Invited {
  const { store, vault, random } = parts;
  const { db } = store;

  const show = async (visit: Visit, link: string, fault: Fault | undefined, status: number) => {
    const invitation = await findInvitation(db, link, visit.nowMs);
    if (invitation === undefined) return gone(visit);
    const { user } = invitation;
    const speech = speechOf(visit);
    const pending = await findPending(db, vault, user.id, "invitation", visit.nowMs);
    const title = speech.say("invitation-title", { user: user.name });
    if (pending === undefined) return choose(visit, invitation, link, "", fault, status);
    const sending = { action: "/portal/invitation/prove", token: undefined, along: { link } };
    const place = invitation.place && (await atMachine(invitation.place));
    const where = place && { machine: place, alone: invitation.origin === "sign-in" };
    const content = scanning(speech, pending, user.name, sending, { ...where, fault });
    return visit.page({ title, content }, status);
  };

  const choose = async (
    visit: Visit,
    invitation: Invitation,
    link: string,
    name: string,
    fault: Fault | undefined,
    status: number,
  ) => {
    const speech = speechOf(visit);
    const setting = await readSetting(db, provisioningSetting);
    const offered = await typesOf(db, invitation, setting.types);
    const sending = { action: "/portal/invitation", token: undefined, along: { link } };
    const title = speech.say("invitation-title", { user: invitation.user.name });
    return visit.page({ title, content: choosing(speech, offered, sending, name, fault) }, status);
  };

  return {
    "GET /portal/invitation": (visit) => show(visit, visit.query("link"), undefined, 200),
    "POST /portal/invitation": async (visit) => {
      const link = visit.form.text("link");
      const setting = await readSetting(db, provisioningSetting);
      const name = readName(visit.form);
      try {
        const begun = await store.write(async (tx) => {
          const invitation = await findInvitation(tx, link, visit.nowMs);
          if (invitation === undefined) return false;
          const type = readType(visit.form, await typesOf(tx, invitation, setting.types));
          return beginByInvitation(tx, vault, link, { type, name }, setting, random, visit.nowMs);
        });
        return begun ? visit.goTo(`/portal/invitation?link=${link}`) : gone(visit);
      } catch (error) {
        const fault = faultAt(speechOf(visit), error);
        const invitation = await findInvitation(db, link, visit.nowMs);
        return invitation === undefined ? gone(visit) : choose(visit, invitation, link, name, fault, 400);
      }
    },
    "POST /portal/invitation/prove": async (visit) => {
      const link = visit.form.text("link");
      const { say } = speechOf(visit);
      try {
        const outcome = await store.write(async (tx) => {
          const { nowMs } = visit;
          const pending = await pendingName(tx, link, nowMs);
          const finished = await finishByInvitation(tx, vault, link, visit.form.text("code"), random, nowMs);
          if (finished.kind === "added")
            await tellOfChange(
              tx,
              parts,
              finished.user,
              { kind: "authenticator-added", name: pending },
              nowMs,
            );
          return finished;
        });
        switch (outcome.kind) {
          case "no-invitation":
            return gone(visit);
          case "none":
            return show(visit, link, { field: "authenticator-name", text: say("prove-gone") }, 409);
          case "wrong":
            return show(visit, link, { field: "code", text: say("prove-wrong") }, 400);
          case "added":
            return done(visit, outcome.authenticator.type);
        }
      } catch (error) {
        return show(visit, link, faultAt(speechOf(visit), error), 409);
      }
    },
  };

  async function atMachine({ machineId }: { readonly machineId: string }): Promise<string> {
    return (await findMachine(db, machineId))?.hostname ?? machineId;
  }

  async function pendingName(tx: Parameters<typeof findInvitation>[0], link: string, nowMs: number) {
    const invitation = await findInvitation(tx, link, nowMs);
    const pending = invitation && (await findPending(tx, vault, invitation.user.id, "invitation", nowMs));
    return pending?.name ?? "";
  }
}

/** What goes on with a sign-in answers a question of it: by codes alone, since its challenge is on the other screen. */
async function typesOf(db: Db, { user, place }: Invitation, types: readonly KeyType[]) {
  const offered = await typesFor(db, user.id, types);
  if (place === undefined) return offered;
  const { policy } = await policyOf(db, { userId: user.id, machineId: place.machineId });
  const codes = offered.filter((type) => type !== "ocra");
  return codes.filter((type) => policy.online.factors.some((question) => question.includes(type)));
}

/** The next sign-in is by a code, or by the response to a challenge. */
function done(visit: Visit, type: KeyType): Response {
  const { say } = speechOf(visit);
  const notice = { tone: "done", text: say(type === "ocra" ? "done-added" : "invitation-done") } as const;
  return visit.page({ title: say("invitation-done-title"), notice, content: html`${toSignIn(visit)}` });
}

function gone(visit: Visit): Response {
  const { say } = speechOf(visit);
  const notice = { tone: "fault", text: say("invitation-gone") } as const;
  return visit.page({ title: say("invitation-gone-title"), notice, content: html`` }, 404);
}
