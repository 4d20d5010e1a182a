// The machines on which one can sign in offline: what is left there, no more of it, and the machine's own key for an app.

import { dayMs } from "../../words/clock.ts";
import { showMachineSeed } from "../authenticators/machine-seed.ts";
import { labelOn } from "../authenticators/provisioning-uri.ts";
import { endEnrolment, type ListedEnrolment, listEnrolments } from "../enrolments/enrolments.ts";
import { Failure } from "../failure.ts";
import { findMachine, type Machine } from "../machines/machines.ts";
import { buttonForm, form } from "../pages/forms.ts";
import { html } from "../pages/markup.ts";
import { policyOf } from "../policies/applicable.ts";
import type { Db } from "../store/store.ts";
import type { Handlers } from "../web/gate.ts";
import type { SignedIn } from "../web/visit.ts";
import type { portalAccess } from "./access.ts";
import { keyToScan } from "./adding.ts";
import { speechOf } from "./area.ts";
import { ownUser, type PortalParts, simpleTable, time, timeText } from "./parts.ts";
import type { PortalSpeech } from "./portal-speech.ts";

const base = "/portal/machines";

type Pages = Pick<
  Handlers<typeof portalAccess>,
  | "GET /portal/machines"
  | "POST /portal/machines/:id/disenrol"
  | "GET /portal/machines/:id/seed"
  | "POST /portal/machines/:id/seed"
>;

export function machinePages(parts: PortalParts): Pages {
  const { store, vault, random, identity } = parts;
  const { db } = store;
  return {
    "GET /portal/machines": async (visit) => {
      const speech = speechOf(visit);
      const { say } = speech;
      const own = await ownEnrolments(db, visit);
      const seeded = new Set<string>();
      for (const { machine } of own) if (await hasSeed(db, visit, machine)) seeded.add(machine);
      const heads = [say("column-machine"), say("column-left"), say("column-synced"), ""];
      const rows = own.map((one) => [
        html`<strong>${one.hostname}</strong><br><code class="soft">${one.machine.slice(0, 8)}</code>`,
        left(speech, one, visit.nowMs),
        time(speech, one.lastSyncedAtMs),
        html`<div class="actions">${!seeded.has(one.machine) ? null : html`<a class="button quiet" href="${base}/${one.machine}/seed">${say("seed")}<span class="unseen"> ${say("disenrol-about", { machine: one.hostname })}</span></a>`}${buttonForm(
          {
            action: `${base}/${one.machine}/disenrol`,
            token: visit.token,
            label: say("disenrol"),
            about: say("disenrol-about", { machine: one.hostname }),
          },
        )}</div>`,
      ]);
      const content =
        rows.length === 0
          ? html`<p class="nothing">${say("no-machines")}</p>`
          : html`<p>${say("machines-text")}</p>${simpleTable(say("machines"), heads, rows)}`;
      return visit.page({ title: say("machines"), content });
    },
    "POST /portal/machines/:id/disenrol": async (visit) => {
      await visit.write(async (tx) => {
        const user = await ownUser(tx, visit);
        const { privateKey } = identity.signing;
        if (!(await endEnrolment(tx, privateKey, visit.param("id"), user, "user", visit.nowMs)))
          throw notEnrolled();
      });
      return visit.goTo(base, "disenrolled");
    },
    "GET /portal/machines/:id/seed": async (visit) => {
      const { machine } = await place(db, visit);
      const speech = speechOf(visit);
      const { say } = speech;
      const shown = await db
        .selectFrom("machineSeeds")
        .select("shownAtMs")
        .where("userId", "=", visit.session.userId)
        .where("machineId", "=", machine.id)
        .executeTakeFirst();
      const before = shown?.shownAtMs ?? null;
      const action = `${base}/${machine.id}/seed`;
      const content = html`<p>${say("seed-text")}</p>
${before === null ? null : html`<p><strong>${say("seed-again", { time: timeText(speech, before) })}</strong></p>`}
${form({ action, token: visit.token, submit: say("seed-show"), content: html`` })}`;
      return visit.page({ title: say("seed-title", { machine: machine.hostname }), content });
    },
    "POST /portal/machines/:id/seed": async (visit) => {
      const { machine, seed } = await visit.write(async (tx) => {
        const here = await place(tx, visit);
        const operator = `portal: ${visit.session.userName}`;
        const wish = { user: await ownUser(tx, visit), machine: here.machine, operator, again: true };
        return { ...here, seed: await showMachineSeed(tx, vault, wish, random, visit.nowMs) };
      });
      if (seed === undefined) throw new Error("a seed that was asked for again was not shown");
      const speech = speechOf(visit);
      const title = speech.say("seed-qr-label", { machine: machine.hostname });
      const label = labelOn(visit.session.userName, machine.hostname);
      return visit.page({
        title: speech.say("seed-title", { machine: machine.hostname }),
        content: html`<p>${speech.say("seed-text")}</p>${keyToScan(speech, seed, label, title)}<p><a href="${base}">${speech.say("back")}</a></p>`,
      });
    },
  };
}

export function ownEnrolments(db: Db, visit: SignedIn): Promise<ListedEnrolment[]> {
  return listEnrolments(db, { userId: visit.session.userId });
}

/** @throws Failure unless the user is enrolled there, and each machine has a seed under the user's policy. */
async function place(db: Db, visit: SignedIn): Promise<{ readonly machine: Machine }> {
  const id = visit.param("id");
  const enrolled = (await ownEnrolments(db, visit)).some(({ machine }) => machine === id);
  const machine = enrolled && (await hasSeed(db, visit, id)) ? await findMachine(db, id) : undefined;
  if (machine === undefined || machine.revokedAtMs !== null) throw notEnrolled();
  return { machine };
}

async function hasSeed(db: Db, visit: SignedIn, machineId: string): Promise<boolean> {
  const { policy } = await policyOf(db, { userId: visit.session.userId, machineId });
  return policy.seeds === "per-machine";
}

/** The same for a machine of others, and for none. */
function notEnrolled(): Failure {
  return new Failure("not-found", "you have no offline use on such a machine");
}

function left(speech: PortalSpeech, one: ListedEnrolment, nowMs: number) {
  const { say } = speech;
  const days = say("days", { count: Math.max(0, Math.floor((one.leaseExpiresAtMs - nowMs) / dayMs)) });
  const what =
    one.signInsLeft === null
      ? days
      : say("left-both", { days, signIns: say("sign-ins", { count: one.signInsLeft }) });
  return html`${what}<br><span class="soft">${say("left-until", { time: timeText(speech, one.leaseExpiresAtMs) })}</span>`;
}
