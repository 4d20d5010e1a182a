// The first page: what one has, at a glance.

import { html, type Markup } from "../pages/markup.ts";
import type { SignedIn } from "../web/visit.ts";
import { speechOf } from "./area.ts";
import { backupCodesLeft } from "./backup-codes.ts";
import { ownEnrolments } from "./machines.ts";
import type { PortalParts } from "./parts.ts";
import { lacksOwnPin } from "./pin.ts";

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
  const notice = (await lacksOwnPin(db, parts.vault, visit.session.userId))
    ? ({ tone: "fault", text: say("home-no-pin") } as const)
    : undefined;
  const content = html`<dl class="figures">
${figure("/portal/machines", say("home-machines", { count: machines }), machines)}
${figure("/portal/authenticators", say("home-authenticators", { count: authenticators }), authenticators)}
${figure("/portal/backup-codes", say("home-backup-codes", { count: backupCodes ?? 0 }), backupCodes ?? 0)}
</dl>
${notice === undefined ? null : html`<p><a class="button" href="/portal/pin">${say("pin-first")}</a></p>`}
${backupCodes === undefined || backupCodes === 0 ? html`<p>${say("home-no-backup")} <a href="/portal/backup-codes">${say("backup-make")}</a></p>` : null}`;
  return visit.page({ title: say("home-title", { user: visit.session.userName }), notice, content });
}
