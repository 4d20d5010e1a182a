// The first page: what one has, at a glance.

import { html, type Markup } from "../pages/markup.ts";
import type { SignedIn } from "../web/visit.ts";
import { speechOf } from "./area.ts";
import { backupCodesLeft } from "./backup-codes.ts";
import { ownEnrolments } from "./machines.ts";
import type { PortalParts } from "./parts.ts";

export async function homePage(parts: PortalParts, visit: SignedIn): Promise<Response> {
  const { say } = speechOf(visit);
  const { db } = parts.store;
  const machines = (await ownEnrolments(db, visit)).length;
  const backupCodes = await backupCodesLeft(parts, visit);
  const row = await db
    .selectFrom("authenticators")
    .select((expression) => expression.fn.countAll<number>().as("count"))
    .where("userId", "=", visit.session.userId)
    .where("type", "<>", "backup-codes")
    .executeTakeFirstOrThrow();
  const authenticators = Number(row.count);
  const figure = (path: string, label: string, value: number): Markup =>
    html`<div class="figure"><dt><a href="${path}">${label}</a></dt><dd>${value}</dd></div>`;
  const content = html`<dl class="figures">
${figure("/portal/machines", say("home-machines", { count: machines }), machines)}
${figure("/portal/authenticators", say("home-authenticators", { count: authenticators }), authenticators)}
${figure("/portal/backup-codes", say("home-backup-codes", { count: backupCodes ?? 0 }), backupCodes ?? 0)}
</dl>
${backupCodes === undefined || backupCodes === 0 ? html`<p>${say("home-no-backup")} <a href="/portal/backup-codes">${say("backup-make")}</a></p>` : null}`;
  return visit.page({ title: say("home-title", { user: visit.session.userName }), content });
}
