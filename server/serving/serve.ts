// The server while it runs: listeners, health, metrics, certificate, and an orderly end.

import type { Logger } from "pino";
import type { ServiceManager } from "../../platform/notify.ts";
import type { Clock } from "../../words/clock.ts";
import type { Random } from "../../words/random.ts";
import { makeApp } from "../api/app.ts";
import { AuditRetention } from "../audit/retention-schedule.ts";
import type { Configuration } from "../configuration/keys.ts";
import { DirectorySchedule } from "../directory/schedule.ts";
import type { OpenServer } from "../identity/open-server.ts";
import { type ListenAddress, parseListenAddress, urlOf } from "../listen/address.ts";
import { admitting } from "../listen/admit.ts";
import { ClientAddresses } from "../listen/client-address.ts";
import { type Listening, listen } from "../listen/listen.ts";
import { RequestLimit } from "../listen/request-limit.ts";
import { Courier } from "../mail/courier.ts";
import { MailRounds } from "../mail/rounds.ts";
import { Health } from "../monitoring/health.ts";
import { Metrics } from "../monitoring/metrics.ts";
import { makeMonitoringApp } from "../monitoring/monitoring-app.ts";
import { followKeys } from "./follow-keys.ts";
import { openTransport, type Way } from "./transport.ts";

export interface ServingParts {
  readonly server: OpenServer;
  readonly configuration: Configuration;
  readonly address: ListenAddress;
  readonly way: Way;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly service: ServiceManager | undefined;
  /** Calls back at every SIGHUP. */
  readonly onHangUp: ((reload: () => void) => void) | undefined;
}

export interface Serving {
  readonly url: string;
  readonly metricsUrl: string | undefined;
  /** Of the development CA. */
  readonly caPath: string | undefined;
  /** Takes nothing new, answers what was asked, and cuts what is left after a while. */
  end(): Promise<void>;
}

const patienceMs = 5_000;

export async function startServing(parts: ServingParts): Promise<Serving> {
  const { server, configuration, address, clock, random, log } = parts;
  const transport = await openTransport(parts.way, server.folder.tlsFolder, address.host, clock, log);
  const { tls, files } = transport;
  const health = new Health(server.store);
  const metrics = new Metrics(
    server.store,
    clock,
    () => files?.notAfterSeconds(),
    () => health.isKeyRefused,
  );
  const { syncMinutes, requestsPerMinute, trustedProxies, webAddress } = configuration;
  const courier = new Courier({ ...server, clock, random, log });
  const queued = () => courier.ring();
  const app = makeApp({ ...server, clock, random, log, syncMinutes, health, metrics, queued, webAddress });
  const limit = new RequestLimit(clock, requestsPerMinute);
  const addresses = new ClientAddresses(trustedProxies);
  const fetch = admitting((request, env) => app.fetch(request, env), { limit, addresses, metrics, log });
  const listening = await listen(fetch, address, tls);
  let watched: Listening | undefined;
  try {
    watched = await listenForMetrics(configuration, metrics, health);
  } catch (error) {
    await closeWithin(listening, clock, 0);
    throw error;
  }
  const over = new AbortController();
  const replaced = (): void => {
    if (files !== undefined) listening.replaceTls(files.tls);
  };
  const following = files?.follow(clock, over.signal, replaced);
  const learning = followKeys(server, health, clock, over.signal, log);
  parts.onHangUp?.(() => {
    log.info("told to reload");
    if (files?.reload() === true) replaced();
  });
  courier.start();
  const directory = new DirectorySchedule({ ...server, clock, random, log });
  directory.start();
  const rounds = new MailRounds({ ...server, clock, random, log });
  rounds.start();
  const retention = new AuditRetention({ ...server, clock, log });
  retention.start();
  parts.service?.ready();
  const watchdog = parts.service?.keepAlive(over.signal);
  return {
    url: urlOf(tls === undefined ? "http" : "https", listening.address),
    metricsUrl: watched && `${urlOf("http", watched.address)}/metrics`,
    caPath: transport.caPath,
    async end() {
      parts.service?.stopping();
      health.end();
      await Promise.all([
        closeWithin(listening, clock, patienceMs),
        courier.end(patienceMs),
        directory.end(),
        rounds.end(),
        retention.end(),
      ]);
      // Watched to the last: only now nobody needs to see how it ends.
      if (watched !== undefined) await closeWithin(watched, clock, 0);
      over.abort();
      await Promise.all([following, learning, watchdog]);
    },
  };
}

async function listenForMetrics(
  { metrics: at }: Configuration,
  metrics: Metrics,
  health: Health,
): Promise<Listening | undefined> {
  if (at === undefined) return undefined;
  const address = parseListenAddress(at);
  if (!address.ok) throw new Error(address.error);
  return listen(makeMonitoringApp(metrics, health).fetch, address.value, undefined);
}

async function closeWithin(listening: Listening, clock: Clock, ms: number): Promise<void> {
  const patience = new AbortController();
  const over = new AbortController();
  if (ms === 0) over.abort();
  else
    void clock.sleep(ms, patience.signal).then(
      () => over.abort(),
      () => undefined,
    );
  await listening.close(over.signal);
  patience.abort();
}
