// What an administrator may do to the agent, behind the admin socket.

import * as v from "valibot";
import { parseJoinToken } from "../../protocol/sync/join-token.ts";
import { secondMs } from "../../words/clock.ts";
import { allowsHttp, serverUrl } from "../config/urls.ts";
import { NoState, ProtectorUnusable, StateDamaged } from "../state/failures.ts";
import type { Ledger } from "../state/ledger.ts";
import type { ProtectorName } from "../state/protector.ts";
import { joinServer } from "../sync/join.ts";
import type { LinkParts } from "../sync/link.ts";
import type { MachineFacts } from "../sync/machine-facts.ts";
import { type Rotated, rotateKeys } from "../sync/rotate.ts";
import type { ServerLink } from "../sync/server-link.ts";
import { type SyncOutcome, synchronise } from "../sync/synchronise.ts";
import type { Weather } from "../sync/transport.ts";
import { type AdminActions, AdminError } from "./actions.ts";
import { explain } from "./explain.ts";
import { type StatusParts, status } from "./status.ts";

export interface AdminParts extends StatusParts {
  readonly ledger: Ledger;
  readonly link: ServerLink;
  readonly linkParts: LinkParts;
  readonly facts: () => MachineFacts;
  readonly development: boolean;
  /** What the configuration asks for. */
  readonly protectorWanted: "auto" | ProtectorName;
  readonly syncSoon: () => void;
}

const probeMs = 10 * secondMs;

export function adminActions(parts: AdminParts): AdminActions {
  const { keeper, timekeeper, ledger, link, linkParts, facts } = parts;
  return {
    status: async () => status(parts),

    sync: async () => {
      const outcome = await speaking(() => synchronise(link, keeper, timekeeper, facts()));
      // What a sync is mostly for when the clock is wrong.
      if (!outcome.ok && outcome.weather === "certificate-dated")
        await speaking(() => link.askNow("probe", {}, probeMs));
      if (!outcome.ok) throw unreached(outcome.weather);
      return report(outcome);
    },

    join: async (url, tokenText) => {
      if (keeper.condition().state === "healthy")
        throw new AdminError("already-joined", "this machine has joined a server already");
      const address = v.safeParse(serverUrl, parts.url ?? url);
      if (!address.success || !allowsHttp(address.output, parts.development))
        throw new AdminError("bad-request", "the server's address must be https://…");
      const token = parseJoinToken(tokenText);
      if (!token.ok) throw new AdminError("bad-request", token.error);
      link.reset();
      const joined = await joinServer(linkParts, keeper, timekeeper, address.output, token.value, facts());
      if (!joined.ok) throw unjoined(joined.weather);
      parts.reach.heard(joined.serverTimeMs);
      parts.syncSoon();
      return { machine: joined.machine, server: address.output };
    },

    rotateKeys: (wanted) =>
      speaking(async () => {
        const name = wanted === "same" ? keeper.protector.name : wanted;
        if (parts.protectorWanted !== "auto" && parts.protectorWanted !== name)
          throw new AdminError(
            "refused",
            `nightlatchd.toml says protector = "${parts.protectorWanted}": set it to "auto", restart nightlatchd, and try again`,
          );
        const rotated = await rotateKeys(link, keeper, timekeeper, name);
        if (!rotated.ok) throw notRotated(rotated.why);
        const { machine } = keeper.store().server();
        const heard = (await synchronise(link, keeper, timekeeper, facts())).ok;
        const { defends } = keeper.protector;
        return { machine, protector: { name: keeper.protector.name, defends }, heard };
      }),

    explain: async (user, kind) => speaking(async () => explain(user, kind, ledger.situation(user), parts)),

    forget: (user) =>
      speaking(async () => {
        const store = keeper.store();
        if (!store.isEnrolled(user)) return false;
        const { moment, wallMs } = timekeeper.now(store.head.time);
        const events = [{ kind: "disenrolled", user, reason: "forgotten" }] as const;
        keeper.commit({ nowMs: moment.nowMs, wallMs, remove: [user], events });
        return true;
      }),
  };
}

function report(outcome: Extract<SyncOutcome, { ok: true }>) {
  const { eventsSent, bundlesReceived, revocationsApplied } = outcome;
  return { eventsSent, bundlesReceived, revocationsApplied };
}

/** What is wrong with the state is said in words that an administrator can act on. */
async function speaking<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof NoState)
      throw new AdminError(
        "not-joined",
        `${error.message}: create a join token at the server and run nightlatch join`,
      );
    if (error instanceof StateDamaged)
      throw new AdminError(
        "unavailable",
        `${error.message}: sign in once with the server in reach, or join again with a new token`,
      );
    if (error instanceof ProtectorUnusable)
      throw new AdminError("refused", `${error.message}; nothing was changed`);
    throw error;
  }
}

function notRotated(why: Extract<Rotated, { ok: false }>["why"]): AdminError {
  switch (why) {
    case "damaged-enrolments":
      return new AdminError(
        "unavailable",
        "some enrolments can't be read: let their users sign in with the server in reach, or forget them; nothing was changed",
      );
    case "refused":
      return new AdminError("refused", "the server has not taken the new keys; nothing was changed");
    case "revoked":
      return new AdminError("not-joined", "this machine was revoked");
    default:
      return new AdminError("server-unreachable", `${said[why]}; nothing was changed`);
  }
}

function unreached(weather: Weather): AdminError {
  return new AdminError("server-unreachable", said[weather]);
}

/** A joining server that answers with an error says no to the token; it tells nobody why. */
function unjoined(weather: Weather): AdminError {
  if (weather === "status")
    return new AdminError(
      "refused",
      "the server refused: the token may be used up, expired, or not this server's",
    );
  if (weather === "not-the-server")
    return new AdminError("refused", "this is not the server that made the token, or someone is in between");
  return unreached(weather);
}

const said: Readonly<Record<Weather, string>> = {
  unreachable: "the server can't be reached: check the network and [server] url",
  "timed-out": "the server didn't answer in time",
  "certificate-refused": "the server's certificate is not trusted: check [server] ca_file",
  "certificate-dated":
    "the server's certificate is out of date, or this machine's clock is: set the clock (timedatectl); the server's word on the time was taken for offline sign-in if it could be heard",
  "not-the-server":
    "something answered that is not the server this machine joined: a captive portal, or worse",
  status: "the server answered with an error: see the server's log",
  "sequence-used":
    "the server has heard this request number before: this state may be an old copy put back, or be in use elsewhere",
  "too-large": "the answer is larger than any the server sends",
  preempted: "a sign-in went first: try again",
};
