// What is counted, for Prometheus. Labels are from closed lists or from the table of routes: no user, no machine, nothing
// of a request's own text.

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "@prometheus-io/client";
import type { ResponseOf } from "../../protocol/sync/exchanges.ts";
import { type Clock, secondMs } from "../../words/clock.ts";
import { machinesThere } from "../machines/machines.ts";
import type { Store } from "../store/store.ts";
import { version } from "../version.ts";

type Verdict = ResponseOf<"verify">["result"]["verdict"];

const seconds = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];

export class Metrics {
  readonly #registry = new Registry();
  readonly #requests: Counter<"method" | "route" | "status">;
  readonly #seconds: Histogram<"route">;
  readonly #signIns: Counter<"verdict">;
  readonly #limited: Counter;

  constructor(
    store: Store,
    clock: Clock,
    certificateEndsAtSeconds: () => number | undefined,
    isKeyRefused: () => boolean,
  ) {
    const registers = [this.#registry];
    this.#requests = new Counter({
      name: "nightlatch_requests_total",
      help: "Requests answered, by route and status",
      labelNames: ["method", "route", "status"],
      registers,
    });
    this.#seconds = new Histogram({
      name: "nightlatch_request_seconds",
      help: "Time from a request to its answer",
      labelNames: ["route"],
      buckets: seconds,
      registers,
    });
    this.#signIns = new Counter({
      name: "nightlatch_sign_ins_total",
      help: "Online sign-ins judged, by verdict",
      labelNames: ["verdict"],
      registers,
    });
    this.#limited = new Counter({
      name: "nightlatch_requests_limited_total",
      help: "Requests refused because their address had too many",
      registers,
    });
    new Gauge({
      name: "nightlatch_build_info",
      help: "Always 1; the version is the label",
      labelNames: ["version"],
      registers,
    }).set({ version }, 1);
    const counted = (name: string, help: string, count: () => Promise<number>) =>
      new Gauge({
        name,
        help,
        registers,
        async collect() {
          this.set(await count());
        },
      });
    const inDatabase = (name: string, help: string, count: () => Promise<number>) =>
      counted(name, help, kept(clock, count));
    inDatabase("nightlatch_machines", "Joined machines that are not revoked", () => machines(store, false));
    inDatabase("nightlatch_machines_flagged", "Machines, not revoked, that an admin should look at", () =>
      machines(store, true),
    );
    inDatabase("nightlatch_enrolments", "Users on machines who may sign in offline", () => enrolments(store));
    counted(
      "nightlatch_certificate_not_after_seconds",
      "When the listener's certificate ends, in seconds since 1970; 0 when it has none of its own",
      () => Promise.resolve(certificateEndsAtSeconds() ?? 0),
    );
    counted(
      "nightlatch_server_key_refused",
      "1 while server.key is not that of the database: nobody is let in",
      () => Promise.resolve(isKeyRefused() ? 1 : 0),
    );
    collectDefaultMetrics({ register: this.#registry });
  }

  answered(method: string, route: string, status: number, ms: number): void {
    this.#requests.inc({ method: methods.has(method) ? method : "other", route, status: String(status) });
    this.#seconds.observe({ route }, ms / 1_000);
  }

  judged(verdict: Verdict): void {
    this.#signIns.inc({ verdict });
  }

  limited(): void {
    this.#limited.inc();
  }

  /** The text and its content type. */
  async text(): Promise<{ readonly type: string; readonly body: string }> {
    return { type: this.#registry.contentType, body: await this.#registry.metrics() };
  }
}

const keptForMs = 5 * secondMs;

/** However many ask at once or after one another: the database is asked once in a while. */
function kept(clock: Clock, count: () => Promise<number>): () => Promise<number> {
  let last: { readonly atMs: number; readonly number: Promise<number> } | undefined;
  return async () => {
    const nowMs = clock.monotonicMs();
    if (last === undefined || nowMs - last.atMs >= keptForMs) last = { atMs: nowMs, number: count() };
    try {
      return await last.number;
    } catch (error) {
      last = undefined;
      throw error;
    }
  };
}

const methods = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

async function machines({ db }: Store, flagged: boolean): Promise<number> {
  let query = machinesThere(db)
    .select(({ fn }) => fn.countAll<number>().as("n"))
    .where("revokedAtMs", "is", null);
  if (flagged) query = query.where("flags", "<>", "[]");
  return Number((await query.executeTakeFirstOrThrow()).n);
}

async function enrolments({ db }: Store): Promise<number> {
  const { n } = await db
    .selectFrom("enrolments")
    .select(({ fn }) => fn.countAll<number>().as("n"))
    .where("endedAtMs", "is", null)
    .executeTakeFirstOrThrow();
  return Number(n);
}
