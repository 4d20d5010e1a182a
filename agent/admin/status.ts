import { countDropped } from "../../protocol/sync/events.ts";
import { leaseLeft } from "../policy/lease.ts";
import { lockedForMs } from "../policy/lockout.ts";
import type { Moment } from "../policy/moment.ts";
import type { Standing } from "../policy/standing.ts";
import { heldBundle } from "../state/held.ts";
import type { StateKeeper } from "../state/keeper.ts";
import type { Store } from "../state/store.ts";
import type { Timekeeper } from "../state/timekeeper.ts";
import type { Reach } from "../sync/reach.ts";
import type { EnrolmentStatus, Status } from "./actions.ts";

export interface StatusParts {
  readonly keeper: StateKeeper;
  readonly timekeeper: Timekeeper;
  readonly reach: Reach;
  readonly version: string;
  readonly mode: Status["mode"];
  readonly mfa: Status["mfa"];
  /** Overrides the address joined at. */
  readonly url: string | undefined;
  readonly syncUnderWay: () => boolean;
}

/** Reads only; what can't be read is said, not guessed. */
export function status(parts: StatusParts): Status {
  const { keeper, reach, version, mode, mfa } = parts;
  const { name, defends } = keeper.protector;
  const general = {
    version,
    mode,
    mfa,
    protector: { name, defends },
    server: {
      url: parts.url ?? null,
      reach: reach.state,
      lastContactAtMs: reach.lastContactAtMs,
      lastFailure: reach.lastFailure,
    },
  };
  const condition = keeper.condition();
  if (condition.state !== "healthy")
    return {
      ...general,
      state: condition.state,
      machine: keeper.revokedMachine() ?? null,
      lastSyncAtMs: null,
      syncUnderWay: false,
      eventsWaiting: 0,
      eventsDropped: 0,
      enrolments: [],
    };
  const store = keeper.store();
  const server = store.server();
  const { events, lastSyncAtMs, time } = store.head;
  const now = parts.timekeeper.now(time);
  const { readable, damaged } = store.standings();
  return {
    ...general,
    server: { ...general.server, url: parts.url ?? server.url },
    state: damaged > 0 ? "damaged" : now.state === "turned-back" ? "time-turned-back" : "healthy",
    machine: server.machine,
    lastSyncAtMs,
    syncUnderWay: parts.syncUnderWay(),
    eventsWaiting: events.sequence - events.sentThrough,
    eventsDropped: events.dropped === null ? 0 : countDropped(events.dropped),
    enrolments: readable.map((standing) => enrolmentStatus(store, standing, now.moment)),
  };
}

function enrolmentStatus(store: Store, standing: Standing, moment: Moment): EnrolmentStatus {
  const { lease, policy, policyName } = heldBundle(store, standing).bundle;
  const left = leaseLeft(lease, standing.signInsUsed, moment.nowMs);
  const lockedMs = lockedForMs(standing.failures.system, policy.lockout, moment);
  return {
    user: standing.user,
    enrolledAtMs: standing.enrolledAtMs,
    lastSyncedAtMs: standing.lastSyncedAtMs,
    expiresAtMs: lease.expiresAtMs,
    daysLeft: left.days,
    signInsLeft: left.signIns,
    lockedUntilMs: lockedMs > 0 ? moment.nowMs + lockedMs : null,
    policy: policyName,
  };
}
