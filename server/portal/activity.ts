// One's own sign-ins of late, so that one sees those that were not one's own.

import { listAudit } from "../audit/audit.ts";
import { html } from "../pages/markup.ts";
import type { Db } from "../store/store.ts";
import type { SignedIn } from "../web/visit.ts";
import { speechOf } from "./area.ts";
import { ownUser, simpleTable, time } from "./parts.ts";

/** Entries that are looked through: other kinds stand between the sign-ins. */
const lookedAt = 300;
const mostShown = 50;

const verdicts = {
  granted: "verdict-granted",
  denied: "verdict-denied",
  locked: "verdict-locked",
  unavailable: "verdict-unavailable",
} as const;

export async function activityPage(db: Db, visit: SignedIn): Promise<Response> {
  const speech = speechOf(visit);
  const { say } = speech;
  // The audit goes by names: what is older than this user is of a former one who was called the same.
  const { name, createdAtMs } = await ownUser(db, visit);
  const entries = await listAudit(db, { limit: lookedAt, user: name, fromMs: createdAtMs });
  const found = entries
    .flatMap((entry) => {
      const [, web, verdict] = /^(web-)?sign-in-(\w+)$/.exec(entry.kind) ?? [];
      const known = Object.entries(verdicts).find(([name]) => name === verdict)?.[1];
      return known === undefined ? [] : [{ entry, web: web !== undefined, verdict: say(known) }];
    })
    .reverse()
    .slice(0, mostShown);
  const ids = [...new Set(found.flatMap(({ entry }) => entry.machine ?? []))];
  const names = new Map(
    ids.length === 0
      ? []
      : (await db.selectFrom("machines").select(["id", "hostname"]).where("id", "in", ids).execute()).map(
          ({ id, hostname }) => [id, hostname],
        ),
  );
  const rows = found.map(({ entry, web, verdict }) => {
    const { area, offline, address } = entry.detail;
    const place = web
      ? `${say(area === "console" ? "where-console" : "where-portal")}${typeof address === "string" ? ` (${address})` : ""}`
      : (names.get(entry.machine ?? "") ?? entry.machine ?? "–");
    const how = web || offline !== true ? say("online") : say("offline");
    return [time(speech, entry.atMs), place, verdict, how];
  });
  const heads = [say("column-when"), say("column-where"), say("column-what"), say("column-how")];
  const content =
    rows.length === 0
      ? html`<p class="nothing">${say("no-activity")}</p>`
      : html`<p>${say("activity-text")}</p>${simpleTable(say("activity"), heads, rows)}`;
  return visit.page({ title: say("activity"), content });
}
