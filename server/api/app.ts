// What is served over HTTP, in the order in which a request passes: log, size, route. The pages have a gate of their own.

import { Hono } from "hono";
import { routePath } from "hono/route";
import type { Logger } from "pino";
import { drawChallenge } from "../../otp/challenge.ts";
import type { Clock } from "../../words/clock.ts";
import type { Random } from "../../words/random.ts";
import { type PasswordCost, passwordCost } from "../accounts/password.ts";
import { enrolByDialogue } from "../enrolments/enrol.ts";
import type { ServerIdentity } from "../identity/server-keys.ts";
import type { Vault } from "../identity/vault.ts";
import { Joining } from "../machines/join.ts";
import { Recovering } from "../machines/recover.ts";
import { Health } from "../monitoring/health.ts";
import type { Metrics } from "../monitoring/metrics.ts";
import { addHealth } from "../monitoring/monitoring-app.ts";
import { KnownPolicies } from "../policies/known.ts";
import { Providing } from "../provisioning/provide.ts";
import type { Store } from "../store/store.ts";
import { Synchronisation } from "../synchronisation/synchronisation.ts";
import { giveChallenge } from "../verification/challenges.ts";
import { sendCode } from "../verification/send-code.ts";
import { SlowLane } from "../verification/slow-lane.ts";
import { Verification } from "../verification/verification.ts";
import type { WebEnv } from "../web/browser.ts";
import { makeSite } from "../web/site.ts";
import { limitBody } from "./limit-body.ts";
import { openApiDocument } from "./open-api.ts";
import { routes } from "./routes.ts";
import { type Asked, refuse, SignedExchanges } from "./signed-exchange.ts";

export interface AppParts {
  readonly store: Store;
  readonly identity: ServerIdentity;
  readonly vault: Vault;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Minutes between two scheduled syncs of a machine. */
  readonly syncMinutes: number;
  /** The usual one where nobody asks for another: configuration and environment can't. */
  readonly passwordCost?: PasswordCost;
  /** Both made here where nobody else looks at them. */
  readonly health?: Health;
  readonly metrics?: Metrics;
  /** How people reach the pages; undefined: as machines do. */
  readonly webAddress?: string | undefined;
  /** Called when a message may have been queued: whoever sends them need not look for it first. */
  readonly queued?: () => void;
}

export type AppEnv = WebEnv & { Variables: { asked: Asked } };

