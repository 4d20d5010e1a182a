// Backup codes: how many are left, and new ones, shown on one page and never again.

import { listAuthenticators, makeBackupCodes, replaceBackupCodes } from "../authenticators/manage.ts";
import { form } from "../pages/forms.ts";
import { html, type Markup } from "../pages/markup.ts";
import { tellOfChange } from "../provisioning/letters.ts";
import type { Handlers } from "../web/gate.ts";
import type { SignedIn } from "../web/visit.ts";
import type { portalAccess } from "./access.ts";
import { faultOf } from "./adding.ts";
import { speechOf } from "./area.ts";
import { ownUser, type PortalParts, timeText } from "./parts.ts";

type Pages = Pick<Handlers<typeof portalAccess>, "GET /portal/backup-codes" | "POST /portal/backup-codes">;

export function backupCodePages(parts: PortalParts): Pages {
  const { store, vault, random, lane } = parts;
  return {
    "GET /portal/backup-codes": (visit) => statePage(parts, visit, undefined, 200),
    "POST /portal/backup-codes": async (visit) => {
      const passed = await lane.pass(visit.session.userId, () => makeBackupCodes(random));
      if (passed === undefined) return statePage(parts, visit, speechOf(visit).say("busy"), 503);
      const made = passed.value;
      try {
        await visit.write(async (tx) => {
          const user = await ownUser(tx, visit);
          await replaceBackupCodes(tx, vault, user, made, visit.nowMs);
          await tellOfChange(tx, parts, user, { kind: "backup-codes-made" }, visit.nowMs);
        });
      } catch (error) {
        return statePage(parts, visit, faultOf(speechOf(visit), error), 409);
      }
      const user = await ownUser(store.db, visit);
      return visit.page({
        title: speechOf(visit).say("backup-shown-title"),
        content: sheet(visit, user.name, made.shown),
      });
    },
  };
}

/** Undefined: the user has no set of them. */
export async function backupCodesLeft(
  { store, vault }: PortalParts,
  visit: SignedIn,
): Promise<number | undefined> {
  const listed = await listAuthenticators(store.db, vault, await ownUser(store.db, visit));
  const set = listed.map(({ authenticator }) => authenticator).find((one) => one.type === "backup-codes");
  return set === undefined ? undefined : set.codes.length - set.usedIds.length;
}

async function statePage(
  parts: PortalParts,
  visit: SignedIn,
  fault: string | undefined,
  status: number,
): Promise<Response> {
  const { say } = speechOf(visit);
  const left = await backupCodesLeft(parts, visit);
  const content = html`<p>${say("backup-text")}</p>
<p><strong>${left === undefined ? say("backup-none") : say("backup-left", { count: left })}</strong></p>
${form({ action: "/portal/backup-codes", token: visit.token, submit: say("backup-make"), content: html`` })}`;
  const notice = fault === undefined ? undefined : ({ tone: "fault", text: fault } as const);
  return visit.page({ title: say("backup-codes"), notice, content }, status);
}

/** Printed, it is the codes and whose they are, and nothing else. */
function sheet(visit: SignedIn, userName: string, codes: readonly string[]): Markup {
  const speech = speechOf(visit);
  const { say } = speech;
  return html`<p class="screen">${say("backup-shown")}</p>
<section class="card sheet">
<h2>${say("backup-for", { user: userName, time: timeText(speech, visit.nowMs) })}</h2>
<ol class="codes">${codes.map((code) => html`<li><code class="key">${code}</code></li>`)}</ol>
</section>
<p class="screen"><a class="button" href="/portal">${say("backup-done")}</a></p>`;
}
