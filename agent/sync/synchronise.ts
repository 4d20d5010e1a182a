// One sync: events up, in order; policy, bundles and revocations down; everything committed before the next step.

import { maxEventsAtOnce, type ResponseOf } from "../../protocol/sync/exchanges.ts";
import { heldBundle, heldMachinePolicy } from "../state/held.ts";
import type { StateKeeper } from "../state/keeper.ts";
import type { EventDraft } from "../state/outbox.ts";
import type { Store } from "../state/store.ts";
import type { Timekeeper } from "../state/timekeeper.ts";
import type { MachineFacts } from "./machine-facts.ts";
import { receiveBundle, receiveMachinePolicy } from "./receive.ts";
import type { Question, ServerLink } from "./server-link.ts";
import type { Weather } from "./transport.ts";

export type SyncOutcome =
  | {
      readonly ok: true;
      readonly eventsSent: number;
      readonly bundlesReceived: number;
      readonly revocationsApplied: number;
    }
  | { readonly ok: false; readonly weather: Weather };

const budgetMs = 15_000;
const mostRounds = 3;

/** @throws NoState, StateDamaged, CommitFailed */
export async function synchronise(
  link: ServerLink,
  keeper: StateKeeper,
  timekeeper: Timekeeper,
  facts: MachineFacts,
): Promise<SyncOutcome> {
  let eventsSent = 0;
  let bundlesReceived = 0;
  let revocationsApplied = 0;
  for (let round = 1; ; round++) {
    const before = keeper.store().head.events;
    const asked = await link.askLater("sync", () => question(keeper, facts), budgetMs);
    if (!asked.ok) return asked;
    revocationsApplied += asked.response.revocations.length;
    if (keeper.condition().state === "revoked")
      return { ok: true, eventsSent, bundlesReceived, revocationsApplied };
    const taken = take(keeper, timekeeper, asked.response);
    bundlesReceived += taken.bundles;
    eventsSent += taken.sentThrough - before.sentThrough;
    const { sequence, sentThrough } = keeper.store().head.events;
    const full = before.sequence - before.sentThrough > maxEventsAtOnce;
    // What has happened meanwhile, this very contact for one, goes up too; but a sync doesn't run after its own tail.
    if (sentThrough >= sequence || (!full && round >= mostRounds))
      return { ok: true, eventsSent, bundlesReceived, revocationsApplied };
  }
}

function question(keeper: StateKeeper, facts: MachineFacts): Question<"sync"> {
  const store = keeper.store();
  const { sentThrough, sentChain } = store.head.events;
  return {
    ...facts,
    events: { from: sentThrough + 1, previous: sentChain, lines: store.eventLines(maxEventsAtOnce) },
    machinePolicySerial: heldMachinePolicy(store)?.serial ?? 0,
    enrolments: reportedEnrolments(store),
  };
}

/** What the server is told of each enrolment. */
export function reportedEnrolments(store: Store): Question<"sync">["enrolments"] {
  return store.standings().readable.map((standing) => ({
    user: standing.user,
    bundleSerial: heldBundle(store, standing).bundle.serial,
    leaseId: standing.leaseId,
    signInsUsed: standing.signInsUsed,
    spent: [...standing.spent],
  }));
}

/** Reads everything anew: dialogues went on while the server was thinking. */
function take(keeper: StateKeeper, timekeeper: Timekeeper, response: ResponseOf<"sync">) {
  const store = keeper.store();
  const { moment, wallMs } = timekeeper.now(store.head.time);
  const events: EventDraft[] = [];
  const put = [];
  let forget = false;
  for (const document of response.bundles) {
    const received = receiveBundle(store, document, undefined, store.keys.identity.box, moment.nowMs);
    // A sync refreshes enrolments and repairs none: only an online MFA makes one, or makes one anew.
    if (received.ok && !received.value.isNew) {
      put.push(received.value.standing);
      forget ||= received.value.forget;
    } else if (!received.ok) events.push({ kind: "bundle-refused", reason: received.error.slice(0, 64) });
  }
  const policy = response.machinePolicy;
  const newer = policy !== null && receiveMachinePolicy(store, policy, moment.nowMs).ok;
  if (newer) events.push({ kind: "configuration-changed", reason: "machine-policy" });
  const sentThrough = Math.min(response.eventsThrough, store.head.events.sequence);
  keeper.commit({
    nowMs: moment.nowMs,
    wallMs,
    events,
    put: put.map((standing) => ({ ...standing, lastSyncedAtMs: moment.nowMs })),
    forget,
    ...(newer ? { machinePolicy: policy } : {}),
    sentThrough,
    head: { lastSyncAtMs: moment.nowMs },
  });
  return { bundles: put.length, sentThrough: Math.max(sentThrough, store.head.events.sentThrough) };
}