export function makeApp(parts: AppParts): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  const { store, clock, log, random } = parts;
  const signed = new SignedExchanges(parts);
  const policies = new KnownPolicies(parts);
  const lane = new SlowLane();
  const joining = new Joining({ ...parts, policies });
  const verification = new Verification({ ...parts, policies, lane });
  const recovering = new Recovering({ ...parts, policies, verification });
  const providing = new Providing({ ...parts, verification });
  const synchronisation = new Synchronisation({ ...parts, policies });
  const issuer = {
    get signingKey() {
      return parts.identity.signing.privateKey;
    },
    vault: parts.vault,
  };
  const nothing = () => Promise.resolve(undefined);

  app.use(async (context, next) => {
    const begun = clock.monotonicMs();
    const request = random.bytes(8).toHex();
    context.set("asked", { request });
    await next();
    // On the headers themselves: `context.header` would make the whole answer anew, as a stream.
    const { headers } = context.res;
    // Assets alone say otherwise.
    if (!headers.has("cache-control")) headers.set("cache-control", "no-store");
    headers.set("x-request-id", request);
    const { machine, verdict } = context.get("asked");
    const { method, path } = context.req;
    const { status } = context.res;
    const ms = clock.monotonicMs() - begun;
    // The address is cut: it is the asker's text, and the log's lines shall stay lines of a known size.
    log.info({ request, method, path: path.slice(0, 100), status, machine, ms }, "request");
    if (status === 200 && verdict !== undefined) parts.metrics?.judged(verdict);
    parts.metrics?.answered(method, status === 404 ? "none" : routePath(context, -1), status, ms);
  });
  app.use("/v1/*", limitBody);

  app.post(routes.join.path, (c) => signed.join(c, joining, c.get("asked")));
  app.post(routes.probe.path, (c) => {
    const answer = () => Promise.resolve({});
    const exchange = { users: () => [], prepare: nothing, answer, answerRevoked: answer };
    return signed.exchange(c, "probe", exchange, c.get("asked"));
  });
  app.post(routes.sendCode.path, async (c) => {
    const answered = await signed.exchange(
      c,
      "sendCode",
      {
        // The limit of a mailbox counts over all users who have it.
        users: () => "any",
        prepare: nothing,
        answer: (tx, machine, request, _, nowMs) =>
          sendCode(tx, { vault: parts.vault, random }, machine, request, nowMs),
        answerRevoked: () => Promise.resolve({ to: null as string | null }),
      },
      c.get("asked"),
    );
    parts.queued?.();
    return answered;
  });
  app.post(routes.challenge.path, (c) =>
    signed.exchange(
      c,
      "challenge",
      {
        users: ({ user }) => [user],
        prepare: nothing,
        answer: async (tx, machine, request, _, nowMs) => {
          const { digits, drawnAtMs } = await giveChallenge(tx, machine, request, random, nowMs);
          return { challenge: digits, drawnAtMs };
        },
        answerRevoked: (_tx, _machine, _request, drawnAtMs) =>
          Promise.resolve({ challenge: drawChallenge(random), drawnAtMs }),
      },
      c.get("asked"),
    ),
  );
  app.post(routes.verify.path, (c) =>
    signed.exchange(
      c,
      "verify",
      {
        users: ({ user }) => [user],
        prepare: (request, machine, gone, afresh) => verification.prepare(machine.id, request, gone, afresh),
        answer: async (tx, machine, request, answers, nowMs) => {
          const judged = await verification.answer(tx, machine, request, answers, nowMs);
          c.get("asked").verdict = judged.result.verdict;
          return judged;
        },
        answerRevoked: () => Promise.resolve({ result: { verdict: "revoked" } }),
      },
      c.get("asked"),
    ),
  );
  app.post(routes.recover.path, (c) => signed.recover(c, recovering, c.get("asked")));
  app.post(routes.enrol.path, (c) =>
    signed.exchange(
      c,
      "enrol",
      {
        users: () => "any",
        prepare: nothing,
        answer: async (tx, machine, { dialogue }, _, nowMs) => ({
          bundle: await enrolByDialogue(tx, issuer, machine, dialogue, random, nowMs),
        }),
        answerRevoked: () => Promise.resolve({ bundle: null }),
      },
      c.get("asked"),
    ),
  );
  app.post(routes.provide.path, async (c) => {
    const answered = await signed.exchange(
      c,
      "provide",
      {
        users: () => "any",
        prepare: (request) => providing.prepare(request),
        answer: (tx, machine, request, code, nowMs) => providing.answer(tx, machine, request, code, nowMs),
        answerRevoked: () => Promise.resolve({ result: { is: "refused" as const } }),
      },
      c.get("asked"),
    );
    parts.queued?.();
    return answered;
  });
  app.post(routes.sync.path, (c) =>
    signed.exchange(
      c,
      "sync",
      {
        users: ({ enrolments }) => enrolments.map(({ user }) => user),
        prepare: nothing,
        answer: (tx, machine, request, _, nowMs) => synchronisation.answer(tx, machine, request, nowMs),
        answerRevoked: (tx, machine, request, nowMs) =>
          synchronisation.answerRevoked(tx, machine, request, nowMs),
      },
      c.get("asked"),
    ),
  );
  app.post(routes.rotate.path, (c) =>
    signed.exchange(
      c,
      "rotate",
      {
        users: () => "any",
        prepare: nothing,
        answer: (tx, machine, request, _, nowMs) => synchronisation.rotate(tx, machine, request, nowMs),
        answerRevoked: () => Promise.resolve({ sealedRecoveryKey: null, bundles: [] }),
      },
      c.get("asked"),
    ),
  );

  app.route("/", makeSite({ ...parts, lane, passwordCost: parts.passwordCost ?? passwordCost }));

  app.get("/openapi.json", (c) => c.json(openApiDocument()));
  addHealth(app, parts.health ?? new Health(store));
  app.notFound(() => refuse("not-found"));
  app.onError((error, c) => {
    // The fault's own text may hold what was asked; name and place are enough to find it.
    log.error(
      {
        request: c.get("asked").request,
        error: error.name,
        at: error.stack?.split("\n").slice(1, 6),
        path: c.req.path.slice(0, 100),
      },
      "fault",
    );
    return refuse("internal");
  });
  return app;
}
